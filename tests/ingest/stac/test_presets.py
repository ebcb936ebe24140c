"""STAC APIs that are known by name."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from core.errors import MissingCredentials, UnknownArchive, UntrustedAddress
from core.settings import Settings
from core.timeline import Period
from ingest.archive import Archive
from ingest.stac.presets import CDSE_STAC, PRESETS, open_catalogue, open_preset
from tests.ingest.stac.folders import WINDOW, asset, item
from tests.ingest.stac.server import serve

KEYS = Settings(
    s3_access_key="access", s3_secret_key=SecretStr("secret"), requests_per_second=1000, tries=1, tile_size=16
)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_an_archive_that_sends_no_request_before_its_first_search(name: str) -> None:
    archive: Archive = open_preset(name, KEYS)
    assert archive.name == name
    assert not archive.is_simulated
    assert archive.is_cached
    assert archive.period == Period(start=date(2015, 6, 27), end=datetime.now(UTC).date())
    assert "Copernicus Sentinel data" in archive.attribution
    assert archive.abilities.masks == ("SCL",)
    assert archive.abilities.needs
    assert archive.footprint.contains(WINDOW.footprint_wgs84)
    assert {"s2": "B04", "s1": "VV"}[archive.abilities.sensors[-1]] in archive.bands


def test_presets_are_different_archives() -> None:
    assert len({open_preset(n, KEYS).fingerprint for n in PRESETS}) == len(PRESETS)
    assert open_preset("earth-search", KEYS).fingerprint == open_preset("earth-search", Settings()).fingerprint


@pytest.mark.parametrize("name", PRESETS)
def test_every_host_of_a_preset_takes_tls(name: str) -> None:
    hosts = PRESETS[name].hosts
    assert hosts.check(PRESETS[name].url)
    for entry in PRESETS[name].asset_hosts:
        assert hosts.check(f"{entry}/a.tif" if "://" in entry else f"https://{entry}/a.tif")
    with pytest.raises(UntrustedAddress):
        hosts.check("https://other.blob.core.windows.net/a.tif")


def test_the_radar_of_the_planetary_computer_is_terrain_corrected_and_earth_search_offers_none() -> None:
    assert PRESETS["planetary-computer"].abilities.convention == "gamma0_rtc"
    assert PRESETS["earth-search"].abilities.sensors == ("s2",)
    assert "not terrain corrected" in PRESETS["earth-search"].abilities.needs


@pytest.mark.parametrize("given", [{}, {"s3_access_key": "access"}, {"s3_secret_key": SecretStr("secret")}])
def test_the_object_storage_of_copernicus_needs_both_keys(given: dict[str, Any]) -> None:
    with pytest.raises(MissingCredentials, match="LANDCAST_S3_ACCESS_KEY and LANDCAST_S3_SECRET_KEY"):
        open_preset("cdse-stac", Settings(**given))


def test_a_name_that_is_no_preset_is_unknown() -> None:
    with pytest.raises(UnknownArchive, match="earth-search"):
        open_preset("earth-serach", Settings())


def test_files_in_the_bucket_of_copernicus_are_allowed_and_in_others_not(tmp_path: Path) -> None:
    assets = {"B04_10m": {**asset("s3://eodata/Sentinel-2/B04_10m.jp2"), "type": "image/jp2"}}
    document = {**item("one", "2022-06-07", assets), "collection": "sentinel-2-l2a"}
    june = Period(start=date(2022, 6, 1), end=date(2022, 6, 30))
    with serve(tmp_path, [document]) as server:
        archive = open_catalogue(replace(CDSE_STAC, url=server.url), KEYS)
        assert [s.scene_id for s in archive.search(WINDOW, june)] == ["one"]
        document["assets"] = {"B04_10m": {**assets["B04_10m"], "href": "s3://other/B04_10m.jp2"}}
        with pytest.raises(UntrustedAddress, match="s3://other"):
            open_catalogue(replace(CDSE_STAC, url=server.url), KEYS).search(WINDOW, june)
        trusting = KEYS.but(archive_hosts="s3://other")
        assert open_catalogue(replace(CDSE_STAC, url=server.url), trusting).search(WINDOW, june)

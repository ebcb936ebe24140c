"""Archives on object storage and web servers: STAC catalogues, cubes and rasters by name."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from pydantic import SecretStr

from core.errors import ArchiveUnavailable, InvalidArchive, InvalidCube, ReadFailed, UntrustedAddress
from core.settings import Settings
from ingest.archive import Archive
from ingest.build.cube import build_cube
from ingest.cubes.archive import open_cube_archive
from ingest.object_store import _s3_store, open_remote_folder
from ingest.stac.folder import open_stac_folder
from tests.ingest.cubes.cube_files import cube_dataset, write_cube
from tests.ingest.remote_files import FolderServer, serve
from tests.ingest.stac.folders import (
    CLASSES,
    DARK,
    PIXELS,
    WINDOW,
    asset,
    earth_search_folder,
    item,
    write_bands,
    write_catalogue,
)

KEY, SECRET = "testing", "testing-secret"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FolderServer]:
    (tmp_path / "www").mkdir()
    with serve(tmp_path / "www") as running:
        yield running


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An S3 server on loopback with an empty bucket `eo-data`; returns its endpoint."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    bucket(endpoint).create_bucket(Bucket="eo-data")
    yield endpoint
    running.stop()


def bucket(endpoint: str) -> Any:
    import boto3

    return boto3.client(
        "s3", endpoint_url=endpoint, aws_access_key_id=KEY, aws_secret_access_key=SECRET, region_name="us-east-1"
    )


def upload(endpoint: str, folder: Path, prefix: str) -> None:
    client = bucket(endpoint)
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        client.put_object(
            Bucket="eo-data", Key=f"{prefix}/{file.relative_to(folder).as_posix()}", Body=file.read_bytes()
        )


def s3_settings(endpoint: str, home: Path) -> Settings:
    return Settings(home=home, s3_endpoint=endpoint, s3_access_key=KEY, s3_secret_key=SecretStr(SECRET), tries=2)


def same_pixels(first: Archive, second: Archive) -> None:
    """Check that two archives hold the same scenes with the same pixels on their whole grid."""
    window = WINDOW if "tiny" in (first.name, second.name) else None
    if window is None:
        from core.region import Region

        region = Region(geometry=first.footprint)
        window = first.grid(region).window(region)
    cubes = [build_cube(a, window, a.period, a.bands) for a in (first, second)]
    assert not cubes[0].failures
    assert not cubes[1].failures
    xr.testing.assert_equal(cubes[0].data.load(), cubes[1].data.load())
    assert cubes[0].data.data_vars


def test_variables_of_the_store_of_results_do_not_lead_an_archive_astray(
    s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(s3, earth_search_folder(tmp_path / "a"), "a")
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "of-the-store")
    remote = open_remote_folder("s3://eo-data/a", s3_settings(s3, tmp_path / "home"))
    same_pixels(remote, open_stac_folder(tmp_path / "a", settings=Settings(home=tmp_path / "home")))
    (public,) = {_s3_store("eo-data", "", Settings()).config["endpoint"]}
    assert public == "https://s3.us-west-2.amazonaws.com"


def test_a_catalogue_on_a_web_server_reads_like_one_on_disk(server: FolderServer, settings: Settings) -> None:
    folder = earth_search_folder(server.folder / "a")
    remote = open_remote_folder(f"{server.url}/a", settings)
    assert (remote.name, remote.is_cached, remote.bands) == ("tiny", True, ("B04", "B08", "B11", "VV"))
    same_pixels(remote, open_stac_folder(folder, settings=settings))


def test_a_catalogue_may_be_named_by_its_file(server: FolderServer, settings: Settings) -> None:
    earth_search_folder(server.folder / "a")
    remote = open_remote_folder(f"{server.url}/a/catalog.json", settings)
    assert len(remote.search(WINDOW, remote.period)) == 4


def test_another_url_is_another_archive(server: FolderServer, settings: Settings) -> None:
    for name in ("a", "b"):
        earth_search_folder(server.folder / name)
    marks = {open_remote_folder(f"{server.url}/{n}", settings).fingerprint for n in ("a", "b", "a")}
    assert len(marks) == 2
    assert all(len(m) == 64 for m in marks)


@pytest.mark.parametrize("href", ["../outside/red.tif", "../../red.tif", "%2e%2e/red.tif"])
def test_links_out_of_the_folder_are_refused(server: FolderServer, settings: Settings, href: str) -> None:
    items = [item("one", "2021-05-01", {"red": asset(href), "nir": asset("./nir.tif")})]
    write_catalogue(server.folder / "a", items)
    with pytest.raises(InvalidArchive, match="leads out"):
        open_remote_folder(f"{server.url}/a", settings)


@pytest.mark.parametrize("href", ["https://example.com/red.tif", "s3://other/red.tif", "http://127.0.0.1:9/red.tif"])
def test_links_to_other_hosts_are_refused(server: FolderServer, settings: Settings, href: str) -> None:
    items = [item("one", "2021-05-01", {"red": asset(href), "nir": asset("./nir.tif")})]
    write_catalogue(server.folder / "a", items)
    with pytest.raises(UntrustedAddress):
        open_remote_folder(f"{server.url}/a", settings)


@pytest.mark.parametrize("url", ["http://example.com/a", "ftp://example.com/a", "https://me:secret@example.com/a"])
def test_addresses_without_tls_or_with_a_password_are_refused(settings: Settings, url: str) -> None:
    with pytest.raises(UntrustedAddress) as refused:
        open_remote_folder(url, settings)
    assert "secret" not in str(refused.value)


def test_a_folder_of_a_web_server_without_a_catalogue_is_refused(server: FolderServer, settings: Settings) -> None:
    with pytest.raises(InvalidArchive, match=r"no catalog\.json"):
        open_remote_folder(f"{server.url}/nothing", settings)


def test_a_server_that_refuses_is_unavailable(server: FolderServer, tmp_path: Path) -> None:
    server.faults.secret = "token"
    with pytest.raises(ArchiveUnavailable):
        open_remote_folder(f"{server.url}/a", Settings(home=tmp_path, tries=1))


def test_a_catalogue_that_is_no_json_is_refused(server: FolderServer, settings: Settings) -> None:
    (server.folder / "catalog.json").write_text("<html>")
    with pytest.raises(InvalidArchive, match="not readable"):
        open_remote_folder(server.url, settings)


def test_a_netcdf_cube_is_fetched_once(server: FolderServer, settings: Settings) -> None:
    path = write_cube(server.folder / "cube.nc")
    same_pixels(open_remote_folder(f"{server.url}/cube.nc", settings), open_cube_archive(path, tile_size=32))
    before = sum(a.startswith("GET") for a in server.faults.requested)
    open_remote_folder(f"{server.url}/cube.nc", settings)
    assert sum(a.startswith("GET") for a in server.faults.requested) == before
    assert [p.name for p in (settings.home / "cache" / "files").rglob("*.nc")] == ["cube.nc"]


def test_a_zarr_cube_on_a_web_server_is_read_where_it_lies(server: FolderServer, settings: Settings) -> None:
    cube_dataset().to_zarr(server.folder / "cube.zarr", consolidated=True, zarr_format=2)
    remote = open_remote_folder(f"{server.url}/cube.zarr", settings)
    assert (remote.name, remote.is_cached) == ("cube", True)
    same_pixels(remote, open_cube_archive(server.folder / "cube.zarr", tile_size=32))


def test_a_catalogue_on_object_storage_reads_like_one_on_disk(s3: str, tmp_path: Path) -> None:
    folder = earth_search_folder(tmp_path / "a")
    upload(s3, folder, "archives/a")
    settings = s3_settings(s3, tmp_path / "home")
    remote = open_remote_folder("s3://eo-data/archives/a", settings)
    same_pixels(remote, open_stac_folder(folder, settings=settings))


def test_names_with_spaces_are_read_from_object_storage(s3: str, tmp_path: Path) -> None:
    folder = earth_search_folder(tmp_path / "a")
    write_bands(folder / "my farm", red=PIXELS)
    document = json.loads((folder / "old.json").read_text())
    document["assets"]["red"]["href"] = "./my%20farm/red.tif"
    (folder / "old.json").write_text(json.dumps(document))
    upload(s3, folder, "spaces/a")
    plain = tmp_path / "plain"
    write_bands(plain / "my farm", **{f"a b_20210501_{b}": DARK for b in ("B04", "B08")})
    upload(s3, plain, "spaces/plain")
    settings = s3_settings(s3, tmp_path / "home")
    same_pixels(open_remote_folder("s3://eo-data/spaces/a", settings), open_stac_folder(folder, settings=settings))
    same_pixels(open_remote_folder("s3://eo-data/spaces/plain", settings), open_stac_folder(plain, settings=settings))


def test_rasters_on_object_storage_are_found_by_their_names(s3: str, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    bands = {"B04": DARK, "B08": PIXELS + 2000, "SCL": CLASSES}
    for day in ("20210501", "20210506"):
        write_bands(folder / day, **{f"T32UMB_{day}T103031_{b}": p for b, p in bands.items()})
    upload(s3, folder, "plain")
    settings = s3_settings(s3, tmp_path / "home")
    remote = open_remote_folder("s3://eo-data/plain/", settings)
    assert [s.scene_id for s in remote.search(WINDOW, remote.period)] == [
        "T32UMB_20210501T103031",
        "T32UMB_20210506T103031",
    ]
    reading = remote.read(remote.search(WINDOW, remote.period)[0], WINDOW, ("B04",))
    np.testing.assert_allclose(reading.values["B04"], DARK * 1e-4, atol=1e-6)
    assert reading.mask_kind == "SCL"
    assert remote.summary.remarks == ()
    same_pixels(remote, open_stac_folder(folder, settings=settings))


def test_a_zarr_cube_on_object_storage_is_read_where_it_lies(s3: str, tmp_path: Path) -> None:
    cube_dataset().to_zarr(tmp_path / "cube.zarr", consolidated=False, zarr_format=3)
    upload(s3, tmp_path / "cube.zarr", "cubes/cube.zarr")
    remote = open_remote_folder("s3://eo-data/cubes/cube.zarr", s3_settings(s3, tmp_path / "home"))
    same_pixels(remote, open_cube_archive(tmp_path / "cube.zarr", tile_size=32))


def test_an_object_that_goes_away_is_a_failed_read(s3: str, tmp_path: Path) -> None:
    upload(s3, earth_search_folder(tmp_path / "a"), "a")
    remote = open_remote_folder("s3://eo-data/a", s3_settings(s3, tmp_path / "home"))
    bucket(s3).delete_object(Bucket="eo-data", Key="a/nir.tif")
    cube = build_cube(remote, WINDOW, remote.period, ("B04", "B08"))
    assert len(cube.failures) == 3
    assert all("nir.tif" in s.failure and SECRET not in s.failure for s in cube.failures)


@pytest.mark.filterwarnings("ignore:Dataset has no geotransform")
def test_keys_hold_when_a_read_is_tried_again(s3: str, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    upload(s3, earth_search_folder(folder), "a")
    remote = open_remote_folder("s3://eo-data/a", s3_settings(s3, tmp_path / "home"))
    whole = (folder / "red.tif").read_bytes()
    scene = remote.search(WINDOW, remote.period)[0]
    bucket(s3).put_object(Bucket="eo-data", Key="a/red.tif", Body=whole[: len(whole) // 2])
    with pytest.raises(ReadFailed, match="tried 2 times"):
        remote.read(scene, WINDOW, ("B04",))
    bucket(s3).put_object(Bucket="eo-data", Key="a/red.tif", Body=whole)
    assert np.isfinite(remote.read(scene, WINDOW, ("B04",)).values["B04"]).all()


def test_a_bucket_that_is_not_there_is_unavailable_or_empty(s3: str, tmp_path: Path) -> None:
    with pytest.raises((ArchiveUnavailable, InvalidArchive)):
        open_remote_folder("s3://nobody/a", s3_settings(s3, tmp_path / "home"))


def test_files_that_are_too_large_are_not_fetched(
    server: FolderServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.object_store.LARGEST_FILE_BYTES", 100)
    write_cube(server.folder / "cube.nc")
    with pytest.raises(InvalidCube, match="make it a Zarr cube"):
        open_remote_folder(f"{server.url}/cube.nc", settings)


def test_an_items_update_is_another_version(server: FolderServer, settings: Settings) -> None:
    folder = earth_search_folder(server.folder / "a")
    first = open_remote_folder(f"{server.url}/a", settings)
    document = json.loads((folder / "new.json").read_text())
    document["properties"]["updated"] = "2026-01-01T00:00:00Z"
    (folder / "new.json").write_text(json.dumps(document))
    second = open_remote_folder(f"{server.url}/a", settings)
    versions = [{s.scene_id: s.version for s in a.search(WINDOW, a.period)} for a in (first, second)]
    assert {i for i in versions[0] if versions[0][i] != versions[1][i]} == {"new"}
    assert first.fingerprint != second.fingerprint

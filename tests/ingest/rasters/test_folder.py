"""Folders of rasters without a catalogue: dates and bands from names and descriptions."""

import logging
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from core.errors import InvalidArchive
from core.region import Region
from core.settings import Settings
from ingest.rasters.names import read_name
from ingest.simulate.rasters import write_raster
from ingest.stac.folder import StacFolder, holds_cogs, open_stac_folder
from tests.ingest.cubes.cube_files import write_cube
from tests.ingest.stac.folders import CLASSES, COARSE, PIXELS, WINDOW, write_bands


def open_folder(folder: Path) -> StacFolder:
    return open_stac_folder(folder, settings=Settings(tile_size=16))


def values_of(archive: StacFolder, band: str) -> np.ndarray:
    return archive.read(archive.search(WINDOW, archive.period)[0], WINDOW, (band,)).values[band]


@pytest.mark.parametrize(
    ("name", "scene", "when", "band", "baseline"),
    [
        (
            "T32TMT_20220607T103031_B04_10m.tif",
            "T32TMT_20220607T103031",
            datetime(2022, 6, 7, 10, 30, 31, tzinfo=UTC),
            "B04",
            "",
        ),
        (
            "T32TMT_20220607T103031_B8A_20m.jp2",
            "T32TMT_20220607T103031",
            datetime(2022, 6, 7, 10, 30, 31, tzinfo=UTC),
            "B8A",
            "",
        ),
        ("2021-05-01-red.tif", "2021_05_01", datetime(2021, 5, 1, tzinfo=UTC), "B04", ""),
        ("farm_20210501_SCL.tif", "farm_20210501", datetime(2021, 5, 1, tzinfo=UTC), "SCL", ""),
        ("farm_20210501_b8.TIF", "farm_20210501", datetime(2021, 5, 1, tzinfo=UTC), "B08", ""),
        ("s1_20210501_vv.tif", "s1_20210501", datetime(2021, 5, 1, tzinfo=UTC), "VV", ""),
        (
            "S2A_MSIL2A_20220607T103031_N0400_R108_T32TMT_B02.tif",
            "S2A_MSIL2A_20220607T103031_N0400_R108_T32TMT",
            datetime(2022, 6, 7, 10, 30, 31, tzinfo=UTC),
            "B02",
            "04.00",
        ),
        ("stack_20210501.tif", "stack_20210501", datetime(2021, 5, 1, tzinfo=UTC), "", ""),
    ],
)
def test_a_name_states_scene_date_band_and_baseline(
    name: str, scene: str, when: datetime, band: str, baseline: str
) -> None:
    stated = read_name(f"/data/{name}")
    assert stated is not None
    assert (stated.scene_id, stated.when, stated.band, stated.baseline) == (scene, when, band, baseline)


@pytest.mark.parametrize("name", ["red.tif", "20221340_B04.tif", "123456789_B04.tif", "20220231_B04.tif"])
def test_a_name_without_a_date_is_not_read(name: str) -> None:
    assert read_name(name) is None


def test_the_date_may_stand_in_the_folder() -> None:
    stated = read_name("/data/20210501/B04.tif", "20210501")
    assert stated is not None
    assert (stated.scene_id, stated.band) == ("20210501", "B04")


def test_files_of_one_overpass_are_one_scene(tmp_path: Path) -> None:
    folder = tmp_path / "farm"
    for day in ("20210501", "20210506"):
        bands = {"B04_10m": PIXELS, "B08_10m": PIXELS + 2000, "B11_20m": PIXELS[::2, ::2].copy(), "SCL_20m": CLASSES}
        write_bands(folder, **{f"T32UMB_{day}T103031_{b}": p for b, p in bands.items()})
    (folder / "notes.txt").write_text("text")
    archive = open_folder(folder)
    assert (archive.name, archive.bands) == ("farm", ("B04", "B08", "B11"))
    assert archive.abilities.masks == ("SCL",)
    scenes = archive.search(WINDOW, archive.period)
    assert [s.scene_id for s in scenes] == ["T32UMB_20210501T103031", "T32UMB_20210506T103031"]
    assert len({s.version for s in scenes}) == 2
    np.testing.assert_allclose(values_of(archive, "B04"), PIXELS * 1e-4, atol=1e-6)
    assert archive.grid(Region(geometry=archive.footprint)).resolution_m == 10


def test_the_finest_copy_of_a_band_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "farm"
    bands = {"B04_20m": PIXELS[::2, ::2] + 1, "B04_10m": PIXELS, "B08_10m": PIXELS}
    write_bands(folder, **{f"farm_20210501_{b}": p.astype(np.uint16) for b, p in bands.items()})
    np.testing.assert_allclose(values_of(open_folder(folder), "B04"), PIXELS * 1e-4, atol=1e-6)


def test_one_file_with_described_bands_is_a_scene(tmp_path: Path) -> None:
    stack = np.stack([PIXELS + 2000, PIXELS, PIXELS])
    write_raster(tmp_path / "farm_20210501.tif", WINDOW, stack, ("B08 (nir)", "red", "elevation"), nodata=0)
    archive = open_folder(tmp_path)
    assert archive.bands == ("B04", "B08")
    np.testing.assert_allclose(values_of(archive, "B08"), (PIXELS + 2000) * 1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "offset", "note"),
    [
        ("S2A_MSIL2A_20220607T103031_N0400_R108_T32TMT_{}", -0.1, False),
        ("S2A_MSIL2A_20220607T103031_N0301_R108_T32TMT_{}", 0.0, False),
        ("T32TMT_20220607T103031_{}", -0.1, True),
        ("T32TMT_20210607T103031_{}", 0.0, False),
        ("farm_20220607_{}", 0.0, True),
        ("farm_20210607_{}", 0.0, False),
    ],
)
def test_an_offset_that_nothing_states_follows_from_the_name(
    tmp_path: Path, name: str, offset: float, note: bool
) -> None:
    write_bands(tmp_path, **{name.format(b): PIXELS for b in ("B04", "B08")})
    archive = open_folder(tmp_path)
    reading = archive.read(archive.search(WINDOW, archive.period)[0], WINDOW, ("B04",))
    np.testing.assert_allclose(reading.values["B04"], PIXELS * 1e-4 + offset, atol=1e-6)
    assert (reading.offset, bool(reading.notes)) == (offset, note)


def test_floats_are_reflectance_and_positive_radar_is_power(tmp_path: Path) -> None:
    power = (PIXELS / 20000).astype(np.float32)
    for band in ("B04", "B08", "VV"):
        day = "20210502" if band == "VV" else "20210501"
        write_raster(tmp_path / f"farm_{day}_{band}.tif", WINDOW, power[None], (band,), nodata=None)
    archive = open_folder(tmp_path)
    np.testing.assert_allclose(values_of(archive, "B04"), power, rtol=1e-6)
    radar = archive.search(WINDOW, archive.period)[1]
    assert radar.sensor == "s1"
    np.testing.assert_allclose(archive.read(radar, WINDOW, ("VV",)).values["VV"], power, rtol=1e-6)


def test_files_that_are_no_rasters_are_left_out_and_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_bands(tmp_path, farm_20210501_B04=PIXELS, farm_20210501_B08=PIXELS)
    (tmp_path / "farm_20210506_B04.tif").write_text("text")
    with caplog.at_level(logging.WARNING, "ingest"):
        archive = open_folder(tmp_path)
    assert len(archive.search(WINDOW, archive.period)) == 1
    assert [r.getMessage().split()[1] for r in caplog.records] == ["file=farm_20210506_B04.tif"]


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (("red",), "no raster with a date"),
        (("farm_20210501",), "name a known band"),
        (("farm_20210501_B04",), "near infrared"),
    ],
)
def test_folders_of_which_nothing_can_be_made_are_refused(tmp_path: Path, names: tuple[str, ...], reason: str) -> None:
    for name in names:
        write_raster(tmp_path / f"{name}.tif", COARSE, CLASSES[None], ("x",), nodata=None)
    with pytest.raises(InvalidArchive, match=reason):
        open_folder(tmp_path)


def test_what_counts_as_a_folder_of_rasters(tmp_path: Path) -> None:
    write_bands(tmp_path / "rasters" / "deep", a_20210501_B04=PIXELS)
    write_cube(tmp_path / "cubes.nc")
    (tmp_path / "empty").mkdir()
    assert holds_cogs(tmp_path / "rasters")
    assert not holds_cogs(tmp_path / "empty")
    assert not holds_cogs(tmp_path / "cubes.nc")
    assert not holds_cogs(tmp_path)

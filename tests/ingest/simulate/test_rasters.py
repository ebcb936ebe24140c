"""Scenes of the sample archive written as COGs."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from core.bands import OPTICAL_NAMES
from core.grid import Window
from ingest.simulate.rasters import NODATA_DB, reflectance_offset, write_radar, write_scene, write_truth

WINDOW = Window(crs="EPSG:32632", transform=Affine(10, 0, 600_000, 0, -10, 5_600_000), shape_yx=(8, 12))
BEFORE, SINCE = date(2022, 1, 24), date(2022, 1, 25)


def reflectance() -> np.ndarray:
    band, row, column = np.indices((len(OPTICAL_NAMES), 8, 12))
    return (0.05 + 0.02 * band + 0.003 * (row // 2) + 0.0007 * (column // 2)).astype(np.float32)


@pytest.mark.parametrize(("day", "added"), [(BEFORE, 0), (SINCE, 1000)])
def test_reflectance_is_stored_with_the_offset_of_its_day(tmp_path: Path, day: date, added: int) -> None:
    classes = np.full((4, 6), 4, np.uint8)
    written = write_scene(tmp_path, WINDOW, day, reflectance(), classes, 12.5)
    assert (written.sensor, written.cloud_percent, set(written.files)) == (
        "s2",
        12.5,
        {"10m.tif", "20m.tif", "SCL.tif"},
    )
    assert reflectance_offset(day) == pytest.approx(-added * 1e-4)
    with rasterio.open(written.folder / "10m.tif") as raster:
        assert raster.descriptions == ("B02", "B03", "B04", "B08")
        red = raster.read(3)
        assert (raster.transform, raster.nodata) == (WINDOW.transform, 0)
    np.testing.assert_array_equal(red, np.rint(reflectance()[OPTICAL_NAMES.index("B04")] * 1e4).astype(int) + added)
    with rasterio.open(written.folder / "20m.tif") as raster:
        assert raster.descriptions == ("B05", "B06", "B07", "B8A", "B11", "B12")
        assert (raster.res, raster.shape, raster.bounds) == ((20, 20), (4, 6), WINDOW.bounds)


def test_radar_is_stored_as_hundredths_of_a_decibel(tmp_path: Path) -> None:
    decibel = np.stack([np.linspace(-20, -5, 96).reshape(8, 12), np.linspace(-28, -13, 96).reshape(8, 12)])
    written = write_radar(tmp_path, WINDOW, BEFORE, decibel.astype(np.float32))
    with rasterio.open(written.folder / "radar.tif") as raster:
        assert (raster.descriptions, raster.nodata) == (("VV", "VH"), NODATA_DB)
        np.testing.assert_allclose(raster.read() / 100, decibel, atol=0.0051)


def test_every_raster_carries_that_it_is_simulated(tmp_path: Path) -> None:
    write_truth(tmp_path / "truth", WINDOW, {"crop": np.eye(8, 12, dtype=np.uint8)})
    with rasterio.open(tmp_path / "truth" / "crop.tif") as raster:
        assert raster.tags()["simulated"] == "true"
        np.testing.assert_array_equal(raster.read(1), np.eye(8, 12))

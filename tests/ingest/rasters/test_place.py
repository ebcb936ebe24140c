"""Where rasters lie."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from core.errors import InvalidOption
from ingest.rasters.place import NoPlace, Place, find_place
from tests.ingest.rasters.layouts import WINDOW, one


def place(path: Path, transform: Affine, crs: str | None, stated: str = "") -> Place:
    one(path, np.ones((40, 50), np.uint8), transform=transform, crs=crs)
    with rasterio.open(path) as raster:
        return find_place(raster, stated)


def test_a_raster_in_metres_with_north_up_keeps_its_lattice(tmp_path: Path) -> None:
    found = place(tmp_path / "a.tif", WINDOW.transform, WINDOW.crs)
    assert (found.window.transform, found.window.crs, found.warped) == (WINDOW.transform, "EPSG:32631", "")


def test_a_raster_in_degrees_is_placed_on_ten_metres_of_utm(tmp_path: Path) -> None:
    move = Affine(0.000125, 0, 3.0, 0, -0.00009, 44.25)
    found = place(tmp_path / "a.tif", move, "EPSG:4326")
    assert (found.window.crs, found.window.resolution_m) == ("EPSG:32631", 10)
    assert "degrees" in found.warped
    west, south, east, north = found.window.footprint_wgs84.bounds
    assert west <= 3.0 < 3.00625 <= east
    assert south <= 44.2464 < 44.25 <= north


def test_a_turned_raster_is_placed_on_a_lattice_with_north_up(tmp_path: Path) -> None:
    move = Affine(10, 0, 500_000, 0, -10, 4_900_000) * Affine.rotation(20)
    found = place(tmp_path / "a.tif", move, "EPSG:32631")
    assert (found.window.crs, found.window.resolution_m) == ("EPSG:32631", 10)
    assert "turned" in found.warped


def test_the_reference_system_may_be_stated(tmp_path: Path) -> None:
    found = place(tmp_path / "a.tif", WINDOW.transform, None, "EPSG:32633")
    assert (found.window.crs, found.file_crs) == ("EPSG:32633", "EPSG:32633")
    with pytest.raises(InvalidOption, match="--crs"):
        place(tmp_path / "b.tif", WINDOW.transform, None, "utm")


@pytest.mark.filterwarnings("ignore:The given matrix is equal")
@pytest.mark.filterwarnings("ignore:Dataset has no geotransform")
def test_a_raster_without_a_place_has_none(tmp_path: Path) -> None:
    with pytest.raises(NoPlace, match="--crs"):
        place(tmp_path / "a.tif", WINDOW.transform, None)
    with pytest.raises(NoPlace, match="georeferenced"):
        place(tmp_path / "b.tif", Affine.identity(), WINDOW.crs)

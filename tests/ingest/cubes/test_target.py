"""The window that a cube is read on."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from affine import Affine
from pyproj import CRS, Geod, Transformer

from core.errors import InvalidCube
from core.grid import Window
from ingest.cubes.archive import open_cube_archive
from ingest.cubes.place import Lattice, find_lattice
from ingest.cubes.read import read_cube
from ingest.cubes.target import lost_share, target_window

STEP = 1e-4
ROWS, COLUMNS = 24, 40


def in_degrees(longitudes: np.ndarray) -> xr.Dataset:
    """Return one date whose red grows to the east and whose near infrared grows to the south, at 17 S."""
    latitudes = -17 - STEP * (np.arange(ROWS) + 0.5)
    red = np.broadcast_to(0.05 + 0.001 * np.arange(COLUMNS), (1, ROWS, COLUMNS)).astype(np.float32)
    infrared = np.broadcast_to(0.3 + 0.002 * np.arange(ROWS)[:, None], (1, ROWS, COLUMNS)).astype(np.float32)
    axes = ("time", "y", "x")
    data = xr.Dataset(
        {"B04": (axes, red), "B08": (axes, infrared)},
        coords={"time": np.array(["2022-06-01"], "datetime64[ns]"), "y": latitudes, "x": longitudes},
    )
    return data.assign(spatial_ref=((), 0, CRS.from_epsg(4326).to_cf()))


WESTERN = 179.9978
"""West of 180 degrees by about the half of the columns."""
FROM_WEST = WESTERN + STEP * (np.arange(COLUMNS) + 0.5)


@pytest.mark.parametrize(
    "longitudes",
    [FROM_WEST, FROM_WEST - 360, (FROM_WEST + 180) % 360 - 180],
    ids=["beyond 180", "beyond -180", "with a jump"],
)
def test_a_cube_in_degrees_across_180_keeps_all_its_pixels_at_their_places(
    tmp_path: Path, longitudes: np.ndarray
) -> None:
    in_degrees(longitudes).to_netcdf(tmp_path / "a.nc")
    cube = read_cube(tmp_path / "a.nc")
    red, infrared = (cube.data[b].values[0] for b in ("B04", "B08"))
    corners = [(WESTERN, -17.0), (WESTERN, -17 - STEP * ROWS)]
    corners += [(x + STEP * COLUMNS, y) for x, y in reversed(corners)]
    true_m2 = abs(Geod(ellps="WGS84").polygon_area_perimeter(*zip(*corners, strict=True))[0])
    assert np.isfinite(red).sum() * 100 == pytest.approx(true_m2, rel=0.01)
    x, y = np.meshgrid(*cube.window.centres())
    lon, lat = Transformer.from_crs(cube.window.crs, "EPSG:4326", always_xy=True).transform(x, y)
    column, row = ((lon % 360) - WESTERN) / STEP - 0.5, (-17 - lat) / STEP - 0.5
    inner = (column > 0) & (column < COLUMNS - 1) & (row > 0) & (row < ROWS - 1)
    assert inner.sum() > 800
    np.testing.assert_allclose(red[inner], 0.05 + 0.001 * column[inner], atol=2e-6)
    np.testing.assert_allclose(infrared[inner], 0.3 + 0.002 * row[inner], atol=2e-6)


def test_an_archive_of_such_a_cube_covers_both_sides_of_180(tmp_path: Path) -> None:
    in_degrees(FROM_WEST).to_netcdf(tmp_path / "a.nc")
    found = open_cube_archive(tmp_path / "a.nc", tile_size=64).footprint
    assert found.bounds[0] == -180
    assert found.bounds[2] == 180
    assert found.area == pytest.approx(STEP**2 * ROWS * COLUMNS, rel=0.2)


def test_degrees_that_are_none_are_shown_and_refused() -> None:
    lattice = Lattice(crs="EPSG:4326", transform=Affine(10, 0, 500_000, 0, -10, 5_000_000), shape_yx=(3, 3))
    with pytest.raises(InvalidCube, match="from 500000, 4999970 to 500030, 5000000, are called degrees, and are none"):
        target_window("a.nc", [lattice])


def test_pixels_that_reach_no_pixel_of_a_window_are_counted_and_their_cube_is_refused() -> None:
    lattice = find_lattice("a.nc", in_degrees(FROM_WEST), ("y", "x"), "EPSG:4326")
    window = target_window("a.nc", [lattice])
    assert lost_share(lattice, window) == 0
    rows, columns = window.shape_yx
    half = Window(crs=window.crs, transform=window.transform, shape_yx=(rows, columns // 2))
    assert lost_share(lattice, half) == pytest.approx(0.5, abs=0.12)
    world = Lattice(crs="EPSG:4326", transform=Affine(1, 0, -180, 0, -1, 90), shape_yx=(180, 360))
    with pytest.raises(InvalidCube, match="of its pixels, which are in degrees, have no place in EPSG:326"):
        target_window("a.nc", [world])

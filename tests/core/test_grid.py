from collections import Counter

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from core.grid import Grid, Window, utm_crs
from core.region import Region, parse_region, region_from
from tests.core.hard_regions import hard_regions
from tests.core.regions import square

UTM = "EPSG:32632"

grids = st.builds(
    Grid,
    crs=st.just(UTM),
    resolution_m=st.sampled_from([10.0, 20.0, 30.0]),
    tile_size=st.sampled_from([16, 32, 128]),
    origin_xy=st.tuples(st.sampled_from([0.0, 3.5, -604_997.5]), st.sampled_from([0.0, -7.25, 5_199_990.0])),
)
regions = st.builds(
    lambda west, south, width, height: parse_region(square(west, south, width=width, height=height)),
    st.floats(9, 11),
    st.floats(45, 50),
    st.floats(1e-5, 0.03),
    st.floats(1e-5, 0.03),
)


def window_of(shape_yx: tuple[int, int]) -> Window:
    return Window(crs=UTM, transform=Affine(10, 0, 600_000, 0, -10, 5_300_000), shape_yx=shape_yx)


@settings(max_examples=60)
@given(grids, regions)
def test_tiles_cover_every_pixel_of_a_region_exactly_once(grid: Grid, region: Region) -> None:
    window = grid.window(region)
    covered = np.zeros(window.shape_yx, int)
    for tile in grid.tiles(region):
        row, column = tile.window.offset_in(window)
        covered[max(row, 0) : max(row + grid.tile_size, 0), max(column, 0) : max(column + grid.tile_size, 0)] += 1
    assert (covered[window.mask(region)] == 1).all()
    assert covered.max() <= 1


@settings(max_examples=60)
@given(grids, regions)
def test_a_window_holds_its_region_but_for_the_snap(grid: Grid, region: Region) -> None:
    slack = 0.02 * grid.resolution_m
    assert box(*grid.window(region).bounds).buffer(slack).covers(region.to_crs(UTM))


@settings(max_examples=60)
@given(grids, regions)
def test_a_window_lies_on_the_lattice_of_its_tiles(grid: Grid, region: Region) -> None:
    west, _, _, north = grid.window(region).bounds
    for edge, origin in zip((west, north), grid.origin_xy, strict=True):
        steps = (edge - origin) / grid.resolution_m
        assert steps == pytest.approx(round(steps), abs=1e-6)


@given(grids, st.integers(-500, 500), st.integers(-500, 500))
def test_tiles_are_neighbours_without_gap_or_overlap(grid: Grid, column: int, row: int) -> None:
    west, south, east, north = grid.tile(column, row).window.bounds
    assert grid.tile(column + 1, row).window.bounds == pytest.approx((east, south, 2 * east - west, north))
    assert grid.tile(column, row + 1).window.bounds == pytest.approx((west, north, east, 2 * north - south))


@given(st.lists(st.tuples(grids, st.integers(-99, 99), st.integers(-99, 99)), unique=True, max_size=30))
def test_a_key_names_one_tile(cells: list[tuple[Grid, int, int]]) -> None:
    assert max(Counter(grid.tile(c, r).key for grid, c, r in cells).values(), default=1) == 1


def test_a_key_is_stable_and_fit_for_a_file_name() -> None:
    assert Grid(crs=UTM).tile(507, 4155).key == "32632_10m_128_c507_r4155"
    odd = Grid(crs=UTM, origin_xy=(5_319_390.25, -0.5)).tile(-1, 2).key
    assert odd == "32632_10m_128_o5319390.25_-0.5_c-1_r2"


def test_tiles_come_from_north_to_south_and_west_to_east() -> None:
    tiles = Grid(crs=UTM, tile_size=16).tiles(parse_region(square()))
    assert [(t.row, t.column) for t in tiles] == sorted(((t.row, t.column) for t in tiles), key=lambda k: (-k[0], k[1]))
    assert len(tiles) > 20


def test_two_regions_share_the_tiles_where_they_overlap() -> None:
    grid = Grid(crs=UTM, tile_size=16)
    one, two = ({t.key for t in grid.tiles(parse_region(square(w)))} for w in (11.0, 11.01))
    assert one & two
    assert one - two
    assert two - one


def test_the_footprint_of_tiles_gives_back_these_tiles_and_pixels_only() -> None:
    grid = Grid(crs=UTM, tile_size=64, origin_xy=(4.5, -2.5))
    tile = grid.tile(950, 8300)
    rounded = parse_region({"type": "Polygon", "coordinates": [
        [[round(x, 7), round(y, 7)] for x, y in tile.window.footprint_wgs84.exterior.coords]]})  # fmt: skip
    assert grid.tiles(rounded) == [tile]
    assert grid.window(rounded) == tile.window


def test_centres_run_east_and_south_half_a_pixel_inside() -> None:
    x, y = window_of((2, 3)).centres()
    assert x.tolist() == [600_005, 600_015, 600_025]
    assert y.tolist() == [5_299_995, 5_299_985]


def test_bounds_are_west_south_east_north() -> None:
    assert window_of((2, 3)).bounds == (600_000, 5_299_980, 600_030, 5_300_000)


@given(st.integers(-50, 50), st.integers(-50, 50))
def test_the_offset_of_a_window_is_where_its_first_pixel_lies(row: int, column: int) -> None:
    whole = window_of((20, 30))
    moved = Window(
        crs=UTM, transform=Affine(10, 0, 600_000 + 10 * column, 0, -10, 5_300_000 - 10 * row), shape_yx=(5, 5)
    )
    assert moved.offset_in(whole) == (row, column)


def test_a_footprint_covers_the_rectangle_it_came_from() -> None:
    window = window_of((300, 200))
    footprint = Region(geometry=window.footprint_wgs84)
    assert footprint.area_km2 == pytest.approx(6.0, rel=2e-3)
    assert window.mask(footprint).all()


@settings(max_examples=80)
@given(hard_regions(), st.sampled_from([16, 64]))
def test_tiles_and_window_have_the_same_pixels_once_near_every_border(region: Region, tile_size: int) -> None:
    grid = Grid(crs=utm_crs(region), tile_size=tile_size)
    window = grid.window(region)
    selected = np.zeros(window.shape_yx, int)
    for tile in grid.tiles(region):
        of_tile = tile.window.mask(region)
        assert of_tile.any()
        row, column = tile.window.offset_in(window)
        for y, x in np.argwhere(of_tile) + np.array([row, column]):
            assert min(y, x) >= 0
            selected[y, x] += 1
    assert (selected == window.mask(region)).all()


@settings(max_examples=80)
@given(hard_regions())
def test_the_footprint_of_a_window_holds_its_region_near_every_border(region: Region) -> None:
    window = Grid(crs=utm_crs(region)).window(region)
    footprint = region_from([window.footprint_wgs84])
    assert footprint.span_degrees[0] < 1
    assert footprint.to_crs(window.crs).buffer(0.02 * window.resolution_m).covers(region.to_crs(window.crs))
    assert footprint.unwrapped.buffer(1e-5).covers(region.unwrapped)
    assert footprint.geometry.bounds[0] >= -180
    assert footprint.geometry.bounds[2] <= 180


def test_a_footprint_across_180_degrees_is_two_polygons() -> None:
    region = parse_region(square(179.99, -17.0))
    footprint = Grid(crs="EPSG:32760").window(region).footprint_wgs84
    assert footprint.geom_type == "MultiPolygon"
    assert Region(geometry=footprint).area_km2 == pytest.approx(region.area_km2, rel=0.1)

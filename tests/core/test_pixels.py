"""Which pixels of a lattice belong to a region."""

import pytest
from shapely import box
from shapely.geometry import shape

from core.grid import Grid
from core.region import parse_region, region_from, reproject
from tests.core.regions import square, triangle

UTM = "EPSG:32632"


def test_a_region_smaller_than_a_pixel_has_one_tile_one_pixel_and_a_mask() -> None:
    speck = parse_region(square(width=1e-6, height=1e-6))
    grid = Grid(crs=UTM)
    assert len(grid.tiles(speck)) == 1
    assert grid.window(speck).shape_yx == (1, 1)
    assert grid.window(speck).mask(speck).all()
    assert grid.tiles(speck)[0].window.mask(speck).sum() == 1


def test_a_mask_follows_the_polygon_not_its_mirror_image() -> None:
    region = triangle()
    window = Grid(crs=UTM).window(region)
    mask = window.mask(region)
    assert mask.shape == window.shape_yx
    assert mask.sum() * 1e-4 == pytest.approx(region.area_km2, rel=0.02)
    # The triangle has its long side in the south and its tip in the north-west.
    assert mask[-40:].sum() > 2 * mask[:40].sum()
    assert mask[:, :40].sum() > 2 * mask[:, -40:].sum()


def test_pixels_in_holes_and_tiles_within_them_do_not_belong_to_a_region() -> None:
    outer, hole = square(width=0.06, height=0.04), square(11.02, 48.01, width=0.02, height=0.02)
    region = parse_region({"type": "Polygon", "coordinates": [*outer["coordinates"], *hole["coordinates"]]})
    window = Grid(crs=UTM).window(region)
    selected, filled = window.mask(region), window.mask(parse_region(outer))
    assert (filled & ~selected == window.mask(parse_region(hole))).all()
    assert selected.sum() * 1e-4 == pytest.approx(region.area_km2, rel=0.01)
    tiles = Grid(crs=UTM, tile_size=16).tiles(region)
    assert len(tiles) < len(Grid(crs=UTM, tile_size=16).tiles(parse_region(outer)))


def test_each_part_smaller_than_a_pixel_is_one_pixel() -> None:
    specks = region_from([shape(square(11.0 + 0.001 * n, width=1e-6, height=1e-6)) for n in range(5)])
    grid = Grid(crs=UTM, tile_size=16)
    assert grid.window(specks).mask(specks).sum() == 5
    assert sum(tile.window.mask(specks).sum() for tile in grid.tiles(specks)) == 5


def test_a_strip_thinner_than_a_pixel_is_the_pixels_it_touches() -> None:
    strip = box(600_002, 5_299_981, 600_098, 5_299_983)
    region = region_from([reproject(strip, UTM, "EPSG:4326")])
    assert Grid(crs=UTM).window(region).mask(region).tolist() == [[True] * 10]


def test_a_strip_along_the_edge_of_pixels_is_pixels_too() -> None:
    strip = box(600_002, 5_299_979.95, 600_098, 5_299_980.05)
    region = region_from([reproject(strip, UTM, "EPSG:4326")])
    grid = Grid(crs=UTM, tile_size=16)
    assert grid.window(region).mask(region).sum() == 10
    assert sum(tile.window.mask(region).sum() for tile in grid.tiles(region)) == 10

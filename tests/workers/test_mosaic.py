"""The tiles of a region on one grid."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from core.grid import Window
from ingest.build.cube import build_cube
from products.rows import render
from tests.workers.rendered import rendered
from workers.accept import result_window
from workers.mosaic import Mosaic, mosaic


def whole(home: Path, path: Path, *, product: str = "fake-map", kind: str = "plain") -> tuple[Mosaic, list[float]]:
    recipe, tiles = rendered(home, product=product, kind=kind)
    window = result_window(recipe.region, [t for t, _ in tiles])
    shares: list[float] = []
    return mosaic(tiles, recipe.region, window, recipe.layers, path, shares.append), shares


@pytest.mark.parametrize("product", ["fake-map", "fake-forecast"])
def test_a_mosaic_is_one_render_of_the_whole_window_cut_to_the_region(tmp_path: Path, product: str) -> None:
    recipe, tiles = rendered(tmp_path, product=product)
    window = result_window(recipe.region, [t for t, _ in tiles])
    mosaic(tiles, recipe.region, window, recipe.layers, tmp_path / "plain.tif", lambda _: None)
    cube = build_cube(recipe.archive, window, recipe.options.days, recipe.product.bands)
    expected = render(recipe.product, cube, recipe.options, recipe.checkpoint, lambda _: None)
    inside = window.mask(recipe.region)
    with rasterio.open(tmp_path / "plain.tif") as raster:
        pixels = raster.read()
        assert (raster.transform, raster.shape) == (window.transform, window.shape_yx)
        assert raster.descriptions == tuple(layer.name for layer in recipe.layers)
    np.testing.assert_array_equal(pixels[:, inside], expected.pixels[:, inside])
    outside = pixels[:, ~inside]
    assert (np.isnan(outside) if product == "fake-forecast" else outside == 255).all()


def test_pixels_of_the_region_and_seen_pixels_are_counted(tmp_path: Path) -> None:
    found, shares = whole(tmp_path, tmp_path / "plain.tif")
    with rasterio.open(tmp_path / "plain.tif") as raster:
        assert found.seen_pixels == (raster.read(1) != 255).sum()
    assert found.region_pixels == 1535
    assert shares == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


@pytest.mark.parametrize("product", ["fake-map", "fake-forecast"])
def test_no_pixel_under_cloud_is_counted_as_seen(tmp_path: Path, product: str) -> None:
    found, _ = whole(tmp_path, tmp_path / "plain.tif", product=product, kind="cloudy")
    assert (found.seen_pixels, found.region_pixels) == (0, 1535)


def test_scenes_are_kept_for_each_tile_with_the_reads_that_failed(tmp_path: Path) -> None:
    found, _ = whole(tmp_path, tmp_path / "plain.tif", kind="gaps")
    assert len(found.scenes) == 5
    for records in found.scenes.values():
        assert len(records) == 12
        assert [r.scene_id for r in records if r.failure] == ["fake_20220311"]


def test_a_window_inside_one_tile_takes_its_part_of_that_tile(tmp_path: Path) -> None:
    recipe, tiles = rendered(tmp_path)
    tile, file = max(tiles, key=lambda pair: int(pair[0].window.mask(recipe.region).sum()))
    corner = tile.window.transform * Affine.translation(20, 3)
    small = Window(crs=tile.window.crs, transform=corner, shape_yx=(7, 11))
    mosaic(tiles, recipe.region, small, recipe.layers, tmp_path / "plain.tif", lambda _: None)
    with rasterio.open(tmp_path / "plain.tif") as cut, rasterio.open(file) as whole_tile:
        inside = small.mask(recipe.region)
        assert inside.any()
        np.testing.assert_array_equal(cut.read()[:, inside], whole_tile.read()[:, 3:10, 20:31][:, inside])

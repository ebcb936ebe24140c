"""The minimum mapping unit: on the mosaic, on the first band alone, nodata untouched."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from core.grid import Window
from core.product import Layer, Raster
from core.timeline import parse_period
from outputs.cog import plain_raster
from outputs.minimum_mapping_unit import filtered, min_pixels, mmu_filter_file, mmu_filter_raster

PERIOD = parse_period("2022-01-01/2022-12-31")
WINDOW = Window(crs="EPSG:32631", transform=Affine(10, 0, 500_000, 0, -10, 5_600_000), shape_yx=(12, 16))
LAYERS = (Layer(name="class", description=""), Layer(name="p_tree", description="", unit="%"))


def hedge() -> Raster:
    """A field with a wood of 4 x 4, a diagonal hedge of six pixels, one lone tree, and nodata around another."""
    code = np.zeros(WINDOW.shape_yx, np.uint8)
    code[7:11, 1:5] = 1
    code[range(6), range(1, 7)] = 2
    code[9, 12] = 1
    code[0:3, 13:16], code[1, 14] = 255, 2
    return Raster(layers=LAYERS, pixels=np.stack([code, code * 10]), window=WINDOW, nodata=255)


def test_hectares_are_pixels_rounded_up() -> None:
    assert [min_pixels(mmu, 10) for mmu in (0.005, 0.01, 0.011, 0.5)] == [1, 1, 2, 50]
    assert min_pixels(0.04, 20) == 1


def test_small_patches_go_to_what_surrounds_them_and_a_diagonal_is_one_patch() -> None:
    found = mmu_filter_raster(hedge(), 0.02).pixels[0]
    before = hedge().pixels[0]
    assert found[9, 12] == 0
    assert (found[range(6), range(1, 7)] == 2).all()
    before[9, 12] = 0
    assert np.array_equal(found, before)
    larger = mmu_filter_raster(hedge(), 0.1).pixels[0]
    assert (larger[range(6), range(1, 7)] == 0).all()
    assert (larger[7:11, 1:5] == 1).all()


def test_without_a_unit_every_pixel_stays() -> None:
    raster = hedge()
    assert mmu_filter_raster(raster, 0) is raster


def test_probabilities_and_nodata_are_not_touched() -> None:
    found, before = mmu_filter_raster(hedge(), 0.1), hedge()
    assert np.array_equal(found.pixels[1], before.pixels[1])
    assert np.array_equal(found.is_unseen(), before.is_unseen())
    assert found.pixels[0][1, 14] == 2


def test_floats_are_filtered_as_bytes_are() -> None:
    raster = hedge()
    floats = np.where(raster.pixels == 255, np.nan, raster.pixels).astype(np.float32)
    found = mmu_filter_raster(replace(raster, pixels=floats, nodata=np.nan), 0.1).pixels[0]
    expected = mmu_filter_raster(raster, 0.1).pixels[0]
    assert found.dtype == np.float32
    assert np.array_equal(np.where(np.isnan(found), 255, found), expected)


@pytest.mark.parametrize("mmu", [0.0, 0.02, 0.1])
def test_a_file_is_filtered_as_the_raster_is(tmp_path: Path, mmu: float) -> None:
    raster, path = hedge(), tmp_path / "plain.tif"
    with plain_raster(path, LAYERS, WINDOW, dtype="uint8", nodata=255) as out:
        out.write(raster.pixels)
    mmu_filter_file(path, mmu)
    with rasterio.open(path) as file:
        assert np.array_equal(file.read(), mmu_filter_raster(raster, mmu).pixels)
    assert list(tmp_path.iterdir()) == [path]


def test_a_patch_smaller_than_the_unit_alone_in_nodata_stays() -> None:
    code = np.full((4, 4), 255, np.uint8)
    code[1, 1] = 1
    assert np.array_equal(filtered(code, 255, 50), code)


def test_hectares_are_those_on_the_ground() -> None:
    """At 47 N a pixel of 10 m in Web Mercator has 45.9 m2: the hedge of six has 0.028 ha, the wood of 16 0.073 ha."""
    mercator = replace(WINDOW, crs="EPSG:3857", transform=Affine(10, 0, 1_000_000, 0, -10, 6_000_000))
    raster = replace(hedge(), window=mercator)
    np.testing.assert_array_equal(mmu_filter_raster(raster, 0.03).pixels[0], mmu_filter_raster(hedge(), 0.07).pixels[0])
    assert (mmu_filter_raster(raster, 0.03).pixels[0] != mmu_filter_raster(hedge(), 0.03).pixels[0]).any()

"""Areas of a finished raster: the same from memory and from a file, whatever the strips."""

from pathlib import Path

import numpy as np
import pytest
from affine import Affine

from core.grid import Window
from core.product import Raster
from core.timeline import parse_period
from outputs.cog import plain_raster
from outputs.measure import measure_file, measure_raster, median_clear_count
from products.catalogue import find_product
from products.order import parse
from tests.outputs.rasters import forecast

AVAILABLE = parse_period("2016-01-01/2018-12-31")


@pytest.mark.parametrize("height", [90, 25])
def test_a_file_is_measured_as_the_same_raster_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, height: int
) -> None:
    monkeypatch.setattr("outputs.measure.strip_rows", lambda resolution_m, width: 20)
    product = find_product("canopy")
    options = parse(product, {}, available=AVAILABLE)
    window = Window(crs="EPSG:32632", transform=Affine(10, 0, 600_000, 0, -10, 5_300_000), shape_yx=(height, 33))
    layers = product.layers(options)
    pixels = np.random.default_rng(2).integers(0, 3, (len(layers), height, 33)).astype(np.uint8)
    pixels[:, :4, :7] = 255
    raster = Raster(layers=layers, pixels=pixels, window=window, nodata=255)
    with plain_raster(tmp_path / "plain.tif", layers, window, dtype="uint8", nodata=255) as out:
        out.write(pixels)
    found = measure_raster(raster, product, options)
    assert measure_file(tmp_path / "plain.tif", product, options, layers) == found
    assert found["total_ha"] == pytest.approx((height * 33 - 28) / 100)


def test_areas_in_web_mercator_are_those_on_the_ground(tmp_path: Path) -> None:
    """Nine pixels of 45.92 m2, not of 100."""
    product = find_product("canopy")
    options = parse(product, {}, available=AVAILABLE)
    layers = product.layers(options)
    window = Window(crs="EPSG:3857", transform=Affine(10, 0, 1_000_000, 0, -10, 6_000_000), shape_yx=(3, 3))
    pixels = np.zeros((len(layers), 3, 3), np.uint8)
    pixels[0, 0] = 1
    raster = Raster(layers=layers, pixels=pixels, window=window, nodata=255)
    with plain_raster(tmp_path / "plain.tif", layers, window, dtype="uint8", nodata=255) as out:
        out.write(pixels)
    found = measure_raster(raster, product, options)
    assert measure_file(tmp_path / "plain.tif", product, options, layers) == found
    assert found["total_ha"] == pytest.approx(0.0413, abs=5e-5)
    assert found["classes"][1]["mapped_ha"] == pytest.approx(0.0138, abs=5e-5)


def test_a_product_without_classes_has_no_areas() -> None:
    product = find_product("ndvi-forecast")
    options = parse(product, {}, available=AVAILABLE)
    assert measure_raster(forecast(), product, options) == {}


def test_the_median_of_clear_observations_is_that_of_the_mapped_pixels(tmp_path: Path) -> None:
    product = find_product("canopy")
    layers = product.layers(parse(product, {}, available=AVAILABLE))
    window = Window(crs="EPSG:32632", transform=Affine(10, 0, 600_000, 0, -10, 5_300_000), shape_yx=(4, 5))
    pixels = np.full((len(layers), 4, 5), 255, np.uint8)
    pixels[:, :2] = 0
    pixels[-1, 0], pixels[-1, 1] = 3, 9
    raster = Raster(layers=layers, pixels=pixels, window=window, nodata=255)
    with plain_raster(tmp_path / "plain.tif", layers, window, dtype="uint8", nodata=255) as out:
        out.write(pixels)
    assert median_clear_count(raster, layers) == median_clear_count(tmp_path / "plain.tif", layers) == 6
    assert np.isnan(median_clear_count(raster, layers[:1]))

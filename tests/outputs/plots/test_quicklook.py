"""Quicklooks: their panels and colours. Which layers they show is in the products."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.product import Layer, Raster, Variable
from outputs.cog import open_cog, write_cog
from outputs.plots.quicklook import UNSEEN, colours_of, degrees, write_quicklook
from tests.outputs.rasters import class_map, forecast, origin


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_classes_have_the_colours_of_the_legend_in_either_type(dtype: str) -> None:
    raster = class_map(dtype)
    found = colours_of(raster.layers[0], raster.pixels[0], raster.nodata)
    row, column = np.argwhere(raster.pixels[0] == 1)[0]
    np.testing.assert_allclose(found[row, column], np.array([250, 128, 64]) / 255)
    np.testing.assert_allclose(found[0, 0], UNSEEN)


def test_ndvi_becomes_greener_with_its_value() -> None:
    layer = forecast().layers[2]
    found = colours_of(layer, np.array([[0.1, 0.9, np.nan]], np.float32), np.nan)
    assert found[0, 0].sum() > found[0, 1].sum()
    np.testing.assert_allclose(found[0, 2], UNSEEN)


@pytest.mark.parametrize(
    ("variable", "values"),
    [
        (Variable.ANOMALY, [-0.4, 0.0, 0.4]),
        (Variable.DEPARTURE, [-0.4, 0.0, 0.4]),
        (Variable.PERCENTILE, [10, 50, 90]),
    ],
)
def test_an_anomaly_is_brown_below_the_usual_and_green_above(variable: Variable, values: list[float]) -> None:
    layer = Layer(name="x", description="x", variable=variable, unit="1")
    (low, middle, high) = colours_of(layer, np.array([values], np.float32), np.nan)[0]
    assert low[0] > low[2]
    assert high[1] > high[0]
    assert middle.min() > 0.9


@pytest.mark.parametrize(("raster", "panels"), [(class_map(), 1), (forecast(), 2)])
def test_the_picture_grows_with_its_panels(tmp_path: Path, raster: Raster, panels: int) -> None:
    write_cog(raster, tmp_path / "map.tif", {})
    layers = [
        layer for layer in raster.layers if layer.name == "class" or (layer.is_median and layer.variable == "NDVI")
    ]
    assert len(layers) == panels
    write_quicklook(open_cog(tmp_path / "map.tif"), layers, origin(), tmp_path / "map.png")
    with Image.open(tmp_path / "map.png") as picture:
        assert picture.size[0] > 700 * panels
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 24) or []}
    assert ((250, 128, 64) in colours) == (panels == 1)


def test_degrees_have_a_hemisphere() -> None:
    assert degrees(48.12341, "NS") == "48.1234° N"
    assert degrees(-0.5, "EW") == "0.5000° W"

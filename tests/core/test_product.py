"""Layers, parameters and rasters."""

import numpy as np
import pytest

from core.product import Layer, Raster, Variable
from core.quantities import QUANTITIES
from tests.core.cubes import WINDOW


def test_no_variable_of_a_layer_is_called_as_a_quantity_is() -> None:
    assert not {v.lower() for v in QUANTITIES} & set(Variable)


def test_a_layer_is_a_median_at_the_quantile_of_a_half() -> None:
    given = [Layer(name="x", description="x", variable="NDVI", quantile=q).is_median for q in (0.25, 0.5, None)]
    assert given == [False, True, False]


@pytest.mark.parametrize(("dtype", "nodata"), [(np.uint8, 255), (np.float32, np.nan)])
def test_a_raster_is_unseen_where_its_first_layer_is_nodata(dtype: type, nodata: float) -> None:
    pixels = np.zeros((2, *WINDOW.shape_yx), dtype)
    pixels[0, 1, 2] = nodata
    pixels[1, 0, 0] = nodata
    layers = tuple(Layer(name=n, description="A layer.") for n in ("class", "p_crop"))
    unseen = Raster(layers=layers, pixels=pixels, window=WINDOW, nodata=nodata).is_unseen()
    assert np.argwhere(unseen).tolist() == [[1, 2]]

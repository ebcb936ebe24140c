"""Class maps of a small cube, made by the tiny models of class_models.py."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.product import Layer, Raster
from core.timeline import parse_period
from products.catalogue import find_product
from products.crop import CropOptions
from products.order import add_card, parse
from products.rows import render
from tests.products.class_models import named
from tests.products.cubes import small_cube

AVAILABLE = parse_period("2016-08-01/2018-07-31")
both = pytest.mark.parametrize("name", ["crop", "canopy"])


def task_of(name: str) -> str:
    return "canopy" if name == "canopy" else "crop"


def order(models: Path, name: str, **inputs: Any) -> CropOptions:
    """Return an order of the product of a model, as it is accepted."""
    product = find_product(task_of(name))
    return add_card(product, parse(product, inputs, available=small_cube().period), named(models, name))


def rendered(models: Path, name: str, **inputs: Any) -> tuple[CropOptions, Raster, dict[str, np.ndarray]]:
    product, params = find_product(task_of(name)), order(models, name, **inputs)
    raster = render(product, small_cube(), params, named(models, name), lambda share: None)
    assert raster.layers == product.layers(params)
    names = [layer.name for layer in raster.layers]
    return params, raster, dict(zip(names, raster.pixels, strict=True))


def layer(raster: Raster, name: str) -> Layer:
    return next(layer for layer in raster.layers if layer.name == name)

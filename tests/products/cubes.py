"""A small cube, and products made from it by the shipped class models and a forecaster of random weights."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from affine import Affine

from core.checkpoint import Checkpoint
from core.cube import Cube
from core.grid import Window
from core.options import Options
from core.product import Product, Raster
from core.settings import Settings
from core.timeline import parse_period, to_times
from ingest.build.scene_tile import MemorySceneTile, Stack, TimeStep
from models.registry import find_checkpoint
from products.catalogue import PRODUCTS
from products.order import check_source, parse
from products.rows import render
from tests.models.builders import wavy_series
from tests.products.forecasters import forecaster

AVAILABLE = parse_period("2016-08-01/2018-07-31")
WINDOW = Window(crs="EPSG:32631", transform=Affine(10, 0, 500_000, 0, -10, 5_600_000), shape_yx=(4, 5))
every_product = pytest.mark.parametrize("product", PRODUCTS.values(), ids=lambda p: p.id)


def small_cube() -> Cube:
    """4 x 5 pixels of seasonal red and near infrared; pixel (1, 2) is never seen."""
    series = wavy_series(20, dates=90)
    flat = {name: series.values[..., c].T.reshape(90, 4, 5).copy() for name, c in (("B04", 2), ("B08", 6))}
    for band in flat.values():
        band[:, 1, 2] = np.nan
    times = to_times(series.days[0])
    data = xr.Dataset({n: (("time", "y", "x"), v) for n, v in flat.items()}, coords={"time": times})
    return Cube(data=data, window=WINDOW, archive="test")


def on_disk(cube: Cube, tiles: type[MemorySceneTile] = MemorySceneTile) -> Cube:
    """Return the same cube with pixels that are read when they are needed, as those of a large one are."""
    names = [str(name) for name in cube.data.data_vars]
    days = cube.axis_days("time")
    each = [{b: cube.data[b].values[t] for b in names} for t in range(len(days))]
    steps = [
        TimeStep(day=int(day), orbit="", scene_tiles=(tiles(window=cube.window, values=v),))
        for day, v in zip(days, each, strict=True)
    ]
    stack = Stack(steps, names, cube.window, None)
    return replace(cube, data=cube.data.assign({b: (("time", "y", "x"), stack.band(b)) for b in names}))


def checkpoint_of(product: Product) -> Checkpoint:
    return forecaster() if product.task == "forecast" else find_checkpoint("", product.task, Settings())


def rendered(product: Product, cube: Cube | None = None, **inputs: object) -> tuple[Options, Raster]:
    cube = cube or small_cube()
    params = parse(product, inputs, available=cube.period)
    check_source(product, params, available=cube.period, shown=list(cube.data.data_vars), name="test")
    return params, render(product, cube, params, checkpoint_of(product), lambda share: None)

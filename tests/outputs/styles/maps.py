"""Maps whose every part has a known class, written as the service writes them."""

from datetime import date
from pathlib import Path

import numpy as np
from affine import Affine

from core.grid import Window
from core.product import Layer, Raster
from core.timeline import Period
from outputs.write_raster import write_raster
from products.canopy import LEGEND
from products.change import change_layers
from tests.outputs.rasters import class_map, forecast, origin

WINDOW = Window(crs="EPSG:32632", transform=Affine(10, 0, 600_000, 0, -10, 5_300_000), shape_yx=(80, 120))
CHANGE_LAYERS: tuple[Layer, ...] = change_layers(
    LEGEND, Period(start=date(2020, 6, 1), end=date(2022, 6, 1)), significance=0.9, is_percent=True
)
STRIPE = 20
"""Columns of each code of a change map; the upper half is nodata."""


def change_map() -> Raster:
    """Return a map of six stripes, one of each code of a change, nodata in its upper half."""
    codes = np.broadcast_to(np.arange(120) // STRIPE, WINDOW.shape_yx)
    others = [np.full(WINDOW.shape_yx, value) for value in (10, 20, 30, 95)]
    pixels = np.stack([codes, *others, codes % 3, codes // 2, np.full_like(codes, 12)]).astype(np.uint8)
    pixels[:, :40] = 255
    return Raster(layers=CHANGE_LAYERS, pixels=pixels, window=WINDOW, nodata=255)


def written(folder: Path) -> dict[str, Path]:
    """Write one map of each kind; return the files by kind."""
    rasters = {"class": class_map(), "change": change_map(), "forecast": forecast()}
    for name, raster in rasters.items():
        write_raster(raster, folder / f"{name}.tif", origin())
    return {name: folder / f"{name}.tif" for name in rasters}


def medians(count: int) -> tuple[Layer, ...]:
    """Return two quantiles of NDVI at so many dates, which end in the number of the date."""
    days = [f"2022-{number:03}" for number in range(1, count + 1)]
    return tuple(
        Layer(name=f"{d}_{q}", description="", variable="NDVI", quantile=q, date=d) for d in days for q in (0.05, 0.5)
    )

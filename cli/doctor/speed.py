"""`landcast doctor --bench`: seconds and cost of each product here, from a simulated cube. No archive, no file.

What is measured is the prediction of all pixels of a cube in memory; reading scenes and writing maps come on top.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from affine import Affine

from core.bands import NDVI, RADAR_NAMES, channel
from core.cube import Cube
from core.errors import InvalidOption
from core.grid import Window
from core.product import Product
from core.settings import Settings
from core.text_table import text_table
from core.timeline import to_times
from ingest.simulate.series import sample_series
from models.inference.choose import backend_name
from models.inference.onnx_cpu import cores
from models.registry import find_checkpoint
from products.catalogue import PRODUCTS
from products.order import add_card, parse
from products.rows import render

EDGE = 64
"""Pixels of the cube's edge: enough for all cores, and a minute for all products on two of them."""
WARM_ROWS = 4
"""Rows predicted before, which load the models and compile what is compiled where it first runs."""
PIXEL_KM2 = 1e-4
NO_ARCHIVE = "simulated"


@dataclass(frozen=True, kw_only=True)
class Speed:
    """What one product takes here."""

    product: str
    model: str
    backend: str
    seconds_per_km2: float
    """Of the clock."""
    cpu_seconds_per_km2: float
    """Of all cores together; less than the clock's times the cores where other programs keep them busy."""
    euros_per_km2: float


def simulated_cube(edge: int = EDGE) -> Cube:
    """Return a cube of four years and all bands: each pixel is a simulated series, all on the dates of the first."""
    series, _ = sample_series(np.random.default_rng(0), edge * edge)
    names = [name for name in series.shown if name != NDVI.name]
    axes = {name: "time_s1" if name in RADAR_NAMES else "time" for name in names}
    bands = {
        name: ((axes[name], "y", "x"), series.values[..., channel(name)].T.reshape(-1, edge, edge)) for name in names
    }
    times = to_times(series.days[0])
    window = Window(crs="EPSG:32632", transform=Affine(10, 0, 5e5, 0, -10, 5.6e6), shape_yx=(edge, edge))
    data = xr.Dataset(bands, coords=dict.fromkeys(sorted(set(axes.values())), times))
    return Cube(data=data, window=window, archive=NO_ARCHIVE, is_simulated=True)


def measure(settings: Settings, *, price: float, cube: Cube) -> Iterator[Speed]:
    """Yield the speed of each product with its default model and options.

    Args:
        settings: device, precision and further models.
        price: euros for an hour of one core; all cores of this machine are paid for while it works.
        cube: what is predicted.
    """
    area_km2 = cube.pixels * PIXEL_KM2
    for product in PRODUCTS.values():
        checkpoint = find_checkpoint("", product.task, settings)
        seconds, cpu_seconds = _time(product, cube, settings)
        yield Speed(
            product=product.id,
            model=checkpoint.name,
            backend=backend_name(checkpoint, product.id),
            seconds_per_km2=seconds / area_km2,
            cpu_seconds_per_km2=cpu_seconds / area_km2,
            euros_per_km2=seconds / area_km2 * cores() * price / 3600,
        )


def _time(product: Product[Any], cube: Cube, settings: Settings) -> tuple[float, float]:
    """Return the seconds of clock and of all cores that the pixels of a cube take."""
    checkpoint = find_checkpoint("", product.task, settings)
    options = add_card(product, parse(product, {}, available=cube.period), checkpoint)
    work = partial(render, product, options=options, checkpoint=checkpoint, progress=lambda _: None)
    work(cube.rows(slice(0, WARM_ROWS)))
    clock, cpu = time.perf_counter(), time.process_time()
    work(cube)
    return time.perf_counter() - clock, time.process_time() - cpu


def check_price(price: float) -> None:
    """Refuse what is no price.

    Raises:
        InvalidOption: it is negative or no number.
    """
    if not 0 <= price < float("inf"):
        raise InvalidOption("--price", price, "it is euros for an hour of one core, 0 or more")


def as_text(speeds: Sequence[Speed], cube: Cube, price: float) -> str:
    """Return a table, with a line that states what was measured."""
    heads = ["product", "model", "s/km2", "core s/km2", "EUR/km2", "runs on"]
    lines = [
        [s.product, s.model, f"{s.seconds_per_km2:.3g}", f"{s.cpu_seconds_per_km2:.3g}", f"{s.euros_per_km2:.2g}"]
        for s in speeds
    ]
    table = text_table([heads, *([*line, s.backend] for line, s in zip(lines, speeds, strict=True))], left=2)
    return f"{table}\n\n{_about(cube, price)}"


def as_json(speeds: Sequence[Speed], cube: Cube, price: float) -> dict[str, Any]:
    """Return the same for programs."""
    return {
        "about": _about(cube, price),
        "is_simulated": True,
        "pixels": cube.pixels,
        "dates": cube.data.sizes["time"],
        "cores": cores(),
        "euros_per_core_hour": price,
        "products": [asdict(s) for s in speeds],
    }


def _about(cube: Cube, price: float) -> str:
    rows, columns = cube.shape_yx
    return (
        f"Measured on a simulated cube of {rows} x {columns} pixels of 10 m and {cube.data.sizes['time']} dates, on "
        f"{cores()} cores at {price:g} euros an hour each (--price). Reading scenes and writing maps come on top."
    )

"""Class maps: layers and pixels that canopy and crop share. No dates, no defaults."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.cube import Cube, Series
from core.errors import InvalidOption
from core.forecast import ClassProbabilities
from core.product import Layer, LegendEntry, Params, Progress, Raster
from products.rows import MAX_COUNT, render_rows

NODATA = 255
PROBABILITIES: dict[str, Any] = {
    "probabilities": {
        "type": "string",
        "enum": ["percent", "float"],
        "default": "percent",
        "description": "percent: all bands uint8, nodata 255, palette. float: all bands float32, shares 0..1, NaN.",
    },
}


def read_probabilities(inputs: Mapping[str, Any]) -> str:
    """Return how probabilities are written: `percent` or `float`."""
    wanted = str(inputs.get("probabilities") or "percent")
    if wanted not in PROBABILITIES["probabilities"]["enum"]:
        raise InvalidOption("probabilities", wanted, "it is percent or float")
    return wanted


def class_layers(
    legend: tuple[LegendEntry, ...], names: tuple[str, ...], date: str, params: Params
) -> tuple[Layer, ...]:
    """Return the class band, one probability band per class, and the clear count."""
    is_percent = params.options["probabilities"] == "percent"
    probabilities = [
        Layer(
            name=f"p_{name}",
            description=f"Probability of {entry.label.lower()}",
            unit="%" if is_percent else "1",
            date=date,
        )
        for name, entry in zip(names, legend, strict=True)
    ]
    codes = "; ".join(f"{entry.value} {entry.label.lower()}" for entry in legend)
    first = Layer(
        name="class",
        description=f"Most probable class: {codes}",
        legend=legend if is_percent else (),  # a palette needs whole numbers
        date=date,
    )
    most = ", at most 254" if is_percent else ""
    count = Layer(name="clear_count", description=f"Clear observations used{most}", unit="count")
    return (first, *probabilities, count)


def class_raster(
    cube: Cube,
    layers: tuple[Layer, ...],
    params: Params,
    classify: Callable[[Series], ClassProbabilities],
    progress: Progress,
) -> Raster:
    """Classify all pixels of a cube; nodata where a pixel was never clear."""
    count = cube.clear_count()
    share = render_rows(cube, lambda series: classify(series).probability, progress)
    if not len(share):
        share = np.full((len(layers) - 2, *cube.shape_yx), np.nan, np.float32)
    unseen = np.isnan(share).any(axis=0) | (count == 0)
    code = np.nan_to_num(share, nan=-1.0).argmax(axis=0)
    if params.options["probabilities"] == "float":
        pixels = np.where(unseen, np.nan, np.stack([code, *share, count])).astype(np.float32)
        return Raster(layers=layers, pixels=pixels, window=cube.window, nodata=np.nan)
    bands = [code, *percent(share), np.minimum(count, MAX_COUNT)]
    pixels = np.where(unseen, NODATA, np.stack(bands)).astype(np.uint8)
    return Raster(layers=layers, pixels=pixels, window=cube.window, nodata=NODATA)


def percent(share: Floats) -> NDArray[np.int64]:
    """Return probabilities (K, ...) as whole percent; NaN becomes 0 and is masked by the caller."""
    return np.asarray(np.rint(np.nan_to_num(share) * 100), np.int64)

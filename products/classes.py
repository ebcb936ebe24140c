"""Class maps: layers and pixels that canopy and crop share. No dates, no defaults."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
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
MAX_MMU_HA = 1000.0
MMU: dict[str, Any] = {
    "mmu": {
        "type": "number",
        "minimum": 0,
        "maximum": MAX_MMU_HA,
        "default": 0,
        "description": "Minimum mapping unit in hectares: smaller patches of the first band are given to the largest "
        "patch beside them, after the tiles are put together. 0 keeps every pixel, hedges too.",
    },
}


def read_mmu(inputs: Mapping[str, Any]) -> dict[str, float]:
    """Return the option `mmu` in hectares, or none where no patch is too small.

    Raises:
        InvalidOption: it is no number, or outside the range.
    """
    hectares = read_number(inputs, "mmu", 0.0, least=0.0, most=MAX_MMU_HA, unit="a number of hectares")
    return {"mmu": hectares} if hectares else {}


def read_number(inputs: Mapping[str, Any], name: str, default: float, *, least: float, most: float, unit: str) -> float:
    """Return a numeric input or its default; the map page and query strings send numbers as text.

    Raises:
        InvalidOption: it is no number, or outside the range; the sentence says which `unit` is meant.
    """
    given = inputs.get(name)
    if given is None or given == "":
        return default
    try:
        number = math.nan if isinstance(given, bool) else float(given)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not least <= number <= most:
        raise InvalidOption(name, given, f"it is {unit} from {least:g} to {most:g}")
    return number


def said_mmu(layers: tuple[Layer, ...], params: Params) -> tuple[Layer, ...]:
    """Return the layers with the minimum mapping unit in the description of the first, if there is one."""
    if not params.options.get("mmu"):
        return layers
    text = f"{layers[0].description} (patches below {params.options['mmu']:g} ha given to the largest beside them)"
    return (replace(layers[0], description=text), *layers[1:])


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

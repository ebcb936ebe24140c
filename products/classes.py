"""Class maps: layers and pixels that canopy and crop share. No dates, no defaults."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.cube import Cube, Series
from core.forecast import ClassProbabilities
from core.product import Layer, LegendEntry, Progress, Raster
from products.rows import MAX_COUNT, render_rows

NODATA = 255


def class_layers(legend: tuple[LegendEntry, ...], names: tuple[str, ...], date: str) -> tuple[Layer, ...]:
    """Return the class band, one probability band per class in percent, and the clear count."""
    probabilities = [
        Layer(name=f"p_{name}", description=f"Probability of {entry.label.lower()}", unit="%", date=date)
        for name, entry in zip(names, legend, strict=True)
    ]
    first = Layer(name="class", description="Most probable class", legend=legend, date=date)
    count = Layer(name="clear_count", description="Clear observations used, at most 254", unit="count")
    return (first, *probabilities, count)


def class_raster(
    cube: Cube,
    layers: tuple[Layer, ...],
    classify: Callable[[Series], ClassProbabilities],
    progress: Progress,
) -> Raster:
    """Classify all pixels of a cube; 255 where a pixel was never clear."""
    count = cube.clear_count()
    share = render_rows(cube, lambda series: classify(series).probability, progress)
    if not len(share):
        share = np.full((len(layers) - 2, *cube.shape_yx), np.nan, np.float32)
    unseen = np.isnan(share).any(axis=0) | (count == 0)
    bands = [_most_probable(share), *percent(share), np.minimum(count, MAX_COUNT)]
    pixels = np.where(unseen, NODATA, np.stack(bands)).astype(np.uint8)
    return Raster(layers=layers, pixels=pixels, window=cube.window, nodata=NODATA)


def percent(share: Floats) -> NDArray[np.int64]:
    """Return probabilities (K, ...) as whole percent; NaN becomes 0 and is masked by the caller."""
    return np.asarray(np.rint(np.nan_to_num(share) * 100), np.int64)


def _most_probable(share: Floats) -> NDArray[np.int64]:
    return np.asarray(np.nan_to_num(share, nan=-1.0).argmax(axis=0), np.int64)

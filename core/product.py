"""Product, Layer, Raster: what can be ordered, one band of its raster, and the finished pixels. No files, no model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.cube import Cube
from core.grid import Window
from core.timeline import Period

Progress = Callable[[float], None]
"""Told the share done, 0..1, rising; may raise to stop the work."""


@dataclass(frozen=True, kw_only=True)
class LegendEntry:
    """One value of a categorical layer."""

    value: int
    label: str
    colour: tuple[int, int, int]
    """Red, green, blue, 0..255."""


class Variable(StrEnum):
    """What the numbers of a layer are, where they are not a quantity of `core.quantities` (`NDVI`, `EVI2`, `B04`, ...).

    A layer of a quantity names it: a forecast of NDVI has the variable `NDVI` and a quantile.
    """

    CLIMATOLOGY = "climatology"
    """NDVI of the mean seasonal cycle."""
    ANOMALY = "anomaly"
    """NDVI less its climatology."""
    CLASS = "class"
    """Code of a class; the legend explains it."""
    PROBABILITY = "probability"
    """Probability of one class, which `class_name` names."""
    SET = "set"
    """Prediction set: bit mask of the classes that a pixel may be."""
    DISSIMILARITY = "dissimilarity"
    """Dissimilarity index: distance to the training data."""
    CHANGE = "change"
    """Code of a change between two dates; the legend explains it."""
    SIGNIFICANCE = "significance"
    """Least probability of the most probable change."""
    CLEAR_COUNT = "clear_count"
    """Number of clear observations."""
    EMBEDDING = "embedding"
    """One dimension of an embedding."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One band of a product's raster, with its meaning; nothing reads the meaning from the name or the description."""

    name: str
    """Band description in the file, unique in the product."""
    description: str
    """One sentence for people."""
    variable: str = ""
    """A `Variable`, or the name of a quantity; empty in files that do not state it."""
    quantile: float | None = None
    """Share of outcomes below, 0..1; None for layers that are no quantile."""
    date: str = ""
    """ISO date that the layer describes, the target date of a forecast; empty if it describes the whole period."""
    class_name: str = ""
    """Class or change whose probability it is."""
    class_code: int | None = None
    """Code of that class in the legend; None if it has none of its own."""
    unit: str = ""
    """`1`, `%`, `days`, ...; empty for classes."""
    legend: tuple[LegendEntry, ...] = ()
    """Values, labels and colours; empty for continuous layers."""
    dtype: str = "float32"
    """Type of the pixels, the same for all layers of a raster; class maps are `uint8`, or `float32` by option."""

    @property
    def is_median(self) -> bool:
        """Whether the layer is the median of a forecast."""
        return self.quantile == 0.5


@dataclass(frozen=True, kw_only=True)
class Raster:
    """Finished pixels of one window, one dtype for all layers."""

    layers: tuple[Layer, ...]
    pixels: NDArray[Any]
    """(L, Y, X) uint8 or float32."""
    window: Window
    nodata: float
    """255 for uint8, NaN for float32."""

    def is_unseen(self) -> NDArray[np.bool_]:
        """Return (Y, X), True where the first layer is nodata."""
        first = self.pixels[0]
        return np.asarray(np.isnan(first) if np.isnan(self.nodata) else first == self.nodata)


@dataclass(frozen=True, kw_only=True)
class Params:
    """What one order asks of a product, checked; `to_json` and the product's `parse` are inverse."""

    period: Period
    """Observations to read."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Product-specific values, JSON types only, defaults filled in (`issue_date`, `dates`, `date`, ...)."""

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready inputs that `parse` reads back to the same value."""
        return {"period": str(self.period), **self.options}

    def day(self, name: str) -> date:
        """Return one option as a date."""
        return date.fromisoformat(self.options[name])


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Weights and their card, found but not loaded."""

    name: str
    task: str
    """`forecast`, `canopy` or `crop`."""
    sha256: str
    """Of the safetensors file."""
    folder: str
    """Where the files lie."""
    card: Mapping[str, Any]
    """Inputs, normalisation, training data and licences, accuracy, command."""


class Product(Protocol):
    """One thing that can be ordered. Stateless, thread-safe; importing it loads no model runtime."""

    id: str
    """Process id, e.g. `ndvi-forecast`."""
    title: str
    description: str
    task: str
    """Task of the checkpoints it runs on."""
    inputs: Mapping[str, dict[str, Any]]
    """JSON schema of each input besides region, period, archive and model."""
    bands: tuple[str, ...]
    """Bands it asks an archive for; missing ones are left out."""
    quicklook_layer: str
    """Layer that the quicklook shows; empty = the median of the first date."""

    def parse(self, inputs: Mapping[str, Any], *, available: Period) -> Params:
        """Check inputs and fill in defaults from the days that the archive or cube covers.

        Raises:
            InvalidPeriod, InvalidOption: with one sentence for the caller.
        """
        ...

    def layers(self, params: Params) -> tuple[Layer, ...]:
        """Return the layers that `render` gives for these parameters, in order."""
        ...

    def render(self, cube: Cube, params: Params, checkpoint: Checkpoint, progress: Progress) -> Raster:
        """Predict all pixels of a cube; pixels never seen are nodata, and a cube without one clear pixel is all nodata.

        Raises:
            MissingBand: the cube has no bands from which NDVI can be had.
        """
        ...

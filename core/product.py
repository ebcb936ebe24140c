"""Product, Layer, Raster: what can be ordered, one band of its raster, and the finished pixels. No files, no model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
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


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One band of a product's raster."""

    name: str
    """Band description in the file, unique in the product."""
    description: str
    """One sentence for people."""
    unit: str = ""
    """`1`, `%`, `days`, ...; empty for classes."""
    legend: tuple[LegendEntry, ...] = ()
    """Values, labels and colours; empty for continuous layers."""
    date: str = ""
    """ISO date that the layer speaks of; empty if it is about the whole period."""


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

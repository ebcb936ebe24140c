"""Product, Layer, Raster: what can be ordered, one band of its raster, and the finished pixels. No files, no model."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.checkpoint import Checkpoint
from core.cube import Cube, Series
from core.grid import Window
from core.options import Options
from core.progress import Progress as Progress
from core.timeline import Period

if TYPE_CHECKING:
    import pandas as pd

AnyOptions = TypeVar("AnyOptions", bound=Options)


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
    PERCENTILE = "percentile"
    """Where an observation stands among what was expected, 1 to 99: the share of outcomes below it, in percent."""
    DEPARTURE = "departure"
    """Observed NDVI less the median of what was expected."""
    DAYS_TO_CLEAR = "days_to_clear"
    """Days from the layer's date to the nearest clear observation that was read."""
    CLASS = "class"
    """Code of a class; the legend explains it."""
    PROBABILITY = "probability"
    """Probability of one class, which `class_name` names."""
    SET = "set"
    """Prediction set: bit mask of the classes that a pixel may have."""
    DISSIMILARITY = "dissimilarity"
    """Dissimilarity index: distance to the training data."""
    CHANGE = "change"
    """Code of a change between two dates; the legend explains it."""
    SIGNIFICANCE = "significance"
    """Least probability of the most probable change."""
    MONTHS_SEEN = "months_seen"
    """Number of calendar months with a clear observation, among those that the model reads."""
    SEASONS_SEEN = "seasons_seen"
    """Code of the halves of the year with a clear observation; the legend explains it."""
    DECLINE = "decline"
    """Code of canopy in decline or not; the legend explains it."""
    POOLED_OVER = "pooled_over"
    """Number of pixels that a pooled forecast also learned from."""
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


class Product(Protocol[AnyOptions]):
    """One thing that can be ordered. Stateless, thread-safe; importing it loads no model runtime."""

    id: str
    """Process id, e.g. `ndvi-forecast`."""
    title: str
    description: str
    task: str
    """Task of the checkpoints it runs on; empty = it needs no model."""
    options: type[AnyOptions]
    """Options besides region, archive and model."""
    bands: tuple[str, ...]
    """Bands it reads, besides NDVI; missing ones are left out."""

    def resolve(self, options: AnyOptions, *, available: Period) -> AnyOptions:
        """Fill in the defaults that follow from the days that a source shows; done twice, it is the same as once.

        Raises:
            InvalidPeriod, InvalidOption: one sentence about options that do not fit together.
        """
        ...

    def layers(self, options: AnyOptions) -> tuple[Layer, ...]:
        """Return the bands of the raster for resolved options, in order; the last one is `clear_count`."""
        ...

    def shown(self, layers: Sequence[Layer]) -> tuple[Layer, ...]:
        """Return the layers that a quicklook shows, the most important one first."""
        ...

    def predict(self, series: Series, each: Sequence[AnyOptions], checkpoint: Checkpoint) -> Floats:
        """Predict all layers of N series.

        Args:
            series: observations; those outside the period of an order are unseen.
            each: N resolved options, which differ at most in dates; all have the same number of layers.
            checkpoint: of the product's task.

        Returns:
            (N, L) in the order of `layers`: probabilities as shares 0..1, whatever their unit in a file; NaN in all
            layers of a series that is not seen.
        """
        ...

    def tabulate(self, series: Series, each: Sequence[AnyOptions], values: Floats) -> "pd.DataFrame":
        """Return what `predict` gave for series of a table as the rows of its result."""
        ...


@runtime_checkable
class PoolsSeries(Protocol):
    """A product whose series may learn from each other: those of a table, or of a block of a map's pixels."""

    def is_pooled(self, options: Any) -> bool:
        """Return whether options ask for it."""
        ...

    def pooled(self, series: Series, each: Sequence[Any], *, are_pixels: bool = False) -> Any:
        """Return the product with what series show together, where their options ask for it.

        Args:
            series: all of the table or block, in any order.
            each: their resolved options.
            are_pixels: they are those of a block, which err together: none is compared with the others one by one.
        """
        ...


@runtime_checkable
class ReadsCard(Protocol):
    """A product whose layers depend on the model."""

    def add_card(self, options: Any, checkpoint: Checkpoint) -> Any:
        """Return resolved options with what the model's card adds; done twice, it is the same as once.

        Raises:
            InvalidOption: the model does not fit the order.
        """
        ...


@runtime_checkable
class AddsLayers(Protocol):
    """A product that makes some of its layers on request."""

    def with_layers(self, options: Any, names: Sequence[str]) -> Any:
        """Return resolved options that also have the layers that are named; names that it does not know are left."""
        ...


@runtime_checkable
class ReadsBands(Protocol):
    """A product that needs more of a source than NDVI."""

    def require(self, options: Any, shown: Collection[str], name: str) -> None:
        """Check the bands that a source shows.

        Raises:
            MissingBand: names what is missing.
        """
        ...


@runtime_checkable
class Issued(Protocol):
    """Options of a forecast: only what was seen before the issue date was used."""

    @property
    def issue(self) -> date:
        """Issue date of resolved options."""
        ...


@runtime_checkable
class RendersCube(Protocol):
    """A product that needs a cube as a whole, not its pixels one by one."""

    def render(self, cube: Cube, options: Any, checkpoint: Checkpoint, progress: Progress) -> Raster:
        """Return what `products.rows.render` returns for other products."""
        ...

"""Embeddings of pixels, made like a product, by `landcast embed` only: a service takes no orders for them."""

from collections.abc import Collection, Sequence
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from core.bands import CHANNELS, NDVI, Floats
from core.checkpoint import Checkpoint
from core.cube import Series
from core.errors import InvalidOption, InvalidPeriod
from core.options import Day, FromCard, Options
from core.product import Layer, Variable
from core.timeline import Period, to_day
from models.registry import BLANK, band_order, is_published
from products.forecast import HISTORY_DAYS, NdviForecast
from products.order import default_period

FLOAT16_LARGEST = 65504
Block = Literal["middle", "last"]


def dimension(number: int) -> str:
    """Return the name of a dimension: e000, e001, ..."""
    return f"e{number:03d}"


class EmbeddingOptions(Options):
    """Options of an embedding."""

    date: Day | None = Field(
        default=None, description="Last day of the observations to use; default: the last observation."
    )
    layer: Block | None = Field(
        default=None,
        description="Block of the network whose states are averaged; default: middle, for an imported model last.",
    )
    dimensions: Annotated[int, FromCard()] = 0
    """Width of the model."""

    @property
    def window(self) -> Period:
        """Days up to the date."""
        return Period(start=self.days.start, end=self.days.end if self.date is None else min(self.days.end, self.date))


class Embedding:
    """The state of the forecaster, one layer of the raster for each of its dimensions."""

    id = "embedding"
    title = "Embedding"
    description = "The forecaster's view of a pixel's observations: the mean of its states over the observed dates."
    task = "forecast"
    options = EmbeddingOptions

    def __init__(self, checkpoint: Checkpoint, width: int) -> None:
        """Take the forecaster and the number of its dimensions."""
        extra = [n for n in _columns(checkpoint) if n in CHANNELS]
        forecast = NdviForecast.bands
        self.bands: tuple[str, ...] = (*forecast, *(n for n in extra if n not in forecast))
        self._needed, self._model = [n for n in _columns(checkpoint) if n not in (BLANK, NDVI.name)], checkpoint.name
        self._block: Block = "last" if is_published(checkpoint) else "middle"
        self._width = width

    def resolve(self, options: EmbeddingOptions, *, available: Period) -> EmbeddingOptions:
        """Fill in the date, by default the last of the source, and the history that a forecast reads."""
        end = default_period(options, last=available.end, days=HISTORY_DAYS, available=available).end
        day = options.date or end
        period = default_period(options, last=day, days=HISTORY_DAYS, available=available)
        if period.start > day:
            raise InvalidPeriod(period, f"it starts after the date of the embedding, {day.isoformat()}")
        block = options.layer or self._block
        return options.but(period=period, date=day, layer=block, dimensions=self._width)

    def require(self, options: EmbeddingOptions, shown: Collection[str], name: str) -> None:
        """Refuse a source that lacks a band of an imported model, which reads only dates with all its bands.

        Raises:
            InvalidOption: names the bands.
        """
        missing = [n for n in self._needed if n not in shown]
        if missing:
            raise InvalidOption("model", self._model, f"it reads {', '.join(missing)}, which '{name}' does not have")

    def layers(self, options: EmbeddingOptions) -> tuple[Layer, ...]:
        """Return one layer for each dimension."""
        day = str(options.date)
        text = f"of the mean state after the {options.layer} block, observations up to {day}"
        return tuple(
            Layer(
                name=dimension(n),
                description=f"Dimension {n} {text}",
                variable=Variable.EMBEDDING,
                unit="1",
                date=day,
            )
            for n in range(options.dimensions)
        )

    def shown(self, layers: Sequence[Layer]) -> tuple[Layer, ...]:
        """Return the first dimension."""
        return tuple(layers[:1])

    def predict(self, series: Series, each: Sequence[EmbeddingOptions], checkpoint: Checkpoint) -> Floats:
        """Embed series from their observations up to the date; NaN for a series without any."""
        from models.embed import embed  # loads torch, which the API never needs

        last = np.array([to_day(o.date) for o in each if o.date], np.int32)
        history = series.between(np.full_like(last, np.iinfo(np.int32).min), last)
        return embed(history, last + 1, checkpoint, layer=str(each[0].layer))

    def tabulate(self, series: Series, each: Sequence[EmbeddingOptions], values: Floats) -> pd.DataFrame:
        """Return series_id, e000, e001, ...: float32 rounded to float16."""
        table = pd.DataFrame(half(values), columns=[dimension(n) for n in range(values.shape[1])])
        table.insert(0, "series_id", series.ids)
        table.attrs["landcast_layer"] = str(each[0].layer)
        return table


def half(values: Floats) -> Floats:
    """Round to float16 and keep as float32."""
    return np.clip(values, -FLOAT16_LARGEST, FLOAT16_LARGEST).astype(np.float16).astype(np.float32)


def _columns(checkpoint: Checkpoint) -> Sequence[str]:
    return band_order(checkpoint) if is_published(checkpoint) else ()

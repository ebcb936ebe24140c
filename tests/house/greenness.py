"""A product as its author would write it: one file. The test beside it adds the one line to the catalogue."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pydantic import Field

from core.bands import NDVI, Floats, channel
from core.checkpoint import Checkpoint
from core.cube import Series
from core.options import Day, Options
from core.product import Layer, Variable
from core.timeline import Period, to_day
from models.baselines.climatology import expect
from products.order import default_period
from products.table import wide_table

HISTORY_DAYS = 3 * 365


class GreennessOptions(Options):
    """What may be chosen of a greenness map."""

    date: Day | None = Field(default=None, description="Day of the map; default: the last observation.")


class Greenness:
    """Last clear NDVI less the seasonal cycle of its own history."""

    id = "greenness"
    title = "Greenness"
    description = "Last clear NDVI up to a day less the NDVI that the pixel's own seasonal cycle has on that day."
    task = "forecast"
    bands: tuple[str, ...] = ("B04", "B08", "B8A")
    options = GreennessOptions

    def resolve(self, options: GreennessOptions, *, available: Period) -> GreennessOptions:
        day = options.date or (options.period or available).end
        period = default_period(options, last=day, days=HISTORY_DAYS, available=available)
        return options.but(date=day, period=period)

    def layers(self, options: GreennessOptions) -> tuple[Layer, ...]:
        day = str(options.date)
        text = f"Last clear NDVI up to {day} less that of the seasonal cycle"
        count = "Clear observations used"
        return (
            Layer(name="anomaly", description=text, variable=Variable.ANOMALY, unit="1", date=day),
            Layer(name="clear_count", description=count, variable=Variable.CLEAR_COUNT, unit="count"),
        )

    def shown(self, layers: Sequence[Layer]) -> tuple[Layer, ...]:
        return tuple(layers[:1])

    def predict(self, series: Series, each: Sequence[GreennessOptions], checkpoint: Checkpoint) -> Floats:
        last = np.array([to_day(o.date) for o in each if o.date], np.int32)
        seen = series.between(np.zeros_like(last), last)
        ndvi = seen.values[..., channel(NDVI.name)]
        at = np.where(np.isfinite(ndvi), np.arange(ndvi.shape[1]), -1).max(axis=1)
        now = np.where(at >= 0, ndvi[np.arange(len(ndvi)), at], np.nan)
        cycle = expect(seen.days, ndvi, last + 1, last[:, None]).climatology[:, 0]
        count = seen.clear_count()
        return np.where(count[:, None] > 0, np.stack([now - cycle, count], axis=1), np.nan).astype(np.float32)

    def tabulate(self, series: Series, each: Sequence[GreennessOptions], values: Floats) -> pd.DataFrame:
        layers = self.layers(each[0])
        return wide_table(series, values, layers, lambda v: v.variable == Variable.ANOMALY, id_column="series_id")

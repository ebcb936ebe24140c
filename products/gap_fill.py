"""NDVI without gaps: quantiles of NDVI at regular dates of a season, from what was seen before and after each."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from core.bands import NDVI, OPTICAL_NAMES, Floats
from core.checkpoint import Checkpoint
from core.cube import Series
from core.errors import InvalidOption, InvalidPeriod
from core.options import Day, Days, Duration, Options, PerSeries
from core.product import Layer, Variable
from core.timeline import MAX_TARGETS, Period, to_day
from models.registry import is_published
from products.forecast import HISTORY_DAYS, MOST_HORIZON_DAYS
from products.order import default_period
from products.quantile_layers import (
    count_layer,
    dated_layer,
    quantile_layers,
    quantile_rows,
    shown_medians,
    side_by_side,
    target_days_of,
)

STEP, STEP_DAYS = "5d", 5
SPAN_DAYS = 180
"""Days that are filled by default: half a year in 36 steps, as many layers as a forecast has."""
AFTER_DAYS = 180
"""Read after the last date, if the source has them: more is not looked at (models/gap_fill.py)."""


class GapFillOptions(Options):
    """Options of NDVI without gaps."""

    since: Day | None = Field(
        default=None, description="First day to fill; default: 180 days up to the last one, or what the source has."
    )
    until: Day | None = Field(
        default=None,
        description="Last day to fill, which is one of the dates; default: the last observation. After it NDVI is "
        "forecast, at most 732 days.",
    )
    step: Duration | None = Field(
        default=None,
        description="Days between the dates, counted back from the last one: 5d.",
        json_schema_extra={"shown_default": STEP},
    )
    dates: Annotated[Days | None, PerSeries("targets")] = Field(
        default=None, description="Dates to fill, in place of since, until and step."
    )

    @property
    def targets(self) -> tuple[date, ...]:
        """Dates to fill, of resolved options."""
        assert self.dates is not None, "resolve gives dates"
        return self.dates


class NdviGapFill:
    """NDVI quantiles per pixel and date, whether or not anything was seen on it."""

    id = "ndvi-gap-fill"
    title = "NDVI without gaps"
    description = (
        "NDVI per pixel at regular dates, observed or not: quantiles (5, 25, 50, 75, 95 %) from the clear observations "
        "before and after each date, and for each date the days to the nearest one. A date that was observed is "
        "estimated from its neighbours and its own observation. Dates after the last observation are forecast."
    )
    task = "forecast"
    bands: tuple[str, ...] = OPTICAL_NAMES
    options = GapFillOptions

    def resolve(self, options: GapFillOptions, *, available: Period) -> GapFillOptions:
        """Fill in dates: by default every 5 days of the 180 days up to the last observation."""
        known = options.period or available
        dates = _dates(options, known)
        last = min(available.end, dates[-1] + timedelta(days=AFTER_DAYS))
        span = max((last - dates[0]).days, 0)
        period = default_period(options, last=last, days=span + HISTORY_DAYS, available=available)
        return options.but(period=period, dates=dates, since=None, until=None, step=None)

    def add_card(self, options: GapFillOptions, checkpoint: Checkpoint) -> GapFillOptions:
        """Return the options.

        Raises:
            InvalidOption: the model is an imported one, which knows nothing of dates before its last observation.
        """
        if is_published(checkpoint):
            raise InvalidOption(
                "model", checkpoint.name, "an imported model only forecasts; name one of landcast's own"
            )
        return options

    def layers(self, options: GapFillOptions) -> tuple[Layer, ...]:
        """Return quantiles by date, the days to the nearest clear observation by date, then the clear count."""
        days = [d.isoformat() for d in options.targets]
        quantiles = quantile_layers((NDVI.name,), days, lambda quantity, day: f"{quantity} on {day}")
        text = "Days from {} to the nearest clear observation"
        near = [dated_layer(Variable.DAYS_TO_CLEAR, d, text.format(d), unit="days") for d in days]
        return (*quantiles, *near, count_layer("Clear observations of the period"))

    def shown(self, layers: Sequence[Layer]) -> tuple[Layer, ...]:
        """Return the medians of NDVI on the first, middle and last date."""
        return shown_medians(layers)

    def predict(self, series: Series, each: Sequence[GapFillOptions], checkpoint: Checkpoint) -> Floats:
        """Estimate each series at its dates from the observations of its period."""
        from models.gap_fill import days_to_clear, fill_gaps  # loads ONNX Runtime, which the API never needs

        ends = np.array([to_day(o.days.end) for o in each], np.int32)
        targets = target_days_of([o.targets for o in each])
        quantiles = fill_gaps(series, ends, targets, checkpoint)
        count = series.clear_count().astype(np.float32)
        return side_by_side([quantiles, days_to_clear(series, targets), count])

    def tabulate(self, series: Series, each: Sequence[GapFillOptions], values: Floats) -> pd.DataFrame:
        """Return series_id, time, q05, q25, q50, q75, q95, days_to_clear."""
        targets = target_days_of([o.targets for o in each])
        table = quantile_rows(series, targets, values, (NDVI.name,))
        table[Variable.DAYS_TO_CLEAR.value] = values[:, -1 - targets.shape[1] : -1].ravel()
        return table


def _dates(options: GapFillOptions, known: Period) -> tuple[date, ...]:
    """Return the dates to fill.

    Args:
        known: days with observations.
    """
    dates = _regular_dates(options, known) if options.dates is None else _given_dates(options)
    if not 0 < len(dates) <= MAX_TARGETS:
        raise InvalidPeriod(f"{len(dates)} dates", f"1 to {MAX_TARGETS} dates are filled at once")
    if dates[0] < known.start:
        raise InvalidPeriod(dates[0], f"it lies before the observations, which begin on {known.start.isoformat()}")
    if (dates[-1] - known.end).days > MOST_HORIZON_DAYS:
        last = known.end.isoformat()
        raise InvalidPeriod(dates[-1], f"it lies more than {MOST_HORIZON_DAYS} days after the last observation, {last}")
    return dates


def _given_dates(options: GapFillOptions) -> tuple[date, ...]:
    for name in ("since", "until", "step"):
        value = getattr(options, name)
        if value is not None:
            raise InvalidOption(name, f"{value}d" if name == "step" else value, "it cannot be combined with dates")
    return tuple(sorted(set(options.dates or ())))


def _regular_dates(options: GapFillOptions, known: Period) -> tuple[date, ...]:
    """Return dates from the last one back to the first, ascending."""
    step, until = options.step or STEP_DAYS, options.until or known.end
    since = options.since or max(until - timedelta(days=SPAN_DAYS - 1), min(known.start, until))
    if since > until:
        raise InvalidPeriod(f"{since}/{until}", "it ends before it starts")
    count = (until - since).days // step + 1
    return tuple(until - timedelta(days=step * back) for back in reversed(range(count)))

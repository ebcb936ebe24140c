"""NDVI anomaly: where the newest observations stand among what was expected before they were made."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd
from pydantic import Field

from core.bands import NDVI, OPTICAL_NAMES, Floats, channel
from core.checkpoint import Checkpoint
from core.cube import Series
from core.errors import InvalidPeriod
from core.forecast import MEDIAN, percentile_of
from core.options import Day, Duration, Options
from core.product import Layer, Variable
from core.timeline import Days, Period, to_day, to_times
from products.forecast import HISTORY_DAYS
from products.quantile_layers import count_layer, side_by_side

LAST, LAST_DAYS = "16d", 16
"""Three revisits of two Sentinel-2 satellites: most fields are seen clearly once."""
MOST_DAYS = 150
"""Longest time that is judged at once: further ahead a forecast knows little more than the season."""


class AnomalyOptions(Options):
    """Options of an anomaly."""

    date: Day | None = Field(
        default=None, description="Last of the days that are judged; default: the last observation."
    )
    last: Duration | None = Field(
        default=None,
        description="How many days up to the date are judged, by the mean of their clear observations: 16d; at most "
        "150d. What is expected of them is forecast from the observations before.",
        json_schema_extra={"shown_default": LAST},
    )

    @property
    def window(self) -> Period:
        """Days that are judged, of resolved options: those of the period."""
        assert self.last is not None, "resolve gives a number of days"
        return Period(start=self.end - timedelta(days=self.last - 1), end=min(self.end, self.days.end))

    @property
    def end(self) -> Day:
        """Date of the map, of resolved options."""
        assert self.date is not None, "resolve gives a date"
        return self.date


class NdviAnomaly:
    """Percentile and departure of the last observations among the quantiles that were forecast for them."""

    id = "ndvi-anomaly"
    title = "NDVI anomaly"
    description = (
        "Where the newest NDVI of a pixel stands among what was expected of it: the percentile (1 to 99) of the mean "
        "of its clear observations of the last 16 days in the forecast that was issued before them, and the departure "
        "from its median. Low percentiles are what monitors of drought and damage look for. A pixel without a clear "
        "observation in these days, or before them, is left empty."
    )
    task = "forecast"
    bands: tuple[str, ...] = OPTICAL_NAMES
    options = AnomalyOptions

    def resolve(self, options: AnomalyOptions, *, available: Period) -> AnomalyOptions:
        """Fill in the date, by default the last of the source, the days that are judged, and the history."""
        day = options.date or (options.period or available).end
        last = options.last or LAST_DAYS
        if last > MOST_DAYS:
            raise InvalidPeriod(f"{last}d", f"at most {MOST_DAYS} days are judged at once")
        start = day - timedelta(days=last - 1)
        period = options.period or _until(day, start - timedelta(days=HISTORY_DAYS), available)
        if period.start >= start:
            raise InvalidPeriod(period, f"it holds no day before those that are judged, which begin on {start}")
        if period.end < start:
            raise InvalidPeriod(period, f"it ends before the days that are judged, {start}/{day}")
        return options.but(period=period, date=day, last=last)

    def layers(self, options: AnomalyOptions) -> tuple[Layer, ...]:
        """Return percentile, departure, observed NDVI, days since the last observation, clear count."""
        days, day = options.window, options.end.isoformat()
        mean = f"mean of the clear observations of {days}"
        known = f"forecast from what was seen before {days.start}"
        percentile = f"Share of outcomes, in percent, below the {mean}, as {known}; 1 to 99"
        departure = f"NDVI, {mean}, less the median {known}"
        age = f"Days from {day} back to the last clear observation"
        return (
            _layer(Variable.PERCENTILE, percentile, day),
            _layer(Variable.DEPARTURE, departure, day),
            Layer(name="ndvi", description=f"NDVI, {mean}", variable=NDVI.name, date=day, unit="1"),
            _layer(Variable.DAYS_TO_CLEAR, age, day, unit="days"),
            count_layer(f"Clear observations of {days}"),
        )

    def shown(self, layers: Sequence[Layer]) -> tuple[Layer, ...]:
        """Return the percentile."""
        return tuple(layers[:1])

    def predict(self, series: Series, each: Sequence[AnomalyOptions], checkpoint: Checkpoint) -> Floats:
        """Compare the observations of each series in its last days with the forecast issued at their beginning.

        The quantiles that the mean is compared with are the means, over the observed days, of the quantiles of each:
        as if the departures of one window went together.
        """
        from models.runtime import forecast  # loads ONNX Runtime, which the API never needs

        first, last = (np.array([to_day(d) for d in days], np.int32) for days in zip(*map(_ends, each), strict=True))
        days, ndvi, is_seen = observed(series.between(first, last), first)
        expected = forecast(series, first, days, checkpoint).quantiles
        count = is_seen.sum(axis=1)
        mean = _mean(ndvi, is_seen)
        quantiles = _mean(expected, is_seen)
        age = np.where(count > 0, last - np.where(is_seen, days, first[:, None]).max(axis=1), np.nan)
        parts = [percentile_of(mean, quantiles), mean - quantiles[:, MEDIAN], mean, age, count]
        return side_by_side([np.asarray(p, np.float32) for p in parts])

    def tabulate(self, series: Series, each: Sequence[AnomalyOptions], values: Floats) -> pd.DataFrame:
        """Return series_id, time, percentile, departure, ndvi, last_clear, clear_count; `time` ends the days judged."""
        end = np.array([to_day(o.end) for o in each], np.int32)
        age = values[:, 3]
        last_clear = to_times((end - np.nan_to_num(age)).astype(np.int32))
        last_clear[np.isnan(age)] = np.datetime64("NaT")
        table = pd.DataFrame({"series_id": series.ids, "time": to_times(end)})
        table[["percentile", "departure", "ndvi"]] = values[:, :3]
        table["last_clear"] = last_clear
        table["clear_count"] = values[:, 4]
        return table


def _until(day: date, first: date, available: Period) -> Period:
    """Return the days of a source from `first` to a day, which may lie after them."""
    return Period(start=min(max(first, available.start), day), end=day)


def _ends(options: AnomalyOptions) -> tuple[date, date]:
    return options.window.start, options.end


def _layer(variable: Variable, description: str, day: str, *, unit: str = "1") -> Layer:
    return Layer(name=variable.value, description=description, variable=variable, date=day, unit=unit)


def observed(series: Series, filling: Days) -> tuple[Days, Floats, np.ndarray]:
    """Return (N, K) days with a clear NDVI, NDVI, and which are one; the days of others are `filling` (N,)."""
    ndvi = series.values[..., channel(NDVI.name)]
    is_clear = np.isfinite(ndvi)
    most = max(1, int(is_clear.sum(axis=1).max(initial=0)))
    at = np.argsort(~is_clear, axis=1, kind="stable")[:, :most]
    is_seen = np.take_along_axis(is_clear, at, axis=1)
    days = np.where(is_seen, np.take_along_axis(series.days, at, axis=1), filling[:, None]).astype(np.int32)
    return days, np.take_along_axis(ndvi, at, axis=1), is_seen


def _mean(values: Floats, is_seen: np.ndarray) -> Floats:
    """Return the mean over K of values (N, K, ...) that are seen; NaN where none is."""
    shown = is_seen.reshape(*is_seen.shape, *(1,) * (values.ndim - 2))
    count = shown.sum(axis=1)
    total = np.where(shown, values, 0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)

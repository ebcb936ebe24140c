"""Layers and rows that products of dated quantiles share: forecasts, filled gaps, anomalies. No options, no models."""

from collections.abc import Callable, Sequence
from datetime import date

import numpy as np
import pandas as pd

from core.bands import NDVI, Floats
from core.cube import Series
from core.forecast import QUANTILE_COLUMNS, QUANTILES
from core.product import Layer, Variable
from core.timeline import Days, to_day, to_times

Describe = Callable[[str, str], str]
"""Quantity and ISO date -> what a quantile is of: `Forecast NDVI on 2024-05-01`."""


def quantile_layers(
    quantities: Sequence[str], days: Sequence[str], describe: Describe, quantiles: Sequence[float] = QUANTILES
) -> list[Layer]:
    """Return the quantiles of each quantity and ISO date, by quantity, then date, then quantile."""
    return [_quantile_layer(v, d, q, describe) for v in quantities for d in days for q in quantiles]


def dated_layer(variable: Variable, day: str, description: str, *, unit: str = "1") -> Layer:
    """Return the layer `VARIABLE_DATE` of an ISO date."""
    return Layer(name=f"{variable}_{day}", description=description, variable=variable, date=day, unit=unit)


def count_layer(description: str) -> Layer:
    """Return the layer `clear_count`, the last one of every product."""
    return Layer(name="clear_count", description=description, variable=Variable.CLEAR_COUNT, unit="count")


def shown_medians(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """Return the medians of NDVI on the first, middle and last date."""
    medians = [v for v in layers if v.is_median and v.variable == NDVI.name]
    chosen = sorted({0, (len(medians) - 1) // 2, len(medians) - 1}) if medians else []
    return tuple(medians[number] for number in chosen)


def target_days_of(dates: Sequence[Sequence[date]]) -> Days:
    """Return (N, H) the dates of N series as days since 1970-01-01; rows that are one object are read once."""
    own = {id(row): number for number, row in enumerate(dates)}
    at = {key: position for position, key in enumerate(own)}
    days = np.array([[to_day(d) for d in dates[number]] for number in own.values()], np.int32)
    return np.asarray(days[[at[id(row)] for row in dates]])


def side_by_side(parts: Sequence[Floats]) -> Floats:
    """Return (N, L) float32 layers of parts (N, ...), in order; a series without a first value is NaN in all."""
    values = np.concatenate([p.reshape(len(p), -1) for p in parts], axis=1).astype(np.float32)
    values[np.isnan(values[:, 0])] = np.nan
    return values


def quantile_rows(
    series: Series,
    target_days: Days,
    values: Floats,
    quantities: Sequence[str],
    quantiles: Sequence[float] = QUANTILES,
) -> pd.DataFrame:
    """Return series_id, time, q05 to q95 of NDVI, and columns such as EVI2_q05 of the other quantities.

    Args:
        series: of N.
        target_days: (N, H).
        values: (N, L) whose first layers are those of `quantile_layers`.
        quantities: in the order of the layers, NDVI among them.
        quantiles: of each quantity, some or all of QUANTILES.
    """
    columns = [column_of(q) for q in quantiles]
    count = target_days.shape[1]
    table = pd.DataFrame({"series_id": np.repeat(series.ids, count), "time": to_times(target_days.ravel())})
    for number, name in enumerate(quantities):
        first = number * count * len(quantiles)
        block = values[:, first : first + count * len(quantiles)].reshape(-1, len(quantiles))
        table[[q if name == NDVI.name else f"{name}_{q}" for q in columns]] = block
    return table


def column_of(quantile: float) -> str:
    """Return the short name of one of QUANTILES, `q05`."""
    return QUANTILE_COLUMNS[QUANTILES.index(quantile)]


def _quantile_layer(variable: str, day: str, quantile: float, describe: Describe) -> Layer:
    return Layer(
        name=f"{variable.lower()}_{day}_{column_of(quantile)}",
        description=f"{describe(variable, day)}: {round(100 * quantile)} % of outcomes lie below",
        variable=variable,
        quantile=quantile,
        date=day,
        unit="1",
    )

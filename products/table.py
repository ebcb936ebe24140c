"""Tables: the products applied to series that are not pixels of a cube. No reading or writing of files."""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

from core.cube import Series
from core.errors import InvalidPeriod, InvalidTable
from core.forecast import QUANTILE_COLUMNS
from core.product import Checkpoint
from core.timeline import Days, to_day, to_times
from models.baselines.blend import Blend
from products import canopy, crop

_MONTHS = {"crop": crop.MONTHS, "canopy": canopy.MONTHS}


def forecast_table(
    series: Series,
    targets: Mapping[str, list[date]],
    checkpoint: Checkpoint,
    *,
    issue_date: date | None,
    blend: Blend | None = None,
    variables: Sequence[str] = (),
) -> pd.DataFrame:
    """Forecast each series at its own dates.

    Args:
        targets: dates by series id; series without any are left out.
        issue_date: one for all; None = the day after each series' last row.
        blend: mixed with the forecasts of NDVI; None = the model's own.
        variables: beside NDVI; each gives columns such as EVI2_q05 to EVI2_q95.

    Returns:
        Columns series_id, time, q05, q25, q50, q75, q95; NaN for series in which a variable was never seen.

    Raises:
        InvalidTable: a target names a series that the table does not hold.
        InvalidPeriod: a target lies before the issue date.
    """
    from models.runtime import forecast  # loads ONNX Runtime, which the API never needs

    row_of = {str(s): i for i, s in enumerate(series.ids)}
    unknown = [s for s in targets if s not in row_of]
    if unknown:
        raise InvalidTable("targets", f"series '{unknown[0]}' has targets but no history")
    wanted = {s: sorted(set(days)) for s, days in targets.items() if days}
    chosen = series.take(np.array([row_of[s] for s in wanted], np.int64))
    issues = _issue_days(chosen, issue_date)
    days = _padded([[to_day(d) for d in dates] for dates in wanted.values()])
    _check_targets(chosen, issues, days)
    lengths = np.array([len(d) for d in wanted.values()])
    kept = np.arange(days.shape[1])[None] < lengths[:, None]
    table = pd.DataFrame({"series_id": np.repeat(chosen.ids, lengths), "time": to_times(days[kept])})
    for name in ("NDVI", *variables):
        result = forecast(chosen, issues, days, checkpoint, quantity=name)
        result = blend.apply(chosen, result) if blend is not None and name == "NDVI" else result
        table[[_column(name, c) for c in QUANTILE_COLUMNS]] = result.quantiles[kept]
    return table


def _column(variable: str, quantile: str) -> str:
    return quantile if variable == "NDVI" else f"{variable}_{quantile}"


def classify_table(product_id: str, series: Series, checkpoint: Checkpoint, *, end: date | None) -> pd.DataFrame:
    """Classify each series.

    Args:
        product_id: `crop` or `canopy`.
        end: last day used for all series; None = each series' last row.

    Returns:
        sample_id and p_CLASS for each class of the model; of crop and non-crop p_crop alone, which tells both. NaN for
        series never seen.
    """
    from models.runtime import classify  # loads ONNX Runtime, which the API never needs

    reference = _issue_days(series, None) if end is None else np.full(len(series), to_day(end) + 1, np.int32)
    result = classify(series, reference, checkpoint, months=_MONTHS[product_id])
    table = pd.DataFrame({"sample_id": series.ids})
    for position, name in enumerate(result.classes):
        if result.classes != crop.CLASSES or name == "crop":
            table[f"p_{name}"] = result.probability[:, position]
    return table


def _issue_days(series: Series, issue_date: date | None) -> Days:
    if issue_date is not None:
        return np.full(len(series), to_day(issue_date), np.int32)
    return np.asarray(series.days.max(axis=1, initial=np.iinfo(np.int32).min) + 1, np.int32)


def _padded(rows: list[list[int]]) -> Days:
    width = max((len(r) for r in rows), default=0)
    return np.array([r + [r[-1]] * (width - len(r)) for r in rows], np.int32).reshape(len(rows), width)


def _check_targets(series: Series, issues: Days, days: Days) -> None:
    early = (days < issues[:, None]).any(axis=1)
    if early.any():
        at = int(np.argmax(early))
        day = to_times(days[at, :1])[0].astype("datetime64[D]")
        raise InvalidPeriod(day, f"it is asked of series '{series.ids[at]}', whose history reaches beyond it")

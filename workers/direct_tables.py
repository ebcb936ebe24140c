"""Products of tables carried out in this process: series in, one table out. Cubes and regions are in local.py."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from core.cube import Series
from core.errors import InvalidTable, NoClearObservation
from core.product import Checkpoint, Progress
from core.timeline import Period, target_dates, to_date, to_day
from models.baselines.blend import Blend
from outputs.atomic import written_aside
from products.table import classify_table, forecast_table

BLOCK_SERIES = 512
"""Series handed to a model at once: bounds memory, and progress is told after each block."""

Targets = Mapping[str, list[date]]


def between(series: Series, period: Period | None) -> Series:
    """Return the series with everything outside a period unseen; None = as they are."""
    if period is None:
        return series
    inside = (series.days >= to_day(period.start)) & (series.days <= to_day(period.end))
    return replace(series, values=np.where(inside[..., None], series.values, np.float32(np.nan)))


def same_targets(series: Series, dates: list[date]) -> Targets:
    """Return the same target dates for all series."""
    return {str(name): dates for name in series.ids}


def targets_ahead(series: Series, *, issue_date: date | None, horizon_days: int, step_days: int) -> Targets:
    """Return regular target dates from the issue date, or from the day after each series' last row."""
    issues = [issue_date or to_date(int(days.max())) + timedelta(days=1) for days in series.days]
    return {
        str(name): target_dates(issue, horizon_days=horizon_days, step_days=step_days)
        for name, issue in zip(series.ids, issues, strict=True)
    }


def forecast_series(
    series: Series,
    targets: Targets,
    checkpoint: Checkpoint,
    progress: Progress,
    *,
    issue_date: date | None,
    blend: Blend | None = None,
    variables: Sequence[str] = (),
) -> pd.DataFrame:
    """Forecast series block by block, as `forecast_table` does; the table's `attrs` name the blend.

    Raises:
        InvalidTable: a target names a series that has no history.
        InvalidPeriod: a target lies before the issue date.
        NoClearObservation: not one series was ever seen.
    """
    unknown = sorted(set(targets) - {str(name) for name in series.ids})
    if unknown:
        raise InvalidTable("targets", f"series '{unknown[0]}' has targets but no history")
    asked = series.take(np.array([str(name) in targets for name in series.ids]).nonzero()[0])

    def forecast(block: Series) -> pd.DataFrame:
        wanted = {str(name): targets[str(name)] for name in block.ids}
        return forecast_table(block, wanted, checkpoint, issue_date=issue_date, blend=blend, variables=variables)

    table = _by_blocks(asked, forecast, progress)
    if blend is not None:
        table.attrs["landcast_blend_sha256"] = blend.sha256  # Parquet keeps it
    return table


def classify_series(
    product_id: str, series: Series, checkpoint: Checkpoint, progress: Progress, *, end: date | None
) -> pd.DataFrame:
    """Classify series block by block, as `classify_table` does.

    Raises:
        NoClearObservation: not one series was ever seen.
    """
    return _by_blocks(series, lambda block: classify_table(product_id, block, checkpoint, end=end), progress)


def write_table(table: pd.DataFrame, out: Path) -> None:
    """Write a table as Parquet or CSV by the ending; nothing stands under the name until it is complete."""
    with written_aside(out) as aside:
        if out.suffix == ".parquet":
            table.to_parquet(aside, index=False)
        else:
            table.to_csv(aside, index=False)


def _by_blocks(series: Series, work: Callable[[Series], pd.DataFrame], progress: Progress) -> pd.DataFrame:
    if not np.isfinite(series.values).any():
        raise NoClearObservation("any series of the table", _span(series))
    parts = []
    for rows in _blocks(len(series)):
        parts.append(work(series.take(rows)))
        progress(rows.stop / len(series))
    return pd.concat(parts, ignore_index=True)


def _blocks(count: int) -> Iterator[slice]:
    for first in range(0, count, BLOCK_SERIES):
        yield slice(first, min(first + BLOCK_SERIES, count))


def _span(series: Series) -> str:
    if not series.days.size:
        return "an empty table"
    return str(Period(start=to_date(int(series.days.min())), end=to_date(int(series.days.max()))))

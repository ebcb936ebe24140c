"""The report of fields: one HTML page that needs no other file, with a row and a small chart for each field."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.timeline import to_date
from core.version import software_version
from outputs.fields.chart import Chart, Columns, chart_of, columns_of
from outputs.fields.write import Answer
from outputs.reports.page import templates
from outputs.reports.write import write_text

PAGE = "fields.html"
FACTS = (
    "name",
    "p_crop",
    "p_conifer",
    "p_broadleaf",
    "clear_count",
    "last_clear",
    "dissimilarity",
    "hindcast_mae",
    "flags",
)
"""Columns that are the same in all lines of a field."""
MOST_CHARTS = 2000
"""Fields with a chart, about 5 kB each; others have a row of the table."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What the page shows of one field; texts, which the template escapes."""

    title: str
    newest: str
    """Newest NDVI and its date."""
    forecast: str
    """Median and 90 % interval on the last target date."""
    crop: str
    conifer: str
    broadleaf: str
    clear_count: str
    last_clear: str
    dissimilarity: str
    error: str
    flags: str
    chart: Chart | None


def write_report(found: Answer, out: Path) -> None:
    """Write the page, completely or not at all."""
    write_text(out, render_report(found))


def render_report(found: Answer) -> str:
    """Return the page; every text of the user's file is escaped."""
    rows = list(_rows(found))
    left_out = max(0, len(rows) - MOST_CHARTS)
    return templates().get_template(PAGE).render(
        title=found.title, notes=found.notes, rows=rows, left_out=left_out, version=software_version()
    )  # fmt: skip


def _rows(found: Answer) -> Iterator[Row]:
    table, positions = found.table, np.asarray(found.positions)
    columns, order = columns_of(table), np.argsort(positions, kind="stable")
    bounds = np.flatnonzero(np.diff(positions[order])) + 1
    facts = {name: table[name].tolist() for name in (table.columns[0], *FACTS) if name in table}
    has_names = table.columns[0] != "name"
    for number, own in enumerate(np.split(order, bounds) if len(order) else ()):
        one = {name: values[own[0]] for name, values in facts.items()}
        name = str(one.get("name", "")) if has_names else ""
        title = f"{one[table.columns[0]]} ({name})" if name else str(one[table.columns[0]])
        part = {name: values[own] for name, values in columns.items()}
        yield _row(title, one, part, has_chart=number < MOST_CHARTS)


def _row(title: str, facts: Mapping[str, Any], columns: Columns, *, has_chart: bool) -> Row:
    """Return the row of a field, whose facts are those of its first line."""
    return Row(
        title=title,
        newest=_newest(columns),
        forecast=_forecast(columns),
        crop=_percent(facts["p_crop"]),
        conifer=_percent(facts["p_conifer"]),
        broadleaf=_percent(facts["p_broadleaf"]),
        clear_count=f"{int(facts['clear_count'])}",
        last_clear="" if pd.isna(facts["last_clear"]) else f"{facts['last_clear']:%Y-%m-%d}",
        dissimilarity=_number(facts["dissimilarity"]),
        error=_number(facts["hindcast_mae"]),
        flags=str(facts["flags"]),
        chart=chart_of(columns) if has_chart else None,
    )


def _newest(columns: Columns) -> str:
    last = _last(columns, "ndvi_mean")
    return "" if last is None else f"{columns['ndvi_mean'][last]:.2f} on {_day(columns['day'][last])}"


def _forecast(columns: Columns) -> str:
    last = _last(columns, "q50")
    if last is None:
        return ""
    q05, q50, q95 = (columns[name][last] for name in ("q05", "q50", "q95"))
    return f"{q50:.2f} ({q05:.2f} to {q95:.2f}) on {_day(columns['day'][last])}"


def _last(columns: Columns, name: str) -> int | None:
    """Return the line of the last date that has a number; None if there is none."""
    days = np.where(np.isnan(columns[name]) | np.isnan(columns["day"]), -np.inf, columns["day"])
    found = len(days) - 1 - int(days[::-1].argmax())
    return found if np.isfinite(days[found]) else None


def _day(day: float) -> str:
    return to_date(int(day)).isoformat()


def _percent(share: float) -> str:
    return "" if pd.isna(share) else f"{100 * share:.0f} %"


def _number(value: float) -> str:
    return "" if pd.isna(value) else f"{value:.2f}"

"""The report of fields: one HTML page that needs no other file, with a row and a small chart for each field."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.version import software_version
from outputs.fields.chart import Chart, chart_of
from outputs.fields.write import Answer
from outputs.reports.page import templates
from outputs.reports.write import write_text

PAGE = "fields.html"
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
    table = found.table.assign(_position=np.asarray(found.positions))
    for number, (_, own) in enumerate(table.groupby("_position", sort=True)):
        yield _row(own, has_chart=number < MOST_CHARTS)


def _row(own: pd.DataFrame, *, has_chart: bool) -> Row:
    facts = own.iloc[0]
    seen = own[own["ndvi_mean"].notna()].sort_values("date")
    ahead = own[own["q50"].notna()].sort_values("date")
    return Row(
        title=_title(own),
        newest=_newest(seen),
        forecast=_forecast(ahead),
        crop=_percent(facts["p_crop"]),
        conifer=_percent(facts["p_conifer"]),
        broadleaf=_percent(facts["p_broadleaf"]),
        clear_count=f"{int(facts['clear_count'])}",
        last_clear=_day(facts["last_clear"]),
        dissimilarity=_number(facts["dissimilarity"]),
        error=_number(facts["hindcast_mae"]),
        flags=str(facts["flags"]),
        chart=chart_of(own) if has_chart else None,
    )


def _title(own: pd.DataFrame) -> str:
    """Return the id, and the name where there is one."""
    first = own.iloc[0]
    name = str(first["name"]) if "name" in own and own.columns[0] != "name" else ""
    return f"{first.iloc[0]} ({name})" if name else str(first.iloc[0])


def _newest(seen: pd.DataFrame) -> str:
    return f"{seen['ndvi_mean'].iloc[-1]:.2f} on {_day(seen['date'].iloc[-1])}" if len(seen) else ""


def _forecast(ahead: pd.DataFrame) -> str:
    if ahead.empty:
        return ""
    last = ahead.iloc[-1]
    return f"{last['q50']:.2f} ({last['q05']:.2f} to {last['q95']:.2f}) on {_day(last['date'])}"


def _percent(share: float) -> str:
    return "" if pd.isna(share) else f"{100 * share:.0f} %"


def _number(value: float) -> str:
    return "" if pd.isna(value) else f"{value:.2f}"


def _day(day: pd.Timestamp) -> str:
    return "" if pd.isna(day) else f"{day:%Y-%m-%d}"

"""CSV of an answer: a line for each time and pixel, a column for each parameter. No files, no HTTP."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import numpy as np

from core.product import Layer
from service.edr.coords import CRS84
from service.edr.values import Group, Values

CSV = "text/csv; charset=utf-8"
OF_THE_RESULT = {
    "job": "landcast:job",
    "issue_date": "landcast:issue_date",
    "complete": "landcast:complete",
    "simulated": "landcast:simulated",
}
"""Columns that are the same in all lines, and what they are in CoverageJSON."""


def as_csv(values: Values, facts: dict[str, Any]) -> str:
    """Return CSV with a header; no value is an empty cell."""
    layers = {key: layer for group in values.groups for key, layer in group.layers.items()}
    columns = [name for key, layer in layers.items() for name in _columns(key, layer)]
    place = ["lon", "lat"] if values.axes.crs == CRS84 else ["x", "y"]
    out = io.StringIO()
    writer = csv.DictWriter(out, ["time", *place, *columns, *OF_THE_RESULT], restval="", lineterminator="\n")
    writer.writeheader()
    same = {name: _text(facts.get(member)) for name, member in OF_THE_RESULT.items()}
    for group in values.groups:
        writer.writerows(same | row for row in _rows(values, group, place))
    return out.getvalue()


def _columns(key: str, layer: Layer) -> list[str]:
    return [key, f"{key}_label"] if layer.legend else [key]


def _rows(values: Values, group: Group, place: list[str]) -> Iterator[dict[str, Any]]:
    """Yield lines by time, then from north to south; pixels without any value, outside the area too, are left out."""
    is_one = len(values.axes.x) == len(values.axes.y) == 1
    for t, time in enumerate(group.times):
        stamp = f"{time.end}" if time.start == time.end else str(time)
        for row, y in enumerate(values.axes.y):
            for column, x in enumerate(values.axes.x):
                found = {k: float(v[t, row, column]) for k, v in group.values.items()}
                if is_one or not all(map(np.isnan, found.values())):
                    yield {"time": stamp, place[0]: x, place[1]: y, **_cells(found, group)}


def _cells(found: dict[str, float], group: Group) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    for key, value in found.items():
        if np.isnan(value):
            continue
        legend = group.layers[key].legend
        cells[key] = int(value) if legend else value
        if legend:
            cells[f"{key}_label"] = next((e.label for e in legend if e.value == value), "")
    return cells


def _text(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

"""The chart of one field as numbers of an SVG: NDVI seen, forecast and usual. The template draws it; no text here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

WIDTH, HEIGHT = 420, 130
LEFT, RIGHT, TOP, BOTTOM = 30, 8, 8, 20
SHOWN_DAYS = 730
"""Days of the history that are drawn."""
LOWEST, HIGHEST = -0.1, 1.0
"""NDVI at the lower and upper edge; what lies outside is drawn at the edge."""
NUMBERS = ("ndvi_mean", "q05", "q25", "q50", "q75", "q95", "climatology")
"""Columns of the lines that are drawn."""
Point = tuple[float, float]
Columns = Mapping[str, NDArray[np.float64]]
"""Of the lines of one field, by name: what `columns_of` returns. A thousand data frames would take half a minute."""


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A mark of an axis."""

    at: float
    label: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """Places in pixels, from the upper left corner."""

    seen: Sequence[Point]
    outer: str
    """Points of the outline of the 90 % interval, `x,y x,y`; empty = no forecast."""
    inner: str
    """The same of the 50 % interval."""
    median: str
    usual: Sequence[str]
    """Lines of the climatology: of the history, and of the target dates."""
    years: Sequence[Tick]
    levels: Sequence[Tick]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def columns_of(table: pd.DataFrame) -> Columns:
    """Return what charts are drawn from: `day`, days since 1970-01-01, and NDVI by name; NaN = none."""
    dates = pd.to_datetime(table["date"])
    days = np.where(dates.isna(), np.nan, dates.to_numpy("datetime64[D]").astype(np.float64))
    return {
        "day": days,
        **{name: table[name].to_numpy(np.float64, na_value=np.nan) for name in NUMBERS if name in table},
    }


def chart_of(columns: Columns) -> Chart | None:
    """Return the chart of the lines of one field, as `columns_of` has them; None where there is nothing to draw."""
    is_drawn = ~(np.isnan(columns["ndvi_mean"]) & np.isnan(columns["q50"])) & ~np.isnan(columns["day"])
    if not is_drawn.any():
        return None
    order = np.argsort(columns["day"], kind="stable")
    drawn = _rows(columns, order[is_drawn[order]])
    ahead = _rows(drawn, ~np.isnan(drawn["q50"]))
    end = drawn["day"][-1]
    past_end = ahead["day"][0] if len(ahead["day"]) else end
    start = max(drawn["day"][0], past_end - SHOWN_DAYS)
    seen = _rows(drawn, ~np.isnan(drawn["ndvi_mean"]) & (drawn["day"] >= start))
    scale = _Scale(start, end)
    return Chart(
        seen=list(zip(scale.x(seen["day"]), scale.y(seen["ndvi_mean"]), strict=True)),
        outer=_outline(scale, ahead, "q05", "q95"),
        inner=_outline(scale, ahead, "q25", "q75"),
        median=_line(scale, ahead, "q50"),
        usual=[line for part in (seen, ahead) if (line := _line(scale, part, "climatology"))],
        years=[Tick(at=scale.x(np.array([day]))[0], label=name) for day, name in _quarters(start, end)],
        levels=[Tick(at=scale.y(np.array([v]))[0], label=f"{v:g}") for v in (0.0, 0.5, 1.0)],
    )


def _rows(columns: Columns, chosen: NDArray[Any]) -> Columns:
    return {name: values[chosen] for name, values in columns.items()}


class _Scale:
    """From days and NDVI to pixels."""

    def __init__(self, start: float, end: float) -> None:
        self._start, self._span = start, max(end - start, 1)

    def x(self, days: NDArray[np.float64]) -> list[float]:
        places = LEFT + (days - self._start) / self._span * (WIDTH - LEFT - RIGHT)
        return [round(v, 1) for v in places.tolist()]

    def y(self, values: NDArray[np.float64]) -> list[float]:
        share = (np.clip(values, LOWEST, HIGHEST) - LOWEST) / (HIGHEST - LOWEST)
        return [round(v, 1) for v in (HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)).tolist()]


def _line(scale: _Scale, rows: Columns, column: str) -> str:
    if column not in rows:
        return ""
    known = _rows({"day": rows["day"], column: rows[column]}, ~np.isnan(rows[column]))
    return _points(zip(scale.x(known["day"]), scale.y(known[column]), strict=True)) if len(known["day"]) > 1 else ""


def _outline(scale: _Scale, rows: Columns, low: str, high: str) -> str:
    if len(rows["day"]) < 2:
        return ""
    x = scale.x(rows["day"])
    there = list(zip(x, scale.y(rows[high]), strict=True))
    back = list(zip(x, scale.y(rows[low]), strict=True))[::-1]
    return _points([*there, *back])


def _points(places: Iterable[Point]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in places)


@lru_cache(maxsize=64)
def _quarters(start: float, end: float) -> tuple[tuple[float, str], ...]:
    """Return the beginnings of the quarters within some days, named by the month, or by the year where one begins."""
    dates = pd.date_range(np.datetime64(int(start), "D"), np.datetime64(int(end), "D"), freq="QS")
    names = [f"{t.year}" if t.month == 1 else f"{t:%b}" for t in dates]
    return tuple(zip(dates.to_numpy("datetime64[D]").astype(np.float64).tolist(), names, strict=True))

"""The chart of one field as numbers of an SVG: NDVI seen, forecast and usual. The template draws it; no text here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

WIDTH, HEIGHT = 420, 130
LEFT, RIGHT, TOP, BOTTOM = 30, 8, 8, 20
SHOWN_DAYS = 730
"""Days of the history that are drawn."""
LOWEST, HIGHEST = -0.1, 1.0
"""NDVI at the lower and upper edge; what lies outside is drawn at the edge."""
Point = tuple[float, float]


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


def chart_of(rows: pd.DataFrame) -> Chart | None:
    """Return the chart of the lines of one field; None where there is nothing to draw."""
    dated = rows[rows["date"].notna()].sort_values("date", kind="stable")
    drawn = dated[dated["ndvi_mean"].notna() | dated["q50"].notna()]
    if drawn.empty:
        return None
    ahead = drawn[drawn["q50"].notna()]
    end = drawn["date"].iloc[-1]
    past_end = ahead["date"].iloc[0] if len(ahead) else end
    start = max(drawn["date"].iloc[0], past_end - pd.Timedelta(days=SHOWN_DAYS))
    seen = drawn[drawn["ndvi_mean"].notna() & (drawn["date"] >= start)]
    scale = _Scale(start, end)
    return Chart(
        seen=list(zip(scale.x(seen["date"]), scale.y(seen["ndvi_mean"]), strict=True)),
        outer=_outline(scale, ahead, "q05", "q95"),
        inner=_outline(scale, ahead, "q25", "q75"),
        median=_line(scale, ahead, "q50"),
        usual=[line for part in (seen, ahead) if (line := _line(scale, part, "climatology"))],
        years=_years(scale, start, end),
        levels=[Tick(at=float(scale.y([v])[0]), label=f"{v:g}") for v in (0.0, 0.5, 1.0)],
    )


class _Scale:
    """From dates and NDVI to pixels."""

    def __init__(self, start: pd.Timestamp, end: pd.Timestamp) -> None:
        self._start, self._span = start, max((end - start).days, 1)

    def x(self, dates: pd.Series) -> list[float]:
        days = (dates - self._start).dt.days.to_numpy(np.float64)
        return [round(float(v), 1) for v in LEFT + days / self._span * (WIDTH - LEFT - RIGHT)]

    def y(self, values: Sequence[float] | pd.Series) -> list[float]:
        share = (np.clip(np.asarray(values, np.float64), LOWEST, HIGHEST) - LOWEST) / (HIGHEST - LOWEST)
        return [round(float(v), 1) for v in HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)]


def _line(scale: _Scale, rows: pd.DataFrame, column: str) -> str:
    known = rows[rows[column].notna()]
    return _points(zip(scale.x(known["date"]), scale.y(known[column]), strict=True)) if len(known) > 1 else ""


def _outline(scale: _Scale, rows: pd.DataFrame, low: str, high: str) -> str:
    if len(rows) < 2:
        return ""
    x = scale.x(rows["date"])
    there = list(zip(x, scale.y(rows[high]), strict=True))
    back = list(zip(x, scale.y(rows[low]), strict=True))[::-1]
    return _points([*there, *back])


def _points(places: Iterable[Point]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in places)


def _years(scale: _Scale, start: pd.Timestamp, end: pd.Timestamp) -> list[Tick]:
    """Return the beginnings of the quarters that are drawn, with the year at that of a year."""
    quarters = pd.Series(pd.date_range(start, end, freq="QS"))
    names = [f"{t.year}" if t.month == 1 else f"{t:%b}" for t in quarters]
    return [Tick(at=x, label=n) for x, n in zip(scale.x(quarters), names, strict=True)] if len(quarters) else []

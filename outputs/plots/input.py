"""An input as a picture: two dates with the mask and the share of clear pixels over time, or series of a table."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from core.bands import NDVI, Floats, channel
from core.cube import Cube, Series
from core.timeline import Days, to_date
from outputs.atomic import written_aside
from outputs.plots.cube import BRIGHT, COLOURS, MASK_STRENGTH, MASKED, PARTLY, PIXEL_COLOURS, mark_months
from outputs.provenance import SIMULATED

MOST_SERIES = 4
LINE_LENGTH = 120
"""Characters of a line of the title."""
MOST_TICKS = 12
"""Months written on a time axis."""
DARKEST_WHITE = 0.08
"""Reflectance drawn as white where all clear pixels are darker: winter conifers would be black otherwise."""
UNSEEN = 0.8
"""Grey of pixels without data."""
LINE, FILLED = "#1f5fa8", "#c9dcf0"


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One date of a place."""

    masked: Cube
    """One date on `time`; NaN = not clear."""
    bare: Cube
    """The same without a mask."""


def choose_shots(days: Days, clear: NDArray[np.float64]) -> list[int]:
    """Return the clearest day, and the partly clear one that shows best what the mask does, in order of time.

    Args:
        days: (T,) sorted.
        clear: (T,) share of clear pixels, 0..1.
    """
    if not len(days):
        return []
    best = int(clear.argmax())
    distance = np.abs(clear - PARTLY)
    distance[best] = np.inf
    return [int(days[n]) for n in sorted({best, int(distance.argmin())})]


def has_light(cube: Cube) -> bool:
    """Return whether a cube of one date has what a picture is drawn from."""
    names = {str(n) for n in cube.data.data_vars}
    has_ndvi = "NDVI" in names or ("B04" in names and bool({"B08", "B8A"} & names))
    return bool(cube.data.sizes.get("time")) and has_ndvi


def write_input_picture(shots: Sequence[Shot], days: Days, clear: NDArray[np.float64], title: str, path: Path) -> None:
    """Draw a cube or an archive as PNG, whole or not at all.

    Args:
        shots: up to two dates; none = nothing could be read.
        days, clear: (T,) dates that were read and their share of clear pixels, 0..1.
        title: one line.
        path: the .png file.
    """
    figure = Figure(figsize=(10, 7.4), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2, 2, height_ratios=[3.0, 1.3])
    for number in range(2):
        axes = figure.add_subplot(grid[0, number])
        axes.axis("off")
        if number < len(shots):
            _draw_shot(axes, shots[number])
    _draw_clear(figure.add_subplot(grid[1, :]), days, clear)
    is_simulated = any(s.masked.is_simulated for s in shots)
    lines = [*textwrap.wrap(title, LINE_LENGTH), *([SIMULATED] if is_simulated else [])]
    figure.suptitle("\n".join(lines), fontsize=9)
    with written_aside(path) as aside:
        figure.savefig(aside, format="png")


def write_table_picture(series: Series, name: str, path: Path) -> None:
    """Draw the NDVI of some series of a table as PNG, whole or not at all: those often seen, spread over the table."""
    figure = Figure(figsize=(10, 4.2), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for row, colour in zip(often_seen(series), PIXEL_COLOURS, strict=False):
        index = series.values[row, :, channel(NDVI.name)]
        seen = np.isfinite(index)
        dates = series.days[row][seen]
        axes.plot(dates, index[seen], "o-", color=colour, markersize=3, linewidth=0.8, label=str(series.ids[row]))
    _time_axis(axes, series.days.ravel())
    axes.set_ylabel("NDVI")
    axes.set_ylim(-0.2, 1.0)
    axes.legend(fontsize=8, loc="lower right", ncols=MOST_SERIES)
    axes.set_title(f"{name}: {min(MOST_SERIES, len(series))} of {len(series):,} series", fontsize=9)
    with written_aside(path) as aside:
        figure.savefig(aside, format="png")


def often_seen(series: Series) -> list[int]:
    """Return rows of up to MOST_SERIES series, spread over those that are seen at least as often as the median."""
    counts = series.clear_count()
    often = np.nonzero(counts >= max(1, int(np.median(counts))))[0]
    return [int(n) for n in often[np.unique(np.linspace(0, len(often) - 1, MOST_SERIES).round().astype(int))]]


def _draw_shot(axes: Axes, shot: Shot) -> None:
    hidden = ~np.isfinite(shot.masked.ndvi()[0])
    picture, kind = _colours(shot.bare if has_light(shot.bare) else shot.masked, ~hidden)
    picture[hidden] = (1 - MASK_STRENGTH) * picture[hidden] + MASK_STRENGTH * np.array(MASKED, np.float32)
    axes.imshow(picture, interpolation="nearest")
    day = to_date(shot.masked.axis_days("time")[0])
    axes.set_title(f"{day}, {kind}; {1 - hidden.mean():.0%} clear, the mask in pink", fontsize=9)


def _colours(cube: Cube, clear: NDArray[np.bool_]) -> tuple[Floats, str]:
    """Return (Y, X, 3) in 0..1 of the first date, as bright as its clear pixels allow, and what the colours are."""
    if all(b in cube.data for b in COLOURS):
        stack = np.stack([cube.data[b].values[0] for b in COLOURS], axis=-1)
        known = stack[clear & np.isfinite(stack).all(axis=-1)]
        bright = max(DARKEST_WHITE, float(np.percentile(known, 99))) if known.size else BRIGHT
        scaled = np.clip(stack / bright, 0, 1) ** 0.7
        return np.where(np.isfinite(scaled), scaled, UNSEEN).astype(np.float32), "true colour"
    index = cube.ndvi()[0]
    shown = colormaps["YlGn"](np.nan_to_num(index))[..., :3]
    return np.where(np.isfinite(index)[..., None], shown, UNSEEN).astype(np.float32), "NDVI 0 to 1"


def _draw_clear(axes: Axes, days: Days, clear: NDArray[np.float64]) -> None:
    axes.vlines(days, 0, 100 * clear, color=FILLED, linewidth=1.2)
    axes.plot(days, 100 * clear, "o", color=LINE, markersize=3)
    axes.set_ylabel("clear pixels (%)")
    axes.set_ylim(-4, 104)
    _time_axis(axes, days)


def _time_axis(axes: Axes, days: Days) -> None:
    months = max(1, -(-int(np.ptp(days)) // (30 * MOST_TICKS))) if len(days) else 1
    mark_months(axes, months)
    axes.grid(alpha=0.2)

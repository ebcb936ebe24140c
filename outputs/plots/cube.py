"""A cube as a picture: true colour through the time with the mask on top, and the NDVI series of some pixels."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from core.bands import Floats
from core.cube import Cube
from core.errors import MissingBand
from core.timeline import to_date
from outputs.atomic import written_aside
from outputs.provenance import SIMULATED

COLOURS = ("B04", "B03", "B02")
FRAMES = 12
COLUMNS = 6
MASKED = (1.0, 0.0, 0.65)
MASK_STRENGTH = 0.45
"""Share of the mask's colour in that of a hidden pixel."""
PARTLY = 0.6
"""Share of clear pixels that shows best what a mask does."""
BRIGHT = 0.3
"""Reflectance drawn as white; farmland and forest stay below, clouds burn out."""
PIXEL_COLOURS = ("#2f7d32", "#c77f1a", "#1f5fa8", "#8a3f8f")


def choose_dates(cube: Cube) -> list[int]:
    """Return positions of up to FRAMES dates, one of each of so many equal parts of the time axis.

    By turns the clearest one, and one that is partly clear, so that the mask can be judged.
    """
    count = cube.data.sizes.get("time", 0)
    parts = np.array_split(np.arange(count), min(FRAMES, count)) if count else []
    shares = np.array([_seen_share(cube, position) for position in range(count)])
    wanted = (1.0, PARTLY)
    return [int(part[np.abs(shares[part] - wanted[number % 2]).argmin()]) for number, part in enumerate(parts)]


def _seen_share(cube: Cube, position: int) -> float:
    return float(np.isfinite(cube.data[COLOURS[0]].isel(time=position).values).mean())


def write_cube_picture(
    cube: Cube, bare: Mapping[int, Cube], pixels: Mapping[str, tuple[int, int]], title: str, path: Path
) -> None:
    """Draw a cube as PNG.

    Args:
        cube: masked; B02, B03, B04 and a near infrared.
        bare: position on the time axis to a cube of that date without a mask; a date that is missing is drawn masked.
        pixels: label to row and column whose NDVI is drawn.
        title: one line: where the numbers come from.
        path: the .png file.

    Raises:
        MissingBand: no true colour can be drawn.
    """
    missing = [b for b in COLOURS if b not in cube.data]
    if missing:
        raise MissingBand(cube.archive, missing, [str(v) for v in cube.data.data_vars])
    chosen = choose_dates(cube)
    rows = -(-len(chosen) // COLUMNS)
    figure = Figure(figsize=(12, 2.3 * rows + 3.4), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(rows + 1, COLUMNS, height_ratios=[2.2] * rows + [3.0])
    axes = [figure.add_subplot(grid[number // COLUMNS, number % COLUMNS]) for number in range(rows * COLUMNS)]
    for axis in axes:
        axis.axis("off")
    for axis, position in zip(axes, chosen, strict=False):
        _draw_date(axis, cube, bare.get(position), position)
    _draw_series(figure.add_subplot(grid[rows, :]), cube, pixels)
    note = f"{title}. {SIMULATED}" if cube.is_simulated else title
    figure.suptitle(note, fontsize=9)
    with written_aside(path) as aside:
        figure.savefig(aside, format="png")


def true_colour(cube: Cube, position: int) -> Floats:
    """Return (Y, X, 3) in 0..1 of one date; unseen pixels are grey."""
    stack = np.stack([cube.data[b].isel(time=position).values for b in COLOURS], axis=-1)
    scaled = np.clip(stack / BRIGHT, 0, 1) ** 0.7
    return np.where(np.isfinite(scaled), scaled, 0.8).astype(np.float32)


def _draw_date(axis: Axes, cube: Cube, bare: Cube | None, position: int) -> None:
    picture = true_colour(cube, position) if bare is None else true_colour(bare, 0)
    hidden = ~np.isfinite(cube.data[COLOURS[0]].isel(time=position).values)
    picture[hidden] = (1 - MASK_STRENGTH) * picture[hidden] + MASK_STRENGTH * np.array(MASKED, np.float32)
    axis.imshow(picture, interpolation="nearest")
    axis.set_title(f"{to_date(cube.axis_days('time')[position])}  {hidden.mean():.0%} masked", fontsize=7)


def _draw_series(axis: Axes, cube: Cube, pixels: Mapping[str, tuple[int, int]]) -> None:
    days = cube.axis_days("time")
    for (label, (row, column)), colour in zip(pixels.items(), PIXEL_COLOURS, strict=False):
        index = _series(cube, row, column)
        seen = np.isfinite(index)
        axis.plot(days[seen], index[seen], "o-", color=colour, markersize=3, linewidth=0.8, label=label)
    mark_months(axis, max(1, int(np.ptp(days)) // 300) if len(days) else 1)
    axis.set_ylabel("NDVI")
    axis.set_ylim(-0.2, 1.0)
    axis.grid(alpha=0.2)
    axis.legend(fontsize=8, loc="lower right", ncols=len(pixels) or 1)


def _series(cube: Cube, row: int, column: int) -> NDArray[np.float32]:
    part = cube.data.isel(y=slice(row, row + 1), x=slice(column, column + 1))
    return np.asarray(Cube(data=part, window=cube.window, archive=cube.archive).ndvi()[:, 0, 0], np.float32)


def spread_pixels(cube: Cube) -> dict[str, tuple[int, int]]:
    """Choose up to three pixels often seen, of low, middle and high mean NDVI, for a cube without classes."""
    count, _ = cube.clear_and_last()
    often: Sequence[NDArray[np.int_]] = np.nonzero(count >= max(1, int(0.8 * count.max())))
    if not len(often[0]):
        return {}
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = _mean_ndvi(cube)[often]
    order = np.argsort(mean)
    picks = {"lowest": order[0], "median": order[len(order) // 2], "highest": order[-1]}
    return {f"{name} mean NDVI": (int(often[0][i]), int(often[1][i])) for name, i in picks.items()}


def _mean_ndvi(cube: Cube) -> Floats:
    total, count = np.zeros(cube.shape_yx), np.zeros(cube.shape_yx)
    for position in range(cube.data.sizes["time"]):
        part = cube.data.isel(time=slice(position, position + 1))
        index = Cube(data=part, window=cube.window, archive=cube.archive).ndvi()[0]
        total += np.nan_to_num(index)
        count += np.isfinite(index)
    return (total / np.maximum(count, 1)).astype(np.float32)


def mark_months(axes: Axes, interval: int) -> None:
    """Mark every so many months on the axis of dates. Matplotlib's locators of dates have no types."""
    axes.xaxis.set_major_locator(mdates.MonthLocator(interval=interval))  # type: ignore[no-untyped-call]  # it has no types
    axes.xaxis.set_major_formatter(mdates.DateFormatter("%Y-%m"))  # type: ignore[no-untyped-call]  # it has no types

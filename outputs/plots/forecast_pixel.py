"""The forecast of one pixel as a picture: history, median, 50 % and 90 % bands, climatology, issue date."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import matplotlib.dates as mdates
import numpy as np
from affine import Affine
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from pyproj import Transformer

from core.bands import NDVI, Floats
from core.cube import Cube
from core.grid import Window
from core.product import Variable
from core.region import Region
from core.timeline import Days, to_day
from models.baselines.usual import usual_ndvi
from outputs.atomic import written_aside
from outputs.cog import RasterFile
from outputs.plots.quicklook import FAINT, INK, degrees
from outputs.provenance import SIMULATED, Provenance

HISTORY_DAYS = 2 * 366
"""So much of the history before the issue date is drawn."""
# Matplotlib's dates are days since 1970-01-01, as ours are.
GREEN = "#2f7d32"


@dataclass(frozen=True, kw_only=True)
class PixelForecast:
    """The numbers of one pixel."""

    longitude: float
    latitude: float
    issue_date: date
    target_days: Days
    """(H,) ascending."""
    quantiles: Mapping[float, Floats]
    """(H,) of each quantile that the forecast has, the median among them."""


def choose_pixel(raster: RasterFile, region: Region) -> tuple[int, int]:
    """Return row and column of the pixel with most clear observations, among these the one nearest the region's centre.

    Args:
        raster: a forecast with a layer of clear counts; at least one pixel has been seen.
        region: that was ordered.
    """
    layer = next(layer for layer in raster.layers if layer.variable == Variable.CLEAR_COUNT)
    count = np.nan_to_num(raster.read(layer.name), nan=-1.0)
    rows, columns = np.nonzero(count == count.max())
    centre = region.to_crs(raster.window.crs).centroid
    column, row = ~raster.window.transform * (centre.x, centre.y)
    nearest = np.hypot(rows + 0.5 - row, columns + 0.5 - column).argmin()
    return int(rows[nearest]), int(columns[nearest])


def pixel_window(window: Window, row: int, column: int) -> Window:
    """Return the window of one pixel of a window."""
    moved = window.transform * Affine.translation(column, row)
    return Window(crs=window.crs, transform=moved, shape_yx=(1, 1))


def read_pixel(raster: RasterFile, row: int, column: int, issue_date: date) -> PixelForecast:
    """Read the forecast of one pixel from its layers of NDVI quantiles."""
    names = {(v.date, v.quantile): v.name for v in raster.layers if v.variable == NDVI.name and v.quantile is not None}
    read = raster.read_pixel(row, column, list(names.values()))
    dates, shares = sorted({d for d, _ in names}), sorted({q for _, q in names})
    centre = raster.window.transform * (column + 0.5, row + 0.5)
    move = Transformer.from_crs(raster.window.crs, "EPSG:4326", always_xy=True)
    longitude, latitude = move.transform(*centre)
    return PixelForecast(
        longitude=longitude,
        latitude=latitude,
        issue_date=issue_date,
        target_days=np.array([to_day(date.fromisoformat(d)) for d in dates], np.int32),
        quantiles={q: np.array([read[names[d, q]] for d in dates], np.float32) for q in shares},
    )


def write_plot(forecast: PixelForecast, history: Cube, origin: Provenance, path: Path) -> None:
    """Draw a pixel's forecast and write the PNG, whole or not at all; the arguments are those of `draw_plot`."""
    figure = draw_plot(forecast, history, origin)
    with written_aside(path) as aside:
        figure.savefig(aside, format="png", dpi=150, metadata={"Software": None})


def draw_plot(forecast: PixelForecast, history: Cube, origin: Provenance) -> Figure:
    """Draw a pixel's forecast, with what is there of it: intervals, history, and the climatology of the history.

    Args:
        forecast: of the pixel.
        history: a cube of the one pixel; what it holds after the issue date was not used and is drawn hollow.
        origin: model and whether the data are simulated.
    """
    figure = Figure(figsize=(10, 4.6), facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.065, 0.17, 0.915, 0.68))
    days, ndvi = _seen(history)
    _draw_history(axes, days, ndvi, forecast)
    _draw_forecast(axes, forecast)
    usual = usual_ndvi(days, ndvi, forecast.issue_date, forecast.target_days)
    if np.isfinite(usual).any():
        axes.plot(forecast.target_days, usual, color="#b45309", linewidth=1.3, linestyle="--", label="climatology")
    _frame(axes, forecast)
    _caption(figure, forecast, origin)
    return figure


def _seen(history: Cube) -> tuple[Days, Floats]:
    """Return (T,) days and NDVI of a cube of one pixel; none of one without optical dates."""
    if "time" not in history.data.coords:
        return np.zeros(0, np.int32), np.zeros(0, np.float32)
    return history.axis_days("time"), history.ndvi()[:, 0, 0]


def _draw_history(axes: Axes, days: Days, ndvi: Floats, forecast: PixelForecast) -> None:
    first, issue = to_day(forecast.issue_date) - HISTORY_DAYS, to_day(forecast.issue_date)
    used = np.isfinite(ndvi) & (days >= first) & (days < issue)
    later = np.isfinite(ndvi) & (days >= issue)
    if used.any():
        axes.plot(days[used], ndvi[used], "o", color=INK, markersize=3.2, label="clear observations")
    if later.any():
        style: dict[str, Any] = {"markersize": 4, "markerfacecolor": "white", "markeredgecolor": INK}
        axes.plot(days[later], ndvi[later], "o", label="later observations, not used", **style)


def _draw_forecast(axes: Axes, forecast: PixelForecast) -> None:
    days, found = forecast.target_days, forecast.quantiles
    marker = "o" if len(days) == 1 else None
    for low, high, alpha, label in ((0.05, 0.95, 0.18, "90 % band"), (0.25, 0.75, 0.35, "50 % band")):
        if low in found and high in found:
            axes.fill_between(days, found[low], found[high], color=GREEN, alpha=alpha, linewidth=0, label=label)
    axes.plot(days, found[0.5], color=GREEN, linewidth=2, marker=marker, label="median")


def _frame(axes: Axes, forecast: PixelForecast) -> None:
    issue = to_day(forecast.issue_date)
    axes.axvline(issue, color=FAINT, linewidth=1, linestyle=":")
    axes.annotate(
        f"issued {forecast.issue_date.isoformat()}",
        (issue, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(-4, -4),
        textcoords="offset points",
        ha="right",
        va="top",
        fontsize=8,
        color=FAINT,
    )
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 0.0), max(high, 1.0))
    axes.set_ylabel("NDVI", color=INK)
    locator = mdates.AutoDateLocator(minticks=5, maxticks=12)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.grid(color="#e5e7eb", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.legend(loc="upper left", bbox_to_anchor=(0.0, 1.12), ncols=6, fontsize=8, frameon=False, borderpad=0)


def _caption(figure: Figure, forecast: PixelForecast, origin: Provenance) -> None:
    place = f"{degrees(forecast.latitude, 'NS')} {degrees(forecast.longitude, 'EW')}"
    figure.text(0.012, 0.955, f"{origin.title} of one pixel, {place}", fontsize=12, fontweight="bold", color=INK)
    if origin.is_simulated:
        style: dict[str, Any] = {"fontsize": 9, "fontweight": "bold", "color": "#b42318", "ha": "right"}
        figure.text(0.99, 0.955, "SIMULATED DATA", **style)
    last = SIMULATED if origin.is_simulated else origin.attribution
    figure.text(
        0.012,
        0.03,
        f"landcast {origin.version}, model {origin.model}, archive {origin.archive}. {last}"[:175],
        fontsize=7.5,
        color=FAINT,
    )

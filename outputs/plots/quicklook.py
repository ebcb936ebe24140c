"""Quicklooks: one PNG per result, with legend or colour bar, title, date and scale bar. Read from the finished COG."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray
from pyproj import Transformer

from core.bands import NDVI
from core.grid import Window
from core.ground.scale import ground_of
from core.product import Layer, LegendEntry, Variable
from core.quantities import QUANTITIES
from outputs.atomic import written_aside
from outputs.cog import RasterFile
from outputs.provenance import SIMULATED, Provenance

MAX_PIXELS = 1000
"""Longest edge of the pixels drawn; larger rasters are read from their overviews."""
UNSEEN = (0.92, 0.92, 0.94)
"""Colour of nodata."""
INK, FAINT = "#1f2430", "#6b7280"
PANEL_IN, FOOT_IN = 4.6, 0.66
"""Longest edge of a map, and the room below it for three lines of text, in inches."""


_SHARE = (0.0, 1.0, "viridis")
_SCALES: dict[str, tuple[float, float, str, str]] = {
    Variable.CLIMATOLOGY: (0.0, 1.0, "YlGn", "NDVI"),
    Variable.ANOMALY: (-0.5, 0.5, "BrBG", "anomaly of NDVI"),
    Variable.PERCENTILE: (0.0, 100.0, "BrBG", "percentile of NDVI"),
    Variable.DEPARTURE: (-0.5, 0.5, "BrBG", "departure of NDVI"),
    Variable.DAYS_TO_CLEAR: (0.0, 60.0, "viridis", "days to an observation"),
    Variable.PROBABILITY: (*_SHARE, "probability"),
    Variable.SIGNIFICANCE: (*_SHARE, "significance"),
    Variable.DISSIMILARITY: (0.0, 2.0, "viridis", "dissimilarity"),
    Variable.CLEAR_COUNT: (0.0, 100.0, "viridis", "clear observations"),
}
"""Scales of variables in their own unit; quantities lie in 0..1."""


def write_quicklook(raster: RasterFile, layers: Sequence[Layer], origin: Provenance, path: Path) -> None:
    """Draw layers side by side and write the PNG, whole or not at all.

    Args:
        raster: the finished COG.
        layers: one to three of its layers, all with the legend or variable of the first.
        origin: title, model and whether the data are simulated.
        path: of the PNG.
    """
    height, width = raster.window.shape_yx
    longest = max(height, width)
    panel = (PANEL_IN * max(width / longest, 0.35), PANEL_IN * max(height / longest, 0.35))
    size = (len(layers) * (panel[0] + 0.25) + 2.0, panel[1] + 1.4)
    figure = Figure(figsize=size, facecolor="white")
    FigureCanvasAgg(figure)
    for number, layer in enumerate(layers):
        left = (0.2 + number * (panel[0] + 0.25)) / size[0]
        axes = figure.add_axes((left, FOOT_IN / size[1], panel[0] / size[0], panel[1] / size[1]))
        _draw(axes, raster, layer)
    left = (0.2 + len(layers) * (panel[0] + 0.25)) / size[0]
    room = (left, FOOT_IN / size[1], 1.7 / size[0], panel[1] / size[1])
    _explain(figure, room, layers[0])
    _caption(figure, raster, layers, origin, size)
    with written_aside(path) as aside:
        figure.savefig(aside, format="png", dpi=150, metadata={"Software": None})


def colours_of(layer: Layer, pixels: NDArray[Any], nodata: float) -> NDArray[np.float64]:
    """Return (Y, X, 3) colours, 0..1, of one layer's pixels; nodata is light grey."""
    unseen = np.isnan(pixels) if np.isnan(nodata) else pixels == nodata
    if layer.legend:
        table = np.zeros((256, 3))
        for entry in layer.legend:
            table[entry.value] = np.array(entry.colour) / 255
        colours = table[np.where(unseen, 0, pixels).astype(np.uint8)]
    else:
        low, high, name, _ = scale_of(layer)
        colours = colormaps[name]((np.nan_to_num(pixels.astype(np.float64)) - low) / (high - low))[..., :3]
    return np.where(unseen[..., None], UNSEEN, colours)


def scale_of(layer: Layer) -> tuple[float, float, str, str]:
    """Return lowest and highest value, colour map and label of a continuous layer."""
    if layer.unit == "%":
        return 0.0, 100.0, "viridis", f"{layer.variable or Variable.PROBABILITY} (%)"
    known = QUANTITIES.get(layer.variable, QUANTITIES[NDVI.name])
    colours = "YlGn" if known.factor > 0 else "viridis"
    return _SCALES.get(layer.variable, (*known.shown, colours, layer.variable or NDVI.name))


def _draw(axes: Axes, raster: RasterFile, layer: Layer) -> None:
    step = max(1, -(-max(raster.window.shape_yx) // MAX_PIXELS))
    pixels = raster.read(layer.name, step=step)
    height, width = raster.window.shape_yx
    axes.imshow(
        colours_of(layer, pixels, raster.nodata), interpolation="nearest", extent=(0, width, height, 0), aspect="equal"
    )
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color("#c4c8d0")
    axes.set_title(layer.date or layer.description, fontsize=10, color=INK, pad=4)
    draw_scale_bar(axes, raster.window)


def draw_scale_bar(axes: Axes, window: Window) -> None:
    """Draw a scale bar into the lower left of axes in pixels of a window."""
    height, width = window.shape_yx
    edge_m = ground_of(window).edge_m
    length_m = _round_down(0.3 * width * edge_m)
    length, x, y = length_m / edge_m, 0.04 * width, 0.955 * height
    thickness = 0.012 * max(height, width)
    axes.add_patch(Rectangle((x, y), length, thickness, facecolor=INK, edgecolor="white", linewidth=0.8))
    label = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    box = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1.0}
    axes.text(x + length / 2, y - thickness, label, ha="center", va="bottom", fontsize=8, color=INK, bbox=box)


def _round_down(value: float) -> float:
    """Return the largest 1, 2 or 5 times a power of ten that is not above a value."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(max(step * power for step in (1, 2, 5) if step * power <= value * (1 + 1e-9)))


def _explain(figure: Figure, room: tuple[float, float, float, float], layer: Layer) -> None:
    """Draw the legend or the colour bar into a part of the figure (left, bottom, width, height; 0..1)."""
    if layer.legend:
        _legend(figure, room, layer.legend)
        return
    low, high, name, label = scale_of(layer)
    left, bottom, width, height = room
    axes = figure.add_axes((left + 0.05 * width, bottom + 0.12 * height, 0.12 * width, 0.76 * height))
    axes.imshow(np.linspace(1, 0, 256)[:, None], cmap=name, aspect="auto", extent=(0, 1, low, high))
    axes.set_xticks([])
    axes.yaxis.tick_right()
    axes.yaxis.set_label_position("right")
    axes.set_ylabel(label, fontsize=9, color=INK)
    axes.tick_params(labelsize=8, colors=INK)
    figure.legend(
        handles=[Patch(facecolor=UNSEEN, edgecolor="#c4c8d0", label="no data")],
        loc="lower left",
        bbox_to_anchor=(left, bottom - 0.01 * height),
        fontsize=8,
        frameon=False,
        borderpad=0,
    )


def _legend(figure: Figure, room: tuple[float, float, float, float], legend: Sequence[LegendEntry]) -> None:
    handles = [Patch(facecolor=_hex(e), edgecolor="#8a909c", linewidth=0.5, label=e.label) for e in legend]
    handles.append(Patch(facecolor=UNSEEN, edgecolor="#8a909c", linewidth=0.5, label="No data"))
    left, bottom, _, height = room
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(left, bottom + height),
        fontsize=9,
        frameon=False,
        labelcolor=INK,
        borderpad=0,
    )


def _hex(entry: LegendEntry) -> str:
    return "#" + "".join(f"{part:02x}" for part in entry.colour)


def _caption(
    figure: Figure, raster: RasterFile, layers: Sequence[Layer], origin: Provenance, size: tuple[float, float]
) -> None:
    left = 0.2 / size[0]
    title = f"{origin.title}, median" if layers[0].is_median else origin.title
    figure.text(left, 1 - 0.26 / size[1], title, fontsize=13, fontweight="bold", color=INK, va="center")
    if origin.is_simulated:
        figure.text(
            1 - 0.15 / size[0],
            1 - 0.26 / size[1],
            "SIMULATED DATA",
            fontsize=9,
            fontweight="bold",
            color="#b42318",
            ha="right",
            va="center",
        )
    last = SIMULATED if origin.is_simulated else origin.attribution
    text = f"landcast {origin.version}, model {origin.model}, archive {origin.archive}. {last}"
    lines = [_where(raster.window), *textwrap.wrap(text, int(size[0] * 16), max_lines=2, placeholder=" …")]
    figure.text(left, (FOOT_IN - 0.1) / size[1], "\n".join(lines), fontsize=7.5, color=FAINT, va="top", linespacing=1.4)


def _where(window: Window) -> str:
    west, south, east, north = window.bounds
    move = Transformer.from_crs(window.crs, "EPSG:4326", always_xy=True)
    longitude, latitude = move.transform((west + east) / 2, (south + north) / 2)
    return f"Centre {degrees(latitude, 'NS')} {degrees(longitude, 'EW')}, {window.crs}, north up"


def degrees(value: float, letters: str) -> str:
    """Return degrees with hemisphere, e.g. 48.1234° N for letters `NS`."""
    return f"{abs(value):.4f}° {letters[0] if value >= 0 else letters[1]}"

"""The map of a report: panels with the outline of the region, gaps, scale bar, north arrow, and the legend."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path as Outline
from pyproj import Transformer
from shapely import get_parts
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from core.grid import Window
from core.product import Layer
from outputs.map_report.facts import MapFacts
from outputs.map_report.letters import drawable
from outputs.map_report.pixels import values
from outputs.plots.quicklook import MAX_PIXELS, UNSEEN, colours_of, draw_scale_bar, scale_of
from outputs.reports.pictures import INK, figure_png

FRAME, OUTLINE, GAP = "#8a909c", "#1f2a24", "#b42318"
MOST_ENTRIES, MOST_LETTERS = 14, 26
"""Of a legend; longer ones are cut."""
WIDTH_IN, LEGEND_IN, SPACE_IN, HEIGHT_IN = 7.0, 1.75, 0.15, 4.2
"""Widths of the picture, of its legend, and between panels; height of the picture at most, in inches."""
HEAD_IN, FOOT_IN, ENTRY_IN = 0.24, 0.62, 0.175
"""Heights of the dates above several panels, of the legend below them, and of one entry of a legend."""
ARROW_IN = (0.36, 0.5)
"""Width and height of the arrow with its letter."""
LEAST_SHARE = 0.15
"""A map is drawn at least so wide, and so high, in shares of its longer edge; very long ones have room beside."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """A rectangle of a figure, in inches from its lower left corner."""

    left: float
    bottom: float
    width: float
    height: float

    def within(self, figure: Figure) -> tuple[float, float, float, float]:
        """Return left, bottom, width and height in shares of a figure."""
        width, height = figure.get_size_inches()
        return self.left / width, self.bottom / height, self.width / width, self.height / height


def map_png(facts: MapFacts, layers: Sequence[Layer]) -> bytes:
    """Return the map with its legend as PNG."""
    height = map_height_in(facts, layers)
    figure = Figure(figsize=(WIDTH_IN, height), facecolor="white")
    FigureCanvasAgg(figure)
    draw_map(figure, Room(left=0, bottom=0, width=WIDTH_IN, height=height), facts, layers)
    return figure_png(figure)


def map_height_in(facts: MapFacts, layers: Sequence[Layer]) -> float:
    """Return the height that the map needs at its full width, HEIGHT_IN at most unless the legend is longer."""
    rows, columns = facts.raster.window.shape_yx
    if len(layers) > 1:
        return min(HEIGHT_IN, _each_in(layers) * rows / columns + HEAD_IN + FOOT_IN)
    legend = ENTRY_IN * (min(len(layers[0].legend), MOST_ENTRIES) + 4) if layers[0].legend else 1.3
    legend += ARROW_IN[1]
    return max(min(HEIGHT_IN, _each_in(layers) * rows / columns), legend)


def _each_in(layers: Sequence[Layer]) -> float:
    """Return the width of a panel at most: one has its legend beside it, several have it below."""
    return WIDTH_IN - LEGEND_IN - SPACE_IN if len(layers) == 1 else (WIDTH_IN + SPACE_IN) / len(layers) - SPACE_IN


def draw_map(figure: Figure, room: Room, facts: MapFacts, layers: Sequence[Layer]) -> None:
    """Draw panels and legend into a rectangle of a figure, WIDTH_IN wide."""
    rows, columns = facts.raster.window.shape_yx
    is_one = len(layers) == 1
    high = room.height if is_one else room.height - HEAD_IN - FOOT_IN
    each = _each_in(layers)
    width = min(each, max(high * columns / rows, LEAST_SHARE * each))
    height = min(high, max(width * rows / columns, LEAST_SHARE * high))
    top = room.bottom + room.height - (0 if is_one else HEAD_IN)
    for number, layer in enumerate(layers):
        left = room.left + number * (width + SPACE_IN)
        own = Room(left=left + 0.01, bottom=top - height + 0.01, width=width - 0.02, height=height - 0.02)
        axes = figure.add_axes(own.within(figure))
        _draw_panel(axes, facts, layer, heading=not is_one)
    right, under, (wide, tall) = room.left + width + SPACE_IN + 0.05, top - height - 0.1, ARROW_IN
    arrow = (right, top - tall) if is_one else (room.left + WIDTH_IN - wide, under - tall)
    _draw_arrow(figure, Room(left=arrow[0], bottom=arrow[1], width=wide, height=tall), facts.raster.window)
    beside = Room(left=right, bottom=top - tall - 0.1 - 1.6, width=LEGEND_IN - 0.1, height=1.6)
    below = Room(left=room.left, bottom=under - 0.02 - 1.6, width=LEGEND_IN, height=1.6)
    _draw_legend(figure, beside if is_one else below, facts, layers[0], is_row=not is_one)


def _draw_panel(axes: Axes, facts: MapFacts, layer: Layer, *, heading: bool) -> None:
    rows, columns = facts.raster.window.shape_yx
    step = max(1, -(-max(rows, columns) // MAX_PIXELS))
    pixels = values(facts.raster, layer, step=step)
    axes.imshow(
        colours_of(layer, pixels, np.nan), interpolation="nearest", extent=(0, columns, rows, 0), aspect="equal"
    )
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(FRAME)
    if heading:
        axes.set_title(layer.date, fontsize=8.5, color=INK, pad=3)
    _draw_shapes(axes, facts)
    axes.set_xlim(0, columns)
    axes.set_ylim(rows, 0)
    draw_scale_bar(axes, facts.raster.window)


def _draw_shapes(axes: Axes, facts: MapFacts) -> None:
    """Draw gaps hatched and the region as an outline."""
    for gap in facts.gaps:
        if gap.get("geometry"):
            path = _outline(facts.outline(shape(gap["geometry"])), facts.raster.window)
            axes.add_patch(PathPatch(path, facecolor="none", edgecolor=GAP, hatch="////", linewidth=0.6))
    if facts.region:
        path = _outline(facts.outline(facts.region.geometry), facts.raster.window)
        axes.add_patch(PathPatch(path, facecolor="none", edgecolor=OUTLINE, linewidth=0.9))


def _outline(geometry: BaseGeometry, window: Window) -> Outline:
    """Return polygons as a path in pixels of a window."""
    parts = [Outline(_pixels(ring, window), closed=True) for ring in _rings(geometry)]
    return Outline.make_compound_path(*parts) if parts else Outline(np.zeros((1, 2)))


def _rings(geometry: BaseGeometry) -> Iterator[Any]:
    for part in get_parts(geometry):
        if part.geom_type == "Polygon" and not part.is_empty:
            yield np.asarray(part.exterior.coords)
            yield from (np.asarray(hole.coords) for hole in part.interiors)


def _pixels(points: Any, window: Window) -> Any:
    x, y = points[:, 0], points[:, 1]
    columns, rows = ~window.transform * (x, y)
    return np.column_stack([columns, rows])


def north_angle(window: Window) -> float:
    """Return the angle in degrees, clockwise, from the top of a map to true north at its centre."""
    west, south, east, north = window.bounds
    x, y = (west + east) / 2, (south + north) / 2
    to_degrees = Transformer.from_crs(window.crs, "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform(x, y)
    further = Transformer.from_crs("EPSG:4326", window.crs, always_xy=True)
    up_x, up_y = further.transform(longitude, min(latitude + 0.01, 90.0))
    return math.degrees(math.atan2(up_x - x, up_y - y))


def _draw_arrow(figure: Figure, room: Room, window: Window) -> None:
    """Draw an arrow to true north into a room of ARROW_IN beside or below the map, where it hides nothing of it."""
    axes = figure.add_axes(room.within(figure))
    axes.set_axis_off()
    axes.set_xlim(0, room.width)
    axes.set_ylim(0, room.height)
    angle, half, middle, centre = math.radians(north_angle(window)), 0.14, room.width / 2, room.height - 0.17
    lean = half * math.sin(angle), half * math.cos(angle)
    style = {"arrowstyle": "-|>,head_width=0.22,head_length=0.4", "color": INK, "linewidth": 1.4}
    ends = {"shrinkA": 0, "shrinkB": 0}
    head, tail = (middle + lean[0], centre + lean[1]), (middle - lean[0], centre - lean[1])
    axes.annotate("", head, tail, arrowprops=style | ends)
    axes.text(middle, 0.07, "N", ha="center", va="center", fontsize=8, color=INK)


def _draw_legend(figure: Figure, room: Room, facts: MapFacts, layer: Layer, *, is_row: bool) -> None:
    """Draw the names of classes, or a bar of colours, from the top of a room; then nodata, the outline and gaps."""
    entries = _entries(facts, layer)
    left, bottom, _, height = room.within(figure)
    top, size = bottom + height, figure.get_size_inches()
    if not layer.legend:
        _draw_bar(figure, room, layer)
        left, top = (left + 2.2 / size[0], top - 0.12 / size[1]) if is_row else (left, top - 0.62 / size[1])
    legend = figure.legend(
        [handle for handle, _ in entries],
        [label for _, label in entries],
        loc="upper left",
        bbox_to_anchor=(left, top),
        ncols=len(entries) if is_row else 1,
        fontsize=8,
        frameon=False,
        borderpad=0,
        borderaxespad=0,
    )
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_parse_math(False)


def _entries(facts: MapFacts, layer: Layer) -> list[tuple[Patch, str]]:
    """Return signs and their meanings."""
    found = [(_patch(_hex(e.colour)), _short(e.label)) for e in layer.legend[:MOST_ENTRIES]]
    if len(layer.legend) > MOST_ENTRIES:
        found.append((_patch("none", edge="none"), f"and {len(layer.legend) - MOST_ENTRIES} further classes"))
    found.append((_patch(_hex([round(255 * part) for part in UNSEEN])), "No data"))
    if facts.region:
        found.append((_patch("none", edge=OUTLINE), "Region"))
    if facts.gaps:
        found.append((Patch(facecolor="none", edgecolor=GAP, hatch="////", linewidth=0.6), "Could not be made"))
    return found


def _patch(face: str, *, edge: str = FRAME) -> Patch:
    return Patch(facecolor=face, edgecolor=edge, linewidth=0.6)


def _draw_bar(figure: Figure, room: Room, layer: Layer) -> None:
    """Draw the bar of colours with its name at the top of a room."""
    low, high, name, label = scale_of(layer)
    own = Room(left=room.left + 0.12, bottom=room.bottom + room.height - 0.32, width=LEGEND_IN - 0.32, height=0.14)
    axes = figure.add_axes(own.within(figure))
    axes.imshow(np.linspace(0, 1, 256)[None, :], cmap=name, aspect="auto", extent=(low, high, 0, 1))
    axes.set_yticks([])
    axes.set_xticks([low, (low + high) / 2, high])
    axes.tick_params(labelsize=7.5, colors=INK, length=2)
    axes.set_title(f"{label}, median" if layer.is_median else label, fontsize=8, color=INK, pad=3, loc="left")


def _short(label: str) -> str:
    text = drawable(label)
    short = text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1].rstrip()}…"
    return f" {short}" if short.startswith("_") else short  # matplotlib leaves out labels that begin so


def _hex(colour: Sequence[int]) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)

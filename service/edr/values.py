"""Values of a result by parameter, time and place, in the form that CoverageJSON and CSV are written from. No files."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from core.errors import InvalidOption
from core.grid import Window
from core.product import Layer
from core.region import WGS84
from core.timeline import Period
from service.edr.coords import CRS84, Place
from service.edr.parameters import OBSERVED, key_of
from service.edr.times import Asked, day, meets
from service.point.area import Block
from service.point.schemas import Point, PointHistory

Numbers = NDArray[np.float64]
Times = Mapping[str, Period]
"""Of layers, by name."""
DEGREE_M = 111_195.0
"""A degree of latitude."""


@dataclass(frozen=True, kw_only=True)
class Axes:
    """Where values lie."""

    crs: str
    """CRS84, or a UTM zone as `EPSG:CODE`."""
    x: tuple[float, ...]
    """Eastwards: degrees or metres."""
    y: tuple[float, ...]
    """From north to south."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Parameters that have the same times."""

    times: tuple[Period, ...]
    """Ascending: days, or one period of observations."""
    layers: dict[str, Layer]
    """By name of the parameter."""
    values: dict[str, Numbers]
    """(T, Y, X) by name of the parameter; NaN = none."""


@dataclass(frozen=True, kw_only=True)
class Values:
    """All of an answer."""

    axes: Axes
    groups: tuple[Group, ...]


def of_point(found: Point, layers: Sequence[Layer], times: Times, place: Place) -> Values:
    """Return the values of one pixel, at its middle."""
    by_name = {value.name: value.value for value in found.values}
    pixels = [(layer, _one(by_name.get(layer.name))) for layer in layers]
    return Values(axes=_axes_of(found, place), groups=_grouped(pixels, times))


def of_history(found: PointHistory, place: Place, times: Asked) -> Values | None:
    """Return the clear observations of one pixel at some times; None if there are none."""
    seen = [(day(o.date), o.ndvi) for o in found.observations if meets(times, day(o.date))]
    if not seen:
        return None
    values = np.array([value for _, value in seen], np.float64)[:, None, None]
    key = key_of(OBSERVED)
    group = Group(times=tuple(when for when, _ in seen), layers={key: OBSERVED}, values={key: values})
    return Values(axes=_axes_of(found, place), groups=(group,))


def of_block(block: Block, times: Times, crs: str) -> Values:
    """Return the values of an area: its pixels as they are, or in CRS84 the pixel that each place lies in."""
    if crs == CRS84:
        axes, values = _in_degrees(block)
    else:
        x, y = block.window.centres()
        axes, values = Axes(crs=crs, x=tuple(x.tolist()), y=tuple(y.tolist())), block.values
    return Values(axes=axes, groups=_grouped(zip(block.layers, values, strict=True), times))


def _grouped(pixels: Iterable[tuple[Layer, Numbers]], times: Times) -> tuple[Group, ...]:
    """Return layers, (Y, X) each, by the times of their parameters."""
    by_key: dict[str, dict[Period, tuple[Layer, Numbers]]] = {}
    for layer, values in pixels:
        by_key.setdefault(key_of(layer), {})[times[layer.name]] = (layer, values)
    groups: dict[tuple[Period, ...], Group] = {}
    for key, dated in by_key.items():
        own = tuple(sorted(dated))
        group = groups.setdefault(own, Group(times=own, layers={}, values={}))
        group.layers[key] = dated[own[0]][0]
        group.values[key] = np.stack([dated[time][1] for time in own])
    return tuple(groups.values())


def _axes_of(found: Point | PointHistory, place: Place) -> Axes:
    x, y = found.lon, found.lat
    if place.crs != CRS84:
        x, y = (round(v, 3) for v in Transformer.from_crs(WGS84, place.crs, always_xy=True).transform(x, y))
    return Axes(crs=place.crs, x=(x,), y=(y,))


def _in_degrees(block: Block) -> tuple[Axes, Numbers]:
    """Return a grid of degrees with cells of about a pixel; each has the value of the pixel that its middle lies in."""
    west, south, east, north = _bounds(block.window)
    step_y = block.window.resolution_m / DEGREE_M
    step_x = step_y / max(math.cos(math.radians((south + north) / 2)), 1e-3)
    x = west + step_x * (np.arange(max(1, round((east - west) / step_x))) + 0.5)
    y = north - step_y * (np.arange(max(1, round((north - south) / step_y))) + 0.5)
    to_map = Transformer.from_crs(WGS84, block.window.crs, always_xy=True).transform
    eastings, northings = to_map(*np.meshgrid(x, y))
    columns, rows = (np.floor(v).astype(np.int64) for v in ~block.window.transform * (eastings, northings))
    height, width = block.window.shape_yx
    is_in = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    taken = block.values[:, rows.clip(0, height - 1), columns.clip(0, width - 1)]
    axes = Axes(crs=CRS84, x=tuple(np.round(x, 7).tolist()), y=tuple(np.round(y, 7).tolist()))
    return axes, np.where(is_in, taken, np.nan)


def _bounds(window: Window) -> tuple[float, float, float, float]:
    """Return the bounds in degrees of a rectangle of pixels.

    Raises:
        InvalidOption: it crosses 180 degrees, where longitudes do not ascend.
    """
    west, south, east, north = window.footprint_wgs84.bounds
    if east - west > 180:
        raise InvalidOption("crs", CRS84, f"the area crosses 180 degrees of longitude; ask for it in {window.crs}")
    return west, south, east, north


def _one(value: float | None) -> Numbers:
    return np.array([[np.nan if value is None else value]], np.float64)

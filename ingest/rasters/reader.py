"""Pixels of an item on a window: decoded, and resampled to its lattice. Access to files: ingest.io.raster_files.

Each file is opened once per read. A truncated, refused or missing file is an error, never zeros.
"""

import math
from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.io import DatasetReader
from rasterio.transform import GCPTransformer

from core.bands import NDVI, RADAR_NAMES, Floats
from core.grid import Window
from ingest.archive import Reading
from ingest.io.raster_files import LOCAL, Access, environment, use_file
from ingest.io.resampling import (
    Placement,
    Span,
    find_span,
    interpolate,
    nearest,
    place_parallel,
    place_projected,
    projection,
)
from ingest.preprocess.radar import to_power
from ingest.rasters.item import MASK_KINDS, BandSource, RasterItem
from ingest.rasters.sample import Spread, choose_spread, read_spread
from ingest.rules.masks import MaskKind
from ingest.rules.numbers import MAX_REFLECTANCE, Coding, decode
from ingest.rules.offset.darkest import DARK_BANDS

LOWEST_REFLECTANCE = -0.5
"""Values below are no-data of other processors (MAJA: -1). Values between this and -0.1 are kept, so that the check of
offsets sees an offset that was subtracted twice."""
POWER_RANGE = (1e-10, 1e5)
"""Linear backscatter of -100 to 50 dB; 0 is no data."""
RANGE = {NDVI.name: (-1.0, 1.0)}
OUTSIDE = {"SCL": 0, "clear": 0, "CLM": 255}
"""Code of a mask where its file has no pixel: no data."""
ROUNDING = 1e-6
"""Of a stored number that stands for a limit exactly, in units of the stored numbers."""
CHUNK_ROWS = 256
"""Rows decoded at once, so that the numbers stay in the processor's cache."""


def read_item(item: RasterItem, window: Window, bands: tuple[str, ...], access: Access = LOCAL) -> Reading:
    """Read some bands of one item, and its cloud mask where it is an optical one.

    Reflectance and backscatter (in linear power) are interpolated bilinearly, masks by the nearest pixel, where the
    files lie on another lattice or in another reference system than the window.

    Raises:
        ReadFailed: a file is missing, truncated, refused, no raster, or not georeferenced.
        UntrustedAddress: the address of a file is not allowed.
    """
    masks = [m for m in MASK_KINDS if m in item.sources][: item.scene.sensor == "s2"]
    sources = {b: item.sources[b] for b in (*bands, *masks) if b in item.sources}
    found: dict[str, NDArray[Any]] = {}
    notes: dict[str, None] = {}
    with environment(access.s3):
        for href in dict.fromkeys(s.href for s in sources.values()):
            mine = {b: s for b, s in sources.items() if s.href == href}
            pixels, note = _read_file(item, href, mine, window, access)
            found |= pixels
            notes |= dict.fromkeys([note] if note else [])
    kind: MaskKind | Literal[""] = masks[0] if masks else ""
    offsets = [s.coding.offset for b, s in sources.items() if b not in (*MASK_KINDS, *RADAR_NAMES)]
    return Reading(
        values={b: v for b, v in found.items() if b not in MASK_KINDS},
        mask=found[kind] if kind else None,
        mask_kind=kind,
        offset=offsets[0] if offsets else 0.0,
        notes=tuple(notes),
        whole=partial(read_sparse, item, DARK_BANDS, access) if set(DARK_BANDS) & set(item.sources) else None,
    )


def read_sparse(item: RasterItem, bands: tuple[str, ...], access: Access = LOCAL, *, is_masked: bool = True) -> Reading:
    """Read some hundred pixels a side, spread over the whole scene, with the mask at the same places if wanted.

    Raises:
        ReadFailed, UntrustedAddress: as `read_item`.
    """
    masks = [m for m in MASK_KINDS if m in item.sources][: item.scene.sensor == "s2" and is_masked]
    found: dict[str, NDArray[Any]] = {}
    spread: Spread | None = None
    with environment(access.s3):
        for band in (*(b for b in bands if b in item.sources), *masks):
            source, first = item.sources[band], spread

            def look(
                raster: DatasetReader,
                band: str = band,
                source: BandSource = source,
                first: Spread | None = first,
            ) -> tuple[Spread, NDArray[Any]]:
                chosen = first or choose_spread(raster, source.index)
                return chosen, _decoded(read_spread(raster, source.index, chosen), source, band, raster)

            spread, found[band] = use_file(item.scene.scene_id, source.href, access, look)
    kind: MaskKind | Literal[""] = masks[0] if masks else ""
    offsets = [item.sources[b].coding.offset for b in found if b not in (*MASK_KINDS, *RADAR_NAMES)]
    return Reading(
        values={b: v for b, v in found.items() if b not in MASK_KINDS},
        mask=found[kind] if kind else None,
        mask_kind=kind,
        offset=offsets[0] if offsets else 0.0,
    )


def _decoded(stored: NDArray[Any], source: BandSource, band: str, raster: DatasetReader) -> NDArray[Any]:
    """Return physical values, or codes of a mask."""
    if band in MASK_KINDS:
        return _codes(stored, band, source)
    return physical(stored, _with_nodata(source.coding, raster.nodatavals[source.index - 1]), band)


def item_lattice(item: RasterItem, access: Access = LOCAL) -> tuple[str, tuple[float, ...]]:
    """Return reference system (EPSG code) and finest transform of an item, from its raster if it does not state them.

    Raises:
        ReadFailed: the raster cannot be opened.
    """
    if item.crs and item.transform:
        return item.crs, item.transform

    def look(raster: DatasetReader) -> tuple[str, tuple[float, ...]]:
        return str(raster.crs), tuple(raster.transform)[:6]

    with environment(access.s3):
        return use_file(item.scene.scene_id, next(iter(item.sources.values())).href, access, look)


def physical(stored: NDArray[Any], coding: Coding, band: str) -> Floats:
    """Turn stored numbers into reflectance or linear power.

    Args:
        stored: any shape.
        coding: how they are stored; backscatter without a unit is in dB.
        band: our name of them.

    Returns:
        float32 of the same shape; NaN where filled or impossible.
    """
    if band in RADAR_NAMES and coding.unit != "power":
        return to_power(decode(stored, coding, band))
    low, high = POWER_RANGE if band in RADAR_NAMES else RANGE.get(band, (LOWEST_REFLECTANCE, MAX_REFLECTANCE))
    values = np.empty(stored.shape, np.float32)
    for first in range(0, len(stored), CHUNK_ROWS):
        rows = slice(first, first + CHUNK_ROWS)
        _scale(stored[rows], values[rows], coding, low=low, high=high)
    return values


def _scale(stored: NDArray[Any], values: Floats, coding: Coding, *, low: float, high: float) -> None:
    """Write physical values of stored numbers, NaN where they are filled or lie outside low to high."""
    values[...] = stored
    if coding.scale != 1:
        values *= np.float32(coding.scale)
    if coding.offset:
        values += np.float32(coding.offset)
    hidden = _outside(stored, values, coding, low=low, high=high)
    for fill in coding.fills:
        hidden |= _equals(stored, fill)
    np.copyto(values, np.float32(np.nan), where=hidden)


def _outside(stored: NDArray[Any], values: Floats, coding: Coding, *, low: float, high: float) -> NDArray[np.bool_]:
    """Tell which values are below low or above high, of whole numbers in their own type: half the bytes to look at."""
    if stored.dtype.kind not in "iu" or coding.scale <= 0:
        return np.asarray((values < np.float32(low)) | (values > np.float32(high)))
    limits = np.iinfo(stored.dtype)
    least = math.ceil((low - coding.offset) / coding.scale - ROUNDING)
    most = math.floor((high - coding.offset) / coding.scale + ROUNDING)
    if most < limits.min or least > limits.max:
        return np.ones(stored.shape, np.bool_)
    hidden = stored > stored.dtype.type(most) if most < limits.max else np.zeros(stored.shape, np.bool_)
    if least > limits.min:
        hidden |= stored < stored.dtype.type(least)
    return np.asarray(hidden)


def _equals(stored: NDArray[Any], number: float) -> NDArray[np.bool_]:
    """Compare in the type of the stored numbers where it holds the number: five times as fast as in float64."""
    if stored.dtype.kind in "iu":
        limits = np.iinfo(stored.dtype)
        if number != int(number) or not limits.min <= number <= limits.max:
            return np.zeros(stored.shape, np.bool_)
        return np.asarray(stored == stored.dtype.type(int(number)))
    return np.asarray(stored == number)


def _read_file(
    item: RasterItem, href: str, sources: Mapping[str, BandSource], window: Window, access: Access
) -> tuple[dict[str, NDArray[Any]], str]:
    """Return the bands of one file (Y, X), and a note for the user on their georeference."""

    def read(raster: DatasetReader) -> tuple[dict[str, NDArray[Any]], str]:
        placement, note = _place(raster, window, item.crs, item.file_crs)
        return _read_raster(raster, sources, placement, window), note

    return use_file(item.scene.scene_id, href, access, read)


def _place(raster: DatasetReader, window: Window, crs: str, file_crs: str = "") -> tuple[Placement, str]:
    """Find where a window's pixels lie in a raster; also return a note for the user, or an empty text.

    Args:
        raster: opened.
        window: to be read.
        crs: stated by the item, for a raster that states none.
        file_crs: of the raster whatever it states; empty = as it states.

    Raises:
        ValueError: the raster is not georeferenced.
    """
    move: Affine = raster.transform
    own = file_crs or (str(raster.crs) if raster.crs else "")
    if not own:
        points, points_crs = raster.gcps
        if points:
            return _place_by_points(window, points, str(points_crs))
        own = crs
    if not own or (move.a == 1 and move.is_identity):  # the one is asked quickly
        raise ValueError(f"{Path(raster.name).name} is not georeferenced")
    if own == window.crs and not move.b and not move.d:
        return place_parallel(window, move), ""
    middle = (move * (raster.width / 2, raster.height / 2))[0]
    found = raster.crs.to_wkt() if raster.crs and not file_crs else own
    return _place_projected(window, found, move, middle), ""


@lru_cache(maxsize=4)
def _place_projected(window: Window, crs: str, move: Affine, middle: float) -> Placement:
    """Place a window by projecting it; cached, as the bands and dates of an archive share few lattices.

    Args:
        middle: x of the raster's middle.
    """
    back, to_raster = ~move, projection(window.crs, crs, middle=middle)

    def project(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        east, north = to_raster(x, y)
        return back.a * east + back.b * north + back.c, back.d * east + back.e * north + back.f

    return place_projected(window, project)


def _place_by_points(window: Window, points: list[Any], crs: str) -> tuple[Placement, str]:
    to_points = projection(window.crs, crs, middle=float(np.mean([point.x for point in points])))

    def project(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        east, north = to_points(x, y)
        with GCPTransformer(points, tps=True) as transformer:
            rows, columns = transformer.rowcol(east.ravel(), north.ravel(), op=np.asarray)
        return np.reshape(columns, x.shape), np.reshape(rows, x.shape)

    note = "it is placed by ground control points without a terrain model, so pixels may be off by hundreds of metres"
    return place_projected(window, project), note


def _read_raster(
    raster: DatasetReader, sources: Mapping[str, BandSource], placement: Placement, window: Window
) -> dict[str, NDArray[Any]]:
    """Return (Y, X) of each band on the window: physical values, or codes of a mask."""
    shape_yx = (raster.height, raster.width)
    if placement.shift is None:
        span = find_span(placement, shape_yx)
    else:
        span = Span(first=placement.shift, shape_yx=window.shape_yx)
    at = span.inside(shape_yx)
    indexes = [s.index for s in sources.values()]
    if max(indexes) > raster.count:
        raise ValueError(f"{Path(raster.name).name} has {raster.count} bands, not {max(indexes)}")
    if at[0].stop == at[0].start or at[1].stop == at[1].start:
        return {b: _nothing(b, window) for b in sources}
    stored = raster.read(indexes, window=((at[0].start, at[0].stop), (at[1].start, at[1].stop)))
    found: dict[str, NDArray[Any]] = {}
    for pixels, (band, source) in zip(stored, sources.items(), strict=True):
        if band in MASK_KINDS:
            codes = span.put(_codes(pixels, band, source), at, OUTSIDE[band])
            found[band] = codes if placement.shift is not None else nearest(codes, placement, span, fill=OUTSIDE[band])
        else:
            values = span.put(_decoded(pixels, source, band, raster), at, np.nan)
            found[band] = values if placement.shift is not None else interpolate(values, placement, span)
    return found


def _nothing(band: str, window: Window) -> NDArray[Any]:
    if band in MASK_KINDS:
        return np.full(window.shape_yx, OUTSIDE[band], np.uint8)
    return np.full(window.shape_yx, np.nan, np.float32)


def _codes(pixels: NDArray[Any], band: str, source: BandSource) -> NDArray[np.uint8]:
    if source.mask is not None:
        return source.mask.codes(pixels)
    if pixels.dtype == np.uint8:
        return pixels
    known = (pixels >= 0) & (pixels <= 255)
    return np.where(known, pixels, OUTSIDE[band]).astype(np.uint8)


def _with_nodata(coding: Coding, nodata: float | None) -> Coding:
    """Add the number that the file calls no data to those that the item does."""
    if nodata is None or not np.isfinite(nodata) or nodata in coding.fills:
        return coding
    return Coding(**{**coding.__dict__, "fills": (*coding.fills, float(nodata))})

"""The darkest clear reflectance of each scene by band, on sparse samples. No judgement: ingest.rasters.offsets."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from core.bands import OPTICAL_NAMES, Floats
from core.errors import ReadFailed
from ingest.io.raster_files import LOCAL, Access
from ingest.rasters.item import RasterItem
from ingest.rasters.reader import read_sparse
from ingest.rules.numbers import is_clear
from ingest.rules.offset.darkest import DARK_BANDS, DARKEST_WITH_OFFSET, date_floors

READ_THREADS = 8
FIRST_LOOKS = ("B02", "B04", "B03")
"""The band that is looked at first: dark in most scenes, which settles them."""
MOST_COMPARED = 24
"""Dark scenes, spread over the year, of which all bands are read where other scenes are bright."""


def read_floors(items: Sequence[RasterItem], access: Access = LOCAL) -> dict[str, Floats]:
    """Return (T,) the darkest clear reflectance of each scene by band; NaN = not known, or not needed."""
    with ThreadPoolExecutor(READ_THREADS) as pool:
        found = list(pool.map(lambda i: _first(i, access), items))
        is_dark = [any(v < DARKEST_WITH_OFFSET for v in f.values()) for f in found]
        is_bright = [
            not dark and any(np.isfinite(v) for v in f.values()) for dark, f in zip(is_dark, found, strict=True)
        ]
        if any(is_bright):
            compared = _spread([n for n, dark in enumerate(is_dark) if dark], items)
            for n, floors in zip(compared, pool.map(lambda n: _all_bands(items[n], access), compared), strict=True):
                found[n] = floors | found[n]
    bands = [b for b in OPTICAL_NAMES if any(b in f for f in found)]
    return {b: np.array([f.get(b, np.nan) for f in found], np.float32) for b in bands}


def visible_floors(floors: Mapping[str, Floats]) -> Floats:
    """Return (T, 3) the floors of B02, B03, B04, or three times that of a band which settles the scene."""
    table = np.stack(list(floors.values()), axis=1)
    lowest = np.nanmin(np.where(np.isnan(table), np.inf, table), axis=1, keepdims=True)
    nothing = np.full(len(table), np.nan, np.float32)
    visible = np.stack([floors.get(b, nothing) for b in DARK_BANDS], axis=1)
    return np.where(lowest < DARKEST_WITH_OFFSET, lowest, visible).astype(np.float32)


def _spread(dark: Sequence[int], items: Sequence[RasterItem]) -> list[int]:
    """Return some scenes, at equal distances in the order of the days of the year."""
    ordered = sorted(dark, key=lambda n: items[n].scene.time.timetuple().tm_yday)
    return ordered[:: -(-len(ordered) // MOST_COMPARED)] if ordered else []


def _first(item: RasterItem, access: Access) -> dict[str, float]:
    """Return the floor of one band where it settles the scene, else of all; none where files cannot be read."""
    try:
        first = next((b for b in FIRST_LOOKS if b in item.sources), item.reflectances[0])
        quick = _darkest(item, (first,), access, is_masked=False)
    except ReadFailed:
        return {}
    return quick if quick[first] < DARKEST_WITH_OFFSET else _all_bands(item, access)


def _all_bands(item: RasterItem, access: Access) -> dict[str, float]:
    try:
        return _darkest(item, item.reflectances, access, is_masked=True)
    except ReadFailed:
        return {}


def _darkest(item: RasterItem, bands: tuple[str, ...], access: Access, *, is_masked: bool) -> dict[str, float]:
    """Return the darkest clear reflectance of some bands on a sparse sample of a scene."""
    reading = read_sparse(item, bands, access, is_masked=is_masked)
    found = {}
    for band, values in reading.values.items():
        clear = values if reading.mask is None else np.where(is_clear(reading.mask, reading.mask_kind), values, np.nan)
        found[band] = float(date_floors({DARK_BANDS[0]: clear[None]})[0, 0])
    return found

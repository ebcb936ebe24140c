"""Rasters without a catalogue: items from file names that carry date and band, or from the bands' descriptions.

`T32TMT_20220607T103031_B04_10m.tif` is band B04 of one overpass; a GeoTIFF with a date in its name and described bands
is a whole one. Opens each raster once, for its place and for how its numbers are stored; reads a few pixels of it.
"""

import logging
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from affine import Affine
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader

from core.bands import RADAR_NAMES
from core.grid import Window
from ingest.archive import Scene
from ingest.rules.numbers import Coding, find_coding
from ingest.stac.assets import BAND_NAMES, MASK_NAMES, OFFSET_SINCE_BASELINE, BandSource
from ingest.stac.items import StacItem

logger = logging.getLogger(__name__)

RASTER_SUFFIXES = (".tif", ".tiff", ".jp2")
NAME_BANDS = {**BAND_NAMES, **{f"b{n}": f"B0{n}" for n in range(2, 9)}}
"""Words of file names, lower case, to our bands: what STAC items use, and B2 ... B8 of other programs."""
DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_]?(0[1-9]|1[0-2])[-_]?([0-2]\d|3[01])(?:T(\d{6}))?(?!\d)")
RESOLUTION = re.compile(r"^\d{1,3}m$", re.IGNORECASE)
BASELINE = re.compile(r"(?<![A-Za-z\d])N(\d\d)(\d\d)(?![A-Za-z\d])")
PRODUCT_BAND = re.compile(r"T\d\d[A-Z]{3}_\d{8}T\d{6}_[A-Z0-9]{3}(_\d\dm)?\.(jp2|tiff?)$")
"""Names that ESA gives to the rasters inside a product: their numbers are as ESA processed them."""
OFFSET_SINCE = date(2022, 1, 25)
"""First day of processing baseline 04.00."""
LOOK_THREADS = 8
"""Files opened at once: if they are remote, most of the time is waiting."""
SAMPLE_PIXELS = 128
"""Edge of the sample in the middle of a raster that shows how its numbers are stored."""


@dataclass(frozen=True, kw_only=True)
class NamedFile:
    """What the name of a file states."""

    href: str
    scene_id: str
    """The name without band and pixel size."""
    when: datetime
    band: str
    """Our name of the band; empty = not stated."""
    baseline: str
    """Sentinel-2 processing baseline; empty = not stated."""


def is_raster(name: str) -> bool:
    """Tell whether a file name is one of a raster that can be read."""
    return name.lower().endswith(RASTER_SUFFIXES)


def read_name(href: str, inside: str = "") -> NamedFile | None:
    """Read date and band from a path or URL; None where there is no date.

    Args:
        href: of a raster.
        inside: its folders below the archive's, where a date or baseline may stand as well.
    """
    stem = urlsplit(href).path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    found = DATE.search(stem) or DATE.search(inside)
    if found is None:
        return None
    try:
        day = date(int(found[1]), int(found[2]), int(found[3]))
        clock = datetime.strptime(found[4], "%H%M%S").time() if found[4] else time()  # noqa: DTZ007 - only its time
    except ValueError:
        return None
    words = re.split(r"[_.\s-]+", stem)
    bands = [NAME_BANDS[w.lower()] for w in words if w.lower() in NAME_BANDS]
    kept = [w for w in words if w.lower() not in NAME_BANDS and not RESOLUTION.match(w)]
    if not DATE.search(stem):
        kept.insert(0, found[0])
    baseline = BASELINE.search(f"{inside}/{stem}")
    return NamedFile(
        href=href,
        scene_id="_".join(w for w in kept if w),
        when=datetime.combine(day, clock, UTC),
        band=bands[-1] if bands else "",
        baseline=f"{baseline[1]}.{baseline[2]}" if baseline else "",
    )


def items_from_names(files: Iterable[NamedFile], open_raster: Any, *, versions: dict[str, str]) -> Iterator[StacItem]:
    """Yield an item for each overpass; files that cannot be opened or hold no known band are logged and left out.

    Args:
        files: rasters.
        open_raster: takes an href, returns a context with the opened raster; used in several threads.
        versions: href to a text that changes with the file.
    """
    groups: dict[tuple[str, datetime], list[NamedFile]] = defaultdict(list)
    for file in files:
        groups[(file.scene_id, file.when)].append(file)
    with ThreadPoolExecutor(LOOK_THREADS) as pool:
        items = pool.map(lambda g: _item(g[0][0], g[1], open_raster, versions), sorted(groups.items()))
        for ((scene_id, _), members), item in zip(sorted(groups.items()), items, strict=True):
            if item is None:
                logger.info("files_without_known_band scene=%s files=%d", scene_id, len(members))
            else:
                yield item


@dataclass(frozen=True, kw_only=True)
class _Looked:
    """Place and bands of one raster."""

    window: Window
    sources: dict[str, BandSource]
    note: str


def _item(scene_id: str, files: list[NamedFile], open_raster: Any, versions: dict[str, str]) -> StacItem | None:
    looked = [found for f in sorted(files, key=lambda f: f.href) if (found := _look(f, open_raster)) is not None]
    looked.sort(key=lambda found: found.window.resolution_m)
    sources: dict[str, BandSource] = {}
    for found in looked:  # the finest of several resolutions of one band
        sources = {**found.sources, **sources}
    if not set(sources) - set(MASK_NAMES):
        return None
    finest = looked[0]
    notes = sorted({found.note for found in looked if found.note})
    baseline = next((f.baseline for f in files if f.baseline), "")
    scene = Scene(
        scene_id=scene_id,
        time=files[0].when,
        sensor="s1" if set(sources) & set(RADAR_NAMES) else "s2",
        properties={"landcast:notes": notes} if notes else {},
        version="|".join(versions.get(f.href, "") for f in sorted(files, key=lambda f: f.href)),
        baseline=baseline,
    )
    transform = tuple(finest.window.transform)[:6]
    footprint = finest.window.footprint_wgs84
    return StacItem(scene=scene, geometry=footprint, crs=finest.window.crs, transform=transform, sources=sources)


def _look(file: NamedFile, open_raster: Any) -> _Looked | None:

    try:
        with open_raster(file.href) as raster:
            return _describe(file, raster)
    except (RasterioError, OSError) as error:
        logger.warning("file_left_out file=%s reason=%s", Path(file.href).name, type(error).__name__)
        return None


def _describe(file: NamedFile, raster: DatasetReader) -> _Looked | None:
    move: Affine = raster.transform
    if raster.crs is None or move.is_identity or move.b or move.d or not raster.crs.is_projected:
        logger.warning("file_left_out file=%s reason=not on a projected lattice", Path(file.href).name)
        return None
    names = [file.band] if file.band else [_described(text) for text in raster.descriptions]
    sources, notes = {}, []
    for index, name in enumerate(names[: raster.count], start=1):
        if name and name not in sources:
            coding, note = _coding(file, raster, index, name)
            sources[name] = BandSource(href=file.href, index=index, coding=coding)
            notes += [note] if note else []
    window = Window(crs=str(raster.crs), transform=move, shape_yx=(raster.height, raster.width))
    return _Looked(window=window, sources=sources, note=notes[0] if notes else "")


def _described(text: str | None) -> str:
    """Return our name of a band by its description: `B04`, `red`, or `B04 (red)`."""
    words = re.split(r"[^A-Za-z0-9]+", text or "")
    return next((NAME_BANDS[w.lower()] for w in words if w.lower() in NAME_BANDS), "")


def _coding(file: NamedFile, raster: DatasetReader, index: int, name: str) -> tuple[Coding, str]:
    """Find how a band is stored, and a note for the user if that is a guess."""
    if name in MASK_NAMES:
        return Coding(), ""
    scale, offset, nodata = raster.scales[index - 1], raster.offsets[index - 1], raster.nodatavals[index - 1]
    attrs: dict[str, Any] = {} if (scale, offset) == (1.0, 0.0) else {"scale_factor": scale, "add_offset": offset}
    fill = 0.0 if nodata is None and name not in RADAR_NAMES else nodata
    if fill is not None:
        attrs["_FillValue"] = fill
    coding = find_coding(name, attrs, _sample(raster, index), where=f"{Path(file.href).name}:{index}")
    if attrs.get("scale_factor") or name in RADAR_NAMES or coding.scale == 1.0:
        return coding, ""
    return _with_offset(coding, file)


def _with_offset(coding: Coding, file: NamedFile) -> tuple[Coding, str]:
    """Add the offset of reflectance that neither file nor catalogue states."""
    name = urlsplit(file.href).path.rsplit("/", 1)[-1]
    if file.baseline:
        return _shifted(coding, file.baseline >= OFFSET_SINCE_BASELINE), ""
    if PRODUCT_BAND.search(name) and file.when.date() >= OFFSET_SINCE:
        return _shifted(
            coding, True
        ), "its offset of -1000 is inferred from its date, as neither name nor file states it"
    if file.when.date() >= OFFSET_SINCE:
        return coding, "its numbers are assumed to carry no offset, as neither name nor file states one"
    return coding, ""


def _shifted(coding: Coding, is_shifted: bool) -> Coding:
    return Coding(**{**coding.__dict__, "offset": -0.1}) if is_shifted else coding


def _sample(raster: DatasetReader, index: int) -> Any:
    """Return the numbers in the middle."""
    row, column = (max(0, (n - SAMPLE_PIXELS) // 2) for n in (raster.height, raster.width))
    rows, columns = min(raster.height, row + SAMPLE_PIXELS), min(raster.width, column + SAMPLE_PIXELS)
    return raster.read(index, window=((row, rows), (column, columns)))

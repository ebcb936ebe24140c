"""One input, whatever it is: opened as the commands open it, with everything about it that needs no model."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
from pyproj import CRS

from cli.inspect.observations import (
    Look,
    Seen,
    band_groups,
    look_at_archive,
    look_at_cube,
    look_at_series,
    whole_window,
)
from cli.inspect.vectors import look_at_vectors
from cli.inspect.verdicts import Candidate, verdicts
from core.cube import Series
from core.errors import InvalidOption, InvalidTable, RequestError
from core.grid import Window
from core.settings import Settings
from core.source import AS_STATED, InputSummary, ReadAs
from core.timeline import Days, Period, to_date
from ingest.archive import Archive
from ingest.build.reader import reader_from
from ingest.cubes.read import CubeFile, open_cube
from ingest.preprocess.prepare import Preparation
from ingest.registry import FILE_URL, known_names, open_archive
from ingest.source import CUBE_ENDINGS, TABLE_INPUTS, TableSource
from ingest.tables import read_table
from ingest.vector_file import has_places
from ingest.vector_sources import FORMATS

ZARR = ("zarr.json", ".zgroup", ".zmetadata")
VECTOR_ENDINGS = tuple(FORMATS)
STAC_TYPES = ("Catalog", "Collection")
PATH = "PATH"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the pixels of a cube or an archive lie."""

    crs: str
    pixel_m: float
    shape_yx: tuple[int, int]
    bounds_wgs84: tuple[float, float, float, float]
    """West, south, east, north in degrees."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Sizes of a table."""

    series: int
    dates_least: int
    dates_median: int
    dates_most: int


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """Everything about an input; what does not apply is None or empty."""

    kind: str
    """`cube`, `archive`, `table`, `vectors`."""
    summary: InputSummary
    bands: tuple[str, ...] = ()
    place: Place | None = None
    seen: Seen | None = None
    counts: Counts | None = None
    failures: tuple[str, ...] = ()
    """Why parts could not be read, a sentence each."""
    products: dict[str, str] | None = None
    """`ready` or the sentence of a refusal, by product."""
    uses: dict[str, str] | None = None
    """The same by use, of polygons and points."""
    bounds_wgs84: tuple[float, float, float, float] | None = None
    """Of polygons."""
    path: Path = Path()
    opened: Archive | CubeFile | TableSource | None = None
    look: Look | None = None

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        facts = {
            "name": self.summary.name,
            "kind": self.kind,
            "layout": self.summary.layout,
            "taken": list(self.summary.taken),
            "remarks": list(self.summary.remarks),
            "place": asdict(self.place) if self.place else None,
            "bounds_wgs84": self.bounds_wgs84,
            "counts": asdict(self.counts) if self.counts else None,
            "bands": list(self.bands),
            "band_groups": band_groups(self.bands),
            "observations": _seen_json(self.seen) if self.seen else None,
            "failures": list(self.failures),
            "products": self.products,
            "uses": self.uses,
        }
        return {name: value for name, value in facts.items() if value not in (None, [], {})}


LINES = (".ndjson", ".jsonl")
"""Items or features in lines, which the archive refuses with the cause."""


def inspect_input(text: str, settings: Settings, read_as: ReadAs, *, column: str = "class") -> Inspected:
    """Open an input as what it is, and look at it.

    Args:
        text: path of a file or folder.
        settings: how archives are read, and where models lie.
        read_as: what the user states about it.
        column: of the class, in files of polygons or points.

    Raises:
        RequestError: there is no such file, or it cannot be read.
        ArchiveError: an archive failed.
    """
    path = Path(unquote(text.removeprefix(FILE_URL))) if text.startswith(FILE_URL) else Path(text)
    if not path.exists():
        raise InvalidOption(PATH, text, _missing(text))
    ending = path.suffix.lower()
    if ending in CUBE_ENDINGS or (path.is_dir() and any((path / name).exists() for name in ZARR)):
        return inspect_cube(path, settings, read_as)
    if path.is_dir() or _is_stac(path) or ending in LINES:
        return inspect_archive(path, settings, read_as)
    if ending in TABLE_INPUTS:
        return _inspect_table_or_points(path, settings, read_as, column)
    if ending in VECTOR_ENDINGS:
        return inspect_vectors(path, column, read_as)
    if ending in (".tif", ".tiff", ".jp2"):
        raise InvalidOption(PATH, text, "one raster is read as part of a folder; give the folder that it lies in")
    known = ", ".join((*CUBE_ENDINGS, *TABLE_INPUTS, *VECTOR_ENDINGS))
    raise InvalidOption(PATH, text, f"it is a folder, or a file that ends in {known}")


def inspect_cube(path: Path, settings: Settings, read_as: ReadAs) -> Inspected:
    """Look at a cube file.

    Raises:
        InvalidCube: it cannot be read as one.
    """
    file = open_cube(path, read_as=read_as, preparation=Preparation.from_settings(settings))
    look = look_at_cube(file)
    days = np.concatenate([file.days(axis) for axis in ("time", "time_s1", "time_weather")])
    candidate = Candidate(name=path.name, kind="cube", period=_period(days), bands=file.bands, seen=look.seen)
    return Inspected(
        kind="cube",
        summary=file.summary,
        bands=file.bands,
        place=_place(file.layout.window),
        seen=look.seen,
        products=verdicts(candidate, settings),
        path=path,
        opened=file,
        look=look,
    )


def inspect_archive(path: Path, settings: Settings, read_as: ReadAs) -> Inspected:
    """Look at a folder of cubes or rasters, or a STAC catalogue.

    Raises:
        RequestError: it cannot be read as an archive.
        ArchiveError: its scenes cannot be listed.
    """
    archive = open_archive(str(path), settings, read_as=read_as)
    look = look_at_archive(archive, reader_from(settings))
    candidate = Candidate(name=archive.name, kind="region", period=archive.period, bands=archive.bands, seen=look.seen)
    return Inspected(
        kind="archive",
        summary=archive.summary or InputSummary(name=archive.name, layout=archive.title),
        bands=archive.bands,
        place=_place(whole_window(archive)),
        seen=look.seen,
        failures=look.failures,
        products=verdicts(candidate, settings),
        path=path,
        opened=archive,
        look=look,
    )


def inspect_table(path: Path, settings: Settings, read_as: ReadAs) -> Inspected:
    """Look at a table of series.

    Raises:
        InvalidTable: it cannot be read as one.
    """
    found = read_table(path, None, read_as=read_as)
    source = TableSource(name=path.name, table=found.series, summary=found.summary)
    seen = look_at_series(found.series)
    candidate = Candidate(name=path.name, kind="table", period=source.period, bands=source.bands, seen=seen)
    return Inspected(
        kind="table",
        summary=found.summary,
        bands=found.series.shown,
        seen=seen,
        counts=_counts(found.series),
        products=verdicts(candidate, settings),
        opened=source,
    )


def inspect_vectors(path: Path, column: str, read_as: ReadAs = AS_STATED) -> Inspected:
    """Look at a file of polygons or points.

    Raises:
        RequestError: it is neither a region nor labels nor reference points.
    """
    found = look_at_vectors(path, column, read_as)
    return Inspected(kind="vectors", summary=found.summary, uses=found.uses, bounds_wgs84=found.bounds_wgs84)


def _inspect_table_or_points(path: Path, settings: Settings, read_as: ReadAs, column: str) -> Inspected:
    """Look at a table of series, or else of places: GeoParquet and CSV with coordinates are both."""
    try:
        return inspect_table(path, settings, read_as)
    except InvalidTable as error:
        try:
            return inspect_vectors(path, column, read_as)
        except RequestError as reason:
            raise (reason if has_places(path) else error) from None


def _missing(text: str) -> str:
    if text in known_names() or "://" in text:
        return f"it is no file; 'landcast doctor --archive {text}' tells about an archive by name or URL"
    return "there is no such file or folder"


def _is_stac(path: Path) -> bool:
    """Tell whether a JSON file is a STAC catalogue, collection, item or collection of items."""
    if path.suffix.lower() not in (".json", ".geojson"):
        return False
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return False
    features = document.get("features") if isinstance(document, dict) else None
    parts = [document, *(features[:1] if isinstance(features, list) else [])]
    return any(isinstance(p, dict) and (p.get("type") in STAC_TYPES or "stac_version" in p) for p in parts)


def _place(window: Window) -> Place:
    west, south, east, north = (round(float(edge), 6) for edge in window.footprint_wgs84.bounds)
    return Place(
        crs=window.crs if window.crs.startswith("EPSG:") else CRS.from_wkt(window.crs).name,
        pixel_m=window.resolution_m,
        shape_yx=window.shape_yx,
        bounds_wgs84=(west, south, east, north),
    )


def _period(days: Days) -> Period:
    return Period(start=to_date(int(days.min())), end=to_date(int(days.max())))


def _counts(series: Series) -> Counts:
    dates: Sequence[int] = np.isfinite(series.values).any(axis=2).sum(axis=1).tolist()
    return Counts(series=len(series), dates_least=min(dates), dates_median=int(np.median(dates)), dates_most=max(dates))


def _seen_json(seen: Seen) -> dict[str, Any]:
    return {
        "dates": len(seen.days),
        "clear_share": round(seen.clear_share, 4),
        "basis": seen.basis,
        "years": {year: asdict(found) for year, found in seen.by_year().items()},
    }

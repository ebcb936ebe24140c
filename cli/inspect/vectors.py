"""What a file of polygons or points is good for: a region to map, labels to learn from, reference points of a map."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyproj import CRS

from core.errors import InvalidRegion, RequestError
from core.region import WGS84, parse_region
from core.source import InputSummary
from evaluation.map_accuracy.reference import read_reference
from ingest.region_file import read_region_file
from training.labels.read_file import read_label_file

USES = {
    "region": "region to map (--region)",
    "labels": "labels to learn from (finetune --labels)",
    "reference": "reference points of a map (evaluate map --reference)",
}


@dataclass(frozen=True, kw_only=True)
class VectorLook:
    """What was read of a file of polygons or points."""

    summary: InputSummary
    uses: dict[str, str]
    """For each of USES what is there, or the sentence of the refusal."""
    bounds_wgs84: tuple[float, float, float, float] | None
    """Of a region; None = it is none."""


def look_at_vectors(path: Path, column: str) -> VectorLook:
    """Read a file as a region, as labels and as reference points; `column` is that of the class.

    Raises:
        RequestError: it is none of these; the sentence is that of the region.
    """
    readers = {"region": lambda: _region(path), "labels": lambda: _labels(path, column)}
    readers |= {"reference": lambda: _reference(path, column)}
    looks = {name: _tried(read) for name, read in readers.items()}
    fits = [found for found in looks.values() if isinstance(found, _Use)]
    if not fits:
        raise next(error for error in looks.values() if isinstance(error, RequestError))
    summary = fits[0].summary
    for other in fits[1:]:
        summary = summary.with_taken(*other.summary.taken).with_remarks(*other.summary.remarks)
    return VectorLook(
        summary=summary,
        uses={name: found.text if isinstance(found, _Use) else str(found) for name, found in looks.items()},
        bounds_wgs84=next((found.bounds_wgs84 for found in fits if found.bounds_wgs84), None),
    )


@dataclass(frozen=True, kw_only=True)
class _Use:
    text: str
    summary: InputSummary
    bounds_wgs84: tuple[float, float, float, float] | None = None


def _tried(read: Callable[[], _Use]) -> _Use | RequestError:
    """Return what is read, or the refusal."""
    try:
        return read()
    except RequestError as error:
        return error


def _region(path: Path) -> _Use:
    if not path.is_file():
        raise InvalidRegion(f"there is no file '{path}'")
    found = read_region_file(path)
    region = parse_region(found)
    text = f"ready: {region.area_km2:,.4g} km2"
    return _Use(text=text, summary=_summary(found, path, "polygons"), bounds_wgs84=region.bounds_wgs84)


def _labels(path: Path, column: str) -> _Use:
    found = read_label_file(path, column=column)
    classes = sorted(set(found.values.tolist()))
    text = f"ready: {len(found)} labels of {len(classes)} classes in the column '{column}'"
    return _Use(text=text, summary=_summary(found, path, "labels"))


def _reference(path: Path, column: str) -> _Use:
    found = read_reference(path, column=column, crs=CRS(WGS84))
    text = f"ready: {int((found.labels != '').sum())} points with a label in the column '{column}'"
    return _Use(text=text, summary=_summary(found, path, "points"))


def _summary(found: Any, path: Path, what: str) -> InputSummary:
    """Return the summary of a reader that gives one, else the name of what the file holds."""
    given = getattr(found, "summary", None)
    return given if isinstance(given, InputSummary) else InputSummary(name=path.name, layout=f"file of {what}")

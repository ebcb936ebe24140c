"""What a file of polygons or points is good for: a region to map, labels to learn from, reference points of a map."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pyproj import CRS

from core.errors import RequestError
from core.region import WGS84, parse_region
from core.source import AS_STATED, InputSummary, ReadAs
from evaluation.map_accuracy.reference import read_reference
from ingest.region_file import read_region
from ingest.vector_file import has_places
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


def look_at_vectors(path: Path, column: str, read_as: ReadAs = AS_STATED) -> VectorLook:
    """Read a file as a region, as labels and as reference points; `column` is that of the class.

    Raises:
        RequestError: it is none of these; the sentence is that of the region, or of labels for a table of points.
    """
    readers: dict[str, Callable[[], _Use]] = {
        "region": lambda: _region(path, read_as),
        "labels": lambda: _labels(path, column, read_as),
        "reference": lambda: _reference(path, column, read_as),
    }
    looks = {name: _tried(read) for name, read in readers.items()}
    fits = [found for found in looks.values() if isinstance(found, _Use)]
    if not fits:
        names = ("labels", *looks) if has_places(path) else tuple(looks)
        raise next(error for name in names if isinstance(error := looks[name], RequestError))
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


def _region(path: Path, read_as: ReadAs) -> _Use:
    found = read_region(path, read_as=read_as)
    region = parse_region(found.geojson)
    text = f"ready: {region.area_km2:,.4g} km2"
    return _Use(text=text, summary=found.summary, bounds_wgs84=region.bounds_wgs84)


def _labels(path: Path, column: str, read_as: ReadAs) -> _Use:
    found = read_label_file(path, column=column, read_as=read_as)
    classes = sorted(set(found.values.tolist()))
    text = f"ready: {len(found)} labels of {len(classes)} classes in the column '{column}'"
    return _Use(text=text, summary=found.summary)


def _reference(path: Path, column: str, read_as: ReadAs) -> _Use:
    found = read_reference(path, column=column, crs=CRS(WGS84), read_as=read_as)
    text = f"ready: {int((found.labels != '').sum())} points with a label in the column '{column}'"
    return _Use(text=text, summary=found.summary)

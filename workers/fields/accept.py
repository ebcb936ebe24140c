"""Accepting an order of fields: all checks that need no pixels, and an estimate. Maps: workers/accept.py."""

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from shapely import box, get_coordinates, prepare
from shapely.geometry.base import BaseGeometry

from core.errors import InvalidOption
from core.ground.scale import MOST_DISTORTION, area_scale
from core.job import FIELDS, Order
from core.region import MAX_AREA_KM2, WGS84, Field, Region, reproject, unwrap, wrap
from core.settings import Settings
from ingest.archive import Archive, Charged
from ingest.build.expected import expected_reads
from ingest.build.reader import Reader, reader_from
from ingest.rules.fields import area_km2
from ingest.rules.places import in_words, swapped_hint
from products.fields.columns import COLUMNS
from workers.accept import of_the_job, ordered_archive
from workers.dependencies import REAL, Dependencies, open_ordered
from workers.fields.collection import FieldCollection, read_collection
from workers.fields.group import groups_of_archive
from workers.fields.order import FieldOrder, resolve
from workers.queue.ledger import open_ledger

INPUTS = (
    *("fields", "archive", "products", "dates", "issue_date", "period", "id"),
    *("title", "priority", "max_cost", "max_seconds"),
)
CELL_DEGREES = 6
"""Scenes of an estimate are listed for boxes around the fields of cells of this size: one UTM zone each."""
FIELD_SECONDS = 0.06
"""Estimate for a field while this ledger has not answered any; measured times replace it."""


@dataclass(frozen=True, kw_only=True)
class CheckedFields:
    """An order of fields that may be accepted."""

    order: Order
    """With all defaults filled in."""
    upload: bytes
    """The features as JSON; their sha256 is in the order."""
    fields: tuple[Field, ...]
    archive: Archive
    wanted: FieldOrder

    @property
    def pixels(self) -> int:
        """About as many as the fields have."""
        return int(self.order.params["fields"]["pixels"])

    @property
    def geometries(self) -> list[BaseGeometry]:
        """Polygons of the fields that can be measured."""
        return _measurable(self.fields)


def check_fields(inputs: Mapping[str, Any], settings: Settings, dependencies: Dependencies = REAL) -> CheckedFields:
    """Check an order of fields.

    Args:
        inputs: `fields` (GeoJSON FeatureCollection), optionally the others of INPUTS.
        settings: which archives and models there are.
        dependencies: opens archives.

    Raises:
        RequestError: what is wrong, in one sentence.
    """
    for name in inputs:
        if name not in INPUTS:
            raise InvalidOption("input", name, f"the inputs are {', '.join(INPUTS)}")
    found = _collection(inputs)
    spec = ordered_archive(inputs, settings)
    archive = open_ordered(dependencies, spec, settings)
    _check_places(found.fields, archive)
    wanted = _resolved(inputs, archive, settings)
    upload = json.dumps(inputs["fields"], separators=(",", ":")).encode()
    size = {"count": len(found.fields), "pixels": _pixels(found.fields, archive)}
    params = _params(inputs, wanted) | {"fields": {**size, "sha256": hashlib.sha256(upload).hexdigest()}}
    order = Order(
        product=FIELDS,
        region=_around(_measurable(found.fields)).to_geojson(),
        archive=spec,
        model="",
        params=params,
        input=archive.summary.lines() if archive.summary else (),
        **of_the_job(inputs),
    )
    return CheckedFields(order=order, upload=upload, fields=found.fields, archive=archive, wanted=wanted)


def estimate_fields(inputs: Mapping[str, Any], settings: Settings, dependencies: Dependencies = REAL) -> dict[str, Any]:
    """Check an order of fields and count what it takes; see `workers.accept.estimate`. It has one piece of work.

    Raises:
        RequestError: as `check_fields`.
    """
    found = check_fields(inputs, settings, dependencies)
    pace = open_ledger(settings).pace(FIELDS, "")
    seconds = len(found.geometries) * FIELD_SECONDS if pace is None else found.pixels * pace
    return {
        "tiles": 1,
        "pixels": found.pixels,
        "area_km2": round(sum(map(area_km2, found.geometries)), 4),
        "archive_share": round(_archive_share(found), 4),
        "seconds": round(seconds, 1),
        **_reading(found, reader_from(settings)),
    }


def names_of(given: Any, name: str) -> list[str]:
    """Return the words of an input: a list of texts, or one text with commas.

    Raises:
        InvalidOption: it is something else.
    """
    words = given.split(",") if isinstance(given, str) else [] if given is None else given
    if not isinstance(words, Sequence) or not all(isinstance(w, str) for w in words):
        raise InvalidOption(name, given, "it is a list of names")
    return [w.strip() for w in words if w.strip()]


def _collection(inputs: Mapping[str, Any]) -> FieldCollection:
    if inputs.get("fields") is None:
        raise InvalidOption("fields", "", "it is missing; send a GeoJSON FeatureCollection with a feature a field")
    return read_collection(inputs["fields"], id_column=_text(inputs, "id"), taken=COLUMNS)


def _text(inputs: Mapping[str, Any], name: str) -> str:
    """Return an input that is a text, empty if it is not given."""
    value = inputs.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidOption(name, value, "it is a text")
    return value or ""


def _measurable(fields: Sequence[Field]) -> list[BaseGeometry]:
    return [f.geometry for f in fields if f.geometry is not None and not f.defect]


def _check_places(fields: Sequence[Field], archive: Archive) -> None:
    """Refuse fields none of which can be measured, or that are too much, or that lie elsewhere."""
    shapes = _measurable(fields)
    given = f"{len(fields):,} features"
    if not shapes:
        reason = next(f.defect for f in fields)
        raise InvalidOption("fields", given, f"none of them can be measured; of the first, {reason}")
    area = sum(map(area_km2, shapes))
    if area > MAX_AREA_KM2:
        reason = f"they cover {area:,.0f} km2, and those of one order cover {MAX_AREA_KM2:,.0f} km2 at most"
        raise InvalidOption("fields", given, f"{reason}; send them in parts")
    prepare(archive.footprint)
    if not any(archive.footprint.intersects(s) for s in shapes):
        covered = in_words(archive.footprint.bounds)
        hint = swapped_hint(get_coordinates(shapes), archive.footprint)
        raise InvalidOption("fields", given, f"none of them lies in '{archive.name}', which covers {covered}{hint}")


def _resolved(inputs: Mapping[str, Any], archive: Archive, settings: Settings) -> FieldOrder:
    given = {name: inputs.get(name) for name in ("dates", "issue_date", "period")}
    if inputs.get("products") == []:
        raise InvalidOption("products", "[]", "name one at least; without the input, all are answered")
    for name in ("issue_date", "period"):
        _text(inputs, name)
    try:
        return resolve(
            names_of(inputs.get("products"), "products"),
            given,
            settings,
            available=archive.period,
            shown=archive.bands,
            source=archive.name,
        )
    except (TypeError, AttributeError) as error:
        raise InvalidOption("inputs", given, f"a value has the wrong type ({error})") from None


def _params(inputs: Mapping[str, Any], wanted: FieldOrder) -> dict[str, Any]:
    """Return what has been decided: the same later, whatever the archive and the models then are."""
    params: dict[str, Any] = {
        "products": [p.product.id for p in wanted.parts],
        "issue_date": wanted.issue.isoformat(),
        "models": {p.product.id: p.checkpoint.name for p in wanted.parts},
        "id": _text(inputs, "id"),
    }
    if inputs.get("period"):
        params["period"] = inputs["period"]
    if wanted.forecast is not None:
        params["dates"] = wanted.forecast.options.to_json()["dates"]
    return params


def _pixels(fields: Sequence[Field], archive: Archive) -> int:
    """Return about how many pixels fields have, by their size on the ground where they lie."""
    shapes = _measurable(fields)
    inside = next(s for s in shapes if archive.footprint.intersects(s))
    grid = archive.grid(Region(geometry=inside))
    areas_m2 = np.array([area_km2(s) for s in shapes]) * 1e6
    return max(1, round(float((areas_m2 * _scales(shapes, grid.crs)).sum()) / grid.resolution_m**2))


def _scales(shapes: Sequence[BaseGeometry], crs: str) -> NDArray[np.float64]:
    """Return the areas of polygons in a CRS over those on the ground; 1 where they differ little or are not known."""
    places = [reproject(s.representative_point(), WGS84, crs) for s in shapes]
    scale = area_scale(CRS.from_user_input(crs), *get_coordinates(places).T)
    return np.where(np.abs(1 / scale - 1) > MOST_DISTORTION, scale, 1.0)


def _around(shapes: Sequence[BaseGeometry]) -> Region:
    """Return the smallest box around polygons, the shorter way around the globe; it may be larger than a region."""
    bounds = np.array([unwrap(s).bounds for s in shapes])
    moved = bounds.copy()
    moved[bounds[:, 0] < 0, ::2] += 360
    found = min((bounds, moved), key=lambda b: b[:, 2].max() - b[:, 0].min())
    west, south = found[:, :2].min(axis=0)
    east, north = found[:, 2:].max(axis=0)
    return Region(geometry=wrap(box(west, south, min(east, west + 360), north)))


def _archive_share(found: CheckedFields) -> float:
    """Return the share of the fields' area that the archive covers, 0..1."""
    footprint, shapes = found.archive.footprint, found.geometries
    areas = [area_km2(s) for s in shapes]
    prepare(footprint)
    shares = [1.0 if footprint.contains(s) else footprint.intersection(s).area / s.area for s in shapes]
    return float(np.average(shares, weights=areas))


def _reading(found: CheckedFields, reader: Reader) -> dict[str, Any]:
    """Return what is to be read: listed `scenes`, and at most `scene_reads`, `read_bytes` and `processing_units`."""
    archive, bands = found.archive, found.wanted.bands
    listed, reads, size, units = set(), 0, 0, 0.0
    for fields in _cells(found).values():
        region = _around([f.geometry for f in fields.values() if f.geometry is not None])
        scenes = archive.search(archive.grid(region).window(region), found.wanted.period)
        windows = [group.window for group in groups_of_archive(fields, archive)]
        expected = expected_reads(archive, windows, scenes, bands, reader)
        listed |= {s.scene_id for s in scenes}
        reads, size = reads + expected.scene_reads, size + expected.read_bytes
        if isinstance(archive, Charged):
            units += sum(archive.cost(scenes, window, bands) for window in windows)
    counted = {"scenes": len(listed), "scene_reads": reads, "read_bytes": size}
    return counted | ({"processing_units": round(units, 2)} if isinstance(archive, Charged) else {})


def _cells(found: CheckedFields) -> dict[tuple[int, int], dict[int, Field]]:
    """Return the fields that can be measured and touch the archive, by cells of CELL_DEGREES and their positions."""
    cells: dict[tuple[int, int], dict[int, Field]] = defaultdict(dict)
    for number, field in enumerate(found.fields):
        if field.geometry is not None and not field.defect and found.archive.footprint.intersects(field.geometry):
            centre = field.geometry.representative_point()
            cells[(math.floor(centre.x / CELL_DEGREES), math.floor(centre.y / CELL_DEGREES))][number] = field
    return cells

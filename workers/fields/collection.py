"""Fields that an order brings as GeoJSON: polygons with the user's ids, bounded in number and vertices. No files.

Files of the command line are read by ingest/field_file.py; both give the same fields of the same features. GeoPandas is
not used: the API checks orders, and need not load it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shapely import MultiPolygon, force_2d, get_num_coordinates, get_parts
from shapely.geometry.base import BaseGeometry

from core.errors import InvalidOption, InvalidRegion
from core.region import Field, read_polygon, wrap
from core.source import listed
from ingest.rules.fields import ID_COLUMNS, MAX_FIELDS, RESERVED, ROW_NUMBER, defect_of
from ingest.rules.places import SWAPPED, are_degrees, are_swapped_degrees, foreign_crs_in
from workers.region_limits import FEW_EDGES, check_outlines

MAX_VERTICES = 200_000
"""Of all fields of an order: 20 for each of 10,000, and as many as a body of 4 MiB holds."""
MAX_GEOMETRIES = 50_000
"""Geometries of all collections together: five for each of 10,000 fields."""
LARGEST_ID = 2**63 - 1
"""Whole numbers beyond it become text: no table holds them."""


@dataclass(frozen=True, kw_only=True)
class FieldCollection:
    """Fields in the order of the features."""

    fields: tuple[Field, ...]
    id_column: str
    """Name of the ids: that of the property, else `id`."""


def read_collection(document: Any, *, id_column: str = "", taken: Sequence[str] = ()) -> FieldCollection:
    """Read a GeoJSON FeatureCollection in WGS84 longitude/latitude.

    A feature that cannot be measured becomes a field with a defect; nothing is repaired.

    Args:
        document: what was sent.
        id_column: property that names the fields; empty = the property `id`, else the id of the feature, else the
            property `name`, else the number of the feature, from 1.
        taken: names that the property of ids cannot have, as the result has columns of these names.

    Raises:
        InvalidOption: it is no such collection, empty, too large, without a polygon, or not in degrees.
    """
    features = _features(document)
    column = _column(features, id_column, taken)
    shapes = _shapes(features)
    if not any(isinstance(s, BaseGeometry) for s in shapes):
        raise _refused(f"{len(features):,} features", f"none of them has a usable polygon; of the first, {shapes[0]}")
    _check_degrees([s for s in shapes if isinstance(s, BaseGeometry)])
    rows = zip(_ids(features, column), _names(features, column), shapes, strict=True)
    return FieldCollection(fields=tuple(_field(i, name, s) for i, name, s in rows), id_column=column or ROW_NUMBER)


def _refused(what: object, reason: str) -> InvalidOption:
    return InvalidOption("fields", what, reason)


def _features(document: Any) -> list[Mapping[str, Any]]:
    """Return the features of a collection, having counted them."""
    kind = document.get("type") if isinstance(document, dict) else None
    if kind != "FeatureCollection":
        raise _refused(
            kind or type(document).__name__, "send a GeoJSON FeatureCollection with a feature for each field"
        )
    features = document.get("features")
    if not isinstance(features, list) or not features:
        raise _refused(kind, "it holds no features")
    if len(features) > MAX_FIELDS:
        reason = f"an order takes {MAX_FIELDS:,} fields at most; send them in parts"
        raise _refused(f"{len(features):,} features", reason)
    for number, feature in enumerate(features, start=1):
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            raise _refused(kind, f"its feature {number} is not a GeoJSON Feature")
    if stated := foreign_crs_in(document):
        raise _refused(f"crs {stated}", "send longitude and latitude of WGS84, as RFC 7946 says")
    return features


def _column(features: Sequence[Mapping[str, Any]], wanted: str, taken: Sequence[str]) -> str:
    """Return the property of the ids; `id` also where features have ids of their own, empty = numbers of features."""
    known = dict.fromkeys(str(name) for f in features for name in _properties(f))
    if wanted and wanted not in known:
        raise InvalidOption("id", wanted, f"the properties of the features are {listed(list(known)) or 'none'}")
    if wanted.lower() in {*taken, *RESERVED}:
        raise InvalidOption("id", wanted, "the result has a column of this name; rename the property")
    lowered = {name.lower(): name for name in reversed(known)}
    own = {"id": "id"} if any(f.get("id") is not None for f in features) else {}
    lowered = {**lowered, **own, **({"id": lowered["id"]} if "id" in lowered else {})}
    return wanted or next((lowered[name] for name in ID_COLUMNS if name in lowered), "")


def _properties(feature: Mapping[str, Any]) -> Mapping[str, Any]:
    found = feature.get("properties")
    return found if isinstance(found, dict) else {}


def _ids(features: Sequence[Mapping[str, Any]], column: str) -> list[Any]:
    """Return the ids; where one is missing, the number of its feature."""
    given = [_value(_properties(f).get(column, f.get("id") if column == "id" else None)) for f in features]
    numbers = [v for v in given if isinstance(v, float)]
    is_whole = all(v.is_integer() for v in numbers) and all(isinstance(v, int | float) for v in given if v is not None)
    return [n if v is None else _whole(v) if is_whole else v for n, v in enumerate(given, start=1)]


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) else value


def _value(given: Any) -> Any:
    """Return an id as every format can hold it; None = there is none."""
    if given is None or given != given or str(given).strip() == "":
        return None
    if isinstance(given, int | float) and abs(given) <= LARGEST_ID:
        return given
    return _text(given)


def _text(given: Any) -> str:
    """Return a text without halves of surrogate pairs and NUL, which JSON may hold and files cannot."""
    return str(given).encode("utf-8", "replace").decode().replace("\x00", "?")


def _names(features: Sequence[Mapping[str, Any]], column: str) -> list[str]:
    """Return the property `name`, if it is not that of the ids; empty where there is none."""
    known = dict.fromkeys(str(name) for f in features for name in _properties(f))
    own = next((n for n in known if n.lower() == "name" and n != column), "")
    values = [_properties(f).get(own) if own else None for f in features]
    return ["" if v is None or v != v else _text(v) for v in values]


def _shapes(features: Sequence[Mapping[str, Any]]) -> list[BaseGeometry | str]:
    """Return the polygons of each feature, or why it has none, a clause.

    Raises:
        InvalidOption: all together have too many vertices or geometries.
    """
    found: list[BaseGeometry | str] = []
    vertices, geometries = 0, 0
    for feature in features:
        parts = _parts(feature.get("geometry"), most=MAX_GEOMETRIES - geometries)
        geometries += len(parts)
        shape = _shape(parts)
        vertices += 0 if isinstance(shape, str) else int(get_num_coordinates(shape))
        if vertices > MAX_VERTICES:
            raise _refused(
                f"{len(features):,} features",
                f"they have more than {MAX_VERTICES:,} vertices, the most of one order; simplify them, or send parts",
            )
        found.append(shape)
    return found


def _parts(geometry: Any, *, most: int) -> list[Mapping[str, Any]]:
    """Return the geometries of a geometry, those in nested collections too."""
    found: list[Mapping[str, Any]] = []
    waiting = [geometry]
    while waiting:
        one = waiting.pop()
        inner = one.get("geometries") if isinstance(one, dict) and one.get("type") == "GeometryCollection" else None
        if isinstance(inner, list):
            waiting += reversed(inner)
        elif isinstance(one, dict):
            found.append(one)
        if len(found) + len(waiting) > most:
            raise _refused("collections", f"they hold more than {MAX_GEOMETRIES:,} geometries; send them in parts")
    return found


def _shape(parts: Sequence[Mapping[str, Any]]) -> BaseGeometry | str:
    """Return the polygons of some geometries, valid or not; why there are none as a text."""
    polygonal = [p for p in parts if p.get("type") in ("Polygon", "MultiPolygon")]
    if not polygonal:
        kind = str(parts[0].get("type") or "")[:40] if parts else ""
        return f"it is a {kind}, and only polygons have pixels" if kind else "it has no geometry"
    try:
        polygons = [force_2d(p) for p in map(read_polygon, map(dict, polygonal))]
        for polygon in polygons:
            if get_num_coordinates(polygon) > FEW_EDGES:
                check_outlines([polygon])
    except InvalidRegion as error:
        return error.reason
    whole = [p for p in get_parts(polygons) if not p.is_empty]
    if not whole:
        return "it has no geometry"
    return whole[0] if len(whole) == 1 else MultiPolygon(whole)


def _check_degrees(shapes: Sequence[BaseGeometry]) -> None:
    for shape in shapes:
        if not are_degrees(shape.bounds):
            west, south, east, north = shape.bounds
            hint = SWAPPED if are_swapped_degrees(shape.bounds) else "send longitude and latitude of WGS84"
            where = f"{west:.1f}, {south:.1f} to {east:.1f}, {north:.1f}"
            raise _refused(where, f"these coordinates are not degrees; {hint}")


def _field(own_id: Any, name: str, shape: BaseGeometry | str) -> Field:
    """Return a field, one across 180 degrees cut there."""
    if isinstance(shape, str):
        return Field(id=own_id, name=name, defect=shape)
    placed = wrap(shape) if shape.is_valid else shape
    return Field(id=own_id, name=name, geometry=placed, defect=defect_of(placed, shape))

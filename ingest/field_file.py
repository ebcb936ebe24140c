"""Fields of a file in any common vector format and CRS: each polygon with its id. What cannot be measured says why."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from shapely import MultiPolygon, force_2d, get_parts, get_type_id
from shapely.geometry.base import BaseGeometry

from core.errors import InvalidOption
from core.region import POLYGON, WGS84, Field, reproject, segmentize
from core.source import AS_STATED, InputSummary, ReadAs, counted, listed
from ingest.rules.fields import ID_COLUMNS, MAX_FIELDS, RESERVED, ROW_NUMBER, defect_of
from ingest.rules.refusal import Refused
from ingest.vector_file import VectorFile, read_vector

EDGE_M = 1000.0
"""Longest edge of a projected CRS that keeps its shape in degrees: the error is below 0.2 m."""


@dataclass(frozen=True, kw_only=True)
class FieldFile:
    """Fields in the order of the file, and how the file was understood."""

    fields: tuple[Field, ...]
    id_column: str
    """Name of the ids in the file; `id` where they are row numbers."""
    summary: InputSummary


def read_fields(
    path: Path, *, id_column: str = "", taken: Sequence[str] = (), layer: str = "", read_as: ReadAs = AS_STATED
) -> FieldFile:
    """Read fields from any format of ingest/vector_file.py, in any stated CRS.

    Args:
        path: of the file.
        id_column: names the fields; empty = `id`, else `name`, else the number of the row, from 1.
        taken: names that the column of ids cannot have, as a result has columns of these names.
        layer: of a file with several; empty = the only one.
        read_as: its CRS, where the file states none or a wrong one.

    Raises:
        InvalidOption: no such file, column or layer, not of its format, no polygons, too many, or without a CRS.
    """
    try:
        found = read_vector(path, crs=read_as.crs, layer=layer, most=MAX_FIELDS)
    except Refused as error:
        raise InvalidOption("FIELDS", path, str(error)) from None
    if not len(found.table):
        raise InvalidOption("FIELDS", path, "it holds no features")
    if len(found.table) > MAX_FIELDS:
        raise InvalidOption("FIELDS", path, f"it holds more than {MAX_FIELDS:,} fields; give it in parts")
    return fields_of(found, id_column=id_column, taken=taken)


def fields_of(found: VectorFile, *, id_column: str = "", taken: Sequence[str] = ()) -> FieldFile:
    """Return the features of a vector file as fields.

    Raises:
        InvalidOption: no such column, or no polygon.
    """
    column = _id_column(found, id_column, taken)
    ids = _ids(found.table[column]) if column else list(range(1, len(found.table) + 1))
    names = _names(found, column)
    shapes = [_polygons(g) for g in found.table.geometry]
    if all(s is None or s.is_empty for s in shapes):
        raise InvalidOption("FIELDS", found.name, "it holds no polygon, and only polygons have pixels")
    placed = _in_wgs84(shapes, found)
    rows = zip(ids, names, placed, found.table.geometry, strict=True)
    fields = tuple(Field(id=i, name=n, geometry=g, defect=defect_of(g, own)) for i, n, g, own in rows)
    return FieldFile(fields=fields, id_column=column or ROW_NUMBER, summary=_summary(found, column, fields))


def _id_column(found: VectorFile, wanted: str, taken: Sequence[str]) -> str:
    """Return the column of ids; empty = row numbers."""
    columns = [str(c) for c in found.table.columns if c != found.table.geometry.name]
    if wanted and wanted not in columns:
        raise InvalidOption("--id", wanted, f"the columns of '{found.name}' are {listed(columns) or 'none'}")
    if wanted.lower() in {*taken, *RESERVED}:
        raise InvalidOption("--id", wanted, "the result has a column of this name; rename that of the file")
    lowered = {c.lower(): c for c in reversed(columns)}
    return wanted or next((lowered[n] for n in ID_COLUMNS if n in lowered), "")


def _ids(column: Any) -> list[Any]:
    """Return the ids of a column, whole numbers as such; where one is missing, the number of its row."""
    values = column.tolist()
    whole = pd.api.types.is_float_dtype(column) and np.all(np.mod(column.dropna(), 1) == 0)
    given = [None if pd.isna(v) or str(v).strip() == "" else v for v in values]
    return [n if v is None else int(v) if whole else _plain(v) for n, v in enumerate(given, start=1)]


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | str) else str(value)


def _names(found: VectorFile, id_column: str) -> list[str]:
    """Return the names of a column `name` that is not that of the ids; empty where there are none."""
    column = next((c for c in found.table.columns if str(c).lower() == "name" and c != id_column), None)
    if column is None:
        return [""] * len(found.table)
    return ["" if pd.isna(v) else str(v) for v in found.table[column]]


def _polygons(geometry: BaseGeometry | None) -> BaseGeometry | None:
    """Return the polygons of a geometry, also of a collection; None if it has none."""
    if geometry is None:
        return None
    parts = get_parts(get_parts(force_2d([geometry])))
    own = parts[get_type_id(parts) == POLYGON]
    own = [p for p in own if not p.is_empty]
    if not own:
        return None
    return own[0] if len(own) == 1 else MultiPolygon(own)


def _in_wgs84(shapes: Sequence[BaseGeometry | None], found: VectorFile) -> list[BaseGeometry | None]:
    import geopandas

    crs = found.crs
    if crs.equals(WGS84, ignore_axis_order=True):
        return list(shapes)
    if crs.is_projected:
        shapes = [s if s is None else segmentize(s, EDGE_M) for s in shapes]
    placed = [None if s is None else s for s in geopandas.GeoSeries(list(shapes), crs=crs).to_crs(WGS84)]
    return [_cut(s, crs.to_wkt(), own) for s, own in zip(placed, shapes, strict=True)]


def _cut(placed: BaseGeometry | None, crs: str, own: BaseGeometry | None) -> BaseGeometry | None:
    """Return a polygon in WGS84, one across 180 degrees cut there."""
    if placed is None or own is None or placed.bounds[2] - placed.bounds[0] <= 180:
        return placed
    return reproject(own, crs, WGS84)


def _summary(found: VectorFile, column: str, fields: Sequence[Field]) -> InputSummary:
    bad = [f for f in fields if f.defect]
    reasons = {r: len(list(g)) for r, g in itertools.groupby(sorted(f.defect.split(" (")[0] for f in bad))}
    remarks = [f"{counted(n, 'field', 'fields')} cannot be measured: {reason}." for reason, n in reasons.items()]
    again = len(fields) - len({str(f.id) for f in fields})
    if again:
        repeats = "field repeats the id of another" if again == 1 else "fields repeat the id of another"
        remarks.append(f"{again:,} {repeats}; each has its own lines.")
    return InputSummary(
        name=found.name,
        layout=f"fields in {found.layout}",
        taken=(f"fields: {len(fields):,}", f"ids: {column or 'number of the row'}", f"CRS: {found.crs.name}"),
        remarks=(*found.remarks, *remarks),
    )

"""Files of labels: polygons or points of any common vector format with a class column, read and checked. No pixels."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyogrio
from geopandas import GeoDataFrame
from numpy.typing import NDArray
from shapely import force_2d, get_type_id, is_empty, is_missing, is_valid, make_valid
from shapely.geometry.base import BaseGeometry

from core.errors import InvalidOption, InvalidPeriod
from core.region import WGS84
from core.timeline import FIRST_DATE, LAST_DATE, Days, parse_date, to_day

FORMATS = (".gpkg", ".geojson", ".json", ".parquet", ".geoparquet", ".shp", ".fgb")
PARQUET = (".parquet", ".geoparquet")
MAX_LABELS = 20_000
"""Each is looked up in the archive; a country's inventory is to be cut to the region that matters first."""
MAX_REASON = 200
"""Characters of a library's message about a broken file."""
MAX_NAMES = 20
"""Values or columns that a sentence names."""
AREAS, POINTS = (3, 6), (0, 4)
"""Types of shapely: Polygon and MultiPolygon, Point and MultiPoint."""


@dataclass(frozen=True, kw_only=True)
class LabelFile:
    """Labels as the file states them, those without class or usable geometry left out."""

    name: str
    """File name without its folder."""
    crs: str
    """WKT of the CRS, as the file states it; x before y."""
    geometries: NDArray[np.object_]
    """(N,) shapely polygons or points, single or multi."""
    values: NDArray[np.str_]
    """(N,) text in the class column; whole numbers without `.0`."""
    days: Days | None
    """(N,) date of each label, days since 1970-01-01; None = the file states none."""
    left_out: tuple[str, ...] = ()
    """What was left out and how many, one phrase each."""

    def __len__(self) -> int:
        return len(self.values)


def read_label_file(
    path: Path,
    *,
    column: str = "class",
    date_column: str = "",
    layer: str = "",
    footprint: BaseGeometry | None = None,
) -> LabelFile:
    """Read labels.

    Args:
        path: GeoPackage, GeoJSON, GeoParquet, Shapefile or FlatGeobuf, in any CRS that it states.
        column: of the class, texts or codes.
        date_column: of the date of each label, or of a year, which means its 31 December; empty = none.
        layer: of a file with several; empty = the only one.
        footprint: in WGS84; where the format allows, nothing else is read. None = all.

    Raises:
        InvalidOption: no such file or column, several layers and none named, no geometry, no CRS, no label, too many,
            or the file cannot be read.
        InvalidPeriod: a date cannot be read.
    """
    table = _read(path, layer, footprint)
    _check(path, table, column, date_column)
    kept, left_out = _usable(table, column)
    if not kept.any():
        reason = f"none of its {len(table)} features has both a polygon or point and a value in '{column}'"
        raise InvalidOption("--labels", path.name, reason)
    table = table[kept]
    geometries = force_2d(np.asarray(table.geometry.array, object))
    broken = ~is_valid(geometries)
    geometries[broken] = make_valid(geometries[broken])
    return LabelFile(
        name=path.name,
        crs=table.crs.to_wkt(),
        geometries=geometries,
        values=np.array([text_of(v) for v in table[column]]),
        days=_days(table[date_column].tolist(), date_column) if date_column else None,
        left_out=left_out,
    )


def text_of(value: Any) -> str:
    """Return a class value as text: trimmed, whole numbers without decimals."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _read(path: Path, layer: str, footprint: BaseGeometry | None) -> GeoDataFrame:
    if not path.is_file():
        raise InvalidOption("--labels", path, "there is no such file")
    if path.suffix.lower() not in FORMATS:
        raise InvalidOption("--labels", path.name, f"its ending is none of {', '.join(FORMATS)}")
    if layer and path.suffix.lower() in PARQUET:
        raise InvalidOption("--layer", layer, "a Parquet file has no layers")
    try:
        if path.suffix.lower() in PARQUET:
            return geopandas.read_parquet(path)
        near = None if footprint is None else geopandas.GeoSeries([footprint], crs=WGS84)
        return geopandas.read_file(
            path, engine="pyogrio", layer=_layer(path, layer), bbox=near, rows=MAX_LABELS + 1, fid_as_index=True
        )
    except (RuntimeError, ValueError, OSError) as error:  # of pyogrio, pyproj and pyarrow
        reason = " ".join(str(error).split())[:MAX_REASON].rstrip(".")
        raise InvalidOption("--labels", path.name, f"it cannot be read as {path.suffix[1:]} ({reason})") from None


def _layer(path: Path, layer: str) -> str:
    names = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
    if layer in names:
        return layer
    if layer or len(names) > 1:
        raise InvalidOption("--layer", layer, f"'{path.name}' has the layers {named(names)}")
    if not names:
        raise InvalidOption("--labels", path.name, "it has no geometry, only a table")
    return names[0]


def _check(path: Path, table: GeoDataFrame, column: str, date_column: str) -> None:
    """Refuse a table that no label can be read from; errors name what it has instead."""
    if not hasattr(table, "geometry") or getattr(table, "_geometry_column_name", None) is None:
        raise InvalidOption("--labels", path.name, "it has no geometry, only a table")
    columns = [str(c) for c in table.columns if c != table.geometry.name]
    for option, name in (("--column", column), ("--date-column", date_column)):
        if name and name not in columns:
            raise InvalidOption(option, name, f"'{path.name}' has the columns {named(columns) or '(none)'}")
    if table.crs is None:
        reason = "it does not state its CRS (of a Shapefile, the .prj file is missing)"
        raise InvalidOption("--labels", path.name, reason)
    if len(table) > MAX_LABELS:
        reason = f"it holds more than {MAX_LABELS} labels here; cut it to the region that you map"
        raise InvalidOption("--labels", path.name, reason)


def _usable(table: GeoDataFrame, column: str) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
    """Return (N,) which features have a class and a geometry that can be used, and what the others lack."""
    shapes = np.asarray(table.geometry.array, object)
    has_class = table[column].notna().to_numpy() & (table[column].astype(str).str.strip() != "").to_numpy()
    nothing = is_missing(shapes) | is_empty(shapes)
    fits = np.isin(get_type_id(shapes), (*AREAS, *POINTS)) & ~nothing
    counts = {
        "without a geometry": nothing,
        "neither polygon nor point": ~fits & ~nothing,
        f"without a value in '{column}'": fits & ~has_class,
    }
    return fits & has_class, tuple(f"{int(n.sum())} {why}" for why, n in counts.items() if n.any())


def _days(values: list[Any], column: str) -> Days:
    return np.array([to_day(_date(value, column)) for value in values], np.int32)


def _date(value: Any, column: str) -> date:
    """Read a date, a time, or a year, whose last day is meant."""
    text = text_of(value)
    if text.isdigit() and FIRST_DATE.year <= int(text) <= LAST_DATE.year:
        return date(int(text), 12, 31)
    try:
        return parse_date(text.replace("/", "-").split(" ")[0])
    except InvalidPeriod:
        raise InvalidPeriod(text, f"a label has it in its column '{column}'") from None


def named(names: list[str]) -> str:
    """Return names for a sentence, the first twenty."""
    more = f", ... ({len(names)} in all)" if len(names) > MAX_NAMES else ""
    return ", ".join(names[:MAX_NAMES]) + more

"""Files of labels: polygons or points of any common vector format with a class column, read and checked. No pixels."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from geopandas import GeoDataFrame
from numpy.typing import NDArray
from pyproj import CRS
from shapely import force_2d, get_type_id, is_empty, is_missing, is_valid, make_valid
from shapely.geometry.base import BaseGeometry

from core.errors import InvalidOption, InvalidPeriod
from core.source import AS_STATED, InputSummary, ReadAs, counted
from core.timeline import FIRST_DATE, LAST_DATE, Days
from ingest.rules import ids
from ingest.rules.columns import find_column
from ingest.rules.dates import read_dates
from ingest.rules.places import in_words, swapped_hint
from ingest.rules.refusal import Refused
from ingest.vector_file import VectorFile, extent, read_vector

MAX_LABELS = 20_000
"""Each is looked up in the archive; a country's inventory is to be cut to the region that matters first."""
MAX_NAMES = 20
"""Values or columns that a sentence names."""
AREAS, POINTS = (3, 6), (0, 4)
"""Types of shapely: Polygon and MultiPolygon, Point and MultiPoint."""
_WHOLE = re.compile(r"(-?\d+)\.0+")


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
    summary: InputSummary
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
    read_as: ReadAs = AS_STATED,
) -> LabelFile:
    """Read labels.

    Args:
        path: any vector format of ingest/vector_file.py in any CRS, or a table of points with `lon` and `lat`.
        column: of the class, texts or codes.
        date_column: of the date of each label, or of a year, which means its 31 December; empty = none.
        layer: of a file with several; empty = the only one.
        footprint: in WGS84; where the format allows, nothing else is read. None = all.
        read_as: what the user states: CRS, column of dates.

    Raises:
        InvalidOption: no such file or column, several layers and none named, no geometry, no CRS, no label, too many,
            or the file cannot be read.
        InvalidPeriod: no date can be read.
    """
    try:
        found = read_vector(path, crs=read_as.crs, layer=layer, most=MAX_LABELS, near=footprint)
        if not len(found.table) and footprint is not None:
            raise Refused(_none_near(path, found, layer, footprint))
    except Refused as error:
        raise InvalidOption("--labels", path.name, str(error)) from None
    class_column = _column(path, found.table, "--column", column)
    when = _column(path, found.table, "--date-column", date_column or read_as.date_from)
    if len(found.table) > MAX_LABELS:
        reason = f"it holds more than {MAX_LABELS} labels here; cut it to the region that you map"
        raise InvalidOption("--labels", path.name, reason)
    return _labels(path, found, class_column, when)


def text_of(value: Any) -> str:
    """Return a class value as text: trimmed, whole numbers without decimals."""
    text = ids.text_of(value)
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


def _labels(path: Path, found: VectorFile, column: str, when: str) -> LabelFile:
    kept, left_out = _usable(found.table, column)
    if not kept.any():
        reason = f"none of its {len(found.table)} features has both a polygon or point and a value in '{column}'"
        raise InvalidOption("--labels", path.name, reason)
    days = None
    if when:
        days, is_dated, phrase = _days(found.table[when][kept], when)
        kept[np.nonzero(kept)[0][~is_dated]] = False
        days, left_out = days[is_dated], (*left_out, *phrase)
    table = found.table[kept]
    geometries = force_2d(np.asarray(table.geometry.array, object))
    broken = ~is_valid(geometries)
    geometries[broken] = make_valid(geometries[broken])
    return LabelFile(
        name=path.name,
        crs=table.crs.to_wkt(),
        geometries=geometries,
        values=np.array([text_of(v) for v in table[column]]),
        days=days,
        left_out=left_out,
        summary=_summary(path, found, int(kept.sum()), (column, when), left_out),
    )


def _summary(
    path: Path, found: VectorFile, count: int, columns: tuple[str, str], left_out: tuple[str, ...]
) -> InputSummary:
    column, when = columns
    crs: CRS = found.crs
    dates = f"dates from column {when}" if when else "dates: none stated"
    return InputSummary(
        name=path.name,
        layout=f"labels in {found.layout}",
        taken=(f"labels: {count:,}, their class from column {column}", dates, f"CRS: {crs.name}"),
        remarks=(*found.remarks, *(f"Labels left out: {phrase}." for phrase in left_out)),
    )


def _none_near(path: Path, found: VectorFile, layer: str, footprint: BaseGeometry) -> str:
    """Return why no label lies near a source: where both lie, and whether longitude and latitude are swapped."""
    boxes = extent(path, layer, found.crs)
    if not len(boxes):
        return "it has no feature with a geometry"
    west, south = boxes[:, :2].min(axis=0)
    east, north = boxes[:, 2:].max(axis=0)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    return (
        f"none of its {counted(len(boxes), 'label', 'labels')} lies within the source, which covers "
        f"{in_words(footprint.bounds)}; they lie at {in_words((west, south, east, north))}"
        f"{swapped_hint(centres, footprint)}"
    )


def _column(path: Path, table: GeoDataFrame, option: str, wanted: str) -> str:
    """Return the column that is meant; errors name what there is instead."""
    columns = [str(c) for c in table.columns if c != table.geometry.name]
    found = find_column(columns, wanted) if wanted else ""
    if wanted and not found:
        raise InvalidOption(option, wanted, f"'{path.name}' has the columns {named(columns) or '(none)'}")
    return found


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


def _days(column: "pd.Series[Any]", name: str) -> tuple[Days, NDArray[np.bool_], tuple[str, ...]]:
    """Return the day of each label, which have one, and what the others lack; of a year its last day is meant.

    Raises:
        InvalidPeriod: no label has a date, or day and month cannot be told apart.
    """
    if not pd.api.types.is_datetime64_any_dtype(column.dtype):
        column = pd.Series([_last_of_year(v) for v in column.tolist()], dtype=object)
    try:
        read = read_dates(column)
    except Refused as error:
        example = next((t for v in column.tolist() if (t := text_of(v))), "")
        raise InvalidPeriod(example, f"a label has it in its column '{name}', which {error}") from None
    such = f", such as '{read.example}'" if read.example else ""
    phrase = (f"{read.dropped} without a date in '{name}'{such}",) if read.dropped else ()
    return read.days, read.is_read, phrase


def _last_of_year(value: Any) -> Any:
    text = text_of(value)
    is_year = text.isdigit() and FIRST_DATE.year <= int(text) <= LAST_DATE.year
    return f"{text}-12-31" if is_year else value


def named(names: list[str]) -> str:
    """Return names for a sentence, the first twenty."""
    more = f", ... ({len(names)} in all)" if len(names) > MAX_NAMES else ""
    return ", ".join(names[:MAX_NAMES]) + more

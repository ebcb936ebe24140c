"""Tables in: series, samples and targets from Parquet or CSV. Results out are the workers' and the command line's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.bands import CHANNELS, OPTICAL_NAMES, RADAR_NAMES, STATIC, WEATHER_NAMES, Floats
from core.cube import Series
from core.errors import InvalidTable
from core.source import AS_STATED, InputSummary, ReadAs, counted
from core.timeline import Days, to_date, to_day
from ingest.rules import series_values
from ingest.rules.columns import OWN_SERIES, match
from ingest.rules.dates import unlikely_dates
from ingest.rules.ids import read_ids
from ingest.rules.mask_check import MIN_ROWS, check_mask
from ingest.rules.masks import FoundMask
from ingest.rules.numbers import is_clear
from ingest.rules.offset.darkest import BLUE
from ingest.rules.offset.tables import check_offset
from ingest.rules.refusal import Refused
from ingest.rules.series_values import Numbers
from ingest.table.file import TableFile, columns_of, read_file
from ingest.table.keys import find_table_dates, series_column
from ingest.table.layout import arrange
from ingest.table.merge import from_evi2, stack, with_ndvi
from ingest.table.rows import EVI2, Rows

ID_COLUMNS = OWN_SERIES
"""Names of the column that tells series apart; the first one present is used."""
MAX_CODES = 20
"""More different numbers are a cover or probability, not the codes of a mask."""
CONTINUOUS = frozenset({"cs", "cldprb", "clp"})
"""Masks that are numbers of a scale: the first names of their rules."""
PERCENT = "cldprb"


@dataclass(frozen=True, kw_only=True)
class SeriesTable:
    """Series of a table, and how the table was understood."""

    series: Series
    summary: InputSummary


def read_table(path: Path, samples: Path | None = None, *, read_as: ReadAs = AS_STATED) -> SeriesTable:
    """Read a table of series as people have it: a row for each date or value, or a column for each date.

    Args:
        path: CSV (any usual separator, decimal commas, UTF-8, UTF-16, Latin-1) or Parquet with a column of ids, dates,
            and any bands under the names of ingest/rules/band_names.py. Reflectance, NDVI, backscatter and weather in
            any unit that can be told. `EVI2` beside NDVI gives red and near infrared where a row has neither.
        samples: a table with one row per series: the same ids, `elevation` (m), `slope` (degrees).
        read_as: what the user states.

    Returns:
        Series in the order of first appearance, each sorted by date, repeated dates merged (first value counts),
        padded at the end to the longest. NDVI is computed where a row has red and near infrared and no NDVI.

    Raises:
        InvalidTable: unreadable, no ids, dates or bands, or numbers whose meaning cannot be told.
    """
    try:
        file = read_file(path)
        rows = arrange(file, path.stem, read_as)
        return _series_table(path, rows, samples, read_as)
    except Refused as error:
        raise InvalidTable(path, str(error)) from None


def read_series(path: Path, samples: Path | None = None) -> Series:
    """Read a table of series, see `read_table`, without the summary."""
    return read_table(path, samples).series


def read_targets(path: Path, *, read_as: ReadAs = AS_STATED) -> dict[str, list[date]]:
    """Read what to forecast: a table with a column of ids and one of dates.

    Returns:
        Series id to its distinct dates, sorted.

    Raises:
        InvalidTable: unreadable, a column is missing, or a row has no id or date.
    """
    try:
        file = read_file(path)
        series = _needed_series(file)
        dates = find_table_dates(file, series, read_as)
        ids = read_ids(file.table[series])
        if (ids == "").any():
            raise Refused(f"column '{series}' is empty in {counted(int((ids == '').sum()), 'row', 'rows')}")
        if dates.dropped:
            lost = f"no date can be read in {counted(dates.dropped, 'row', 'rows')}"
            raise Refused(f"{lost} ({dates.read.describe_dropped()})")
    except Refused as error:
        raise InvalidTable(path, str(error)) from None
    rows = pd.DataFrame({"series": ids, "day": dates.read.days})
    grouped = rows.drop_duplicates().sort_values("day").groupby("series", sort=False)["day"]
    return {str(series): [to_date(d) for d in days] for series, days in grouped}


def _needed_series(file: TableFile) -> str:
    series = series_column(file)
    if not series:
        raise Refused(f"it has no column 'series_id' or 'sample_id'; {columns_of(file)}")
    return series


def _series_table(path: Path, rows: Rows, samples: Path | None, read_as: ReadAs) -> SeriesTable:
    _check_columns(rows)
    codes, names = pd.factorize(rows.ids)
    owners = series_values.Owners(series=codes, ids=[str(n) for n in names])
    stored, remarks = _without_fills(rows)
    _check_turned(rows, stored, owners)
    stored, mask_phrase = _clear_only(rows, stored)
    values, scales, judged = _judge(rows, stored, owners, read_as)
    doubt = check_offset(rows.days, values, codes, stated=read_as.offset)
    unlikely = unlikely_dates(rows.days[_seen(values)], tuple(values))
    values, replaced = _with_indices(values, read_as)
    ids, days, stacked, joined = stack(owners, rows.days, values)
    static = _static(samples, ids) if samples else None
    series = Series(ids=ids, days=days, values=with_ndvi(stacked), static=static)
    summary = InputSummary(
        name=path.name,
        layout=rows.layout,
        taken=(
            f"series: {len(ids):,}",
            _dates_phrase(rows.days),
            *rows.taken,
            mask_phrase,
            *scales,
            *_offset_phrase(read_as),
            *_terrain_phrase(static),
        ),
    )
    return SeriesTable(
        series=series,
        summary=summary.with_remarks(*rows.remarks, *remarks, *judged, doubt, unlikely, *replaced, joined),
    )


def _check_columns(rows: Rows) -> None:
    has_nir = "B08" in rows.columns or "B8A" in rows.columns
    if "NDVI" not in rows.columns and not ("B04" in rows.columns and has_nir):
        present = ", ".join(b for b in CHANNELS if b in rows.columns) or "no band"
        unused = next((t for t in rows.taken if t.startswith("not used: ")), "")
        more = f" ({unused})" if unused else ""
        raise Refused(
            f"NDVI needs column NDVI, or B04 and B08 (or B8A), and it has {present}{more}; "
            "name them, such as --band B04=COLUMN"
        )


def _without_fills(rows: Rows) -> tuple[dict[str, Numbers], list[str]]:
    """Return the stored numbers with fills and rows without data as NaN, and remarks on them."""
    found, remark = series_values.without_fills(rows.bands, rows.columns)
    optical = {b: v for b, v in found.items() if b in OPTICAL_NAMES}
    seen, empty = series_values.without_empty_rows(optical)
    return found | seen, [remark, empty]


def _clear_only(rows: Rows, stored: dict[str, Numbers]) -> tuple[dict[str, Numbers], str]:
    """Return the stored numbers with what is not clear as NaN, and a phrase on the mask.

    Raises:
        Refused: the column is no mask of its kind, or nothing is clear.
    """
    optical = [b for b in stored if b in (*OPTICAL_NAMES, "NDVI", EVI2)]
    if rows.mask is None or rows.mask_values is None:
        return stored, "mask: none; rows are clear observations"
    _check_mask(rows.mask, rows.mask_values)
    hidden = ~is_clear(rows.mask.codes(rows.mask_values), rows.mask.kind)
    seen = np.any([np.isfinite(stored[b]) for b in optical], axis=0)
    count, total = int((hidden & seen).sum()), int(seen.sum())
    if total and count == total:
        raise Refused(f"none of its {total:,} rows is clear by {rows.mask.describe()}; --mask none uses no mask")
    phrase = f"{rows.mask.describe()}; {count:,} of {total:,} rows are not clear"
    return stored | {b: np.where(hidden, np.nan, stored[b]) for b in optical}, phrase


def _check_turned(rows: Rows, stored: Mapping[str, Numbers], owners: series_values.Owners) -> None:
    """Refuse a mask whose codes seem to mean the opposite of its name.

    Raises:
        Refused: what it calls clear is brighter than what it hides.
    """
    visible = next((b for b in (BLUE, "B04") if b in stored), "")
    if rows.mask is None or rows.mask_values is None or not visible:
        return
    optical = {b: v for b, v in stored.items() if b in OPTICAL_NAMES}
    try:
        read, _, _ = series_values.judge_reflectance(optical, rows.columns, owners)
    except Refused:  # of rows that the mask may hide; the others are judged later
        return
    hidden = ~is_clear(rows.mask.codes(rows.mask_values), rows.mask.kind)
    check_mask(rows.mask, read[visible], hidden, least=MIN_ROWS)


def _check_mask(mask: FoundMask, values: Numbers) -> None:
    """Refuse a cover or probability under the name of a mask.

    Raises:
        Refused: names what it holds.
    """
    if reason := mask.doubt(values):
        raise Refused(reason)
    seen = np.unique(values[np.isfinite(values)])
    first = mask.rule.names[0]
    is_fraction = bool((seen != np.rint(seen)).any())
    is_odd = first == PERCENT and is_fraction and seen.max() <= 1
    if first not in CONTINUOUS:
        is_odd = is_fraction or (len(seen) > MAX_CODES and first in ("clear", "cloud_mask", "clear_mask", "clm"))
    if is_odd:
        raise Refused(
            f"column '{mask.name}' holds numbers from {seen[0]:g} to {seen[-1]:g}, which are not the codes of a mask "
            f"({mask.rule.meaning}); --mask none leaves it out"
        )


def _judge(
    rows: Rows, stored: dict[str, Numbers], owners: series_values.Owners, read_as: ReadAs
) -> tuple[dict[str, Floats], list[str], list[str]]:
    """Return values in our units by band, phrases on their scale, and remarks."""
    columns = rows.columns
    optical = {b: v for b, v in stored.items() if b in OPTICAL_NAMES}
    found: dict[str, Floats] = {}
    taken: list[str] = []
    remarks: list[str] = []
    if optical:
        read, scales, said = series_values.judge_reflectance(
            optical, columns, owners, offset=_offset(rows.days, read_as)
        )
        found |= read
        taken += scales
        remarks += said
    for band, values in stored.items():
        if band in optical:
            continue
        if not np.isfinite(values).any():
            found[band] = values.astype(np.float32)
            continue
        found[band], scales, said = _judge_one(band, values, columns[band], owners)
        taken += scales
        remarks += said
    return found, taken, remarks


def _offset(days: Days, read_as: ReadAs) -> Numbers:
    """Return (N,) the stated offset of each row, in digital numbers."""
    first = days.min() if read_as.offset_from is None else to_day(read_as.offset_from)
    return np.where(days >= first, read_as.offset or 0.0, 0.0)


def _judge_one(
    band: str, values: Numbers, column: str, owners: series_values.Owners
) -> tuple[Floats, tuple[str, ...], tuple[str, ...]]:
    if band in ("NDVI", EVI2):
        return series_values.judge_ndvi(values, column, owners)
    if band in RADAR_NAMES:
        read, remarks = series_values.judge_backscatter(values, band, column, owners)
    elif band == "temperature_2m":
        read, remarks = series_values.judge_temperature(values, column)
    else:
        read, remarks = series_values.judge_precipitation(values, column)
    return read, (), remarks


def _with_indices(values: dict[str, Floats], read_as: ReadAs) -> tuple[dict[str, Floats], tuple[str, ...]]:
    """Return the channels: red and near infrared solved from indices, NDVI left out where an offset changed them."""
    found = {b: v for b, v in values.items() if b != EVI2}
    if EVI2 in values and "NDVI" in values:
        found |= from_evi2(found, values[EVI2])
    if not read_as.offset or "NDVI" not in values or "B04" not in values:
        return found, ()
    nir = values.get("B08", values.get("B8A"))
    if nir is None:
        return found, ()
    known = np.isfinite(values["B04"]) & np.isfinite(nir)
    found["NDVI"] = np.where(known, np.float32(np.nan), found["NDVI"])
    return found, ("NDVI is computed from the bands after the offset; the table's own is left out there.",)


def _seen(values: Mapping[str, Floats]) -> NDArray[np.bool_]:
    """Return (N,) rows in which a satellite saw something."""
    seen: NDArray[np.bool_] = np.any([np.isfinite(v) for b, v in values.items() if b not in WEATHER_NAMES], axis=0)
    return seen


def _dates_phrase(days: Days) -> str:
    different = np.unique(days)
    return f"dates: {len(different):,} from {to_date(different[0])} to {to_date(different[-1])}"


def _offset_phrase(read_as: ReadAs) -> tuple[str, ...]:
    if not read_as.offset:
        return ()
    since = f" from {read_as.offset_from} on" if read_as.offset_from else ""
    return (f"offset: {read_as.offset:g} added to digital numbers{since}, as stated",)


def _terrain_phrase(static: Floats | None) -> tuple[str, ...]:
    if static is None:
        return ()
    return (f"terrain: of {int(np.isfinite(static).any(axis=1).sum()):,} of {len(static):,} series",)


def _static(path: Path, ids: NDArray[np.str_]) -> Floats:
    """Return (N, 2) terrain aligned with the series; NaN where the samples have none.

    Raises:
        InvalidTable: it has no terrain of any series.
    """
    try:
        file = read_file(path)
        series = _needed_series(file)
        columns = {name: found[0] for name in STATIC if (found := match(file.columns, (name,)))}
        stored = file.numbers(list(columns.values()))
    except Refused as error:
        raise InvalidTable(path, str(error)) from None
    numbers, _ = series_values.without_fills({n: stored[c] for n, c in columns.items()}, columns)
    table = pd.DataFrame(numbers, index=pd.Index(read_ids(file.table[series])), columns=list(STATIC))
    static = table[~table.index.duplicated()].reindex(list(ids)).to_numpy(np.float32)
    if np.isnan(static).all():
        raise InvalidTable(path, f"it has no {' or '.join(STATIC)} of any series; its ids must be those of the series")
    return static

"""Layouts of tables of series: a row for each date, for each value, or for each series with a column for each date.

Each becomes rows of a series and a date with the stored numbers of its bands. What the numbers mean is judged later.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.bands import OPTICAL_NAMES
from core.source import ReadAs, listed
from core.timeline import Days
from ingest.rules.band_names import READ, BandNames, Family, find_bands, find_family
from ingest.rules.columns import (
    BANDS,
    SENSORS,
    VALUES,
    match,
)
from ingest.rules.dates import find_dates
from ingest.rules.ids import read_ids
from ingest.rules.refusal import Refused
from ingest.table.file import TableFile, columns_of
from ingest.table.keys import find_table_dates, has_dates, series_column, stated_columns
from ingest.table.rows import (
    Rows,
    doubled,
    evi2,
    find_table_mask,
    ids_of,
    in_names,
    kept,
    series_remark,
    series_taken,
    with_others,
)
from ingest.table.wide import read_wide

LONG = "table with a row for each series and date"
BY_VALUE = "table with a row for each value"
MAX_SENSORS = 20
"""More different texts in a column are no names of sensors."""


def arrange(file: TableFile, name: str, read_as: ReadAs) -> Rows:
    """Return the rows of a table, whatever its layout.

    Args:
        file: as stored.
        name: of the file, without ending: the id of the only series where there is no column of ids.
        read_as: what the user states.

    Raises:
        Refused: no column of series, dates or bands can be told, or they hold something else.
    """
    series = series_column(file)
    family, remarks = _family(file, name)
    others = [c for c in file.columns if c != series]
    dated = {c: pair for c, pair in zip(others, find_dates(others), strict=True) if pair[0]}
    plain = [c for c in others if c not in dated]
    stated = stated_columns(read_as, file)
    direct = find_bands(plain, family=family, stated={b: c for b, c in stated.items() if c in plain})
    if has_dates(file, series, read_as) and direct.taken:
        rows = _long(file, name, series, direct, read_as)
    elif has_dates(file, series, read_as) and match(plain, BANDS) and match(plain, VALUES):
        rows = _by_value(file, name, series, family, read_as)
    elif dated:
        rows = read_wide(file, name, series, dated, family, read_as)
    else:
        raise Refused(_nothing(file, series, read_as, family))
    _check_family(rows, family, remarks)
    return replace(rows, taken=(*file.taken, *rows.taken), remarks=(*remarks, *rows.remarks))


def _family(file: TableFile, name: str) -> tuple[Family, tuple[str, ...]]:
    """Return the sensor of a table: by a column that names it, else by the name of the file and of the columns.

    Raises:
        Refused: rows are of several sensors whose bands differ.
    """
    found = {f for c in match(file.columns, SENSORS) for f in _families_in(file.table[c])}
    if len(found) > 1:
        raise Refused(f"its rows are of {' and '.join(sorted(found))}; give each sensor's rows in a table of their own")
    family = found.pop() if found else find_family(name, names=file.columns)
    if family in READ:
        return family, ()
    return family, (f"The table is of {family}, and the models are made for Sentinel-2.",)


def _families_in(column: "pd.Series[str]") -> set[Family]:
    texts = {str(t) for t in column.dropna().unique()[: MAX_SENSORS + 1]} - {""}
    return {find_family(t) for t in texts} if len(texts) <= MAX_SENSORS else set()


def _check_family(rows: Rows, family: Family, remarks: tuple[str, ...]) -> None:
    optical = [c for b, c in rows.columns.items() if b in OPTICAL_NAMES]
    if family not in READ and optical and not remarks:
        raise Refused(f"its bands are of {family}")


def _nothing(file: TableFile, series: str, read_as: ReadAs, family: Family) -> str:
    """Return why a table is none: no dates, or no bands."""
    if not has_dates(file, series, read_as):
        return f"it has no column of dates; {columns_of(file)}; name it by --date-from COLUMN"
    if family not in READ:
        return f"it has no column of NDVI, and its bands seem to be of {family}, not Sentinel-2; {columns_of(file)}"
    return f"it has no column of NDVI or bands; {columns_of(file)}; name them, such as --band B04=COLUMN"


def _long(file: TableFile, name: str, series: str, found: BandNames, read_as: ReadAs) -> Rows:
    dates = find_table_dates(file, series, read_as)
    in_names(read_as, file.columns, file)
    bands = dict(found.taken) | evi2(file.columns)
    left = [c for c in file.columns if c not in (series, *dates.columns, *bands.values())]
    mask = find_table_mask(left, read_as)
    stored = file.numbers([*bands.values(), *([mask.name] if mask else [])])
    rows = Rows(
        layout=LONG,
        ids=ids_of(file, name, series, dates),
        days=dates.read.days,
        bands={b: stored[c] for b, c in bands.items()},
        columns=bands,
        mask=mask,
        mask_values=stored[mask.name] if mask else None,
        taken=series_taken(series, dates.columns),
        remarks=(*series_remark(series, name), *dates.remarks, *file.unread(list(bands.values())), *doubled(found)),
    )
    return with_others(kept(rows, dates), left, mask, found, read_as)


def _by_value(file: TableFile, name: str, series: str, family: Family, read_as: ReadAs) -> Rows:
    """Read a table with a column of names of bands and one of values."""
    dates = find_table_dates(file, series, read_as)
    names = match(file.columns, BANDS)[0]
    values = match([c for c in file.columns if c != names], VALUES)[0]
    kinds = read_ids(file.table[names])
    present = list(dict.fromkeys(kinds.tolist()))
    found = find_bands(present, family=family, stated=in_names(read_as, present, file))
    bands = dict(found.taken) | evi2(present)
    mask = find_table_mask([n for n in present if n not in bands.values()], read_as)
    if not bands:
        raise Refused(f"column '{names}' names no band ({listed(present)}); name them, such as --band B04=NAME")
    ids = ids_of(file, name, series, dates, is_by_value=True)
    stored = file.numbers([values])[values]
    wanted = [*bands.values(), *([mask.name] if mask else [])]
    at, columns = _pivot(ids, dates.read.days, kinds, stored, wanted)
    rows = Rows(
        layout=BY_VALUE,
        ids=ids[at],
        days=dates.read.days[at],
        bands={b: columns[c] for b, c in bands.items()},
        columns=bands,
        mask=mask,
        mask_values=columns[mask.name] if mask else None,
        taken=(*series_taken(series, dates.columns), f"values: column {values}, their bands: column {names}"),
        remarks=(*series_remark(series, name), *dates.remarks, *file.unread([values]), *doubled(found)),
    )
    read = replace(dates, read=replace(dates.read, is_read=dates.read.is_read[at]), dropped=dates.read.dropped)
    left = [n for n in present if n not in wanted and n]
    return with_others(kept(rows, read), left, mask, found, read_as)


def _pivot(
    ids: NDArray[np.object_],
    days: Days,
    kinds: NDArray[np.object_],
    stored: NDArray[np.float64],
    wanted: Sequence[str],
) -> tuple[NDArray[np.intp], dict[str, NDArray[np.float64]]]:
    """Bring the values of one series and date into one row; repeated ones have rows of their own.

    Returns:
        For each new row a row of the table with its series and date, and the columns.
    """
    table = pd.DataFrame({"id": ids, "day": days, "kind": kinds})
    visit = table.groupby(["id", "day", "kind"], sort=False).cumcount().to_numpy()
    keys = pd.MultiIndex.from_arrays([ids, days, visit])
    codes, unique = pd.factorize(keys)
    at = np.unique(codes, return_index=True)[1]
    columns = {w: np.full(len(unique), np.nan) for w in wanted}
    for kind in wanted:
        own = kinds == kind
        columns[kind][codes[own]] = stored[own]
    return at, columns

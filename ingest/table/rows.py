"""Rows of a table, whatever its layout: ids, days and stored numbers; what is left out, and what is said of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.bands import CHANNELS
from core.source import ReadAs, counted, listed
from core.timeline import Days
from ingest.rules.band_names import BandNames
from ingest.rules.columns import find_column, fold, like_bands
from ingest.rules.ids import is_row_number, read_ids
from ingest.rules.masks import NO_MASK, FoundMask, find_mask, mask_like
from ingest.rules.refusal import Refused
from ingest.table.file import TableFile, columns_of
from ingest.table.keys import FoundDates

EVI2 = "EVI2"
"""Index beside NDVI that gives red and near infrared where a table has neither."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows of a table, N of them, each of one series and date."""

    layout: str
    ids: NDArray[np.object_]
    """(N,) texts, none empty."""
    days: Days
    """(N,)"""
    bands: Mapping[str, NDArray[np.float64]]
    """(N,) stored numbers by our name, `EVI2` among them; NaN = missing."""
    columns: Mapping[str, str]
    """Our name to that in the table."""
    mask: FoundMask | None
    mask_values: NDArray[np.float64] | None
    """(N,) stored numbers of the mask."""
    taken: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def kept(rows: Rows, dates: FoundDates | None = None) -> Rows:
    """Leave out rows without an id or a date, and say so.

    Raises:
        Refused: no row has an id.
    """
    has_id = rows.ids != ""
    if not has_id.any():
        raise Refused("its column of ids is empty in every row")
    remarks = [_left_out(int((~has_id).sum()), "no id")]
    is_read = np.ones(len(has_id), bool)
    if dates:
        is_read = dates.read.is_read
        remarks.append(_left_out(dates.dropped, f"no date that can be read ({dates.read.describe_dropped()})"))
    return replace(take(rows, has_id & is_read), remarks=(*rows.remarks, *(r for r in remarks if r)))


def _left_out(count: int, why: str) -> str:
    if not count:
        return ""
    return f"{counted(count, 'row has', 'rows have')} {why}, and {'is' if count == 1 else 'are'} left out."


def take(rows: Rows, at: NDArray[np.bool_]) -> Rows:
    """Return some of the rows."""
    return replace(
        rows,
        ids=rows.ids[at],
        days=rows.days[at],
        bands={b: v[at] for b, v in rows.bands.items()},
        mask_values=None if rows.mask_values is None else rows.mask_values[at],
    )


def seen_only(rows: Rows) -> Rows:
    """Leave out dates on which a series has no value; a series without any keeps one."""
    is_seen = np.any([np.isfinite(v) for v in rows.bands.values()], axis=0)
    first = np.zeros(len(rows.ids), bool)
    first[np.unique(rows.ids.astype(str), return_index=True)[1]] = True
    unseen = first & ~np.isin(rows.ids.astype(str), rows.ids[is_seen].astype(str))
    return take(rows, is_seen | unseen)


def find_table_mask(names: Sequence[str], read_as: ReadAs) -> FoundMask | None:
    """Find the cloud mask among the columns of a table.

    Raises:
        Refused: the stated one is not there, or its codes are not known.
    """
    try:
        return find_mask(list(names), stated=read_as.mask)
    except ValueError as error:
        raise Refused(f"--mask {read_as.mask}: {error}") from None


def in_names(read_as: ReadAs, present: Sequence[str], file: TableFile) -> dict[str, str]:
    """Return the stated bands, by names in the table.

    Raises:
        Refused: there is no such name.
    """
    found = {}
    for band, theirs in read_as.bands.items():
        name = find_column(present, theirs)
        if not name:
            raise Refused(f"--band {band}={theirs}: there is no '{theirs}' among {listed(present) or columns_of(file)}")
        found[band] = name
    return found


def ids_of(
    file: TableFile, name: str, series: str, dates: FoundDates | None, *, is_by_value: bool = False
) -> NDArray[np.object_]:
    """Return (N,) ids; one for all rows where no column tells series apart and no date comes twice.

    Raises:
        Refused: several series that no column tells apart.
    """
    if series:
        ids = read_ids(file.table[series])
        several = dates is not None and len(np.unique(dates.read.days[dates.read.is_read])) > 1
        if several and fold(series) not in ("series_id", "sample_id") and is_row_number(ids):
            raise Refused(
                f"column '{series}' numbers its rows and does not tell series apart; name the column that does "
                f"series_id; {columns_of(file)}"
            )
        return ids
    days = dates.read.days[dates.read.is_read] if dates else np.arange(1 if len(file.table) == 1 else 0)
    is_one = len(file.table) == 1 if dates is None else is_by_value or len(np.unique(days)) == len(days)
    if not is_one:
        twice = "it has several rows" if dates is None else "dates come more than once"
        raise Refused(
            f"it has no column that tells series apart, and {twice}; {columns_of(file)}; name that column series_id"
        )
    return np.full(len(file.table), name, object)


def series_taken(series: str, dates: Sequence[str]) -> tuple[str, ...]:
    """Return phrases on where ids and dates stand."""
    found = [f"ids from column {series}"] if series else []
    return (*found, *([f"dates from column {' and '.join(dates)}"] if dates else []))


def series_remark(series: str, name: str) -> tuple[str, ...]:
    """Return a remark where no column tells series apart."""
    return () if series else (f"No column tells series apart; all rows are taken as one series, '{name}'.",)


def evi2(names: Sequence[str]) -> dict[str, str]:
    """Return EVI2 and its name in the table, where it has it."""
    return {EVI2: found} if (found := next((n for n in names if fold(n) == "evi2"), "")) else {}


def doubled(found: BandNames) -> tuple[str, ...]:
    """Return remarks on names that mean a band that another is taken for."""
    return tuple(
        f"'{n}' means {found.assignments[n]} as '{found.taken[found.assignments[n]]}' does, and is not used."
        for n in found.doubled
        if found.assignments.get(n) in found.taken
    )


def with_others(rows: Rows, left: Sequence[str], mask: FoundMask | None, found: BandNames, read_as: ReadAs) -> Rows:
    """Add what is said of columns that are not used."""
    own = {mask.name if mask else "", *found.doubled}
    unused = [n for n in left if n not in own]
    masks = mask_like(unused) if mask is None and read_as.mask.lower() != NO_MASK else ()
    bands = [n for n in like_bands(unused) if n not in masks]
    remarks = [
        *(f"'{n}' may be a cloud mask and is not used; --mask {n}=clear or --mask {n}=cloud uses it." for n in masks),
        *(f"'{n}' may be a band and is not used; --band BAND={n} uses it." for n in bands),
    ]
    plain = [n for n in unused if n not in (*masks, *bands)]
    taken = (*rows.taken, f"bands: {_band_phrase(rows.columns)}")
    return replace(
        rows,
        taken=(*taken, f"not used: {listed(plain)}") if plain else taken,
        remarks=(*rows.remarks, *remarks),
    )


def _band_phrase(columns: Mapping[str, str]) -> str:
    ordered = [b for b in (*CHANNELS, EVI2) if b in columns]
    return ", ".join(b if columns[b] == b else f"{b} from {columns[b]}" for b in ordered)

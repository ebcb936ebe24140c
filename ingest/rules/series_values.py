"""Values of series that state no scale or unit: fills, digital numbers, percent, dB, NDVI, judged for each series.

A number is read in one way only where no other is plausible; the rest is refused with what to do. No files.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.bands import Floats
from core.source import counted, listed
from ingest.rules.numbers import Coding, decode, unseen
from ingest.rules.refusal import Refused

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

FILLS = (-9999.0, -999.0, -99999.0, -32768.0, -32767.0, -10000.0, 65535.0, 9999.0, 99999.0)
"""Numbers that programs write for missing values, in any band."""
HUGE = 1e6
"""Beyond this lie fills of floating point, such as 1e20 and -3.4e38."""
REFLECTANCE_SCALE, PERCENT_SCALE = 1e-4, 1e-2
MAX_REFLECTANCE_ROW = 2.5
"""Largest median of one row of reflectance, cloud and snow included; no row of percent is below it throughout."""
MIN_DN_ROW = 120.0
"""Smallest median of one row that can be nothing but digital numbers: percent end at 100."""
MAX_PERCENT = 150.0
MAX_SERIES = 1.05
"""Largest median of a series in 0..1: brighter throughout is no land."""
MIN_NDVI_DN = 300.0
"""NDVI of 0.03 in ten-thousandths; beyond every other scale in use (percent, bytes) but thousandths."""
MIN_LARGEST_NDVI_DN = 2000.0
"""Where no NDVI of a table is larger, it may as well be in thousandths."""
MAX_DB = 20.0
"""Brightest backscatter of a town or ship."""
MAX_LINEAR_MEDIAN, MAX_LINEAR_BESIDE_DB = 1.0, 0.5
"""Median of linear backscatter that cannot be dB, in a table that is linear throughout, and beside series in dB."""
MIN_AMPLITUDE = 100.0
MAX_MEAN_SHARE = 0.5
"""A band of which more is impossible has another scale than the others."""


@dataclass(frozen=True, kw_only=True)
class Owners:
    """What the numbers of a table belong to, N rows."""

    series: NDArray[np.intp]
    """(N,) number of the series of each row."""
    ids: Sequence[str]
    """(S,) names."""


def without_fills(bands: Mapping[str, Numbers], columns: Mapping[str, str]) -> tuple[dict[str, Numbers], str]:
    """Return bands with fills as NaN, and a remark on them.

    Args:
        bands: (N,) by our name, as stored.
        columns: their names in the table.
    """
    with np.errstate(invalid="ignore"):
        is_fill = {b: np.isin(v, FILLS) | (np.abs(v) > HUGE) for b, v in bands.items()}
    count = sum(int(f.sum()) for f in is_fill.values())
    if not count:
        return dict(bands), ""
    fills = np.unique(np.concatenate([v[is_fill[b]] for b, v in bands.items()]))
    shown = ", ".join(f"{v:g}" for v in fills[:4])
    names = listed([columns[b] for b, f in is_fill.items() if f.any()])
    remark = (
        f"{counted(count, 'number means', 'numbers mean')} no data ({shown}) and {_are(count)} left out, in {names}."
    )
    return {b: np.where(is_fill[b], np.nan, v) for b, v in bands.items()}, remark


def without_empty_rows(bands: Mapping[str, Numbers]) -> tuple[dict[str, Numbers], str]:
    """Return optical bands with rows without data as NaN: red and near infrared both zero or below.

    Args:
        bands: (N,) by our name, as stored.
    """
    red, nir = bands.get("B04"), bands.get("B08", bands.get("B8A"))
    if red is None or nir is None:
        return dict(bands), ""
    with np.errstate(invalid="ignore"):
        is_empty = np.isfinite(red) & np.isfinite(nir) & unseen(red.astype(np.float32), nir.astype(np.float32))
        is_empty &= (red == 0) | (nir == 0)
    if not is_empty.any():
        return dict(bands), ""
    count = int(is_empty.sum())
    remark = f"{counted(count, 'row holds', 'rows hold')} zero in red and near infrared and {_are(count)} left out."
    return {b: np.where(is_empty, np.nan, v) for b, v in bands.items()}, remark


def judge_reflectance(
    bands: Mapping[str, Numbers], columns: Mapping[str, str], rows: Owners, *, offset: Numbers | float = 0.0
) -> tuple[dict[str, Floats], tuple[str, ...], tuple[str, ...]]:
    """Return reflectance 0..1, phrases on the scale that all series have, and remarks.

    Args:
        bands: (N,) optical bands by our name, without fills.
        columns: their names in the table.
        offset: stated, in digital numbers; (N,) where it does not hold for all rows.

    Raises:
        Refused: a series or a band has no scale that can be told.
    """
    stack, names = np.stack(list(bands.values()), axis=1), listed([columns[b] for b in bands])
    scale = _reflectance_scales(stack, names, rows)
    found: dict[str, Floats] = {}
    seen = _count(np.asarray(np.isfinite(stack).any(axis=1)), rows) > 0
    taken, remarks = _scale_phrase(scale, seen, names), list(_scale_remarks(scale, seen, names))
    for band, values in bands.items():
        added = np.broadcast_to(np.asarray(offset, np.float64) * REFLECTANCE_SCALE, values.shape)
        read = _scaled(values, scale[rows.series], band, added)
        after = " after --offset" if added.any() else ""
        remarks += _lost(values, read, columns[band], f"reflectance 0..1 or 0..10000{after}")
        _check_band(values, scale[rows.series], columns[band])
        found[band] = read
    return found, taken, tuple(remarks)


def judge_ndvi(values: Numbers, column: str, rows: Owners) -> tuple[Floats, tuple[str, ...], tuple[str, ...]]:
    """Return NDVI -1..1, phrases on the scale that all series have, and remarks.

    Raises:
        Refused: the numbers of a series have no scale that can be told.
    """
    with np.errstate(invalid="ignore"):
        size = np.abs(values)
        is_unit = np.asarray((size <= 1) & (values != np.rint(values)))
        is_dn = np.asarray(size > MIN_NDVI_DN)
        is_odd = np.asarray((size > 1) & ~is_dn)
    unit, dn, odd = (_count(flags, rows) for flags in (is_unit, is_dn, is_odd))
    mixed = (unit > 0) & (dn > 0)
    if mixed.any():
        name = rows.ids[int(mixed.argmax())]
        raise Refused(f"column '{column}' is in -1..1 and in -10000..10000 in series '{name}'; give it one scale")
    has_dn = dn > 0
    untold = (odd > unit) & ~has_dn
    is_clear = has_dn.any() and float(np.nanmax(size)) > MIN_LARGEST_NDVI_DN
    if (has_dn.any() and not is_clear) or (untold.any() and not is_clear):
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        raise Refused(
            f"column '{column}' is not in -1..1 or -10000..10000 (from {low:g} to {high:g}); divide it so that it is"
        )
    scale = np.where(has_dn | untold, REFLECTANCE_SCALE, 1.0)
    read = _scaled(values, scale[rows.series], "NDVI", np.zeros(len(values)))
    seen = _count(np.isfinite(values), rows) > 0
    remarks = (*_scale_remarks(scale, seen, column), *_lost(values, read, column, "-1..1"))
    return read, _scale_phrase(scale, seen, column), remarks


def judge_backscatter(values: Numbers, band: str, column: str, rows: Owners) -> tuple[Floats, tuple[str, ...]]:
    """Return dB, and remarks. Values above zero only are linear, or digital numbers of amplitude.

    Raises:
        Refused: a series is none of these.
    """
    stored = np.where(values == 0, np.nan, values)
    low, middle = _by_series(stored, rows, "min"), _by_series(stored, rows, "median")
    is_whole = _count(np.isfinite(stored) & (stored != np.rint(stored)), rows) == 0
    seen = np.isfinite(middle)
    is_db = seen & (low <= -0.01) & (middle > -60) & (middle < 10)
    limit = MAX_LINEAR_BESIDE_DB if is_db.any() else MAX_LINEAR_MEDIAN
    is_linear = seen & (low > -0.01) & (middle > 0) & (middle <= limit)
    is_amplitude = seen & is_whole & (low > 0) & (middle >= MIN_AMPLITUDE)
    if is_db.sum() > seen.sum() / 2:  # a column in dB: what is above 0 in it is a bright place, a town for instance
        is_db |= seen & ~is_linear & ~is_amplitude & (middle <= MAX_DB)
    untold = seen & ~is_db & ~is_linear & ~is_amplitude
    if untold.any():
        at = int(untold.argmax())
        raise Refused(
            f"column '{column}' is neither dB nor linear backscatter in series '{rows.ids[at]}' "
            f"(median {middle[at]:g}); write it in dB"
        )
    read = np.full(len(values), np.nan, np.float32)
    for flags, unit in ((is_db, ""), (is_linear, "power"), (is_amplitude, "amplitude_dn")):
        own = flags[rows.series]
        read[own] = decode(stored[own], Coding(unit=unit), band)
    return read, (
        *_converted(is_linear, seen, column, "linear backscatter, which becomes dB"),
        *_converted(is_amplitude, seen, column, "digital numbers of amplitude, which become dB (20 log10 n - 83)"),
        *_lost(values, read, column, "dB"),
    )


def judge_temperature(values: Numbers, column: str) -> tuple[Floats, tuple[str, ...]]:
    """Return K, and a remark where the column is in degrees Celsius.

    Raises:
        Refused: the column is neither.
    """
    middle = float(np.nanmedian(values)) if np.isfinite(values).any() else 280.0
    if 200 <= middle <= 340:
        return decode(values, Coding(), "temperature_2m"), ()
    if -60 <= middle <= 60:
        remark = f"Column '{column}' is in degrees Celsius (median {middle:g}) and becomes kelvin."
        return decode(values, Coding(unit="celsius"), "temperature_2m"), (remark,)
    raise Refused(f"column '{column}' is neither in kelvin nor in degrees Celsius (median {middle:g})")


def judge_precipitation(values: Numbers, column: str) -> tuple[Floats, tuple[str, ...]]:
    """Return metres, and a remark where the column is in millimetres: nowhere falls half a metre a day.

    Raises:
        Refused: the column is neither.
    """
    largest = float(np.nanmax(values)) if np.isfinite(values).any() else 0.0
    if largest > 2000 or (np.isfinite(values).any() and float(np.nanmin(values)) < 0):
        low = float(np.nanmin(values))
        raise Refused(f"column '{column}' is neither in metres nor in millimetres (from {low:g} to {largest:g})")
    if largest <= 0.5:
        return decode(values, Coding(), "total_precipitation"), ()
    remark = f"Column '{column}' is in millimetres (up to {largest:g}) and becomes metres."
    return decode(values, Coding(unit="mm"), "total_precipitation"), (remark,)


def _reflectance_scales(stack: Numbers, columns: str, rows: Owners) -> Numbers:
    """Return (S,) the factor of each series.

    Args:
        stack: (N, B) all optical bands of each row.
    """
    middle, whole = _row_medians(stack), np.where(np.isfinite(stack), stack == np.rint(stack), True).all(axis=1)
    with np.errstate(invalid="ignore"):
        is_unit = (middle <= MAX_REFLECTANCE_ROW) & ~whole
        is_dn = middle > MIN_DN_ROW
        is_odd = (middle > MAX_REFLECTANCE_ROW) & ~is_dn
    unit, dn, odd = (_count(flags, rows) for flags in (is_unit, is_dn, is_odd))
    _check_mixed(unit, dn, columns, rows)
    has_dn = dn > 0
    too_bright = (unit > 0) & (np.nan_to_num(_by_series(middle, rows, "median")) > MAX_SERIES)
    untold = ~has_dn & ((odd > unit) | too_bright)
    if not untold.any():
        return np.where(has_dn, REFLECTANCE_SCALE, 1.0)
    if has_dn.any() and (unit == 0).all():
        return np.full(len(dn), REFLECTANCE_SCALE)
    _check_percent(stack, untold, ~has_dn & ~untold & (unit > 0), has_dn, columns, rows)
    return np.where(_count(np.isfinite(middle), rows) > 0, PERCENT_SCALE, 1.0)


def _check_mixed(unit: NDArray[np.intp], dn: NDArray[np.intp], columns: str, rows: Owners) -> None:
    mixed = (unit > 0) & (dn > 0)
    if mixed.any():
        at = int(mixed.argmax())
        raise Refused(
            f"series '{rows.ids[at]}' holds reflectance 0..1 in {counted(int(unit[at]), 'row', 'rows')} and digital "
            f"numbers in {counted(int(dn[at]), 'row', 'rows')} of {columns}; give it one scale"
        )


def _check_percent(stack: Numbers, untold: Flags, is_unit: Flags, has_dn: Flags, columns: str, rows: Owners) -> None:
    """Refuse numbers between reflectance and digital numbers that are not plainly percent.

    Raises:
        Refused: names a series.
    """
    at = int(untold.argmax())
    own = stack[untold[rows.series]]
    own = own[np.isfinite(own)]
    shown = (
        f"{columns} of series '{rows.ids[at]}' and others"
        if untold.sum() > 1
        else f"{columns} of series '{rows.ids[at]}'"
    )
    is_whole = bool((own == np.rint(own)).all())
    if is_unit.any() or has_dn.any() or is_whole or own.max() > MAX_PERCENT or own.max() < 5 or np.median(own) < 1:
        raise Refused(
            f"{shown} is not reflectance 0..1 or 0..10000 (median {np.median(own):g}, up to {own.max():g}); "
            "divide percent by 100"
        )


def _check_band(values: Numbers, scale: Numbers, column: str) -> None:
    """Refuse a band in 0..1 beside others in digital numbers.

    Raises:
        Refused: most of its numbers are not.
    """
    own = values[(scale == REFLECTANCE_SCALE) & np.isfinite(values) & (values != 0)]
    is_small = (np.abs(own) <= MAX_REFLECTANCE_ROW) & (own != np.rint(own))
    are_grouped = own.size and np.allclose(own * 1000, np.rint(own * 1000), atol=1e-6) and (np.abs(own) >= 1).all()
    if are_grouped and is_small.mean() > MAX_MEAN_SHARE:
        raise Refused(
            f"column '{column}' has points between thousands, such as {own[is_small][0]:.3f} for "
            f"{1000 * own[is_small][0]:.0f}; write its numbers without"
        )
    if own.size and is_small.mean() > MAX_MEAN_SHARE:
        raise Refused(
            f"column '{column}' is in 0..1 (median {np.median(own):g}) where others are digital numbers; give one scale"
        )


def _scaled(values: Numbers, scale: Numbers, band: str, offset: Numbers) -> Floats:
    read = np.full(len(values), np.nan, np.float32)
    for factor in np.unique(scale):
        for added in np.unique(offset):
            own = (scale == factor) & (offset == added)
            read[own] = decode(values[own], Coding(scale=float(factor), offset=float(added)), band)
    return read


def _lost(stored: Numbers, read: Floats, column: str, meaning: str) -> tuple[str, ...]:
    """Return a remark on values that are impossible.

    Raises:
        Refused: most are.
    """
    is_lost = np.isfinite(stored) & (stored != 0) & ~np.isfinite(read)
    count, known = int(is_lost.sum()), int((np.isfinite(stored) & (stored != 0)).sum())
    if not count:
        return ()
    example = f"such as {stored[is_lost][np.abs(stored[is_lost]).argmax()]:g}"
    if count > MAX_MEAN_SHARE * known:
        raise Refused(f"column '{column}' is not {meaning} ({count} of {known} values, {example})")
    values = counted(count, "value", "values")
    return (f"{values} of column '{column}' {_are(count)} outside {meaning} ({example}) and left out.",)


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _are_all_dn(scale: Numbers, seen: Flags) -> bool:
    return bool(seen.any() and (scale[seen] == REFLECTANCE_SCALE).all())


def _scale_phrase(scale: Numbers, seen: Flags, columns: str) -> tuple[str, ...]:
    """Return a phrase where all series are digital numbers, which is the usual form and no guess."""
    if not _are_all_dn(scale, seen):
        return ()
    return (f"scale of {columns}: {REFLECTANCE_SCALE:g}, by the size of their numbers",)


def _scale_remarks(scale: Numbers, seen: Flags, columns: str) -> tuple[str, ...]:
    found: list[str] = []
    if _are_all_dn(scale, seen):
        return ()
    for factor, words in ((REFLECTANCE_SCALE, "digital numbers"), (PERCENT_SCALE, "percent")):
        count = int((seen & (scale == factor)).sum())
        if count and not (factor == REFLECTANCE_SCALE and count == seen.sum()):  # of all series it is no mixture
            found.append(f"{_of_series(count, seen)} {words} in {columns}, multiplied by {factor:g}.")
    return tuple(found)


def _converted(flags: Flags, seen: Flags, column: str, words: str) -> tuple[str, ...]:
    count = int(flags.sum())
    return (f"{_of_series(count, seen)} in column '{column}' {words}.",) if count else ()


def _of_series(count: int, seen: Flags) -> str:
    total = int(seen.sum())
    if count == total:
        return "All series have" if total > 1 else "The series has"
    return f"{count:,} of {total:,} series {'has' if count == 1 else 'have'}"


def _row_medians(stack: Numbers) -> Numbers:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # rows without a value
        return np.asarray(np.nanmedian(stack, axis=1))


def _count(flags: Flags, rows: Owners) -> NDArray[np.intp]:
    return np.bincount(rows.series[flags], minlength=len(rows.ids))


def _by_series(values: Numbers, rows: Owners, statistic: str) -> Numbers:
    found = pd.Series(values).groupby(rows.series).agg(statistic)
    return found.reindex(range(len(rows.ids))).to_numpy(np.float64)

"""Dates as people write them: which day each text, number or time of a column means. No files, no names of columns."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.bands import OPTICAL_NAMES, WEATHER_NAMES
from core.source import counted
from core.timeline import FIRST_DATE, LAST_DATE, Days, to_date, to_day, to_days
from ingest.rules.refusal import Refused

ADVICE = "write dates as 2021-05-31"
EMPTY = frozenset({"", "na", "n/a", "nan", "nat", "null", "none", "-", "<na>"})
"""Texts, lower case, that stand for a missing date."""
_TIME = (
    r"(?:[T ]\s*(?P<hour>\d{1,2}):?(?P<minute>\d{2})(?::?(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?"
)
_YEAR_FIRST = re.compile(r"(?P<y>\d{4})(?P<s>[-/._])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})" + _TIME, re.IGNORECASE)
_COMPACT = re.compile(
    r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)" + _TIME.replace(r"[T ]\s*(?P<hour>\d{1,2})", r"[T ]?(?P<hour>\d{2})"),
    re.IGNORECASE,
)
_DAY_OF_YEAR = re.compile(r"(?P<y>\d{4})(?P<s>-?)(?P<n>\d{3})")
_YEAR_LAST = re.compile(r"(?P<a>\d{1,2})(?P<s>[-/._])(?P<b>\d{1,2})(?P=s)(?P<y>\d{4})" + _TIME, re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)?(?:e[+]?\d+)?", re.IGNORECASE)
FIRST_MS, LAST_MS = 315_532_800_000, 4_102_444_800_000
"""Milliseconds since 1970 of 1980 and 2100: Earth Engine's `system:time_start`. No date of digits lies between."""
SENTINEL_2, LANDSAT = date(2015, 6, 23), date(1972, 7, 23)
"""Launch of the first satellite of each: nothing is seen before."""
DAY_MINUTES = 1440
LATE_HOURS = range(13, 24)
"""Hours of UTC in which midnight falls in time zones east of Greenwich."""
MIN_LATE = 3
"""Fewer times may all be of a full hour by chance."""


@dataclass(frozen=True, kw_only=True)
class ReadDates:
    """Days of a column, N rows."""

    days: Days
    """(N,) days since 1970-01-01; 0 where there is none."""
    is_read: NDArray[np.bool_]
    """(N,) False = empty, or no date."""
    example: str
    """The first text that is no date; empty = all others are empty."""
    remarks: tuple[str, ...] = ()
    """What was decided, a sentence each."""

    @property
    def dropped(self) -> int:
        """Number of rows without a date."""
        return int((~self.is_read).sum())

    def describe_dropped(self) -> str:
        """Return what the rows without a date hold."""
        return f"such as '{self.example}'" if self.example else "all of them empty"


@dataclass(frozen=True, kw_only=True)
class _Parsed:
    """One text taken to pieces."""

    day: int | None = None
    """Date as written; None = it cannot be told from the text alone."""
    minutes: int = 0
    offset: int | None = None
    """Minutes east of Greenwich; None = no time zone."""
    pair: tuple[int, int, int] | None = None
    """First and second number and year of a date whose order the column decides."""
    is_day_of_year: bool = False
    is_epoch: bool = False


def read_dates(column: "pd.Series[Any]") -> ReadDates:
    """Read a column of texts, times, dates or whole numbers.

    The date is the one that is written. Times with a time zone are converted to UTC, unless all are midnight there.

    Raises:
        Refused: no row has a date, or the order of day and month cannot be told; the text goes on from "column 'x'".
    """
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return _of_times(column)
    codes, unique = pd.factorize(np.array([_text(v) for v in column.tolist()], object))
    texts = [str(t) for t in unique]
    parsed = _without_odd_days_of_year([_parse(t) for t in texts], texts)
    days = _days(_ordered(parsed))
    known = np.array([d is not None for d in days], bool)
    numbers = np.array([d or 0 for d in days], np.int32)
    empty = np.array([t.lower() in EMPTY for t in texts], bool)
    if not known.any():
        raise Refused(_reason(texts, empty))
    example = next((t for t, k, e in zip(texts, known, empty, strict=True) if not k and not e), "")
    remarks = (*_zone_remarks(parsed, known, codes), *_epoch_remarks(parsed))
    return ReadDates(days=numbers[codes], is_read=known[codes], example=example, remarks=remarks)


def find_dates(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return (date, rest) of each name that holds a date, ('', name) of the others: `NDVI_2021-05-31`, `2021_151`.

    The first date of a name counts; the rest is without times of day, further dates and tiles.
    """
    return [_split_name(n) for n in names]


def unlikely_dates(days: Days, bands: Sequence[str]) -> str:
    """Return a remark on dates that no satellite saw: before the first one with these bands, or in the future.

    Args:
        days: (N,)
        bands: that were seen on these days. NDVI alone may be of an older satellite than Sentinel-2.
    """
    seen = [b for b in bands if b not in WEATHER_NAMES]
    if not seen or not len(days):
        return ""
    first, began = (
        (LANDSAT, "when Landsat began") if not set(seen) & set(OPTICAL_NAMES) else (SENTINEL_2, "when Sentinel-2 began")
    )
    is_odd = (days < to_day(first)) | (days > to_day(datetime.now(UTC).date()) + 1)
    odd = np.unique(days[is_odd])
    if not odd.size:
        return ""
    count = counted(odd.size, "date lies", "dates lie")
    return f"{count} before {first}, {began}, or in the future, such as {to_date(int(odd[0]))}."


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    if value is None or value is pd.NaT or value is pd.NA or value != value:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _of_times(column: "pd.Series[Any]") -> ReadDates:
    """Read times; those of a time zone as UTC unless all are midnight there."""
    known = column.notna().to_numpy()
    if not known.any():
        raise Refused("has no date")
    written = column.dt.tz_localize(None) if column.dt.tz is not None else column
    local = written.to_numpy().astype("datetime64[s]")
    times = local
    if column.dt.tz is not None and (local[known] != local[known].astype("datetime64[D]")).any():
        times = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[s]")
    days = np.where(known, to_days(times), 0).astype(np.int32)
    inside = known & (days >= to_day(FIRST_DATE)) & (days <= to_day(LAST_DATE))
    if not inside.any():
        raise Refused(f"has no date between {FIRST_DATE} and {LAST_DATE}")
    outside = times[known & ~inside]
    minutes = (times - times.astype("datetime64[D]"))[inside].astype(np.int64) / 60
    return ReadDates(
        days=np.where(inside, days, 0).astype(np.int32),
        is_read=inside,
        example=str(outside[0]) if outside.size else "",
        remarks=_late(minutes),
    )


def _parse(text: str) -> _Parsed:
    for pattern in (_YEAR_FIRST, _COMPACT):
        found = pattern.fullmatch(text)
        day = _day(found["y"], found["m"], found["d"]) if found else None
        if found and day is not None:
            return _with_time(day, found)
    found = _DAY_OF_YEAR.fullmatch(text)
    if found:
        return _Parsed(day=_day_of_year(int(found["y"]), int(found["n"])), is_day_of_year=not found["s"])
    found = _YEAR_LAST.fullmatch(text)
    if found:
        return _with_time(None, found, pair=(int(found["a"]), int(found["b"]), int(found["y"])))
    return _epoch(text)


def _with_time(day: int | None, found: re.Match[str], pair: tuple[int, int, int] | None = None) -> _Parsed:
    minutes = 60 * int(found["hour"] or 0) + int(found["minute"] or 0)
    if minutes > DAY_MINUTES:
        return _Parsed()
    seconds = 1 if int(found["second"] or 0) else 0  # a second past midnight is not midnight
    return _Parsed(day=day, minutes=max(minutes, seconds), offset=_zone(found["zone"]), pair=pair)


def _zone(text: str | None) -> int | None:
    if not text:
        return None
    if text[0] not in "+-":
        return 0
    digits = text[1:].replace(":", "").ljust(4, "0")
    return (-1 if text[0] == "-" else 1) * (60 * int(digits[:2]) + int(digits[2:]))


def _day(year: str | int, month: str | int, day: str | int) -> int | None:
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return to_day(found) if FIRST_DATE <= found <= LAST_DATE else None


def _day_of_year(year: int, number: int) -> int | None:
    first = _day(year, 1, 1)
    length = 366 if first is not None and _day(year, 2, 29) is not None else 365
    return first + number - 1 if first is not None and 1 <= number <= length else None


def _epoch(text: str) -> _Parsed:
    if not _NUMBER.fullmatch(text):
        return _Parsed()
    number = float(text.replace(",", "."))
    if not FIRST_MS <= number <= LAST_MS:
        return _Parsed()
    return _Parsed(day=int(number // (86_400_000)), is_epoch=True)


def _without_odd_days_of_year(parsed: list[_Parsed], texts: list[str]) -> list[_Parsed]:
    """Take seven digits as year and day of the year only where no text is written otherwise: it may lack a digit."""
    is_other = [not p.is_day_of_year and t.lower() not in EMPTY for p, t in zip(parsed, texts, strict=True)]
    return [_Parsed() if p.is_day_of_year else p for p in parsed] if any(is_other) else parsed


def _ordered(parsed: list[_Parsed]) -> list[_Parsed]:
    """Settle day and month of dates with the year last by the whole column.

    Raises:
        Refused: both orders or none are shown.
    """
    pairs = [p.pair for p in parsed if p.pair]
    if not pairs:
        return parsed
    day_first = [p for p in pairs if p[0] > 12]
    month_first = [p for p in pairs if p[1] > 12]
    if day_first and month_first:
        shown = " and ".join(f"{a}/{b}/{y}" for a, b, y in (day_first[0], month_first[0]))
        raise Refused(f"has dates with the day first and with the month first ({shown}); {ADVICE}")
    if not day_first and not month_first and any(a != b for a, b, _ in pairs):
        a, b, y = next(p for p in pairs if p[0] != p[1])
        raise Refused(f"has dates such as {a}/{b}/{y}, of which no row tells which is day and which month; {ADVICE}")
    order = (1, 0) if day_first else (0, 1)
    return [
        _Parsed(day=_day(p.pair[2], p.pair[order[0]], p.pair[order[1]]), minutes=p.minutes, offset=p.offset)
        if p.pair
        else p
        for p in parsed
    ]


def _days(parsed: list[_Parsed]) -> list[int | None]:
    """Return the day of each text: as written, or of UTC where times of day have a time zone."""
    zoned = [p for p in parsed if p.day is not None and p.offset is not None]
    if all(p.minutes == 0 for p in zoned):
        return [p.day for p in parsed]
    return [
        None
        if p.day is None
        else p.day + (p.minutes - (p.offset or 0)) // DAY_MINUTES
        if p.offset is not None
        else p.day
        for p in parsed
    ]


def _zone_remarks(parsed: list[_Parsed], known: NDArray[np.bool_], codes: NDArray[np.intp]) -> tuple[str, ...]:
    minutes = np.array([(p.minutes - (p.offset or 0)) % DAY_MINUTES for p in parsed])
    zoned = [p for p, k in zip(parsed, known, strict=True) if k and p.offset is not None]
    if zoned and all(p.minutes == 0 for p in zoned):
        return ()
    return _late(minutes[codes][known[codes]])


def _late(minutes: NDArray[Any]) -> tuple[str, ...]:
    """Return a remark where all times of UTC seem to be midnight of a time zone east of Greenwich."""
    different = np.unique(minutes)
    hours = different / 60
    is_late = len(minutes) >= MIN_LATE and len(hours) <= 2 and bool(np.isin(hours, LATE_HOURS).all())
    if not is_late:
        return ()
    shown = " or ".join(f"{int(h)}:00" for h in hours)
    return (f"All times are {shown} of UTC, which may be midnight of a time zone; the date of UTC is taken.",)


def _epoch_remarks(parsed: list[_Parsed]) -> tuple[str, ...]:
    return ("Dates are numbers and read as milliseconds since 1970.",) if any(p.is_epoch for p in parsed) else ()


def _reason(texts: list[str], empty: NDArray[np.bool_]) -> str:
    if empty.all():
        return "has no date in any row"
    example = next(t for t, e in zip(texts, empty, strict=True) if not e)
    if _NUMBER.fullmatch(example):
        return f"holds numbers, not dates ({example}); {ADVICE}"
    if _WRITTEN.match(example):
        return f"holds days that are none, or outside {FIRST_DATE} to {LAST_DATE} ('{example[:40]}')"
    return f"holds something else than dates ('{example[:40]}'); {ADVICE}"


_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d(?!\d)")
_IN_NAME = re.compile(
    r"(?<!\d)(?:(?P<iso>(?:19|20)\d\d(?P<s>[-._]?)[01]\d(?P=s)[0-3]\d)(?!\d)"
    r"|(?P<last>[0-3]\d(?P<z>[-._/])[0-3]\d(?P=z)(?:19|20)\d\d)(?!\d)"
    r"|(?P<doy>(?:19|20)\d\d_?[0-3]\d\d)(?!\d))"
)
_AROUND = re.compile(r"[Tt]\d{4,6}[Zz]?|(?<![A-Za-z\d])T\d{2}[A-Z]{3}(?![A-Za-z\d])")
"""Times of day and tiles of Sentinel-2 beside a date in a name."""


def _split_name(name: str) -> tuple[str, str]:
    found = _IN_NAME.search(name)
    if not found:
        return "", name
    text = found["iso"] or found["last"] or found["doy"].replace("_", "")
    rest = re.sub(r"[-_. :]{2,}", "_", _AROUND.sub("", _IN_NAME.sub("", name)))
    return text.replace("_", "-") if found["iso"] or found["last"] else text, rest.strip("_-. :")

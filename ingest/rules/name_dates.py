"""Which of the dates in the names of files and folders is that of the recording, by all names together. No files."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from ingest.rules.file_dates import Stamp, are_several_days, find_stamps
from ingest.rules.loose_dates import find_loose

LONGEST_PERIOD = timedelta(days=366)
"""Of a composite whose name states its first and last day."""
NO_DATE = (
    "no date that can be read (such as 20210105, 2021-01-05 or 2021005) stands in its name or folder; "
    "give --date-from YYYY-MM-DD, or --date-from tags"
)


@dataclass(frozen=True, kw_only=True)
class NameDate:
    """The date that a name states."""

    stamp: Stamp | None = None
    is_period: bool = False
    """True = several days follow each other, of which the first is taken."""
    is_varying: bool = False
    """True = of several days it is the one that differs between names."""
    is_loose: bool = False
    """True = all names together settled in which order its digits stand."""
    doubt: str = ""
    """Why there is none."""


@dataclass(frozen=True, kw_only=True)
class _Slot:
    """Where in names of one form a date stands: which place, how many dates it holds, and the number of this one."""

    place: int
    count: int
    number: int


Found = dict[_Slot, Stamp]


def choose_dates(names: Sequence[Sequence[str]]) -> list[NameDate]:
    """Choose a date for each name.

    A time of day goes before a bare date, and of several the one that differs between names goes before one that is
    the same in all.

    Args:
        names: for each file, its name and its folders, the first with a date counts.
    """
    found = [_usual(places) for places in names]
    doubts = [""] * len(names)
    without = [n for n, stamps in enumerate(found) if not stamps]
    if without:
        for place in range(max(len(names[n]) for n in without)):
            open_ones = [n for n in without if not found[n] and place < len(names[n])]
            for n, loose in zip(open_ones, find_loose([names[n][place] for n in open_ones]), strict=True):
                found[n] = _slots(place, loose.stamps)
                doubts[n] = doubts[n] or loose.doubt
    varying = _varying(found)
    return [
        replace(_choose(f, varying), is_loose=n in without) if f else NameDate(doubt=doubts[n] or NO_DATE)
        for n, f in enumerate(found)
    ]


def _usual(places: Sequence[str]) -> Found:
    found: Found = {}
    for place, text in enumerate(places):
        found |= _slots(place, find_stamps(text))
    return found


def _slots(place: int, stamps: Sequence[Stamp]) -> Found:
    return {_Slot(place=place, count=len(stamps), number=n): s for n, s in enumerate(stamps)}


def _varying(found: Sequence[Found]) -> set[_Slot]:
    """Return where dates differ between names."""
    days: dict[_Slot, set[date]] = defaultdict(set)
    for stamps in found:
        for slot, stamp in stamps.items():
            days[slot].add(stamp.when.date())
    return {slot for slot, held in days.items() if len(held) > 1}


def _choose(found: Found, varying: set[_Slot]) -> NameDate:
    first = min(slot.place for slot in found)
    here = {slot: s for slot, s in found.items() if slot.place == first}
    moving = min((slot.place for slot in found if slot in varying), default=first)
    if moving != first and not any(s.has_clock for s in here.values()):
        folder = {slot: s for slot, s in found.items() if slot.place == moving}
        return replace(_of_place(folder, varying), is_varying=True)
    return _of_place(here, varying)


def _of_place(here: Found, varying: set[_Slot]) -> NameDate:
    """Choose among the dates of one name or folder."""
    timed = [s for s in here.values() if s.has_clock]
    own = timed or list(here.values())
    differing = [s for slot, s in here.items() if slot in varying and s in own]
    if timed:  # recording before processing, as in the names of products
        return NameDate(stamp=differing[0] if differing and differing[0].when < own[0].when else own[0])
    if len({s.when.date() for s in own}) == 1:
        return NameDate(stamp=own[0])
    if differing and len(differing) < len(own):
        return NameDate(stamp=differing[0], is_varying=True)
    return _of_period(own)


def _of_period(stamps: Sequence[Stamp]) -> NameDate:
    """Return the first of several days that follow each other, as first and last day, or recording and processing."""
    days = [s.when.date() for s in stamps]
    if are_several_days(stamps) and all(a <= b for a, b in pairwise(days)) and days[-1] - days[0] <= LONGEST_PERIOD:
        return NameDate(stamp=stamps[0], is_period=True)
    several = " and ".join(dict.fromkeys(d.isoformat() for d in days))
    return NameDate(
        doubt=f"its name holds several dates ({several}), and nothing tells which is that of the recording; "
        "give --date-from folder, --date-from tags or --date-from YYYY-MM-DD"
    )

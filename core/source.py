"""Source: where the observations of an order come from, what it was taken for, and what the user stated about it.

Files and archives are opened in ingest/source.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal, Protocol

from core.cube import Cube, Series
from core.errors import DoubtfulInput
from core.timeline import Period

MASK = "mask: "
"""Begins the fact that names the cloud mask of an input."""
SourceKind = Literal["table", "cube", "region"]
"""A table of series, a cube file, or a region of an archive."""


class Source(Protocol):
    """Observations that a product or an evaluation is made from. Safe to read from several threads."""

    @property
    def name(self) -> str:
        """Name of the file or archive, without its folder."""
        ...

    @property
    def kind(self) -> SourceKind:
        """What it is."""
        ...

    @property
    def attribution(self) -> str:
        """Licence and credit; empty = not stated."""
        ...

    @property
    def is_simulated(self) -> bool:
        """Whether no satellite has measured this."""
        ...

    @property
    def shape_yx(self) -> tuple[int, int] | None:
        """Rows and columns of its pixels; None = series without places."""
        ...

    @property
    def period(self) -> Period:
        """First to last day of any observation in it."""
        ...

    @property
    def bands(self) -> tuple[str, ...]:
        """Bands with at least one observation, named as in core.bands."""
        ...

    @property
    def summary(self) -> "InputSummary":
        """What it was taken for."""
        ...

    def blocks(self, period: Period) -> Iterator[Series]:
        """Yield all series or pixels in order, some hundreds at a time; observations outside the period are unseen.

        Raises:
            ArchiveError, InvalidCube: pixels could not be read.
        """
        ...


class PixelSource(Source, Protocol):
    """A source whose series are pixels of a window."""

    def cube(self, period: Period) -> Cube:
        """Return all its pixels in a period; pixels outside the polygon of a region are unseen."""
        ...


@dataclass(frozen=True, kw_only=True)
class ReadAs:
    """How to read an input. Everything left at its default is taken from the file."""

    bands: Mapping[str, str] = field(default_factory=dict)
    """Our band name (`B04`, `VV`, `NDVI`) to its name in the input; `--band B04=red` or `--band red=B4`."""
    mask: str = ""
    """Name of the cloud mask in the input, with the rule for its codes where the name does not tell: `QA60`,
    `my_mask=clear`, `my_mask=cloud`; `none` = no mask is used."""
    offset: float | None = None
    """Added to stored numbers, in place of what the input states: -1000 where baseline 04.00's offset is left in, 0
    where it is not; None = as the input states, and checked. Of reflectances 0 to 1 in ten thousandths."""
    offset_from: date | None = None
    """First date on which `offset` holds, `--offset -1000@2022-01-25`; None = all dates."""
    crs: str = ""
    """EPSG code with prefix, for an input that states none or a wrong one."""
    date_from: str = ""
    """Where dates stand: name of a column of a table; of rasters `name`, `folder`, `tags`; or a date for all of it."""
    is_strict: bool = False
    """True = an input that needs a decision is refused."""

    def stated(self) -> dict[str, str]:
        """Return what the user states, by the option of the command line."""
        since = "" if self.offset_from is None else f"@{self.offset_from}"
        given = {
            "--band": ",".join(f"{ours}={theirs}" for ours, theirs in self.bands.items()),
            "--mask": self.mask,
            "--offset": "" if self.offset is None else f"{self.offset:g}{since}",
            "--crs": self.crs,
            "--date-from": self.date_from,
        }
        return {option: value for option, value in given.items() if value}

    def key(self) -> str:
        """Return a text that differs wherever other pixels are read; empty if nothing is stated."""
        stated = replace(self, is_strict=False)
        return "" if stated == AS_STATED else repr(sorted(vars(stated).items(), key=lambda pair: pair[0]))


AS_STATED = ReadAs()
"""Nothing but what the file states."""


@dataclass(frozen=True, kw_only=True)
class InputSummary:
    """One cube, folder, table, label or region file as it was understood. Sentences and phrases, ready to print."""

    name: str
    """File or folder, without the folder that it is in."""
    layout: str
    """What it is taken for: `cube with one array and a dimension of bands`, `table with a row for each date`."""
    taken: tuple[str, ...] = ()
    """What the input states and how it is used, a phrase each: bands with their names in it, mask, dates."""
    remarks: tuple[str, ...] = ()
    """What it does not state and was decided, and what was left out or changed, a sentence each.

    --strict refuses each of them."""

    def with_remarks(self, *remarks: str) -> "InputSummary":
        """Return the summary with further remarks; empty ones, and those it has, are left out."""
        new = dict.fromkeys((*self.remarks, *(r for r in remarks if r)))
        return replace(self, remarks=tuple(new))

    def with_taken(self, *taken: str) -> "InputSummary":
        """Return the summary with further facts; empty ones, and those it has, are left out."""
        new = dict.fromkeys((*self.taken, *(t for t in taken if t)))
        return replace(self, taken=tuple(new))

    def lines(self) -> tuple[str, ...]:
        """Return one line for the layout, one for each fact, and one for each remark."""
        return (f"{self.name}: {self.layout}", *self.taken, *(f"Note: {r}" for r in self.remarks))

    @property
    def mask(self) -> str:
        """The cloud mask that is used, by its phrase among the facts; empty = none, or none is mentioned."""
        return next((t.removeprefix(MASK) for t in self.taken if t.startswith(MASK)), "")

    def check_strict(self) -> None:
        """Refuse an input that needed a decision.

        Raises:
            DoubtfulInput: there is a remark; names all.
        """
        if self.remarks:
            raise DoubtfulInput(self.name, self.remarks)


def listed(names: Sequence[str], most: int = 12) -> str:
    """Return names for a sentence; of many the first ones and their number."""
    more = f", ... ({len(names)} in all)" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def counted(count: int, one: str, many: str) -> str:
    """Return a number with its noun: `1 row`, `12,000 rows`."""
    return f"{count:,} {one if count == 1 else many}"

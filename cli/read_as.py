"""Options that say how an input is read, the same for every command, and the lines that say what it was taken for."""

import inspect
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, TypeVar

import typer
from pyproj import CRS
from pyproj.exceptions import CRSError

from cli.options import keyword, with_signature
from core.bands import CHANNELS
from core.errors import InvalidOption, RequestError
from core.source import InputSummary, ReadAs
from core.timeline import parse_date
from ingest.rules.band_names import find_band
from ingest.rules.masks import NO_MASK, STATED
from ingest.rules.refusal import Refused

Found = TypeVar("Found")

PANEL = "How the input is read"
"""Heading in the help."""
LOWEST_OFFSET = -10_000.0
"""Baseline 04.00 needs -1000, other products at most ten times as much."""

FileCrs = Annotated[
    str,
    typer.Option("--crs", metavar="EPSG:CODE", help="CRS of the polygons, if their file states none or a wrong one."),
]
"""Of files of polygons alone; inputs of products have `Crs`."""
Bands = Annotated[
    list[str] | None,
    typer.Option(
        "--band",
        metavar="OURS=THEIRS",
        help="Name of a band in the input, such as B04=red or red=layer_3; may be repeated.",
        rich_help_panel=PANEL,
    ),
]
Mask = Annotated[
    str,
    typer.Option(
        "--mask",
        metavar="NAME",
        help="Name of the cloud mask, such as QA60; NAME=clear where 1 is clear, NAME=cloud where 0 is; of a cloud "
        "probability NAME=share, percent or byte; or none.",
        rich_help_panel=PANEL,
    ),
]
Offset = Annotated[
    str,
    typer.Option(
        "--offset",
        metavar="NUMBER[@DATE]",
        help="Added to stored reflectance, from a date on or always: -1000 for baseline 04.00, 0 if done already.",
        rich_help_panel=PANEL,
    ),
]
Crs = Annotated[
    str,
    typer.Option(
        "--crs",
        metavar="EPSG:CODE",
        help="Coordinate reference system, if the input states none or a wrong one.",
        rich_help_panel=PANEL,
    ),
]
DateFrom = Annotated[
    str,
    typer.Option(
        "--date-from",
        metavar="WHERE",
        help="Where dates stand: a column of a table; name, folder or tags of rasters; or the date itself.",
        rich_help_panel=PANEL,
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict", help="Refuse an input that needs a decision which it does not state.", rich_help_panel=PANEL
    ),
]


def parameters() -> list[inspect.Parameter]:
    """Return the keyword parameters of these options, for typer."""
    return [
        keyword("band", Bands, None),
        keyword("mask", Mask, ""),
        keyword("offset", Offset, ""),
        keyword("crs", Crs, ""),
        keyword("date_from", DateFrom, ""),
        keyword("strict", Strict, False),
    ]


def take_read_as(values: dict[str, Any]) -> ReadAs:
    """Take the values of these options out of those of a command.

    Raises:
        InvalidOption: one says nothing that can be meant; names the option and what to write.
    """
    offset, since = parse_offset(values.pop("offset"))
    return ReadAs(
        bands=parse_bands(values.pop("band") or ()),
        mask=parse_mask(values.pop("mask")),
        offset=offset,
        offset_from=since,
        crs=parse_crs(values.pop("crs")),
        date_from=values.pop("date_from").strip(),
        is_strict=values.pop("strict"),
    )


def with_read_as(function: Callable[..., Any]) -> Any:
    """Return a command with these options in place of its argument `read_as`."""
    own = [p for p in inspect.signature(function).parameters.values() if p.name != "read_as"]
    named = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own]

    def command(**values: Any) -> Any:
        read_as = take_read_as(values)
        return function(**values, read_as=read_as)

    return with_signature(command, [*named, *parameters()], name=function.__name__, doc=function.__doc__ or "")


def with_own_crs(read: Callable[[ReadAs], Found], read_as: ReadAs) -> tuple[Found, ReadAs]:
    """Read places that lie beside observations: --crs is theirs if they cannot be read without it.

    Args:
        read: reads the places.
        read_as: what the user states about places and observations together.

    Returns:
        What was read, and what is left that is stated about the observations.
    """
    try:
        return read(ReadAs(is_strict=read_as.is_strict)), read_as
    except (RequestError, Refused):
        if not read_as.crs:
            raise
    return read(ReadAs(crs=read_as.crs, is_strict=read_as.is_strict)), replace(read_as, crs="")


def say(summary: InputSummary | None, read_as: ReadAs) -> None:
    """Print what an input was taken for on stderr, where standard output holds results alone.

    Raises:
        DoubtfulInput: it needed a decision, and --strict refuses that.
    """
    if summary is None:
        return
    print("\n  ".join(summary.lines()), file=sys.stderr, flush=True)
    if read_as.is_strict:
        summary.check_strict()


def say_notes(notes: Sequence[str], summary: InputSummary | None) -> None:
    """Print remarks that came up while an input was read, those on stderr already left out; of many the first ones."""
    said = summary.remarks if summary else ()
    new = [n for n in dict.fromkeys(notes) if n not in said]
    for note in new[:MOST_NOTES]:
        print(f"Note: {note}", file=sys.stderr)
    if len(new) > MOST_NOTES:
        print(f"Note: {len(new) - MOST_NOTES} further notes are in the result.", file=sys.stderr)


MOST_NOTES = 5
"""Notes on single scenes that are printed; the result has more of them."""


def parse_bands(texts: Sequence[str]) -> dict[str, str]:
    """Read names of bands: our name, in any spelling that is known, to that in the input.

    Raises:
        InvalidOption: not two names, none of which means a band, or a band is named twice.
    """
    found: dict[str, str] = {}
    for text in (part for given in texts for part in given.split(",") if part.strip()):
        left, sign, right = (part.strip() for part in text.partition("="))
        ours, theirs = _pair(left, right)
        if not (sign and theirs):
            raise InvalidOption("--band", text, "write it as OURS=THEIRS, such as B04=red, with the name in the input")
        if not ours:
            raise InvalidOption("--band", text, f"one side is a band: {', '.join(CHANNELS)}")
        if ours in found:
            raise InvalidOption("--band", text, f"{ours} is read from '{found[ours]}' already")
        found[ours] = theirs
    return found


def _pair(left: str, right: str) -> tuple[str, str]:
    """Return our name and theirs; the side in our own spelling is ours, then the left one where it means a band."""
    if left in CHANNELS or (right not in CHANNELS and find_band(left)):
        return find_band(left), right
    return find_band(right), left


def parse_mask(text: str) -> str:
    """Read the name of a mask, with a word for its codes or without.

    Raises:
        InvalidOption: no name, or another word than those that are known.
    """
    name, sign, word = (part.strip() for part in text.partition("="))
    if (sign and word.lower() not in STATED) or (text and not name):
        words = " or ".join(f"NAME={w}" for w in STATED)
        raise InvalidOption("--mask", text, f"write it as NAME, {words}, or {NO_MASK}")
    return f"{name}={word.lower()}" if sign else name


def parse_offset(text: str) -> tuple[float | None, date | None]:
    """Read an offset, and the first date on which it holds.

    Raises:
        InvalidOption: no number, above zero, or too large.
        InvalidPeriod: the date cannot be read.
    """
    if not text.strip():
        return None, None
    number, sign, since = text.partition("@")
    try:
        offset = float(number)
    except ValueError:
        offset = float("nan")
    if not LOWEST_OFFSET <= offset <= 0:
        raise InvalidOption("--offset", text, "it is added to stored numbers, such as -1000, or 0 for none")
    return offset, parse_date(since.strip()) if sign else None


def parse_crs(text: str) -> str:
    """Read an EPSG code, with prefix or without.

    Raises:
        InvalidOption: there is no such code.
    """
    if not text.strip():
        return ""
    code = re.fullmatch(r"(?:EPSG:)?(\d{4,6})", text.strip(), re.IGNORECASE)
    try:
        return f"EPSG:{CRS.from_epsg(int(code[1])).to_epsg()}" if code else _no_code(text)
    except CRSError:
        return _no_code(text)


def _no_code(text: str) -> str:
    raise InvalidOption("--crs", text, "it is an EPSG code, such as EPSG:32632")

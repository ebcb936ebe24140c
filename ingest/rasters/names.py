"""What the name of a raster and of its folders state: date, band or mask, sensor, product. Opens no file."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from itertools import pairwise
from urllib.parse import unquote, urlsplit

from core.bands import NDVI, OPTICAL_NAMES, RADAR_NAMES
from core.errors import InvalidOption
from core.source import AS_STATED, ReadAs
from ingest.rules.band_names import Family, find_band, find_family
from ingest.rules.file_dates import Stamp, find_stamps
from ingest.rules.masks import HLS_FMASK, FoundMask, find_mask
from ingest.rules.name_dates import NameDate, choose_dates
from ingest.rules.product_names import Product, find_product

RASTER_SUFFIXES = (".tif", ".tiff", ".jp2")
READ_BANDS = frozenset((*OPTICAL_NAMES, NDVI.name, *RADAR_NAMES))
WORD = re.compile(r"[^_.\s()\[\],+-]+")
CODE = re.compile(r"(?:.*_)?(?:b\d{1,2}a?|vv|vh|ndvi|scl|clm|mg2|qai|fmask|qa60)(?:_.*)?", re.IGNORECASE)
"""Names that mean nothing but a band or mask, unlike `red` and `cloud`, which may be part of a farm's name."""
NO_PART_OF_ID = re.compile(r"\d{1,3}m|b\d{1,2}a?|fre|sre|boa|imp|raw|r[123]", re.IGNORECASE)
"""Words that differ between the files of one scene."""
BASELINE = re.compile(r"(?<![A-Za-z\d])N(\d\d)(\d\d)(?![A-Za-z\d])")
DATE_SOURCES = ("name", "folder", "tags")
MOST_WORDS = 3
"""Words of one name of a band or mask: `red_edge_1`."""


NO_NAME_DATE = NameDate()


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """A name of a band or a mask, found in a text."""

    name: str
    """As written, its words joined by `_`."""
    band: str = ""
    """Our name; empty = a mask."""
    mask: FoundMask | None = None
    words: range = range(0)
    """Which words of the text it is made of."""
    rank: int = 1
    """3 = stated by the user, 2 = a code, 1 = a common word."""


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """What names mean in one file: by its sensor, the other names around, and the user."""

    family: Family = Family.SENTINEL_2
    company: tuple[str, ...] = ()
    read_as: ReadAs = AS_STATED
    is_hls: bool = False

    def meaning(self, name: str, words: range = range(0)) -> Meaning | None:
        """Return what one name means; None = neither a band nor a mask."""
        theirs = {_even(v): ours for ours, v in self.read_as.bands.items() if not v.isdigit()}
        if _even(name) in theirs:
            return Meaning(name=name, band=theirs[_even(name)], words=words, rank=3)
        mask = self._mask(name)
        if mask is not None:
            return Meaning(name=name, mask=mask, words=words, rank=self._rank(name))
        band = find_band(name, family=self.family, beside=self.company)
        if band not in READ_BANDS or band in self.read_as.bands:
            return None
        return Meaning(name=name, band=band, words=words, rank=self._rank(name))

    def meanings(self, text: str) -> list[Meaning]:
        """Return all names of bands and masks in a text, in its order; longer names before their parts."""
        words = WORD.findall(text)
        used: set[int] = set()
        found: list[Meaning] = []
        for count in range(MOST_WORDS, 0, -1):
            for first in range(len(words) - count + 1):
                span = range(first, first + count)
                if used & set(span):
                    continue
                meaning = self.meaning("_".join(words[first : first + count]), span)
                if meaning is not None:
                    found.append(meaning)
                    used |= set(span)
        return sorted(found, key=lambda m: m.words.start)

    def _mask(self, name: str) -> FoundMask | None:
        stated = self.read_as.mask
        if stated:
            own = stated.partition("=")[0]
            if stated.lower() == "none" or _even(own) != _even(name):
                return None
            return find_mask([name], stated=name + stated[len(own) :])
        found = find_mask([name])
        is_hls = found is not None and self.is_hls and "fmask" in found.rule.names
        return FoundMask(name=name, rule=HLS_FMASK) if is_hls else found

    def _rank(self, name: str) -> int:
        return 3 if self.read_as.mask and _even(self.read_as.mask.partition("=")[0]) == _even(name) else _code(name)


@dataclass(frozen=True, kw_only=True)
class NamedFile:
    """What the name of a file states."""

    href: str
    path: str
    """Folders below the archive's and name, without its ending."""
    when: datetime | None
    """None = neither name nor folder states a date."""
    key: str
    """The name without band, mask and pixel size: the same for all files of one scene."""
    meanings: tuple[Meaning, ...] = ()
    """Bands and masks that the name, or else its folder, names."""
    family: Family = Family.SENTINEL_2
    product: Product | None = None
    baseline: str = ""
    """Sentinel-2 processing baseline; empty = not stated."""
    date: NameDate = NO_NAME_DATE
    """How the date was chosen."""
    hints: frozenset[str] = field(default_factory=frozenset)
    """Words, and pairs of them, in lower case."""

    @property
    def name(self) -> str:
        """Name without folders."""
        return _file_name(self.href)

    @property
    def best(self) -> Meaning | None:
        """The band or mask of a file with one band: codes before common words, then the last."""
        return max(self.meanings, key=lambda m: (m.rank, m.words.start), default=None)

    @property
    def codes(self) -> tuple[Meaning, ...]:
        """The bands and masks that the name lists without doubt."""
        top = max((m.rank for m in self.meanings), default=0)
        return tuple(m for m in self.meanings if m.rank == top >= 2)


def is_raster(name: str) -> bool:
    """Tell whether a file name is one of a raster that can be read."""
    return name.lower().endswith(RASTER_SUFFIXES)


def stated_date(read_as: ReadAs) -> datetime | None:
    """Return the date that the user states for all rasters; None = they state their own.

    Raises:
        InvalidOption: it is no date and none of the words.
    """
    text = read_as.date_from
    if not text or text in DATE_SOURCES:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        allowed = "for rasters it is name, folder, tags, or a date as YYYY-MM-DD"
        raise InvalidOption("--date-from", text, allowed) from None


def read_name(
    href: str,
    inside: str = "",
    *,
    root: str = "",
    company: Iterable[str] = (),
    read_as: ReadAs = AS_STATED,
    dated: NameDate | None = None,
) -> NamedFile:
    """Read what a path or URL states.

    Args:
        href: of a raster.
        inside: its folders below the archive's, joined by `/`.
        root: name of the archive's folder, which may name the sensor.
        company: names of bands of the other files.
        read_as: what the user states.
        dated: the date that is chosen for it by all names; None = by its own alone.
    """
    stem = _file_name(href).rsplit(".", 1)[0]
    path = f"{inside}/{stem}" if inside else stem
    folders = [f for f in inside.split("/") if f]
    hints = hints_of(stem)
    family = find_family(stem, *reversed(folders), root, names=hints)
    vocabulary = Vocabulary(
        family=family, company=tuple(company), read_as=read_as, is_hls=bool(re.search(r"hls|[sl]30", path, re.I))
    )
    meanings = vocabulary.meanings(stem) or _of_folder(folders, vocabulary)
    stated = stated_date(read_as)
    own = NameDate() if stated else dated or choose_dates([date_places(href, inside, read_as)])[0]
    when = stated or (own.stamp.when if own.stamp else None)
    baseline = BASELINE.search(path)
    return NamedFile(
        href=href,
        path=path,
        when=when,
        key=_key(stem, meanings, when),
        meanings=tuple(meanings),
        family=family,
        product=find_product(path),
        baseline=f"{baseline[1]}.{baseline[2]}" if baseline else "",
        date=own,
        hints=hints,
    )


def _file_name(href: str) -> str:
    """Return the name of a file on disk, where `#` and `%` mean themselves, or behind a URL."""
    return (unquote(urlsplit(href).path) if "://" in href else href).rsplit("/", 1)[-1]


def hints_of(stem: str) -> frozenset[str]:
    """Return the words of a name and pairs of them, in lower case."""
    words = [w.lower() for w in WORD.findall(stem)]
    return frozenset(words) | {"_".join(pair) for pair in pairwise(words)}


def described_date(text: str) -> Stamp | None:
    """Return the date in the description of a band: `20180611T105031_20180611T105325_T31TCJ_B4`."""
    return next(iter(find_stamps(text)), None)


def date_places(href: str, inside: str, read_as: ReadAs) -> list[str]:
    """Return where a date may stand: the name, the folders from the innermost on, folders in folders."""
    folders = [f for f in inside.split("/") if f]
    places = [_file_name(href).rsplit(".", 1)[0], *reversed(folders), "/".join(folders) if len(folders) > 1 else ""]
    if read_as.date_from == "name":
        return places[:1]
    if read_as.date_from == "folder":
        return places[1:]
    return [] if read_as.date_from == "tags" else places


def _of_folder(folders: Sequence[str], vocabulary: Vocabulary) -> list[Meaning]:
    """Return the bands of the innermost folder whose name consists of nothing else: `B04`, `B02_B03_B04_B08`."""
    for folder in reversed(folders):
        found = vocabulary.meanings(folder)
        if found and sum(len(m.words) for m in found) == len(WORD.findall(folder)):
            return found
    return []


def _key(stem: str, meanings: Sequence[Meaning], when: datetime | None) -> str:
    words = WORD.findall(stem)
    best = max(meanings, key=lambda m: (m.rank, m.words.start), default=None)
    named = {n for m in meanings if (best and m.rank == best.rank >= 2) or m is best for n in m.words}
    kept = [w for n, w in enumerate(words) if n not in named and not NO_PART_OF_ID.fullmatch(w)]
    if kept and re.fullmatch(r"[126]0", kept[-1]):
        kept = kept[:-1]  # pixel size at the end of sen2r's names
    if when is not None and not find_stamps(stem):
        kept.insert(0, when.strftime("%Y%m%d"))
    return "_".join(kept)


def _code(name: str) -> int:
    return 2 if CODE.fullmatch(name) else 1


def _even(name: str) -> str:
    return "_".join(WORD.findall(name)).lower()


def band_names(files: Sequence[NamedFile]) -> Mapping[str, None]:
    """Return the names of bands in the names of files, each once."""
    return {m.name: None for f in files for m in f.meanings if m.band}

"""Folders of rasters without a catalogue: items from file names, descriptions of bands and files beside them."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from core.bands import OPTICAL_NAMES
from core.errors import InvalidArchive, InvalidOption
from core.source import AS_STATED, InputSummary, ReadAs, counted, listed
from ingest.io.raster_files import LOCAL, Access
from ingest.rasters.item import RasterItem
from ingest.rasters.look import Layer, Looked, Opener, look, missing_names
from ingest.rasters.mask_check import check_masks
from ingest.rasters.names import NamedFile, band_names, date_places, read_name, stated_date
from ingest.rasters.offsets import OFFSET, settle_offsets
from ingest.rasters.scenes import Assembled, assemble
from ingest.rasters.sidecar import Sidecar, find_sidecar, product_offset
from ingest.rasters.summary import check_bands, facts, item_remarks
from ingest.rules.band_names import READ, foreign
from ingest.rules.name_dates import NO_DATE, choose_dates
from ingest.rules.product_names import is_other_name, is_spare_file, is_top_of_atmosphere

LOOK_THREADS = 8
"""Files opened at once: if they are remote, most of the time is waiting."""
NO_BAND = "neither its name nor its description names a band; give --band red=NAME --band nir=NAME"
TOP = "it is top-of-atmosphere reflectance (Level-1C), and the models are made for surface reflectance (Level-2A)"
ESA_NAME = re.compile(r"(?:^|/)(?:L2A_)?T\d\d[A-Z]{3}_\d{8}T\d{6}_[A-Z0-9]{3}(?:_\d\dm)?\.\w+$")
OFFSET_SINCE = date(2022, 1, 25)
"""First day of processing baseline 04.00 (ESA, S2 Products Specification)."""
SINCE = "04.00"
"""Processing baseline since which numbers carry +1000."""


@dataclass(frozen=True, kw_only=True)
class RasterFolder:
    """Where the rasters of an archive lie, and how they are opened."""

    name: str
    """Of the archive's folder."""
    files: Mapping[str, str]
    """Href of each raster to its folders below the archive's, joined by `/`."""
    opener: Opener
    versions: Mapping[str, str]
    """Href to a text that changes with the file."""
    root: Path | None = None
    """Folder on disk, where files beside the rasters are read; None = remote."""
    access: Access = LOCAL


@dataclass(frozen=True, kw_only=True)
class Found:
    """Items of a folder, and the summary of how it was understood."""

    items: tuple[RasterItem, ...]
    summary: InputSummary


@dataclass
class _Reasons:
    """Files and scenes that are left out, by reason."""

    by_reason: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, reason: str, name: str) -> None:
        """Add a file or scene."""
        self.by_reason[reason].append(name)

    def remarks(self) -> list[str]:
        """Return a sentence for each reason."""
        return [f"Left out: {listed(names, 4)} ({reason})." for reason, names in self.by_reason.items()]

    def sentence(self) -> str:
        """Return all reasons as one, the most frequent first."""
        ordered = sorted(self.by_reason.items(), key=lambda r: -len(r[1]))
        return "; ".join(f"{listed(names, 4)}: {reason}" for reason, names in ordered[:3])


def find_items(folder: RasterFolder, *, read_as: ReadAs = AS_STATED) -> Found:
    """Find the items of a folder.

    Raises:
        InvalidArchive: nothing of it can be read; names the causes.
        InvalidOption: a stated date or reference system is none.
    """
    stated_date(read_as)
    reasons = _Reasons()
    named = _named(folder, read_as)
    looked = _look_at(folder, _readable(named, reasons), read_as)
    for found in looked:
        if found.reason:
            reasons.add(
                found.file.date.doubt or NO_DATE if found.reason == "no date" else found.reason, found.file.name
            )
        elif not found.layers and not is_other_name(found.file.key.rsplit("_", 1)[-1]) and not _holds_other(found):
            reasons.add(NO_BAND, found.file.name)
    layers = [la for found in looked for la in found.layers]
    if layers:
        _check_stated(layers, named, looked, read_as)
    assembled = assemble(layers, hints=_hints(named), versions=folder.versions)
    for scene, reason in assembled.left_out:
        reasons.add(reason, scene)
    if not assembled.items:
        cause = reasons.sentence() or "it holds masks and no bands"
        raise InvalidArchive(
            folder.name, f"none of its {counted(len(named), 'raster', 'rasters')} can be read: {cause}"
        )
    return _settled(folder, assembled, layers, looked, reasons, read_as)


def _check_stated(
    layers: Sequence[Layer], named: Sequence[NamedFile], looked: Sequence[Looked], read_as: ReadAs
) -> None:
    """Check that the bands and the mask that the user states are there.

    Raises:
        InvalidOption: one is not; lists what is there.
    """
    words = dict.fromkeys([*(la.name for la in layers), *missing_names(looked)])
    words |= dict.fromkeys(f.path.rsplit("/", 1)[-1] for f in named if not f.meanings)
    there = listed(list(words))
    held = {la.band for la in layers}
    for ours, theirs in read_as.bands.items():
        if ours not in held:
            raise InvalidOption("--band", f"{ours}={theirs}", f"no raster or band is named {theirs}; there are {there}")
    if read_as.mask and read_as.mask.lower() != "none" and all(la.band for la in layers):
        name = read_as.mask.partition("=")[0]
        raise InvalidOption("--mask", read_as.mask, f"no raster or band is named {name}; there are {there}")


def _settled(
    folder: RasterFolder,
    assembled: Assembled,
    layers: Sequence[Layer],
    looked: Sequence[Looked],
    reasons: _Reasons,
    read_as: ReadAs,
) -> Found:
    """Decide on offsets, and describe what was found."""
    stated, by = _stated_offsets(folder, assembled.items, read_as)
    check_bands(folder.name, stated, reasons.sentence())
    check_masks(folder.name, stated, folder.access)
    settled = settle_offsets(folder.name, stated, folder.access, expected=_expected(stated))
    remarks = [*reasons.remarks(), *_further(assembled, layers, looked), *item_remarks(settled.items, read_as)]
    summary = InputSummary(
        name=folder.name,
        layout=_layout(layers),
        taken=(*facts(settled.items), *by, *settled.taken),
        remarks=(*remarks, *settled.remarks),
    )
    return Found(items=settled.items, summary=summary)


def _named(folder: RasterFolder, read_as: ReadAs) -> list[NamedFile]:
    """Read all names, those of bands in the company of each other."""
    files = sorted(folder.files.items())
    dates = choose_dates([date_places(href, inside, read_as) for href, inside in files])

    def named(company: tuple[str, ...] = ()) -> list[NamedFile]:
        return [
            read_name(href, inside, root=folder.name, company=company, read_as=read_as, dated=dated)
            for (href, inside), dated in zip(files, dates, strict=True)
        ]

    first = named()
    company = tuple(band_names(first))
    return named(company) if {"swir_3", "broadnir"} & {n.lower() for n in company} else first


def _readable(named: Sequence[NamedFile], reasons: _Reasons) -> list[NamedFile]:
    """Return the files that are worth opening."""
    kept = []
    for file in named:
        if is_spare_file(file.path):
            continue
        if file.family not in READ:
            reasons.add(foreign(file.family), file.name)
        elif is_top_of_atmosphere(file.path):
            reasons.add(TOP, file.name)
        elif not _is_known_other(file):
            kept.append(file)
    return kept


def _is_known_other(file: NamedFile) -> bool:
    """Tell whether a name ends in a band of Sentinel-2 that is not read: `..._B09_60m`."""
    words = [w for w in file.path.rsplit("/", 1)[-1].split("_") if not w.lower().endswith("0m")]
    return not file.meanings and bool(words) and (is_other_name(words[-1].rsplit(".", 1)[-1]) or words[-1] == "B10")


def _holds_other(found: Looked) -> bool:
    return bool(found.ignored)


def _look_at(folder: RasterFolder, files: Sequence[NamedFile], read_as: ReadAs) -> list[Looked]:
    def one(file: NamedFile) -> Looked:
        sidecar: Sidecar | None = find_sidecar(Path(file.href)) if folder.root is not None else None
        return look(file, folder.opener, sidecar=sidecar, read_as=read_as)

    with ThreadPoolExecutor(LOOK_THREADS) as pool:
        return list(pool.map(one, files))


def _hints(named: Sequence[NamedFile]) -> dict[str, frozenset[str]]:
    hints: dict[str, frozenset[str]] = {}
    for file in named:
        hints[file.key] = hints.get(file.key, frozenset()) | file.hints
    return hints


def _stated_offsets(
    folder: RasterFolder, items: Sequence[RasterItem], read_as: ReadAs
) -> tuple[list[RasterItem], tuple[str, ...]]:
    """Return the items with the offset that the user, a baseline or a product's metadata state, and how many do."""
    found: list[RasterItem] = []
    by: Counter[str] = Counter()
    for item in items:
        offset, source = _stated(folder, item, read_as)
        if offset is None:
            found.append(item)
            continue
        found.append(item.with_offset(offset))
        by[f"{round(offset * 10_000)} {source}" if offset else f"none {source}"] += 1
    return found, tuple(f"offset: {text} ({counted(n, 'scene', 'scenes')})" for text, n in by.items())


def _stated(folder: RasterFolder, item: RasterItem, read_as: ReadAs) -> tuple[float | None, str]:
    optical = [s for b, s in item.sources.items() if b in OPTICAL_NAMES]
    if not optical:
        return None, ""
    if read_as.offset is not None:
        return read_as.offset * (1e-4 if optical[0].coding.scale == 1 else optical[0].coding.scale), "as stated"
    if item.is_offset_stated or optical[0].coding.scale == 1:
        return None, ""
    if item.scene.baseline:
        return (OFFSET if item.scene.baseline >= SINCE else 0.0), "by the processing baseline in the names"
    added = product_offset(Path(optical[0].href).parent, folder.root) if folder.root is not None else None
    return (None, "") if added is None else (added * optical[0].coding.scale, "by the product's metadata")


def _expected(items: Sequence[RasterItem]) -> frozenset[str]:
    """Return the scenes with ESA's names since the day from which ESA's processing leaves the offset in."""
    return frozenset(
        i.scene.scene_id
        for i in items
        if i.scene.time.date() >= OFFSET_SINCE and any(ESA_NAME.search(s.href) for s in i.sources.values())
    )


def _further(assembled: Assembled, layers: Sequence[Layer], looked: Sequence[Looked]) -> list[str]:
    """Return sentences on what was decided or is not used."""
    remarks = []
    names = list(missing_names(looked))
    if names:
        remarks.append(f"Ignored, as they mean no band that is read: {listed(names)}.")
    if assembled.doubled:
        remarks.append(
            f"Files that repeat a band of the same date and place are not read: {listed(assembled.doubled, 4)}."
        )
    if assembled.lone_masks:
        remarks.append(
            f"Masks without bands of the same date and place are not used: {listed(assembled.lone_masks, 4)}."
        )
    remarks += _of_dates(layers, assembled.items)
    warped = Counter(la.warped for la in layers if la.warped)
    remarks += [f"Warped to another lattice: {counted(n, 'band', 'bands')}, as {text}." for text, n in warped.items()]
    stretched = {
        la.file.product.title for la in layers if la.file.product and la.file.product.whole_scale and _is_stretched(la)
    }
    remarks += [f"Whole numbers of {title} are read as 65535 times reflectance." for title in sorted(stretched)]
    guessed = [la.file.name for la in layers if la.band in OPTICAL_NAMES and _is_guessed_float(la)]
    if guessed:
        remarks.append(f"Floats that state no scale are read as 10000 times reflectance: {listed(guessed, 4)}.")
    return remarks


def _of_dates(layers: Sequence[Layer], items: Sequence[RasterItem]) -> list[str]:
    """Return sentences on dates that were chosen among several, and on scenes that share one."""
    periods = list(dict.fromkeys(la.file.name for la in layers if la.file.date.is_period))
    varying = list(dict.fromkeys(la.file.name for la in layers if la.file.date.is_varying))
    alike: dict[object, list[str]] = defaultdict(list)
    for item in items:
        alike[(item.scene.time, item.geometry.wkb, frozenset(item.sources))].append(item.scene.scene_id)
    remarks = []
    if periods:
        remarks.append(f"The first of several days in the name is taken as the date of {listed(periods, 4)}.")
    if varying:
        remarks.append(f"Of several dates the one that differs between the names is taken: {listed(varying, 4)}.")
    loose = {la.file.name: la.when for la in layers if la.file.date.is_loose}
    if loose:
        name, count = min(loose), counted(len(loose), "name", "names")
        remarks.append(f"Dates are read from the digits of {count}: {name} is of {loose[name]:%Y-%m-%d}.")
    joined = [names for names in alike.values() if len(names) > 1]
    if joined:
        scenes = counted(sum(map(len, joined)), "scene", "scenes")
        days = counted(len(joined), "date", "dates")
        remarks.append(
            f"{scenes} of equal bands and place share {days} and are joined there: {listed(joined[0], 4)}; "
            "if their dates differ, give --date-from folder or --date-from tags."
        )
    return remarks


def _is_stretched(layer: Layer) -> bool:
    return bool(layer.band) and layer.source.coding.scale < 5e-5


def _is_guessed_float(layer: Layer) -> bool:
    return layer.is_float and layer.source.coding.scale == 1e-4


def _layout(layers: Sequence[Layer]) -> str:
    """Return what the folder is taken for."""
    titles = list(dict.fromkeys(la.file.product.title for la in layers if la.file.product))
    return f"folder of rasters of {' and '.join(titles)}" if titles else "folder of rasters"

"""An archive that is a folder of COGs, with a STAC catalogue or with dates and bands in the files' names.

Items are read in ingest.stac.items, names in file_names, pixels in reader.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rasterio.io import DatasetReader
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from core.bands import CHANNELS
from core.errors import InvalidArchive, InvalidOption, ReadFailed
from core.grid import Grid, Window
from core.region import Region
from core.settings import Settings
from core.source import AS_STATED, InputSummary, ReadAs, counted, listed
from core.timeline import Period
from ingest.archive import Abilities, Convention, Reading, Scene, Sensor
from ingest.io.fingerprint import file_fingerprint, fingerprint
from ingest.io.hosts import Hosts
from ingest.io.raster_files import LOCAL, Access, access_from, environment, open_raster
from ingest.rasters.folder import RasterFolder, find_items
from ingest.rasters.item import MASK_KINDS, RasterItem
from ingest.rasters.mask_check import check_masks
from ingest.rasters.names import is_raster
from ingest.rasters.offsets import settle_offsets
from ingest.rasters.reader import item_lattice, read_item
from ingest.rasters.scenes import ITEM_ID, unique
from ingest.rasters.summary import check_bands, facts, item_remarks, stated_offsets
from ingest.stac.items import LeftOut, inside, load_json, walk_items

CATALOGUE_NAMES = ("catalog.json", "collection.json")
COLLECTION_NAMES = ("items.json", "item_collection.json", "item-collection.json")
"""Saved results of a search, if they are STAC: rslearn calls another file items.json."""
NONE_UNREAD: Mapping[str, str] = MappingProxyType({})
CUBE_SUFFIXES = (".nc", ".zarr")


@dataclass(frozen=True, kw_only=True)
class Description:
    """Name, title, licence and fingerprint of an archive of items."""

    name: str
    title: str
    attribution: str
    fingerprint: str
    is_cached: bool = False
    """True = its files are remote."""


class StacFolder:
    """Rasters as an archive: each item is a scene. Implements `ingest.archive.Archive`."""

    def __init__(
        self,
        description: Description,
        items: Sequence[RasterItem],
        *,
        tile_size: int,
        summary: InputSummary,
        access: Access = LOCAL,
        unread: Mapping[str, str] = NONE_UNREAD,
    ) -> None:
        """Take the items of a catalogue; `unread` are files of it that cannot be read, each with the reason."""
        self._unread = unread
        self.summary: InputSummary | None = summary
        self._items = {i.scene.scene_id: i for i in items}
        self._tile_size = tile_size
        self._access = access
        self.name, self.title, self.attribution = description.name, description.title, description.attribution
        self.fingerprint, self.is_cached = description.fingerprint, description.is_cached
        self.is_simulated = any(bool(i.scene.properties.get("landcast:simulated")) for i in items)
        days = [i.scene.time.date() for i in items]
        self.period = Period(start=min(days), end=max(days))
        self.bands = tuple(b for b in CHANNELS if any(b in i.sources for i in items))
        shapes = {i.geometry.wkb: i.geometry for i in items}
        self.footprint: BaseGeometry = unary_union(list(shapes.values()))
        self.abilities = _abilities(items)

    def grid(self, region: Region) -> Grid:
        """Return the lattice of the finest rasters, in the CRS of most items that touch the region."""
        touching = [i for i in self._items.values() if i.geometry.intersects(region.geometry)]
        placed = [item_lattice(i, self._access) for i in touching or self._items.values()]
        crs = Counter(code for code, _ in placed).most_common(1)[0][0]
        a, _, west, _, _, north = min((t for code, t in placed if code == crs), key=lambda t: abs(t[0]))
        origin = (west % a, north % a)
        return Grid(crs=crs, resolution_m=abs(a), tile_size=self._tile_size, origin_xy=origin)

    def search(self, window: Window, period: Period) -> list[Scene]:
        """List the items in a period whose footprint touches the window.

        A file that cannot be read may be of any day and place, so it is always listed, and fails when it is read.
        """
        area = window.footprint_wgs84
        found = [i for i in self._items.values() if period.contains(i.scene.time.date())]
        scenes = [i.scene for i in found if i.geometry.intersects(area)]
        start = datetime.combine(period.start, time.min, UTC)
        scenes += [Scene(scene_id=name, time=start, sensor="s2") for name in self._unread]
        return sorted(scenes, key=lambda s: (s.time, s.scene_id))

    def content_of(self, scene: Scene) -> str:
        """Return a sha256 (hex) of the files of a scene and how they are read, in doubt of those of all scenes."""
        item = self._items.get(scene.scene_id)
        facts: tuple[object, ...] = (self.fingerprint,)
        if item is not None and not any(s.mask and s.mask.is_stated for s in item.sources.values()):
            bands = [(b, s.href, s.index, s.coding, s.name, s.mask and s.mask.kind) for b, s in item.sources.items()]
            facts = (scene.time.isoformat(), scene.version, sorted(bands), item.file_crs, self.abilities)
        return sha256(repr(facts).encode()).hexdigest()

    def read(self, scene: Scene, window: Window, bands: tuple[str, ...]) -> Reading:
        """Read some bands of one item, unmasked.

        Raises:
            ReadFailed: a file is missing, truncated or no raster.
        """
        if reason := self._unread.get(scene.scene_id):
            raise ReadFailed(scene.scene_id, reason)
        item = self._items.get(scene.scene_id)
        if item is None:
            raise ReadFailed(scene.scene_id, "it belongs to another archive")
        return read_item(item, window, bands, self._access)


LINES = (".ndjson", ".jsonl", ".geojsonl", ".geojsonseq")
"""Endings of files with a JSON document in each line."""


def holds_cogs(path: Path) -> bool:
    """Tell whether a path is a STAC catalogue, or a folder with one, or with rasters and no cubes."""
    if find_catalogue(path) is not None or path.suffix.lower() in LINES:
        return True
    if not path.is_dir() or path.suffix in CUBE_SUFFIXES:
        return False
    if any(p.suffix in CUBE_SUFFIXES for p in path.iterdir()):
        return False
    return bool(_saved(path)) or any(is_raster(p.name) for p in path.rglob("*"))


def find_catalogue(path: Path) -> Path | None:
    """Return the STAC file that a path names: itself, or the catalogue in a folder; None if there is none."""
    if path.is_file():
        return path if path.suffix in (".json", ".geojson") else None
    found = next((path / name for name in CATALOGUE_NAMES if (path / name).is_file()), None)
    return found or next((p for p in _saved(path) if _is_stac(p)), None)


def _saved(path: Path) -> list[Path]:
    """Return the files of a folder that are named as saved results of a search, whatever they hold."""
    return [path / name for name in COLLECTION_NAMES if (path / name).is_file()]


def _is_stac(path: Path) -> bool:
    try:
        load_json(path)
    except InvalidArchive:
        return False
    return True


def open_stac_folder(path: Path, *, settings: Settings, read_as: ReadAs = AS_STATED) -> StacFolder:
    """Open a static catalogue, or a folder of rasters whose names carry date and band.

    Items may name files by URL on the hosts of LANDCAST_ARCHIVE_HOSTS; other files must lie in the catalogue's folder.

    Raises:
        InvalidArchive: it cannot be read, links out of its folder, or holds no known band.
        InvalidOption: what is stated in `read_as` is not possible.
    """
    if path.suffix.lower() in LINES and path.is_file():
        raise InvalidArchive(
            path,
            "it holds a JSON document in each line; save its items as one item collection, such as by "
            f"jq -s '{{type: \"FeatureCollection\", features: .}}' {path.name} > items.json",
        )
    catalogue = find_catalogue(path)
    if catalogue is None:
        return _open_by_names(path, settings, read_as)
    further = settings.archives.hosts.split()
    hosts = Hosts(name=catalogue.parent.name, allowed=tuple(further)) if further else None
    left_out = LeftOut()
    walk = walk_items(catalogue.resolve(), resolve=inside(catalogue.parent, hosts), read_as=read_as, left_out=left_out)
    items = [_with_version(i) for i in walk]
    is_remote = any("://" in s.href for i in items for s in i.sources.values())
    access = access_from(settings, hosts) if is_remote else LOCAL
    items, summary = settle(catalogue, items, left_out, read_as=read_as, access=access)
    description = describe(
        load_json(catalogue), items, name=catalogue.parent.name, content_hash=fingerprint(catalogue.parent)
    )
    tile_size = settings.jobs.tile_size
    return StacFolder(
        replace(description, is_cached=is_remote),
        items,
        tile_size=tile_size,
        summary=summary,
        access=access,
        unread=left_out.unread,
    )


def settle(
    where: Path | str, items: Sequence[RasterItem], left_out: LeftOut, *, read_as: ReadAs, access: Access
) -> tuple[list[RasterItem], InputSummary]:
    """Return the items of a catalogue with ids of their own and known offsets, and how it was understood.

    Raises:
        InvalidArchive: no item can be read, or they hold no bands of NDVI.
    """
    causes = "; ".join(f"{listed(names, 4)}: {reason}" for reason, names in left_out.by_reason.items())
    if not items:
        none = "it links to no item with a band of Sentinel-1 or Sentinel-2"
        raise InvalidArchive(where, none + (f" ({causes})" if causes else ""))
    _check_stated(items, read_as)
    check_bands(where, items, causes)
    check_masks(where, items, access)
    own = unique(items)
    renamed = [i for i in own if ITEM_ID in i.scene.properties]
    settled = settle_offsets(where, own, access)
    remarks = [f"Left out: {listed(names, 4)} ({reason})." for reason, names in left_out.by_reason.items()]
    if renamed:
        ids = list(dict.fromkeys(str(i.scene.properties[ITEM_ID]) for i in renamed))
        remarks.append(f"Items of equal id are told apart by their times: {listed(ids, 4)}.")
    summary = InputSummary(
        name=_name(where),
        layout=f"STAC catalogue of {counted(len(items), 'item', 'items')}",
        taken=(*facts(settled.items), *stated_offsets(own), *settled.taken),
        remarks=(*remarks, *item_remarks(settled.items, read_as), *settled.remarks),
    )
    return list(settled.items), summary


def _name(where: Path | str) -> str:
    """Return the name of a catalogue's folder, or of a file that has a name of its own."""
    path = Path(str(where).rstrip("/"))
    return path.parent.name if path.name in CATALOGUE_NAMES else path.name


def _check_stated(items: Sequence[RasterItem], read_as: ReadAs) -> None:
    """Check that the bands and the mask that the user states are among the assets.

    Raises:
        InvalidOption: one is not; lists those that are read.
    """
    there = listed(list(dict.fromkeys(s.name for i in items for s in i.sources.values())))
    for ours, theirs in read_as.bands.items():
        if not any(ours in i.sources for i in items):
            raise InvalidOption("--band", f"{ours}={theirs}", f"no asset is named {theirs}; those read are {there}")
    if read_as.mask and read_as.mask.lower() != "none" and not any(set(MASK_KINDS) & set(i.sources) for i in items):
        name = read_as.mask.partition("=")[0]
        raise InvalidOption("--mask", read_as.mask, f"no asset is named {name}; those read are {there}")


def describe(document: Mapping[str, Any], items: Sequence[RasterItem], *, name: str, content_hash: str) -> Description:
    """Return the description that a catalogue gives of itself.

    Args:
        document: of the catalogue.
        items: all.
        name: used if the catalogue states none.
        content_hash: changes with the content.
    """
    own = str(document.get("id", name))
    title = str(document.get("title") or document.get("description") or own)
    return Description(name=own, title=title, attribution=_attribution(document, items), fingerprint=content_hash)


def describe_rasters(name: str, *, content_hash: str) -> Description:
    """Return the description of rasters without a catalogue; `content_hash` changes with their content."""
    return Description(
        name=name, title=f"Rasters in {name}", attribution="Licence: not stated", fingerprint=content_hash
    )


def _open_by_names(folder: Path, settings: Settings, read_as: ReadAs) -> StacFolder:
    """Open rasters by their names.

    Raises:
        InvalidArchive: nothing of them can be read.
    """
    root = folder.resolve()
    paths = sorted(p for p in root.rglob("*") if is_raster(p.name) and p.is_file())
    if not paths and (saved := _saved(folder)):
        load_json(saved[0])  # says why it is not read
    if not paths:
        raise InvalidArchive(folder, "it holds no STAC catalogue and no raster (.tif, .tiff, .jp2)")
    rasters = RasterFolder(
        name=folder.name,
        files={str(p): _inside(p, root) for p in paths},
        opener=_opened,
        versions={str(p): file_fingerprint(p) for p in paths},
        root=root,
    )
    found = find_items(rasters, read_as=read_as)
    description = describe_rasters(folder.name, content_hash=fingerprint(folder))
    return StacFolder(description, found.items, tile_size=settings.jobs.tile_size, summary=found.summary)


def _inside(path: Path, root: Path) -> str:
    """Return the folders of a file below the archive's, joined by `/`."""
    return "/".join(path.parent.relative_to(root).parts)


@contextmanager
def _opened(href: str) -> Iterator[DatasetReader]:
    with environment(LOCAL.s3), open_raster(Path(href)) as raster:
        yield raster


def _with_version(item: RasterItem) -> RasterItem:
    """Take the version of an item on disk from its files, not from its properties."""
    files = sorted({Path(s.href) for s in item.sources.values() if "://" not in s.href})
    if not files:
        return item
    version = "|".join(file_fingerprint(f) for f in files)
    return replace(item, scene=replace(item.scene, version=version))


def _abilities(items: Sequence[RasterItem]) -> Abilities:
    held = {i.scene.sensor for i in items}
    order: tuple[Sensor, ...] = ("s2", "s1")
    conventions: set[Convention] = {i.scene.convention for i in items if i.scene.sensor == "s1"}
    return Abilities(
        sensors=tuple(s for s in order if s in held),
        masks=tuple(m for m in MASK_KINDS if any(m in i.sources for i in items)),
        convention=conventions.pop() if len(conventions) == 1 else "",
    )


def _attribution(document: Mapping[str, Any], items: Sequence[RasterItem]) -> str:
    licence = document.get("license") or next((i.scene.properties.get("license") for i in items), None)
    providers = ", ".join(str(p.get("name")) for p in document.get("providers") or [])
    return f"Licence: {licence or 'not stated'}" + (f"; {providers}" if providers else "")

"""STAC items: from a catalogue's JSON, on disk or behind URLs, to scenes whose bands lie in raster files.

Assets are read in ingest.stac.assets, scenes in scenes. Opens no raster, and no URL by itself.
"""

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from core.bands import RADAR_NAMES
from core.errors import InvalidArchive
from core.source import AS_STATED, ReadAs
from ingest.archive import Convention, Sensor
from ingest.io.hosts import Hosts
from ingest.rasters.item import MASK_KINDS, BandSource, RasterItem
from ingest.rules.band_names import READ, Family, find_family, foreign
from ingest.stac.assets import choose_copies
from ingest.stac.footprints import find_footprint
from ingest.stac.scenes import describe_scene

logger = logging.getLogger(__name__)

Fetch = Callable[[str], dict[str, Any]]
"""Reads one STAC object at an absolute path or URL.

Raises:
    InvalidArchive: the object is missing or not STAC.
"""
Resolve = Callable[[str, str], str]
"""From (the place of a STAC object, a link in it) to the absolute path or URL that the link means.

Raises:
    InvalidArchive, UntrustedAddress: the target is not allowed for this archive.
"""

MAX_OBJECTS = 200_000
"""Most objects of one static catalogue: a larger one is a trap, or belongs behind an API."""
OWN_OFFSET = re.compile(r"hls|[sl]30(?![a-z\d])|nbart|theia|maja|force", re.IGNORECASE)
"""Processors whose numbers never carry the offset of baseline 04.00."""
HARMONISED = re.compile(r"hls|(?<![a-z\d])[ls]30(?![a-z\d])", re.IGNORECASE)
"""Signs of HLS, whose platform is Landsat's or Sentinel-2's own."""
UNCORRECTED = ("RAW", "SLC", "GRD", "OCN")
"""Sentinel-1 products that lie in radar geometry unless the item states a reference system."""


def load_json(path: str | Path) -> dict[str, Any]:
    """Read one STAC object from disk.

    Raises:
        InvalidArchive: the file is missing, not JSON, or not STAC.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InvalidArchive(path, f"the STAC file is not readable ({type(error).__name__})") from None
    return parse_stac(text, where=path)


def parse_stac(text: str | bytes, *, where: object) -> dict[str, Any]:
    """Read one STAC object from its text.

    Raises:
        InvalidArchive: it is not JSON, or not STAC.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidArchive(where, f"the STAC file is not readable ({type(error).__name__})") from None
    if not isinstance(document, dict) or not ("stac_version" in document or _is_item_collection(document)):
        raise InvalidArchive(where, "it is JSON but not STAC")
    return document


def _is_item_collection(document: Mapping[str, Any]) -> bool:
    """Tell whether a document is a saved result of a search: GeoJSON whose features are STAC items."""
    features = document.get("features")
    is_collection = document.get("type") == "FeatureCollection" and isinstance(features, list)
    return is_collection and any(isinstance(f, dict) and "stac_version" in f for f in features or [])


def inside(root: Path, hosts: Hosts | None = None) -> Resolve:
    """Return a Resolve for a catalogue on disk: files below one folder, and URLs where hosts are given.

    Args:
        root: no link may lead out of it.
        hosts: from where files that links name by URL may be read; None = URLs are refused.
    """
    root = root.resolve()

    def resolve(place: str, href: str) -> str:
        own = unquote(urlsplit(href).path) if href.startswith("file://") else href
        if hosts is not None and "://" in own:
            return hosts.check(own)
        try:
            target = (Path(place).parent / own).resolve()
            if "%" in own and not target.exists():
                target = (Path(place).parent / unquote(own)).resolve()
        except (OSError, RuntimeError, ValueError):  # a loop of links, a name too long, or with a zero byte
            raise InvalidArchive(place, "one of its links is no usable path") from None
        if "://" in own or not target.is_relative_to(root):
            raise InvalidArchive(place, f"its link '{href}' leads out of the catalogue's folder")
        return str(target)

    return resolve


def reachable(hosts: Hosts) -> Resolve:
    """Return a Resolve for a catalogue behind URLs: only addresses that the hosts allow."""

    def resolve(place: str, href: str) -> str:
        if place.startswith("s3://") and "://" not in href:
            target = "s3" + urljoin("https" + place.removeprefix("s3"), href).removeprefix("https")
        else:
            target = urljoin(place, href)
        return hosts.check(target)

    return resolve


@dataclass
class LeftOut:
    """Items that are not read, by reason."""

    by_reason: dict[str, list[str]] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    """Reason by path of the files that cannot be read at all: each may be a scene of any day and place."""

    def add(self, name: object, reason: str) -> None:
        """Add an item."""
        logger.info("item_left_out item=%s reason=%s", name, reason)
        self.by_reason.setdefault(reason, []).append(str(name))


def walk_items(
    catalogue: str | Path,
    *,
    fetch: Fetch = load_json,
    resolve: Resolve | None = None,
    convention: Convention = "",
    read_as: ReadAs = AS_STATED,
    left_out: LeftOut | None = None,
) -> Iterator[RasterItem]:
    """Yield the items that a static catalogue links to, directly or through children, that hold a band we know.

    Args:
        catalogue: path or URL of a catalogue, collection, item collection or item.
        fetch: reads one object.
        resolve: `reachable(hosts)` for URLs; None = `inside` the catalogue's own folder.
        convention: of radar items that state none.
        read_as: what the user states.
        left_out: filled with the items and links that cannot be read; one of them does not stop the others.

    Raises:
        InvalidArchive: the catalogue itself cannot be read, or is too large.
        UntrustedAddress: a link or asset points to a host that is not allowed.
    """
    start = str(Path(catalogue).resolve()) if resolve is None else str(catalogue)
    resolve = resolve or inside(Path(start).parent)
    left_out = LeftOut() if left_out is None else left_out
    waiting, seen = [start], {start}
    while waiting:
        place = waiting.pop()
        try:
            document = fetch(place)
        except InvalidArchive as error:
            if place == start:
                raise
            name = _below(place, start)
            left_out.add(name, error.reason)
            left_out.unread[name] = error.reason
            continue
        yield from _items_of(document, place, resolve, convention, read_as, left_out)
        if _is_item(document):
            continue
        new = [t for t in dict.fromkeys(_targets(document, place, resolve, left_out)) if t not in seen]
        seen.update(new)
        if len(seen) > MAX_OBJECTS:
            raise InvalidArchive(catalogue, f"it has more than {MAX_OBJECTS} objects; name a part of it")
        waiting.extend(reversed(new))


def _items_of(
    document: Mapping[str, Any],
    place: str,
    resolve: Resolve,
    convention: Convention,
    read_as: ReadAs,
    left_out: LeftOut,
) -> Iterator[RasterItem]:
    """Yield the items of one object, which is one or a collection of them, or has none."""
    features = document.get("features") if document.get("type") == "FeatureCollection" else [document]
    for feature in features if isinstance(features, list) else []:
        if not isinstance(feature, dict) or not _is_item(feature):
            continue
        try:
            item = item_from_dict(
                feature, place, resolve=resolve, convention=convention, read_as=read_as, left_out=left_out
            )
        except InvalidArchive as error:
            left_out.add(feature.get("id") or place.rsplit("/", 1)[-1], error.reason)
            continue
        if item is not None:
            yield item


def _targets(document: Mapping[str, Any], place: str, resolve: Resolve, left_out: LeftOut) -> Iterator[str]:
    for href in _children(document):
        try:
            yield resolve(place, href)
        except InvalidArchive as error:
            left_out.add(href, error.reason)


def _below(place: str, start: str) -> str:
    """Return the part of a path or URL below the folder of the catalogue: files of items may all have one name."""
    return place.removeprefix(start.rsplit("/", 1)[0]).lstrip("/")


def _is_item(document: Mapping[str, Any]) -> bool:
    return document.get("type") == "Feature"


def _children(document: Mapping[str, Any]) -> list[str]:
    links = document.get("links")
    objects = [link for link in links if isinstance(link, dict)] if isinstance(links, list) else []
    return [str(link.get("href", "")) for link in objects if link.get("rel") in ("child", "item")]


def item_from_dict(
    document: Mapping[str, Any],
    place: str,
    *,
    resolve: Resolve,
    convention: Convention = "",
    read_as: ReadAs = AS_STATED,
    left_out: LeftOut | None = None,
) -> RasterItem | None:
    """Read one item; None where it holds no band that we know, or is of another sensor.

    Args:
        document: the item as JSON.
        place: path or URL it was read from, to which its links are relative.
        resolve: returns the target of a link, or raises if it must not be followed.
        convention: of radar if the item states none.
        read_as: what the user states.
        left_out: filled with the item and the reason where None is returned.

    Raises:
        InvalidArchive: it has no date or no footprint, or an asset points out of the catalogue's folder.
        UntrustedAddress: an asset that would be read points to a host that is not allowed.
    """
    try:
        return _read_item(document, place, resolve, convention, read_as, LeftOut() if left_out is None else left_out)
    except (AttributeError, TypeError, ValueError, KeyError, IndexError) as error:
        raise InvalidArchive(place, f"the item is not STAC ({type(error).__name__})") from error


def _read_item(
    document: Mapping[str, Any],
    place: str,
    resolve: Resolve,
    convention: Convention,
    read_as: ReadAs,
    left_out: LeftOut,
) -> RasterItem | None:
    properties = document.get("properties") or {}
    named = {"s2:product_uri": document.get("id"), **properties}  # its name may state the baseline
    assets = document.get("assets") or {}
    family = _family(document, properties, assets)
    copies = choose_copies(assets, named, family=family, read_as=read_as)
    bands = set(copies) - set(MASK_KINDS)
    crs = _crs(document, properties)
    reason = _unusable(properties, crs, family) or ("" if bands else f"it holds no known band{_assets(assets)}")
    if reason:
        left_out.add(document.get("id"), reason)
        return None
    sensor: Sensor = "s1" if bands & set(RADAR_NAMES) else "s2"
    sources = {
        b: BandSource(href=resolve(place, c.href), index=c.index, coding=c.coding, name=c.name, mask=c.mask)
        for b, c in copies.items()
    }
    item = RasterItem(
        scene=describe_scene(document, place, sensor=sensor, convention=convention),
        geometry=find_footprint(document, place, crs=crs),
        crs=read_as.crs or crs,
        transform=_finest(document, properties),
        sources=sources,
        file_crs=read_as.crs,
        is_offset_stated=all(c.is_offset_stated for c in copies.values()) or _has_own_offset(document, copies),
    )
    return item if read_as.offset is None else item.with_offset(_in_reflectance(read_as.offset, item))


def _in_reflectance(offset: float, item: RasterItem) -> float:
    scales = [item.sources[b].coding.scale for b in item.reflectances]
    return offset * (scales[0] if scales and scales[0] != 1 else 1e-4)


def _has_own_offset(document: Mapping[str, Any], copies: Mapping[str, Any]) -> bool:
    """Tell whether an item is of a processor whose numbers never carry the offset, or is simulated."""
    texts = [str(document.get("collection") or ""), str(document.get("id") or ""), *(c.name for c in copies.values())]
    is_simulated = bool((document.get("properties") or {}).get("landcast:simulated"))
    return is_simulated or any(OWN_OFFSET.search(t) for t in texts)


def _assets(assets: Mapping[str, Any]) -> str:
    names = [k for k in assets if str((assets[k] or {}).get("type", "")).startswith("image/")]
    return f" among its assets ({', '.join(names[:12])})" if names else ""


def _family(document: Mapping[str, Any], properties: Mapping[str, Any], assets: Mapping[str, Any]) -> Family:
    """Return the sensor of an item: HLS by any text, others by the first text that shows one, or by bands."""
    stated = [properties.get("platform"), *(properties.get("instruments") or ()), properties.get("constellation")]
    texts = [*stated, document.get("collection"), document.get("id"), properties.get("title")]
    texts += [str((a or {}).get("href", "")).split("?", 1)[0].rsplit("/", 1)[-1] for a in assets.values()]
    known = [str(t) for t in texts if t]
    harmonised = next((f for t in known if (f := find_family(t)) in READ and HARMONISED.search(t)), None)
    bands = [b for a in assets.values() for b in (a or {}).get("bands") or (a or {}).get("eo:bands") or ()]
    names = [str(b.get(k)) for b in bands for k in ("name", "common_name", "eo:common_name") if b.get(k)]
    return harmonised or find_family(*known, names=[*assets, *names])


def _unusable(properties: Mapping[str, Any], crs: str, family: Family) -> str:
    """Return why an item is not read whatever it holds; empty = it is."""
    if family not in READ:
        return foreign(family)
    product = str(properties.get("sar:product_type") or "").upper()
    return f"its {product} is not terrain corrected" if product in UNCORRECTED and not crs else ""


def _crs(document: Mapping[str, Any], properties: Mapping[str, Any]) -> str:
    for stated in (properties, *(document.get("assets") or {}).values()):
        if stated.get("proj:code"):
            return str(stated["proj:code"])
        if stated.get("proj:epsg"):
            return f"EPSG:{stated['proj:epsg']}"
    return ""


def _finest(document: Mapping[str, Any], properties: Mapping[str, Any]) -> tuple[float, ...]:
    """Return the affine transform with the smallest pixel."""
    stated = [properties, *(document.get("assets") or {}).values()]
    transforms = [tuple(float(v) for v in t["proj:transform"][:6]) for t in stated if t.get("proj:transform")]
    return min(transforms, key=lambda t: abs(t[0]), default=())

"""STAC items: from a catalogue's JSON, on disk or behind URLs, to scenes whose bands lie in raster files.

Assets are read in ingest.stac.assets, scenes in scenes. Opens no raster, and no URL by itself.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from shapely.geometry.base import BaseGeometry

from core.bands import RADAR_NAMES
from core.errors import InvalidCube
from ingest.archive import Convention, Scene, Sensor
from ingest.io.hosts import Hosts
from ingest.stac.assets import BAND_NAMES as BAND_NAMES
from ingest.stac.assets import MASK_NAMES as MASK_NAMES
from ingest.stac.assets import BandSource as BandSource
from ingest.stac.assets import choose_copies
from ingest.stac.footprints import find_footprint
from ingest.stac.scenes import describe_scene

logger = logging.getLogger(__name__)

Fetch = Callable[[str], dict[str, Any]]
"""Reads one STAC object at an absolute path or URL.

Raises:
    InvalidCube: the object is missing or not STAC.
"""
Resolve = Callable[[str, str], str]
"""From (the place of a STAC object, a link in it) to the absolute path or URL that the link means.

Raises:
    InvalidCube, UntrustedAddress: the target is not allowed for this archive.
"""

MAX_OBJECTS = 200_000
"""Most objects of one static catalogue: a larger one is a trap, or belongs behind an API."""
FOREIGN = ("landsat", "modis", "terra", "aqua", "planet", "viirs", "naip")
"""Platforms whose red and near infrared are not Sentinel-2's."""
UNCORRECTED = ("RAW", "SLC", "GRD", "OCN")
"""Sentinel-1 products that lie in radar geometry unless the item states a reference system."""


@dataclass(frozen=True, kw_only=True)
class StacItem:
    """One item, as far as pixels are read from it."""

    scene: Scene
    geometry: BaseGeometry
    """Footprint, WGS84."""
    crs: str
    """EPSG code with prefix; empty = not stated."""
    transform: tuple[float, ...]
    """Of its finest raster, row-major as `proj:transform`; empty = not stated."""
    sources: Mapping[str, BandSource]
    """Our band name, or `SCL`, `clear`, `CLM`, to its place."""


def load_json(path: str | Path) -> dict[str, Any]:
    """Read one STAC object from disk.

    Raises:
        InvalidCube: the file is missing, not JSON, or not STAC.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InvalidCube(path, f"the STAC file is not readable ({type(error).__name__})") from None
    return parse_stac(text, where=path)


def parse_stac(text: str | bytes, *, where: object) -> dict[str, Any]:
    """Read one STAC object from its text.

    Raises:
        InvalidCube: it is not JSON, or not STAC.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidCube(where, f"the STAC file is not readable ({type(error).__name__})") from None
    if not isinstance(document, dict) or "stac_version" not in document:
        raise InvalidCube(where, "it is JSON but not STAC")
    return document


def inside(root: Path, hosts: Hosts | None = None) -> Resolve:
    """Return a Resolve for a catalogue on disk: files below one folder, and URLs where hosts are given.

    Args:
        root: no link may lead out of it.
        hosts: from where files that links name by URL may be read; None = URLs are refused.
    """
    root = root.resolve()

    def resolve(place: str, href: str) -> str:
        if hosts is not None and "://" in href:
            return hosts.check(href)
        target = (Path(place).parent / href).resolve()
        if "://" in href or not target.is_relative_to(root):
            raise InvalidCube(place, f"its link '{href}' leads out of the catalogue's folder")
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


def walk_items(
    catalogue: str | Path, *, fetch: Fetch = load_json, resolve: Resolve | None = None, convention: Convention = ""
) -> Iterator[StacItem]:
    """Yield the items that a static catalogue links to, directly or through children, that hold a band we know.

    Args:
        catalogue: path or URL of a catalogue, collection, item collection or item.
        fetch: reads one object.
        resolve: `reachable(hosts)` for URLs; None = `inside` the catalogue's own folder.
        convention: of radar items that state none.

    Raises:
        InvalidCube: an object cannot be read, or a link or asset points out of the catalogue's folder.
        UntrustedAddress: a link or asset points to a host that is not allowed.
    """
    start = str(Path(catalogue).resolve()) if resolve is None else str(catalogue)
    resolve = resolve or inside(Path(start).parent)
    waiting, seen = [start], {start}
    while waiting:
        place = waiting.pop()
        document = fetch(place)
        found = document.get("features") or [] if document.get("type") == "FeatureCollection" else [document]
        for feature in found:
            item = item_from_dict(feature, place, resolve=resolve, convention=convention) if _is_item(feature) else None
            if item is not None:
                yield item
        if _is_item(document):
            continue
        targets = [resolve(place, href) for href in _children(document)]
        new = [t for t in dict.fromkeys(targets) if t not in seen]
        seen.update(new)
        if len(seen) > MAX_OBJECTS:
            raise InvalidCube(catalogue, f"its catalogue has more than {MAX_OBJECTS} objects; name a part of it")
        waiting.extend(reversed(new))


def _is_item(document: Mapping[str, Any]) -> bool:
    return document.get("type") == "Feature"


def _children(document: Mapping[str, Any]) -> list[str]:
    return [str(link.get("href", "")) for link in document.get("links") or [] if link.get("rel") in ("child", "item")]


def item_from_dict(
    document: Mapping[str, Any], place: str, *, resolve: Resolve, convention: Convention = ""
) -> StacItem | None:
    """Read one item; None where it holds no band that we know, or is of another sensor.

    Args:
        document: the item as JSON.
        place: path or URL it was read from, to which its links are relative.
        resolve: returns the target of a link, or raises if it must not be followed.
        convention: of radar if the item states none.

    Raises:
        InvalidCube: it has no date or no footprint, or an asset points out of the catalogue's folder.
        UntrustedAddress: an asset that would be read points to a host that is not allowed.
    """
    try:
        return _read_item(document, place, resolve, convention)
    except (AttributeError, TypeError, ValueError, KeyError, IndexError) as error:
        raise InvalidCube(place, f"the item is not STAC ({type(error).__name__})") from error


def _read_item(document: Mapping[str, Any], place: str, resolve: Resolve, convention: Convention) -> StacItem | None:
    properties = document.get("properties") or {}
    named = {"s2:product_uri": document.get("id"), **properties}  # its name may state the baseline
    copies = choose_copies(document.get("assets") or {}, named)
    bands = set(copies) - set(MASK_NAMES)
    crs = _crs(document, properties)
    reason = "" if bands else "it holds no known band"
    reason = reason or _unusable(properties, crs)
    if reason:
        logger.info("item_left_out item=%s reason=%s", document.get("id"), reason)
        return None
    sensor: Sensor = "s1" if bands & set(RADAR_NAMES) else "s2"
    sources = {b: BandSource(href=resolve(place, c.href), index=c.index, coding=c.coding) for b, c in copies.items()}
    transform = _finest(document, properties)
    return StacItem(
        scene=describe_scene(document, place, sensor=sensor, convention=convention),
        geometry=find_footprint(document, place, crs=crs),
        crs=crs,
        transform=transform,
        sources=sources,
    )


def _unusable(properties: Mapping[str, Any], crs: str) -> str:
    """Return why an item with known bands is not read; empty = it is."""
    platform = str(properties.get("platform") or properties.get("constellation") or "").lower()
    if platform.startswith(FOREIGN):
        return f"it is of {platform}, not of Sentinel-1 or Sentinel-2"
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

"""STAC items on disk: from a catalogue's JSON to scenes whose bands are found in raster files. Opens no raster."""

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shapely.errors import GEOSException
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from core.bands import OPTICAL, RADAR_NAMES
from core.errors import InvalidCube
from ingest.archive import Scene, Sensor
from ingest.decode import Coding

logger = logging.getLogger(__name__)

BAND_NAMES = {
    **{b.name.lower(): b.name for b in OPTICAL},
    **{b.common_name.lower(): b.name for b in OPTICAL},
    **{f"rededge{n}": f"B0{n + 4}" for n in (1, 2, 3)},
    **{n.lower(): n for n in RADAR_NAMES},
    "scl": "SCL",
    "clear": "clear",
    "clm": "CLM",
}
"""Names of assets and bands, lower case, to ours: Sentinel-2's own, STAC common names, Earth Search's red edges."""

MASK_NAMES = ("clear", "SCL", "CLM")
RASTER_TYPES = ("image/tiff", "image/vnd.stac.geotiff", "image/jp2")
OFFSET_SINCE_BASELINE = "04.00"
"""Sentinel-2 processing baseline since which L2A numbers carry +1000 (ESA, S2 Products Specification, 2022-01-25)."""


@dataclass(frozen=True, kw_only=True)
class BandSource:
    """Where one band of one item lies and how it is stored."""

    file: Path
    index: int
    """Band number in the file, from 1."""
    coding: Coding


@dataclass(frozen=True, kw_only=True)
class StacItem:
    """One item, as far as pixels are read from it."""

    scene: Scene
    geometry: BaseGeometry
    """Footprint, WGS84."""
    crs: str
    """EPSG code with prefix; empty = the item does not say."""
    transform: tuple[float, ...]
    """Of its finest raster, row-major as `proj:transform`; empty = the item does not say."""
    sources: Mapping[str, BandSource]
    """Our band name, or `SCL`, `clear`, `CLM`, to its place."""


def load_json(path: Path) -> dict[str, Any]:
    """Read one STAC object.

    Raises:
        InvalidCube: the file is missing, not JSON, or not STAC.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidCube(path, f"the STAC file is not readable ({type(error).__name__})") from None
    if not isinstance(document, dict) or "stac_version" not in document:
        raise InvalidCube(path, "it is JSON but not STAC")
    return document


def walk_items(catalogue: Path) -> Iterator[StacItem]:
    """Yield the items that a catalogue links to, directly or through children, that hold a band we know.

    Raises:
        InvalidCube: an object cannot be read, or a link or asset points out of the catalogue's folder.
    """
    yield from _walk(catalogue, catalogue.parent.resolve(), set())


def _walk(path: Path, root: Path, seen: set[Path]) -> Iterator[StacItem]:
    seen.add(path.resolve())
    document = load_json(path)
    if document.get("type") == "Feature":
        item = _item(path, document, root)
        if item is not None:
            yield item
        return
    for link in document.get("links", []):
        if link.get("rel") in ("child", "item"):
            target = _inside(path, str(link.get("href", "")), root)
            if target not in seen:
                yield from _walk(target, root, seen)


def _inside(path: Path, href: str, root: Path) -> Path:
    """Resolve a link relative to its file.

    Raises:
        InvalidCube: it is a URL, or leads out of the catalogue's folder.
    """
    target = (path.parent / href).resolve()
    if "://" in href or not target.is_relative_to(root):
        raise InvalidCube(path, f"its link '{href}' leads out of the catalogue's folder")
    return target


def _item(path: Path, document: Mapping[str, Any], root: Path) -> StacItem | None:
    properties = document.get("properties") or {}
    sources: dict[str, BandSource] = {}
    for key, asset in (document.get("assets") or {}).items():
        if not str(asset.get("type", "image/tiff")).startswith(RASTER_TYPES):
            continue
        told = [(n, name, band) for n, (name, band) in enumerate(_bands(key, asset), start=1) if name]
        file = _inside(path, str(asset.get("href", "")), root) if told else path
        for number, name, band in told:
            if name not in sources:
                coding = _coding(name, asset, band, properties)
                sources[name] = BandSource(file=file, index=number, coding=coding)
    if not set(sources) - set(MASK_NAMES):
        logger.info("item_without_known_band file=%s", path.name)
        return None
    sensor: Sensor = "s1" if set(sources) & set(RADAR_NAMES) else "s2"
    scene = Scene(
        scene_id=str(document.get("id", path.stem)),
        time=_time(path, properties),
        sensor=sensor,
        properties=dict(properties),
    )
    return StacItem(
        scene=scene,
        geometry=_geometry(path, document),
        crs=_crs(document, properties),
        transform=_finest(document, properties),
        sources=sources,
    )


def _bands(key: str, asset: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return (our name or empty, what the item says) of each band of an asset, in the order of the file."""
    told: list[dict[str, Any]] = [dict(b) for b in asset.get("bands") or asset.get("eo:bands") or [{}]]
    for band, raster in zip(told, asset.get("raster:bands") or [], strict=False):
        band.update({f"raster:{k}" if k in ("scale", "offset") else k: v for k, v in raster.items()})
    named: list[tuple[str, Mapping[str, Any]]] = []
    for band in told:
        names = [band.get("name"), band.get("eo:common_name"), band.get("common_name")]
        names += [key] if len(told) == 1 else []
        named.append((next((BAND_NAMES[str(n).lower()] for n in names if str(n).lower() in BAND_NAMES), ""), band))
    return named


def _coding(name: str, asset: Mapping[str, Any], band: Mapping[str, Any], properties: Mapping[str, Any]) -> Coding:
    """Find scale, offset, nodata and unit of one band; what the band says goes before what the asset says."""
    if name in MASK_NAMES:
        return Coding()
    told = {k: band.get(k, asset.get(k)) for k in ("raster:scale", "raster:offset", "nodata", "unit")}
    is_radar = name in RADAR_NAMES
    scale = told["raster:scale"]
    if scale is None:
        scale = 1.0 if is_radar or str(band.get("data_type", asset.get("data_type"))).startswith("float") else 1e-4
    offset = told["raster:offset"]
    if offset is None:
        offset = 0.0 if is_radar else _baseline_offset(properties)
    nodata = told["nodata"] if told["nodata"] is not None else (None if is_radar else 0)
    fills = () if nodata is None or str(nodata) == "nan" else (float(nodata),)
    unit = "power" if is_radar and told["unit"] != "dB" else ""
    return Coding(scale=float(scale), offset=float(offset), fills=fills, unit=unit)


def _baseline_offset(properties: Mapping[str, Any]) -> float:
    """Return the reflectance offset of an item that states none, by its processing baseline."""
    baseline = str(properties.get("s2:processing_baseline", properties.get("processing:version", "")))
    is_applied = bool(properties.get("earthsearch:boa_offset_applied", False))
    return -0.1 if baseline >= OFFSET_SINCE_BASELINE and baseline[:2].isdigit() and not is_applied else 0.0


def _time(path: Path, properties: Mapping[str, Any]) -> datetime:
    text = properties.get("datetime") or properties.get("start_datetime")
    try:
        time = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        raise InvalidCube(path, f"the item's datetime '{text}' is not a date") from None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _geometry(path: Path, document: Mapping[str, Any]) -> BaseGeometry:
    try:
        return shape(document["geometry"])
    except (KeyError, TypeError, ValueError, AttributeError, GEOSException):
        raise InvalidCube(path, "the item has no usable geometry") from None


def _crs(document: Mapping[str, Any], properties: Mapping[str, Any]) -> str:
    for told in (properties, *(document.get("assets") or {}).values()):
        if told.get("proj:code"):
            return str(told["proj:code"])
        if told.get("proj:epsg"):
            return f"EPSG:{told['proj:epsg']}"
    return ""


def _finest(document: Mapping[str, Any], properties: Mapping[str, Any]) -> tuple[float, ...]:
    """Return the affine transform with the smallest pixel."""
    told = [properties, *(document.get("assets") or {}).values()]
    transforms = [tuple(float(v) for v in t["proj:transform"][:6]) for t in told if t.get("proj:transform")]
    return min(transforms, key=lambda t: abs(t[0]), default=())

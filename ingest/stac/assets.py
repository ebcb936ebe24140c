"""Assets of a STAC item: the bands they hold, how these are stored, and which of several copies is read.

Items and catalogues: ingest.stac.items. Opens no raster.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.bands import OPTICAL, RADAR_NAMES
from ingest.rules.numbers import Coding

JsonObject = Mapping[str, Any]
"""A JSON object of an item."""

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
RASTER_TYPES = ("image/tiff", "image/vnd.stac.geotiff", "image/jp2", "image/jpeg2000")
PICTURES = ("visual", "tci", "preview", "rendered_preview", "overview", "thumbnail")
"""Assets for display: their numbers are colours, although their bands are named red, green and blue."""
OFFSET_SINCE_BASELINE = "04.00"
"""Sentinel-2 processing baseline since which L2A numbers carry +1000 (ESA, S2 Products Specification, 2022-01-25).
Reprocessed older recordings (Collection 1) carry it too, so the date alone does not decide."""
BASELINE_OFFSET = -0.1
UNKNOWN_METRES = float("inf")


@dataclass(frozen=True, kw_only=True)
class BandSource:
    """Where one band of one item lies and how it is stored."""

    href: str
    """Absolute path, or https or s3 URL without a signature."""
    index: int
    """Band number in the file, from 1."""
    coding: Coding


@dataclass(frozen=True, kw_only=True)
class BandCopy:
    """One of the places at which an item offers a band."""

    band: str
    """Our name."""
    href: str
    """As the item writes it."""
    index: int
    coding: Coding
    metres: float
    """Pixel size in metres; infinite = not stated."""
    is_jp2: bool


def choose_copies(assets: Mapping[str, JsonObject], properties: JsonObject) -> dict[str, BandCopy]:
    """Return the copy of each of our bands that is read: the finest, and a COG before a JPEG 2000."""
    copies: dict[str, list[BandCopy]] = {}
    for key, asset in assets.items():
        for copy in _copies(key, asset, properties):
            copies.setdefault(copy.band, []).append(copy)
    return {band: _best(offered) for band, offered in copies.items()}


def _best(offered: list[BandCopy]) -> BandCopy:
    """Choose among copies in the order of the item; one without a pixel size counts as the finest."""
    finest = min(c.metres for c in offered)
    return min(offered, key=lambda c: (finest if c.metres == UNKNOWN_METRES else c.metres, c.is_jp2))


def _copies(key: str, asset: JsonObject, properties: JsonObject) -> Iterator[BandCopy]:
    if not _is_raster(asset) or _is_picture(key, asset):
        return
    for number, (name, band) in enumerate(_bands(key, asset), start=1):
        if name:
            yield BandCopy(
                band=name,
                href=str(asset.get("href", "")),
                index=number,
                coding=_coding(name, asset, band, properties),
                metres=_metres(key, asset, band),
                is_jp2=_is_jp2(asset),
            )


def _is_raster(asset: JsonObject) -> bool:
    return str(asset.get("type") or "image/tiff").lower().startswith(RASTER_TYPES)


def _is_jp2(asset: JsonObject) -> bool:
    path = str(asset.get("href", "")).split("?", 1)[0].lower()
    return path.endswith((".jp2", ".j2k")) or str(asset.get("type", "")).startswith(("image/jp2", "image/jpeg2000"))


def _is_picture(key: str, asset: JsonObject) -> bool:
    stem = _stem(key).removesuffix("-jp2")
    return stem in PICTURES or bool({"visual", "thumbnail", "overview"} & set(asset.get("roles") or ()))


def _stem(key: str) -> str:
    """Return an asset's key without its pixel size: `B02_10m` is `b02`."""
    return re.sub(r"_\d+m$", "", key.lower())


def _metres(key: str, asset: JsonObject, band: JsonObject) -> float:
    """Return the pixel size that an asset states in one of five places."""
    transform = asset.get("proj:transform") or ()
    sized = re.search(r"_(\d+)m$", key.lower())
    named = sized[1] if sized else None
    places = (
        transform[0] if transform else None,
        band.get("spatial_resolution"),
        band.get("raster:spatial_resolution"),
    )
    stated = next((v for v in (*places, asset.get("raster:spatial_resolution"), asset.get("gsd"), named) if v), None)
    return UNKNOWN_METRES if stated is None else abs(float(stated))


def _bands(key: str, asset: JsonObject) -> list[tuple[str, JsonObject]]:
    """Return (our name or empty, metadata) of each band of an asset, in the order of the file."""
    stated: list[dict[str, Any]] = [dict(b) for b in asset.get("bands") or asset.get("eo:bands") or [{}]]
    for band, raster in zip(stated, asset.get("raster:bands") or [], strict=False):
        band.update({f"raster:{k}" if k in ("scale", "offset") else k: v for k, v in raster.items()})
    named: list[tuple[str, JsonObject]] = []
    for band in stated:
        names = [band.get("name"), band.get("eo:common_name"), band.get("common_name")]
        names += [_stem(key), _stem(key).removesuffix("-jp2")] if len(stated) == 1 else []
        named.append((next((BAND_NAMES[str(n).lower()] for n in names if str(n).lower() in BAND_NAMES), ""), band))
    return named


def _coding(name: str, asset: JsonObject, band: JsonObject, properties: JsonObject) -> Coding:
    """Find scale, offset, nodata and unit of one band; metadata of the band take precedence over those of the asset."""
    if name in MASK_NAMES:
        return Coding()
    stated = {k: band.get(k, asset.get(k)) for k in ("raster:scale", "raster:offset", "nodata", "unit", "data_type")}
    is_radar = name in RADAR_NAMES
    is_physical = is_radar or str(stated["data_type"]).startswith("float")
    scale = stated["raster:scale"]
    if scale is None:
        scale = 1.0 if is_physical else 1e-4
    offset = stated["raster:offset"]
    if not is_radar:
        offset = _reflectance_offset(offset, properties, is_physical=is_physical)
    nodata = stated["nodata"] if stated["nodata"] is not None else (None if is_radar else 0)
    fills = () if nodata is None or str(nodata) == "nan" else (float(nodata),)
    unit = "power" if is_radar and str(stated["unit"]).lower() != "db" else ""
    return Coding(scale=float(scale), offset=float(offset or 0), fills=fills, unit=unit)


def _reflectance_offset(stated: Any, properties: JsonObject, *, is_physical: bool) -> float:
    """Return what is added to scaled numbers.

    A stated offset is used, except if the item states that it was applied already, or if the baseline is older than the
    offset. Items of Earth Search state -0.1 although it was applied (Element84/earth-search#66, #71).
    """
    baseline = find_baseline(properties)
    is_older = bool(baseline) and baseline < OFFSET_SINCE_BASELINE
    if properties.get("earthsearch:boa_offset_applied") is True or (is_older and stated == BASELINE_OFFSET):
        return 0.0
    if stated is not None:
        return float(stated)
    return BASELINE_OFFSET if baseline >= OFFSET_SINCE_BASELINE and not is_physical else 0.0


def find_baseline(properties: JsonObject, name: str = "") -> str:
    """Return the Sentinel-2 processing baseline, `05.10`, from an item's properties or a product's name; else empty."""
    for key in ("s2:processing_baseline", "processing:version"):
        stated = re.fullmatch(r"N?(\d\d)\.?(\d\d)", str(properties.get(key, "")))
        if stated:
            return f"{stated[1]}.{stated[2]}"
    for text in (properties.get("s2:product_uri"), properties.get("s2:datatake_id"), name):
        stated = re.search(r"_N(\d\d)\.?(\d\d)(?:_|$)", str(text))
        if stated:
            return f"{stated[1]}.{stated[2]}"
    return ""

"""Assets of a STAC item: the bands they hold, how these are stored, and which of several copies is read.

Items and catalogues: ingest.stac.items. Opens no raster.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core.bands import NDVI, OPTICAL_NAMES, RADAR_NAMES
from core.source import AS_STATED, ReadAs
from ingest.rules.band_names import Family, find_band
from ingest.rules.masks import HLS_FMASK, RULES, FoundMask, find_mask
from ingest.rules.numbers import Coding

JsonObject = Mapping[str, Any]
"""A JSON object of an item."""

RASTER_TYPES = ("image/tiff", "image/vnd.stac.geotiff", "image/jp2", "image/jpeg2000")
PICTURES = ("visual", "tci", "preview", "rendered_preview", "overview", "thumbnail")
"""Assets for display: their numbers are colours, although their bands are named red, green and blue."""
OFFSET_SINCE_BASELINE = "04.00"
"""Sentinel-2 processing baseline since which L2A numbers carry +1000 (ESA, S2 Products Specification, 2022-01-25).
Reprocessed older recordings (Collection 1) carry it too, so the date alone does not decide."""
BASELINE_OFFSET = -0.1
APPLIED = "earthsearch:boa_offset_applied"
READ_BANDS = frozenset((*OPTICAL_NAMES, NDVI.name, *RADAR_NAMES))
UNKNOWN_METRES = float("inf")


@dataclass(frozen=True, kw_only=True)
class BandCopy:
    """One of the places at which an item offers a band."""

    band: str
    """Our name; of a mask the kind of its codes."""
    name: str
    """Of the asset, or of the band in an asset with several."""
    href: str
    """As the item writes it."""
    index: int
    coding: Coding
    metres: float
    """Pixel size in metres; infinite = not stated."""
    is_jp2: bool
    mask: FoundMask | None = None
    is_offset_stated: bool = True
    """False = neither scale metadata, nor the baseline, nor the item state what is added to its numbers."""


def choose_copies(
    assets: Mapping[str, JsonObject],
    properties: JsonObject,
    *,
    family: Family = Family.SENTINEL_2,
    read_as: ReadAs = AS_STATED,
) -> dict[str, BandCopy]:
    """Return the copy of each of our bands, and of one mask, that is read: the finest, and a COG before a JPEG 2000.

    Args:
        assets: of an item.
        properties: of the item.
        family: its sensor.
        read_as: which assets the user states for bands and mask.
    """
    usable = {k: a for k, a in assets.items() if _is_raster(a) and not _is_picture(k, a)}
    names = [n for key, asset in usable.items() for band in _bands(key, asset) for n in band.names]
    copies: dict[str, list[BandCopy]] = {}
    masks: list[BandCopy] = []
    for key, asset in usable.items():
        for number, band in enumerate(_bands(key, asset), start=1):
            copy = _copy(key, asset, band, number, _Names(family, tuple(names), read_as), properties)
            if copy is not None and copy.mask is not None:
                masks.append(copy)
            elif copy is not None:
                copies.setdefault(copy.band, []).append(copy)
    chosen = {band: _best(offered) for band, offered in copies.items()}
    mask = _best_mask(masks)
    return chosen | ({mask.band: mask} if mask else {})


@dataclass(frozen=True)
class _Names:
    """What names mean in one item."""

    family: Family
    company: tuple[str, ...]
    read_as: ReadAs

    def band(self, names: Sequence[str]) -> str:
        """Return our name of a band with several names; empty = none means one."""
        theirs = {v.lower(): ours for ours, v in self.read_as.bands.items()}
        stated = next((theirs[n.lower()] for n in names if n.lower() in theirs), "")
        found = (_known_band(n, self.family, self.company) for n in names)
        return stated or next((b for b in found if b in READ_BANDS and b not in self.read_as.bands), "")

    def mask(self, names: Sequence[str]) -> FoundMask | None:
        """Return the mask that one of several names means."""
        stated = self.read_as.mask
        for name in names:
            if not stated:
                found = _known_mask(name)
            elif stated.partition("=")[0].lower() == name.lower():
                found = find_mask([name], stated=stated)
            else:
                found = None
            if found is not None:
                is_hls = "fmask" in found.rule.names and not any("oa_" in n.lower() for n in self.company)
                return FoundMask(name=name, rule=HLS_FMASK) if is_hls and not stated.count("=") else found
        return None


@dataclass(frozen=True)
class _Band:
    """One band of an asset, as it is described."""

    names: tuple[str, ...]
    """The more specific first."""
    metadata: JsonObject


@lru_cache(maxsize=4096)
def _known_mask(name: str) -> FoundMask | None:
    """Return the mask that a name means; kept, as the items of a catalogue name their assets alike."""
    return find_mask([name])


@lru_cache(maxsize=4096)
def _known_band(name: str, family: Family, company: tuple[str, ...]) -> str:
    return find_band(name, family=family, beside=company)


def _copy(
    key: str, asset: JsonObject, band: _Band, number: int, names: _Names, properties: JsonObject
) -> BandCopy | None:
    mask = names.mask(band.names)
    ours = mask.kind if mask else names.band(band.names)
    if not ours:
        return None
    coding, is_stated = (Coding(), True) if mask else _coding(ours, asset, band.metadata, properties)
    return BandCopy(
        band=ours,
        name=key if len(_bands(key, asset)) == 1 else next(iter(band.names), key),
        href=str(asset.get("href", "")),
        index=number,
        coding=coding,
        metres=_metres(key, asset, band.metadata),
        is_jp2=_is_jp2(asset),
        mask=mask,
        is_offset_stated=is_stated,
    )


def _best_mask(masks: Sequence[BandCopy]) -> BandCopy | None:
    """Choose among masks by the order of the rules, then among copies of one."""
    for rule in (*RULES, HLS_FMASK):
        fitting = [m for m in masks if m.mask and m.mask.rule.names == rule.names]
        if fitting:
            return _best(fitting)
    return masks[0] if masks else None


def _best(offered: list[BandCopy]) -> BandCopy:
    """Choose among copies in the order of the item; one without a pixel size counts as the finest."""
    finest = min(c.metres for c in offered)
    return min(offered, key=lambda c: (finest if c.metres == UNKNOWN_METRES else c.metres, c.is_jp2))


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


def _bands(key: str, asset: JsonObject) -> list[_Band]:
    """Return names and metadata of each band of an asset, in the order of the file."""
    stated: list[dict[str, Any]] = [dict(b) for b in asset.get("bands") or asset.get("eo:bands") or [{}]]
    for band, raster in zip(stated, asset.get("raster:bands") or [], strict=False):
        band.update({f"raster:{k}" if k in ("scale", "offset") else k: v for k, v in raster.items()})
    are_numbers = [str(b.get("name", "")).lower() for b in stated] == [f"b{n}" for n in range(1, len(stated) + 1)]
    found = []
    for band in stated:
        names = [band.get("name"), band.get("eo:common_name"), band.get("common_name")]
        if are_numbers:  # rio-stac counts the bands of each file from b1
            names = [*names[1:], band.get("description")]
        names += [key, _stem(key), _stem(key).removesuffix("-jp2")] if len(stated) == 1 else []
        found.append(_Band(tuple(str(n) for n in names if n), band))
    return found


def _coding(name: str, asset: JsonObject, band: JsonObject, properties: JsonObject) -> tuple[Coding, bool]:
    """Find scale, offset, nodata and unit of one band, and whether its offset is stated.

    Metadata of the band take precedence over those of the asset.
    """
    stated = {k: band.get(k, asset.get(k)) for k in ("raster:scale", "raster:offset", "nodata", "unit", "data_type")}
    is_radar = name in RADAR_NAMES
    if stated["raster:scale"] == 1 and str(stated["data_type"]).startswith(("int", "uint")) and name in OPTICAL_NAMES:
        stated["raster:scale"] = None  # what rio-stac writes where the file states no scale
    is_physical = is_radar or str(stated["data_type"]).startswith("float")
    scale = stated["raster:scale"]
    if scale is None:
        scale = 1.0 if is_physical else 1e-4
    offset = stated["raster:offset"]
    is_stated = bool(offset) or bool(find_baseline(properties)) or APPLIED in properties
    if not is_radar:
        offset = _reflectance_offset(offset, properties, is_physical=is_physical)
    nodata = stated["nodata"] if stated["nodata"] is not None else (None if is_radar else 0)
    fills = () if nodata is None or str(nodata) == "nan" else (float(nodata),)
    unit = "power" if is_radar and str(stated["unit"]).lower() != "db" else ""
    coding = Coding(scale=float(scale), offset=float(offset or 0), fills=fills, unit=unit)
    return coding, is_stated or is_radar or name == NDVI.name


def _reflectance_offset(stated: Any, properties: JsonObject, *, is_physical: bool) -> float:
    """Return what is added to scaled numbers.

    A stated offset is used, except if the item states that it was applied already, or if the baseline is older than the
    offset. Items of Earth Search state -0.1 although it was applied (Element84/earth-search#66, #71).
    """
    baseline = find_baseline(properties)
    is_older = bool(baseline) and baseline < OFFSET_SINCE_BASELINE
    if properties.get(APPLIED) is True or (is_older and stated == BASELINE_OFFSET):
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

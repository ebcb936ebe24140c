"""Scenes from the properties of STAC items: time, version, datatake, baseline, orbit and convention. No pixels."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from core.errors import InvalidArchive
from ingest.archive import Convention, Orbit, Scene, Sensor
from ingest.stac.assets import find_baseline

S1_PRODUCT = re.compile(r"S1[A-D]_\w\w_\w{4}_\w{4}_\d{8}T\d{6}_\d{8}T\d{6}_\d{6}_[0-9A-F]{6}")
"""Name of a Sentinel-1 product without its last four digits, which differ between processings of one recording."""
S2_SENSED = re.compile(r"S2[A-D]_(?:MSI\w{3}_|OPER_)?(\d{8}T\d{6})")
"""Start of the datatake in the name of a Sentinel-2 product or datatake."""
S2_STRIP = re.compile(r"_S(\d{8}T\d{6})")
S2_TILE = re.compile(r"(?:^|_)T?(\d{1,2}[C-HJ-NP-X][A-HJ-NP-Z]{2})(?:_|$)")
CONVENTIONS: dict[str, Convention] = {
    "gamma0_rtc": "gamma0_rtc",
    "gamma0_ellipsoid": "gamma0_ellipsoid",
    "sigma0_ellipsoid": "sigma0_ellipsoid",
    "beta0": "beta0",
}

JsonObject = Mapping[str, Any]


def describe_scene(document: JsonObject, place: str, *, sensor: Sensor, convention: Convention) -> Scene:
    """Read the scene of an item from its properties.

    Args:
        document: the item as JSON.
        place: path or URL it was read from, for messages.
        sensor: which of ours it is.
        convention: of radar if the item states none.

    Raises:
        InvalidArchive: it has no readable date.
    """
    properties = document.get("properties") or {}
    name = str(document.get("id") or place.rsplit("/", 1)[-1].removesuffix(".json"))
    time = _time(place, properties)
    is_optical = sensor == "s2"
    return Scene(
        scene_id=name,
        time=time,
        sensor=sensor,
        properties=dict(properties),
        version=_version(document, properties),
        datatake=_optical_datatake(name, properties, time) if is_optical else _radar_datatake(name, properties),
        baseline=find_baseline(properties, name) if is_optical else "",
        orbit=_orbit(properties),
        convention="" if is_optical else _convention(document, properties, convention),
    )


def _time(place: str, properties: JsonObject) -> datetime:
    text = properties.get("datetime") or properties.get("start_datetime")
    try:
        time = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        raise InvalidArchive(place, f"the item's datetime '{text}' is not a date") from None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _version(document: JsonObject, properties: JsonObject) -> str:
    """Return the time of the last update, or a digest of the files' checksums; empty = neither is stated."""
    for key in ("updated", "created", "published"):
        if properties.get(key):
            return str(properties[key])
    assets = document.get("assets") or {}
    sums = sorted(str(v) for a in assets.values() for k in ("file:checksum", "etag", "e_tag") if (v := a.get(k)))
    return hashlib.sha256("\n".join(sums).encode()).hexdigest()[:16] if sums else ""


def _optical_datatake(name: str, properties: JsonObject, time: datetime) -> str:
    """Return satellite, start of the datatake, granule and datastrip: the same for all processings of a recording.

    Two strips of one datatake that meet in a granule lie side by side, so both are kept.
    """
    names = [str(properties.get(k) or "") for k in ("s2:datatake_id", "s2:product_uri")] + [name]
    platform = _platform(names, properties)
    tile = _tile(names, properties)
    if not platform or not tile:
        return ""
    sensed = next((m[1] for text in names if (m := S2_SENSED.search(text))), time.strftime("%Y%m%dT%H%M%S"))
    strip = S2_STRIP.search(str(properties.get("s2:datastrip_id") or ""))
    return "_".join([platform, sensed, tile, *([strip[1]] if strip else [])])


def _platform(names: list[str], properties: JsonObject) -> str:
    stated = re.search(r"(?:sentinel-?|S)2-?([a-d])", str(properties.get("platform") or ""), re.IGNORECASE)
    stated = stated or next((m for text in names if (m := re.search(r"S2([A-D])_", text))), None)
    return f"S2{stated[1].upper()}" if stated else ""


def _tile(names: list[str], properties: JsonObject) -> str:
    """Return the granule's name on the military grid, `32TMT`; empty = not stated."""
    parts = [properties.get(k) for k in ("mgrs:utm_zone", "mgrs:latitude_band", "mgrs:grid_square")]
    code = str(properties.get("grid:code") or "").removeprefix("MGRS-")
    stated = [code, str(properties.get("s2:mgrs_tile") or ""), "".join(map(str, parts)) if all(parts) else "", *names]
    found = next((m[1] for text in stated if (m := S2_TILE.search(text))), "")
    return found.zfill(5) if found else ""


def _radar_datatake(name: str, properties: JsonObject) -> str:
    for text in (name, str(properties.get("s1:product_identifier") or "")):
        stated = S1_PRODUCT.match(text)
        if stated:
            return stated[0]
    return ""


def _orbit(properties: JsonObject) -> Orbit:
    stated = str(properties.get("sat:orbit_state") or "").lower()
    return "ascending" if stated == "ascending" else "descending" if stated == "descending" else ""


def _convention(document: JsonObject, properties: JsonObject, default: Convention) -> Convention:
    stated = CONVENTIONS.get(str(properties.get("landcast:convention") or ""))
    if stated:
        return stated
    words = {str(properties.get(k) or "").upper() for k in ("sar:product_type", "card4l:specification")}
    named = f"{document.get('collection') or ''} {document.get('id') or ''}".lower()
    is_corrected = words & {"RTC", "NRB"} or re.search(r"(?:^|[-_ ])rtc(?:$|[-_ ])", named)
    return "gamma0_rtc" if is_corrected else default

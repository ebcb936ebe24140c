"""Descriptions of STAC APIs: written by hand for presets, read from their own pages for others.

Searching: ingest.stac.api.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from core.bands import OPTICAL_NAMES, RADAR_NAMES
from ingest.archive import Abilities, Bounds, Convention, Sensor
from ingest.io.hosts import Hosts, allowed_hosts

SENTINEL_2_START = date(2015, 6, 27)
"""First day of Sentinel-2A's images."""
EARTH: Bounds = (-180.0, -80.0, 180.0, 84.0)
"""Where UTM is defined."""


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """A STAC API and what is known of it before its first search."""

    name: str
    title: str
    url: str
    """Landing page."""
    collections: tuple[str, ...]
    """Searched; empty = all."""
    asset_hosts: tuple[str, ...]
    """From where its files may be read, as in Hosts; beside the host of `url`."""
    attribution: str
    bands: tuple[str, ...]
    abilities: Abilities
    start: date = SENTINEL_2_START
    end: date | None = None
    """None = today."""
    bounds: tuple[Bounds, ...] = (EARTH,)
    """West, south, east, north in degrees."""
    convention: Convention = ""
    """Of radar items that state none."""
    is_simulated: bool = False

    @property
    def hosts(self) -> Hosts:
        """Hosts of the API and of its files."""
        return Hosts(name=self.name, allowed=(*allowed_hosts(self.url), *self.asset_hosts))

    @property
    def fingerprint(self) -> str:
        """Sha256 (hex) of what it is: its address and collections. Not of its content, which grows daily."""
        stated = [self.url.rstrip("/"), sorted(self.collections), self.convention]
        return hashlib.sha256(json.dumps(stated).encode()).hexdigest()


def choose_collections(ids: list[str]) -> tuple[str, ...]:
    """Return the collections of Sentinel-2 L2A and terrain-corrected Sentinel-1 by their names; all if none is."""
    chosen = [i for i in ids if _is_optical(i) or _is_radar(i)]
    return tuple(chosen or ids)


def _is_optical(name: str) -> bool:
    return "sentinel-2" in name.lower() and "l2a" in name.lower()


def _is_radar(name: str) -> bool:
    return "sentinel-1" in name.lower() and "rtc" in name.lower()


def describe_api(
    url: str, landing: Mapping[str, Any], collections: Sequence[Mapping[str, Any]], *, hosts: str = ""
) -> Catalogue:
    """Return the description that a STAC API gives of itself.

    Args:
        url: of the landing page.
        landing: the landing page.
        collections: all of them.
        hosts: further ones, separated by spaces, from which files may be read.
    """
    ids = choose_collections([str(c.get("id")) for c in collections])
    chosen = [c for c in collections if c.get("id") in ids]
    sensors = _sensors(ids)
    bands = {"s2": OPTICAL_NAMES, "s1": RADAR_NAMES}
    start, end = _extent_period(chosen)
    return Catalogue(
        name=urlsplit(url).netloc.replace(":", "_"),
        title=f"STAC API {landing.get('title') or landing.get('id') or url}",
        url=url,
        collections=ids,
        asset_hosts=tuple(hosts.split()),
        attribution=_attribution(chosen),
        bands=tuple(b for sensor in sensors for b in bands[sensor]),
        abilities=Abilities(
            sensors=sensors,
            masks=("SCL", "clear", "CLM") if "s2" in sensors else (),
            convention="gamma0_rtc" if any(map(_is_radar, ids)) else "",
        ),
        start=start,
        end=end,
        bounds=_extent_bounds(chosen),
        is_simulated=any(bool(d.get("landcast:simulated")) for d in (landing, *chosen)),
    )


def _sensors(ids: Sequence[str]) -> tuple[Sensor, ...]:
    """Return the sensors of collections by their names; other names may hold both."""
    found: list[Sensor] = []
    if any(map(_is_optical, ids)):
        found.append("s2")
    if any(map(_is_radar, ids)):
        found.append("s1")
    return tuple(found) or ("s2", "s1")


def _attribution(collections: Sequence[Mapping[str, Any]]) -> str:
    licences = dict.fromkeys(str(c.get("license") or "not stated") for c in collections)
    providers = dict.fromkeys(str(p.get("name")) for c in collections for p in c.get("providers") or [])
    return f"Licence: {', '.join(licences) or 'not stated'}" + (f"; {', '.join(providers)}" if providers else "")


def _extent_period(collections: Sequence[Mapping[str, Any]]) -> tuple[date, date | None]:
    """Return first and last date of all collections; None = they go on."""
    intervals = [i for c in collections for i in _extent(c, "temporal", "interval") if len(i) == 2]
    starts = [_day(i[0]) for i in intervals]
    ends = [_day(i[1]) for i in intervals]
    first = min((s for s in starts if s), default=SENTINEL_2_START) if all(starts) else SENTINEL_2_START
    last = max((e for e in ends if e), default=None) if all(ends) else None
    return first, last if last and last >= first else None


def _day(text: object) -> date | None:
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        return None


def _extent_bounds(collections: Sequence[Mapping[str, Any]]) -> tuple[Bounds, ...]:
    """Return the boxes of all collections, in degrees; the whole earth if one of them is not usable."""
    found: list[Bounds] = []
    for stated in (b for c in collections for b in _extent(c, "spatial", "bbox")):
        if len(stated) not in (4, 6):
            return (EARTH,)
        half = len(stated) // 2
        west, south, east, north = (float(stated[n]) for n in (0, 1, half, half + 1))
        found += (
            [(west, south, east, north)] if west <= east else [(west, south, 180, north), (-180, south, east, north)]
        )
    return tuple(found) or (EARTH,)


def _extent(collection: Mapping[str, Any], kind: str, key: str) -> list[Any]:
    return list(((collection.get("extent") or {}).get(kind) or {}).get(key) or [])

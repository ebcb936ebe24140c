"""Passes: the items that Sentinel Hub lists, merged to one scene per flight over a window. Sends no request."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from ingest.archive import Convention, Orbit, Scene, Sensor

PASS = timedelta(hours=1)
"""Items of one satellite and direction of flight within an hour are one pass: half a revolution takes 50 minutes."""
RADAR_CONVENTION: Convention = "gamma0_rtc"

_DATATAKE = re.compile(r"^S2\w_MSIL\w\w_(\d{8}T\d{6})_N\d{4}_(R\d{3})_")
_BASELINE = re.compile(r"_N(\d\d)(\d\d)_")
_ABSOLUTE_ORBIT = re.compile(r"^S1\w_.*_\d{8}T\d{6}_\d{8}T\d{6}_(\d{6})_")


@dataclass(frozen=True, kw_only=True)
class Item:
    """The properties of one STAC item that passes are made of."""

    item_id: str
    """Name of the product."""
    time: datetime
    """Acquisition, UTC."""
    platform: str
    """`sentinel-2b`."""
    orbit: Orbit
    """Direction of flight; empty = not stated."""
    updated: str
    """When it was last changed; empty = not stated."""


def read_items(features: Iterable[Mapping[str, Any]]) -> list[Item]:
    """Read STAC items, each once, in order of time, then name.

    Raises:
        KeyError, TypeError, ValueError: one of them is no STAC item.
    """
    items = {str(f["id"]): _item(f) for f in features}
    return sorted(items.values(), key=lambda i: (i.time, i.item_id))


def _item(feature: Mapping[str, Any]) -> Item:
    properties = feature["properties"]
    name = str(feature["id"])
    time = datetime.fromisoformat(str(properties["datetime"]).replace("Z", "+00:00"))
    direction = str(properties.get("sat:orbit_state", "")).lower()
    return Item(
        item_id=name,
        time=time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC),
        platform=str(properties.get("platform") or name[:3]).lower(),
        orbit="ascending" if direction == "ascending" else "descending" if direction == "descending" else "",
        updated=str(properties.get("updated") or properties.get("created") or ""),
    )


def merge_passes(items: Sequence[Item], sensor: Sensor) -> list[Scene]:
    """Merge items, in order of time, to one scene per pass.

    Each scene's properties carry `from` and `to`: a time range with all of its items and none of another
    pass. It extends an hour beyond them, or half-way to the next pass: at high latitudes satellites follow sooner.
    """
    passes: list[list[Item]] = []
    for item in items:
        mine = (p for p in passes if (p[0].platform, p[0].orbit) == (item.platform, item.orbit))
        current = next((p for p in mine if item.time - p[0].time <= PASS), None)
        if current is None:
            passes.append([item])
        else:
            current.append(item)
    neighbours = [[q for q in passes if q is not p and _is_neighbour(p, q, sensor)] for p in passes]
    return [_scene(p, q, sensor) for p, q in zip(passes, neighbours, strict=True)]


def _is_neighbour(one: Sequence[Item], other: Sequence[Item], sensor: Sensor) -> bool:
    """Tell whether a request for one pass could show another: those of radar name the direction of flight."""
    return sensor == "s2" or not one[0].orbit or one[0].orbit == other[0].orbit


def _scene(items: Sequence[Item], neighbours: Sequence[Sequence[Item]], sensor: Sensor) -> Scene:
    first, last = items[0].time, items[-1].time
    before = [first - q[-1].time for q in neighbours if q[-1].time <= first]
    after = [q[0].time - last for q in neighbours if q[0].time >= last]
    is_radar = sensor == "s1"
    baselines = sorted({".".join(found.groups()) for i in items if (found := _BASELINE.search(i.item_id))})
    return Scene(
        scene_id=_scene_id(items[0]),
        time=first,
        sensor=sensor,
        properties={
            "platform": items[0].platform,
            "items": [i.item_id for i in items],
            "from": (first - min([PASS, *(gap / 2 for gap in before)])).isoformat(),
            "to": (last + min([PASS, *(gap / 2 for gap in after)])).isoformat(),
        },
        version=sha256(repr(sorted((i.item_id, i.updated) for i in items)).encode()).hexdigest()[:16],
        # The oldest of its granules: only what holds for all of them is stated.
        baseline=baselines[0] if baselines and not is_radar else "",
        orbit=items[0].orbit if is_radar else "",
        convention=RADAR_CONVENTION if is_radar else "",
    )


def _scene_id(item: Item) -> str:
    """Name a pass by what all of its items share, so that all windows use the same name; else by its first item."""
    short = item.platform.replace("sentinel-", "S").upper()
    if found := _DATATAKE.match(item.item_id):
        return f"{short}_{found[1]}_{found[2]}"
    if found := _ABSOLUTE_ORBIT.match(item.item_id):
        return "_".join(filter(None, (short, item.time.strftime("%Y%m%d"), found[1], item.orbit)))
    return "_".join(filter(None, (short, item.time.strftime("%Y%m%dT%H%M"), item.orbit)))

"""Items of Sentinel Hub merged to passes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingest.archive import Scene
from ingest.sentinel_hub.passes import merge_passes, read_items

NOON = datetime(2022, 6, 7, 10, 30, 31, tzinfo=UTC)


def feature(name: str, time: datetime = NOON, **properties: Any) -> dict[str, Any]:
    return {"id": name, "properties": {"datetime": time.isoformat().replace("+00:00", "Z"), **properties}}


def optical(tile: str, time: datetime = NOON, *, baseline: str = "0400", **properties: Any) -> dict[str, Any]:
    name = f"S2A_MSIL2A_20220607T103031_N{baseline}_R108_T{tile}_20220608T001122"
    return feature(name, time, platform="sentinel-2a", **properties)


def merged(*features: dict[str, Any], sensor: Any = "s2") -> list[Scene]:
    return merge_passes(read_items(features), sensor)


def test_items_are_read_once_in_order_of_time() -> None:
    late, early = optical("32UPA", NOON + timedelta(seconds=9)), optical("32UPB")
    assert [i.item_id for i in read_items([late, early, late])] == [early["id"], late["id"]]
    with pytest.raises(KeyError):
        read_items([{"id": "one"}])


def test_granules_of_one_flight_are_one_scene_with_the_oldest_baseline() -> None:
    (scene,) = merged(optical("32UPB", baseline="0510"), optical("32UPA", NOON + timedelta(seconds=14)))
    assert scene.scene_id == "S2A_20220607T103031_R108"
    assert (scene.baseline, len(scene.properties["items"])) == ("04.00", 2)
    assert scene.properties["from"] == "2022-06-07T09:30:31+00:00"
    assert scene.properties["to"] == "2022-06-07T11:30:45+00:00"


def test_flights_more_than_an_hour_apart_are_two_scenes() -> None:
    assert len(merged(optical("32UPB"), optical("32UPA", NOON + timedelta(minutes=61)))) == 2


def test_the_time_range_ends_half_way_to_another_satellite() -> None:
    other = feature("S2B_X", NOON + timedelta(minutes=20), platform="sentinel-2b")
    first, second = merged(optical("32UPB"), other)
    assert first.properties["to"] == second.properties["from"] == "2022-06-07T10:40:31+00:00"


def test_radar_passes_of_both_directions_stay_apart() -> None:
    name = "S1A_IW_GRDH_1SDV_20220608T053012_20220608T053037_043580_059567_AB12"
    down = feature(name, platform="sentinel-1a", **{"sat:orbit_state": "DESCENDING"})
    up = feature("S1A_UP", NOON + timedelta(minutes=5), platform="sentinel-1a", **{"sat:orbit_state": "ascending"})
    found = merged(down, up, sensor="s1")
    assert [s.orbit for s in found] == ["descending", "ascending"]
    assert found[0].scene_id == "S1A_20220607_043580_descending"
    assert {s.convention for s in found} == {"gamma0_rtc"}
    assert found[0].properties["to"] == "2022-06-07T11:30:31+00:00", "the other direction is no neighbour"


def test_the_version_follows_the_last_change_of_any_item() -> None:
    first, again = merged(optical("32UPB", updated="2022"))[0], merged(optical("32UPB", updated="2022"))[0]
    changed = merged(optical("32UPB", updated="2024"))[0]
    assert first.version == again.version != changed.version

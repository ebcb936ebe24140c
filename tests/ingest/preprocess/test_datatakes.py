"""Datatakes: one processing of each recording is kept, the newest."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ingest.archive import Scene
from ingest.preprocess.datatakes import one_per_datatake

NOON = datetime(2022, 6, 7, 10, 30, tzinfo=UTC)


def scene(name: str, *, datatake: str = "S2B_20220607_T32TMT", baseline: str = "05.10", version: str = "1") -> Scene:
    return Scene(scene_id=name, time=NOON, sensor="s2", datatake=datatake, baseline=baseline, version=version)


@st.composite
def listings(draw: st.DrawFn) -> list[Scene]:
    """Draw scenes with unique ids, few datatakes, and every way to be older or newer."""
    return [
        Scene(
            scene_id=f"scene-{number}",
            time=NOON + timedelta(hours=draw(st.integers(0, 2))),
            sensor=draw(st.sampled_from(["s2", "s1"])),
            datatake=draw(st.sampled_from(["", "a", "b"])),
            baseline=draw(st.sampled_from(["", "02.14", "05.09", "05.10", "10.00"])),
            version=draw(st.sampled_from(["", "2022-06-08", "2023-01-01"])),
        )
        for number in range(draw(st.integers(0, 9)))
    ]


def test_the_newest_baseline_is_kept() -> None:
    old, new, oldest = scene("b", baseline="02.14"), scene("a", baseline="05.10"), scene("c", baseline="")
    assert one_per_datatake([old, new, oldest]) == ([new], [old, oldest])


def test_a_baseline_of_two_digits_is_newer_than_one_of_one() -> None:
    nine, ten = scene("nine", baseline="5.9"), scene("ten", baseline="5.10")
    assert one_per_datatake([ten, nine])[0] == [ten]


def test_of_one_baseline_the_newest_version_is_kept() -> None:
    first, second = scene("b", version="2022-06-08"), scene("a", version="2022-07-01")
    assert one_per_datatake([first, second])[0] == [second]


def test_granules_and_recordings_apart_are_all_kept() -> None:
    scenes = [scene("a", datatake="S2B_20220607_T32TMT"), scene("b", datatake="S2B_20220607_T32TLT"), scene("c")]
    assert len(one_per_datatake([*scenes, replace(scene("d"), sensor="s1")])[0]) == 3


def test_scenes_that_stand_alone_are_all_kept() -> None:
    scenes = [scene("a", datatake=""), scene("b", datatake="")]
    assert one_per_datatake(scenes) == (scenes, [])


def test_a_scene_listed_twice_is_kept_once() -> None:
    twice = [scene("a", datatake=""), scene("a", datatake="")]
    kept, dropped = one_per_datatake(twice)
    assert (len(kept), len(dropped)) == (1, 1)


@given(listings(), st.data())
def test_the_order_of_the_list_does_not_matter(scenes: list[Scene], data: st.DataObject) -> None:
    assert one_per_datatake(scenes) == one_per_datatake(data.draw(st.permutations(scenes)))


@given(listings())
def test_every_recording_is_kept_exactly_once(scenes: list[Scene]) -> None:
    kept, dropped = one_per_datatake(scenes)
    assert sorted(s.scene_id for s in kept + dropped) == [s.scene_id for s in scenes]
    recordings = [(s.sensor, s.datatake) for s in kept if s.datatake]
    assert set(recordings) == {(s.sensor, s.datatake) for s in scenes if s.datatake}
    assert len(recordings) == len(set(recordings))
    assert kept == sorted(kept, key=lambda s: (s.time, s.scene_id))


@given(listings())
def test_choosing_twice_changes_nothing(scenes: list[Scene]) -> None:
    kept, _ = one_per_datatake(scenes)
    assert one_per_datatake(kept) == (kept, [])

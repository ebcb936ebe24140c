"""What is said of scenes with and without an offset in one archive."""

import numpy as np

from ingest.rasters.mixed import Decision, both_kinds, mixed_remarks, taken

NAMES = ["a", "b", "c", "d"]


def decide(*, dates: str = "", bands: str = "", doubtful: str = "") -> Decision:
    def flags(chosen: str) -> np.ndarray:
        return np.array([n in chosen for n in NAMES])

    return Decision(by_dates=flags(dates), by_bands=flags(bands), doubtful=flags(doubtful))


def test_each_scene_is_counted_once() -> None:
    found = decide(dates="a", bands="b", doubtful="c")
    expected = "offset: -1000 for 2 scenes, none for 1 scene, not certain for 1 scene, by the darkest pixels"
    assert taken(found.has_offset, found) == expected


def test_scenes_that_differ_are_named() -> None:
    assert mixed_remarks(NAMES, decide(dates="abcd")) == []
    assert "1 of 4 scenes" in mixed_remarks(NAMES, decide(bands="b"))[0]
    assert mixed_remarks(NAMES, decide(bands="b", doubtful="c"))[1].endswith("none is subtracted: c.")
    assert "--offset -1000" in mixed_remarks(NAMES, decide(doubtful="c"))[0]


def test_a_refusal_names_both_groups_and_the_option() -> None:
    assert "3 of 9 scenes" in both_kinds(3, 9)
    assert "--offset 0" in both_kinds(3, 9)

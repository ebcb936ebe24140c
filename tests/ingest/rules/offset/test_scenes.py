"""Scenes with an offset of 0.1 among others without."""

import numpy as np
import pytest

from core.bands import Floats
from ingest.rules.offset.scenes import are_mixed, find_raised, lower_group

LAND = {"B02": 0.03, "B03": 0.05, "B04": 0.04, "B08": 0.14, "B12": 0.06}


def scenes(*moves: float | dict[str, float]) -> dict[str, Floats]:
    """Return the darkest values of scenes of one land, each moved as a whole or by band."""
    rows = [{b: v + (m.get(b, 0.0) if isinstance(m, dict) else m) for b, v in LAND.items()} for m in moves]
    return {b: np.array([row[b] for row in rows], np.float32) for b in LAND}


BASE = np.array([True, True, False])


@pytest.mark.parametrize("move", [0.08, 0.1, 0.12, {"B02": 0.09, "B03": 0.1, "B04": 0.1, "B08": 0.12, "B12": 0.1}])
def test_all_bands_moved_alike_by_0_1_are_an_offset(move: float | dict[str, float]) -> None:
    np.testing.assert_array_equal(find_raised(scenes(0.0, 0.01, move), BASE), [False, False, True])


@pytest.mark.parametrize(
    "move",
    [
        {"B02": 0.12, "B03": 0.11, "B04": 0.1, "B08": 0.05, "B12": 0.01},
        {"B02": 0.05, "B03": 0.08, "B04": 0.12, "B08": 0.1, "B12": 0.2},
        {"B02": 0.1, "B03": 0.1, "B04": 0.1, "B08": -0.05, "B12": 0.1},
        0.03,
        0.3,
    ],
    ids=["haze", "dry soil", "bare field", "noise", "snow"],
)
def test_bands_that_move_apart_are_no_offset(move: float | dict[str, float]) -> None:
    assert not find_raised(scenes(0.0, 0.0, move), BASE).any()


def test_without_infrared_or_without_scenes_to_compare_nothing_is_found() -> None:
    floors = scenes(0.0, 0.0, 0.1)
    assert not find_raised({b: floors[b] for b in ("B02", "B04")}, BASE).any()
    assert not find_raised(floors, np.zeros(3, bool)).any()
    assert not find_raised({}, BASE).any()


def test_three_scenes_of_each_group_are_proof_unless_most_bright_ones_are_neither() -> None:
    raised, base = np.arange(8) < 3, np.arange(8) >= 5
    none = np.zeros(8, bool)
    assert are_mixed(raised, base, none)
    assert not are_mixed(np.arange(8) < 2, base, none)
    assert not are_mixed(raised, np.arange(8) == 7, none)
    assert not are_mixed(raised, base, np.ones(8, bool))


def test_bright_scenes_are_parted_at_the_widest_gap() -> None:
    np.testing.assert_array_equal(lower_group(scenes(0.1, 0.2, 0.11, 0.21)), [True, False, True, False])
    assert not lower_group(scenes(0.1, 0.12, 0.14)).any()
    assert not lower_group({"B08": np.array([0.1, 0.2], np.float32)}).any()

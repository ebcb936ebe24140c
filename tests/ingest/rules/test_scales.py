"""Scale of reflectance by the numbers of all bands."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.rules.numbers import Coding
from ingest.rules.scales import doubtful, impossible_share, judge_scale, known, too_dark

LAKE = {"B02": [310, 350], "B04": [150, 170], "B08": [60, 80], "B12": [12, 18]}


def arrays(values: dict[str, list[float]], kind: type = np.int16) -> dict[str, np.ndarray]:
    return {b: np.array(v, kind) for b, v in values.items()}


def test_a_lake_is_in_digital_numbers_although_its_infrared_is_near_zero() -> None:
    assert judge_scale(arrays(LAKE)).scale == 1e-4
    assert judge_scale(arrays(LAKE, np.float32)).scale == 1e-4


@given(st.lists(st.floats(0.001, 1.5), min_size=3, max_size=30))
def test_numbers_from_zero_to_one_are_reflectance_and_ten_thousand_times_them_are_not(values: list[float]) -> None:
    stored = {"B04": np.array(values, np.float32)}
    assert judge_scale(stored) == judge_scale({})
    if max(values) > 0.05:
        assert judge_scale({"B04": np.array(values, np.float32) * 1e4}).scale == 1e-4 or min(values) < 0.02


def test_fills_and_zeros_take_no_part() -> None:
    stored = np.array([0, -9999, 65535, -32768, np.nan, 0.2], np.float32)
    assert known(stored).tolist() == pytest.approx([0.2])
    assert known(np.array([7, 9]), [7.0]).tolist() == [9]
    assert judge_scale({"B04": stored}).scale == 1


@pytest.mark.parametrize(
    ("values", "kind", "doubt"),
    [
        ({"B04": [3, 40], "B08": [20, 60]}, np.float32, "neither 0 to 1 nor"),
        ({"B04": [3, 40], "B08": [200, 250]}, np.uint8, "8 bits"),
        ({"B04": [0.03, 300.5], "B08": [0.3, 3000.5]}, np.float32, "0 to 1 on some dates"),
    ],
)
def test_what_cannot_be_told_is_doubted(values: dict[str, list[float]], kind: type, doubt: str) -> None:
    assert doubt in judge_scale(arrays(values, kind)).doubt


def test_bands_of_other_things_are_doubted_by_their_values() -> None:
    coding = Coding(scale=1e-4)
    assert (
        doubtful("B11", np.array([39_000, 39_100]), coding) == "100% of its numbers are no reflectance (typically 3.91)"
    )
    assert doubtful("B11", np.array([390, 391]), coding) == ""
    assert doubtful("VV", np.array([39_000]), coding) == ""
    assert impossible_share("B04", np.array([500, 500, 500, 30_000]), coding) == 0.25
    assert impossible_share("B04", np.array([500, -500, 12_000]), coding) == 0


def test_a_scale_that_was_applied_before_shows() -> None:
    stored = {"B04": np.array([0.05, 0.3]), "B12": np.array([0.2])}
    assert "reach only 2.9e-05" in too_dark(stored, dict.fromkeys(stored, Coding(scale=1e-4)))
    assert too_dark(stored, dict.fromkeys(stored, Coding())) == ""

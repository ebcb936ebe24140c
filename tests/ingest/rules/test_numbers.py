"""What stored numbers mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.rules.numbers import SCL_CLEAR, Coding, decode, doubt, find_coding, is_clear, to_db


def test_clear_classes_are_dark_vegetation_bare_water_and_unclassified() -> None:
    assert [c for c in range(12) if is_clear(np.array([c]), "SCL")[0]] == list(SCL_CLEAR) == [2, 4, 5, 6, 7]


def test_an_unknown_kind_of_mask_is_an_error() -> None:
    with pytest.raises(ValueError, match="QA60"):
        is_clear(np.zeros(1), "QA60")


@given(st.lists(st.one_of(st.none(), st.integers(0, 255)), min_size=1, max_size=20), st.sampled_from(["clear", "CLM"]))
def test_a_mask_never_calls_a_missing_value_clear(codes: list[int | None], kind: str) -> None:
    mask = np.array([np.nan if c is None else c for c in codes])
    assert not is_clear(mask, kind)[np.isnan(mask)].any()


def test_signed_numbers_marked_unsigned_are_read_as_unsigned() -> None:
    raw = np.array([-1, 2000, -25536], np.int16)
    coding = find_coding("B04", {"_Unsigned": "true", "scale_factor": 1e-4}, raw, where="test")
    np.testing.assert_allclose(decode(raw, coding, "B04"), [np.nan, 0.2, np.nan])
    assert decode(np.array([-25536], np.int16), Coding(is_unsigned=True, scale=2e-5), "B04")[0] == pytest.approx(0.8)


def test_amplitude_numbers_of_radar_follow_the_published_formula() -> None:
    raw = np.array([3788, 65535, 0], np.uint16)
    coding = find_coding("VV", {}, raw, where="test")
    np.testing.assert_allclose(decode(raw, coding, "VV"), [20 * np.log10(3788) - 83, np.nan, np.nan], rtol=1e-5)


def test_hundredths_of_decibels_are_recognised() -> None:
    raw = np.array([-1063, -1430], np.int16)
    np.testing.assert_allclose(decode(raw, find_coding("VH", {}, raw, where="test"), "VH"), [-10.63, -14.3], rtol=1e-5)


def test_degrees_celsius_become_kelvin_only_when_stated() -> None:
    raw = np.array([8.5, 12.0], np.float32)
    stated = find_coding("temperature_2m", {"units": "degC"}, raw, where="test")
    np.testing.assert_allclose(decode(raw, stated, "temperature_2m"), [281.65, 285.15], rtol=1e-6)
    assert "kelvin" in doubt("temperature_2m", raw, find_coding("temperature_2m", {}, raw, where="test"))


def test_no_numbers_raise_no_doubt() -> None:
    assert doubt("B04", np.full((2, 2), np.nan), Coding()) == ""


@given(st.floats(1e-4, 10))
def test_decibels_and_power_are_inverse(power: float) -> None:
    assert 10 ** (float(to_db(np.array([power], np.float32))[0]) / 10) == pytest.approx(power, rel=1e-4)

"""Agreement: an offset and another place are caught, another processing of the same scene is not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bands import Floats, ndvi
from ingest.agreement import MIN_PIXELS, compare

DAYS = [19_000, 19_005, 19_010]


def cube(shift: float = 0.0, *, noise: float = 0.0, seed: int = 0, place: int = 0) -> dict[str, Floats]:
    """Return (T, Y, X) red, near infrared and NDVI of patches of fields."""
    fields = np.random.default_rng(place)
    random = np.random.default_rng(seed)
    bands = {}
    for band, low, high in (("B04", 0.02, 0.2), ("B08", 0.2, 0.5)):
        patches = np.kron(fields.uniform(low, high, (len(DAYS), 5, 6)), np.ones((6, 6)))
        bands[band] = (patches + shift + random.normal(0, noise, patches.shape)).astype(np.float32)
    return {**bands, "NDVI": ndvi(bands["B04"], bands["B08"])}


def test_an_archive_agrees_with_itself() -> None:
    found = compare(cube(), cube(), days=DAYS)
    assert found.is_agreeing
    assert (found.days, found.pixels) == (3, 3 * 30 * 36)
    assert set(found.bias) == set(found.scatter) == {"B04", "B08", "NDVI"}
    assert set(found.bias.values()) == {0.0}


def test_another_processing_of_the_same_scenes_agrees() -> None:
    assert compare(cube(), cube(0.008, noise=0.01, seed=1), days=DAYS).is_agreeing


@pytest.mark.parametrize("shift", [0.1, -0.1])
def test_an_offset_is_caught_with_its_sign(shift: float) -> None:
    found = compare(cube(), cube(shift), days=DAYS)
    assert not found.is_agreeing
    assert found.bias["B04"] == pytest.approx(shift, abs=1e-3)
    assert f"differs by {shift:+.3f}" in found.sentence


def test_an_offset_on_one_date_is_not_outvoted_by_the_others() -> None:
    second = cube()
    second["B04"][1] += np.float32(0.1)
    assert not compare(cube(), second, days=DAYS).is_agreeing


def test_an_offset_is_caught_by_the_index_alone() -> None:
    assert not compare({"NDVI": cube()["NDVI"]}, {"NDVI": cube(0.1)["NDVI"]}, days=DAYS).is_agreeing


def test_an_offset_that_leaves_no_index_is_caught_in_the_bands() -> None:
    found = compare(cube(), cube(-0.2), days=DAYS)
    assert "NDVI" not in found.bias
    assert (found.days, found.is_agreeing) == (3, False)


def test_another_place_is_caught() -> None:
    assert not compare(cube(), cube(place=1), days=DAYS).is_agreeing


def test_a_shift_by_one_pixel_is_not_mistaken_for_another_place() -> None:
    second = {b: np.roll(v, 1, axis=2) for b, v in cube().items()}
    assert compare(cube(), second, days=DAYS).is_agreeing


def test_without_dates_bands_or_clear_pixels_nothing_is_known() -> None:
    cloudy = {b: np.full_like(v, np.nan) for b, v in cube().items()}
    few = {b: v.copy() for b, v in cloudy.items()}
    for band, values in cube().items():
        few[band].reshape(len(DAYS), -1)[:, : MIN_PIXELS - 1] = values.reshape(len(DAYS), -1)[:, : MIN_PIXELS - 1]
    for first, second, days in (
        ({}, {}, []),
        (cube(), cloudy, DAYS),
        (cube(), few, DAYS),
        ({"B04": cube()["B04"]}, {"VV": cube()["B04"]}, DAYS),
    ):
        found = compare(first, second, days=days)
        assert (found.days, found.is_agreeing) == (0, False)
        assert "no date could be compared" in found.sentence


def test_a_cloudy_date_is_left_out() -> None:
    second = cube()
    for values in second.values():
        values[0] = np.nan
    assert compare(cube(), second, days=DAYS).days == 2


@given(st.floats(-0.2, 0.2))
def test_exchanging_the_archives_turns_only_the_sign(shift: float) -> None:
    one, other = compare(cube(), cube(shift), days=DAYS), compare(cube(shift), cube(), days=DAYS)
    assert one.is_agreeing == other.is_agreeing
    for band in ("B04", "B08"):
        assert one.bias[band] == pytest.approx(-other.bias[band], abs=1e-6)


@given(st.permutations(range(3)))
def test_the_order_of_dates_does_not_matter(order: list[int]) -> None:
    first, second = cube(), cube(0.03, noise=0.02, seed=2)
    found = compare({b: v[order] for b, v in first.items()}, {b: v[order] for b, v in second.items()}, days=DAYS)
    expected = compare(first, second, days=DAYS)
    assert (found.is_agreeing, found.pixels, found.scatter) == (expected.is_agreeing, expected.pixels, expected.scatter)

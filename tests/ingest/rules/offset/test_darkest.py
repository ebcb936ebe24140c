"""Offsets: dark pixels tell whether one was applied twice or not at all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bands import Floats
from core.errors import ReadFailed
from ingest.rules.offset.darkest import (
    FEW_PIXELS,
    FIRST_WITH_OFFSET,
    MIN_PIXELS,
    are_apart,
    baseline_number,
    check_floor,
    date_floors,
    find_offset,
    seems_shifted,
)


def field(shift: float = 0.0, *, floor: float = 0.02, pixels: int = 5_000) -> dict[str, Floats]:
    """Return visible reflectance of fields, woods and water, and a near infrared that is never dark."""
    random = np.random.default_rng(7)
    visible = {b: floor + shift + random.gamma(2, 0.02, pixels) for b in ("B02", "B03", "B04")}
    return {b: v.astype(np.float32) for b, v in {**visible, "B08": random.uniform(0.2, 0.4, pixels)}.items()}


@pytest.mark.parametrize(("offset", "baseline"), [(-0.1, "05.10"), (0.0, "05.10"), (0.0, "02.14"), (0.0, "")])
def test_a_true_offset_passes_without_a_note(offset: float, baseline: str) -> None:
    assert check_floor("s", field(), offset=offset, baseline=baseline) == ""


def test_an_offset_applied_twice_is_refused_with_the_share_that_proves_it() -> None:
    with pytest.raises(ReadFailed, match=r"Scene 'twice'.*stated offset of -0\.1.*% of its clear pixels are darker"):
        check_floor("twice", field(-0.1), offset=-0.1, baseline="05.10")


def test_an_offset_that_the_archive_took_off_twice_is_noted() -> None:
    assert "twice" in check_floor("s", field(-0.1), offset=0.0, baseline="")


def test_an_offset_left_in_is_noted() -> None:
    assert "0.1 may be left in" in check_floor("s", field(0.1), offset=0.0, baseline="05.10")


def test_an_old_baseline_and_one_not_stated_leave_no_offset_in() -> None:
    for baseline in ("02.14", "03.01", ""):
        assert check_floor("s", field(0.1), offset=0.0, baseline=baseline) == ""


def test_one_dark_visible_band_is_enough_against_an_offset_left_in() -> None:
    values = field(0.1)
    values["B02"] -= np.float32(0.1)
    assert check_floor("s", values, offset=0.0, baseline="05.10") == ""


def test_red_alone_does_not_distinguish_dry_fields_from_an_offset_left_in() -> None:
    assert check_floor("s", {"B04": field(0.1)["B04"]}, offset=0.0, baseline="05.10") == ""


def test_a_desert_is_not_mistaken_for_an_offset_left_in() -> None:
    assert check_floor("s", field(floor=0.22), offset=0.0, baseline="05.10") == ""


def test_a_few_dark_pixels_prove_nothing() -> None:
    values = field()
    values["B02"][:100] = -0.08
    assert check_floor("s", values, offset=-0.1, baseline="05.10") == ""


def test_of_few_pixels_half_have_to_be_too_dark() -> None:
    with pytest.raises(ReadFailed, match="had been applied before"):
        check_floor("s", field(-0.1, pixels=MIN_PIXELS - 1), offset=-0.1, baseline="05.10")
    some = field(pixels=1000)
    some["B02"][:400] = -0.05
    assert check_floor("s", some, offset=-0.1, baseline="05.10") == ""


def test_hardly_any_pixels_and_other_bands_prove_nothing() -> None:
    assert check_floor("s", field(-0.1, pixels=FEW_PIXELS - 1), offset=-0.1, baseline="05.10") == ""
    assert check_floor("s", {"B08": field(-0.6)["B08"] - 1}, offset=-0.1, baseline="05.10") == ""


@given(st.floats(0, 0.9))
def test_pixels_that_are_not_clear_do_not_count(share: float) -> None:
    values = field(pixels=20_000)
    hidden = np.random.default_rng(1).random(20_000) < share
    assert check_floor("s", {b: np.where(hidden, np.nan, v) for b, v in values.items()}, offset=-0.1, baseline="") == ""


@given(st.floats(-0.1, 0.3), st.sampled_from([0.0, -0.1]), st.sampled_from(["", "02.14", "05.10"]))
def test_the_judgement_does_not_depend_on_order_or_shape(shift: float, offset: float, baseline: str) -> None:
    def judge(values: dict[str, Floats]) -> str:
        try:
            return check_floor("s", values, offset=offset, baseline=baseline)
        except ReadFailed as error:
            return str(error)

    values = field(shift)
    turned = {b: v[::-1].reshape(50, 100) for b, v in reversed(values.items())}
    assert judge(values) == judge(turned)


@pytest.mark.parametrize(
    ("text", "number"), [("05.10", (5, 10)), ("5.1", (5, 1)), ("N0510", (5, 10)), ("0400", (4, 0)), ("", ())]
)
def test_baselines_are_ordered_as_numbers(text: str, number: tuple[int, ...]) -> None:
    assert baseline_number(text) == number


def test_the_first_baseline_with_an_offset_is_4() -> None:
    assert baseline_number("03.01") < FIRST_WITH_OFFSET <= baseline_number("04.00") < baseline_number("05.10")


def scene_floors(dates: int, *, bright: float = 0.0, soil: float = 0.0, seed: int = 0) -> np.ndarray:
    """Return (T, 3) darkest values of dates of mixed land, with an offset or bare soil's slope added."""
    rng = np.random.default_rng(seed)
    floors = 0.02 + rng.gamma(2.0, 0.012, (dates, 1)) + rng.normal(0, 0.003, (dates, 3))
    return (floors + bright + soil * np.array([0, 0.5, 1.0])).astype(np.float32)


@pytest.mark.parametrize("dates", [5, 12, 80])
def test_an_offset_on_all_dates_is_found(dates: int) -> None:
    found = find_offset(np.arange(dates) * 5, scene_floors(dates, bright=0.1))
    assert found.state == "all"
    assert found.is_certain
    assert found.has_offset.all()


def test_an_offset_of_a_few_dates_is_likely_but_not_certain() -> None:
    found = find_offset(np.arange(2), scene_floors(2, bright=0.1))
    assert (found.state, found.is_certain) == ("all", False)


def test_an_offset_of_the_later_dates_is_found_in_any_order_of_dates() -> None:
    floors = np.concatenate([scene_floors(30), scene_floors(25, bright=0.1, seed=1)])
    order = np.random.default_rng(2).permutation(55)
    found = find_offset(np.arange(55)[order] * 5, floors[order])
    assert found.state == "part"
    assert np.array_equal(found.has_offset, order >= 30)


@pytest.mark.parametrize(
    "floors",
    [
        scene_floors(40),
        scene_floors(1),
        scene_floors(40, bright=0.08, soil=0.12),
        np.full((6, 3), np.nan, np.float32),
        np.concatenate([scene_floors(40), scene_floors(6) + np.linspace(0.08, 0.4, 6, dtype=np.float32)[:, None]]),
    ],
    ids=["dark land", "one date", "desert", "never clear", "haze at the end"],
)
def test_dark_land_desert_and_haze_carry_no_offset(floors: np.ndarray) -> None:
    found = find_offset(np.arange(len(floors)), floors)
    assert found.state == "none"
    assert not found.has_offset.any()


def test_floors_leave_out_what_is_no_data_or_too_little() -> None:
    red = np.array([[[0.0, 0.03, 0.2, 0.3, 0.3, 0.3]], [[np.nan, np.nan, np.nan, 0.1, 0.1, np.nan]]], np.float32)
    found = date_floors({"B04": red})
    assert found.shape == (2, 3)
    assert 0.03 <= found[0, 2] < 0.05
    assert np.isnan(found[1]).all()
    assert np.isnan(found[:, :2]).all()


def test_single_dates_seem_shifted_where_dark_land_would_be_with_the_offset() -> None:
    floors = np.array([[0.11, 0.12, 0.11], [0.02, 0.12, 0.11], [0.11, 0.13, 0.17], [0.3, 0.3, 0.3]], np.float32)
    np.testing.assert_array_equal(seems_shifted(floors), [True, False, False, False])


def test_dates_with_an_offset_stand_apart_from_those_without() -> None:
    dark = np.full((6, 3), 0.02, np.float32)
    assert are_apart(dark + np.float32(0.1), dark)
    assert not are_apart(dark + np.linspace(0.02, 0.12, 6, dtype=np.float32)[:, None], dark)
    assert not are_apart(dark[:0], dark)

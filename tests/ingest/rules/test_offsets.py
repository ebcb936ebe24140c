"""Offsets: dark pixels tell whether one was applied twice or not at all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bands import Floats
from core.errors import ReadFailed
from ingest.rules.offsets import FIRST_WITH_OFFSET, MIN_PIXELS, baseline_number, check_floor


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


def test_too_few_pixels_and_other_bands_prove_nothing() -> None:
    assert check_floor("s", field(-0.1, pixels=MIN_PIXELS - 1), offset=-0.1, baseline="05.10") == ""
    assert check_floor("s", {"B08": field(-0.6)["B08"] - 1}, offset=-0.1, baseline="05.10") == ""


@settings(deadline=None)
@given(st.floats(0, 0.9))
def test_pixels_that_are_not_clear_do_not_count(share: float) -> None:
    values = field(pixels=20_000)
    hidden = np.random.default_rng(1).random(20_000) < share
    assert check_floor("s", {b: np.where(hidden, np.nan, v) for b, v in values.items()}, offset=-0.1, baseline="") == ""


@settings(deadline=None)
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

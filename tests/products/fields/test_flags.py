from datetime import date

import pytest

from core.region import Field
from core.timeline import to_day
from products.fields.departure import Departure
from products.fields.flags import (
    departure_flag,
    evidence_flags,
    little_seen_flag,
    place_flags,
    repeated_flags,
    unlike_flag,
)

END = date(2022, 8, 1)


@pytest.mark.parametrize(
    ("by", "words"),
    [(-0.123, "below its usual by 0.12 since 2 June 2021"), (0.3, "above its usual by 0.30 since 2 June 2021")],
)
def test_a_departure_is_put_in_words(by: float, words: str) -> None:
    assert departure_flag(Departure(by=by, since=date(2021, 6, 2))) == words


def test_no_departure_is_no_flag() -> None:
    assert departure_flag(None) == ""


def test_few_clear_dates_and_old_ones_are_flagged() -> None:
    assert evidence_flags(0, -1, END) == ("never seen clearly in the period",)
    assert evidence_flags(3, to_day(date(2022, 7, 25)), END) == ("too few clear dates to tell (3)",)
    assert evidence_flags(30, to_day(date(2022, 2, 3)), END) == ("not seen clearly since 3 February 2022",)
    assert evidence_flags(30, to_day(date(2022, 7, 3)), END) == ()


def test_places_outside_partly_inside_and_too_small_are_flagged() -> None:
    assert place_flags(0, is_mixed=False, source="sample") == ("outside 'sample'",)
    assert place_flags(0.571, is_mixed=False, source="x.nc") == ("only 57 % of it lies in 'x.nc'",)
    (mixed,) = place_flags(1, is_mixed=True, source="sample")
    assert mixed.startswith("too small or thin for a pixel of its own")
    assert place_flags(0.999, is_mixed=False, source="sample") == ()


def test_ids_that_occur_more_than_once_are_flagged_as_numbers_and_texts_alike() -> None:
    found = repeated_flags([Field(id=1), Field(id="1"), Field(id=2)])
    assert found == ["its id occurs 2 times in the file"] * 2 + [""]


def test_models_that_have_not_learned_of_such_a_field_are_named() -> None:
    assert unlike_flag(["crop", "canopy"]) == "unlike the training data of crop and canopy"
    assert unlike_flag([]) == ""


def test_fields_too_little_of_which_was_seen_for_a_class_say_so() -> None:
    assert little_seen_flag("crop", 0.083) == "crop could be told on 8 % of it only: too little"
    assert little_seen_flag("crop", 0.5) == little_seen_flag("crop", 0.0) == ""

"""Options: values as texts and as JSON, ranges, refusals in one sentence, marks and schemas."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from core.errors import InvalidOption, InvalidPeriod, RequestError
from core.options import (
    Day,
    Days,
    Duration,
    FromCard,
    FromFile,
    InRange,
    MapsOnly,
    Names,
    Options,
    PeriodOption,
    PerSeries,
    YesNo,
    marker,
)
from core.timeline import FIRST_DATE, LAST_DATE, Period


class SampleOptions(Options):
    """An option of each type."""

    day: Day | None = Field(default=None, description="A day.")
    days_given: Annotated[Days | None, PerSeries("targets")] = None
    names: Names = ()
    change: PeriodOption | None = Field(default=None, json_schema_extra={"pattern": None})
    horizon: Duration | None = Field(default=None, json_schema_extra={"shown_default": "150d"})
    share: Annotated[float, InRange(0.25, 2, "a share")] = 1.0
    least: Annotated[float | None, InRange(0, 1, "a probability"), MapsOnly()] = None
    kind: Literal["percent", "float"] | None = None
    sets: YesNo = False
    mixture: Annotated[dict[str, Any] | None, FromFile()] = None
    width: Annotated[int, FromCard()] = 0


dates = st.dates(FIRST_DATE, LAST_DATE)
periods = st.tuples(dates, dates).map(lambda ends: Period(start=min(ends), end=max(ends)))
names = st.lists(st.text("abcxyz_019", min_size=1, max_size=5), max_size=3)
inputs = st.fixed_dictionaries(
    {},
    optional={
        "period": periods,
        "day": dates,
        "days_given": st.lists(dates, min_size=1, max_size=3),
        "names": names,
        "change": periods,
        "horizon": st.integers(1, 99_999),
        "share": st.floats(0.25, 2),
        "least": st.floats(0, 1),
        "kind": st.sampled_from(["percent", "float"]),
        "sets": st.booleans(),
        "mixture": st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
        "width": st.integers(0, 512),
    },
)


def as_text(value: object) -> object:
    """Return a value as a query string or a form sends it; JSON objects stay."""
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    return value if isinstance(value, dict) else str(value)


@given(inputs)
def test_options_are_read_back_from_their_json(given_inputs: dict[str, Any]) -> None:
    options = SampleOptions.read(given_inputs)
    assert SampleOptions.read(options.to_json()) == options


@given(inputs)
def test_texts_give_the_same_options_as_values(given_inputs: dict[str, Any]) -> None:
    texts = {name: as_text(value) for name, value in given_inputs.items()}
    assert SampleOptions.read(texts) == SampleOptions.read(given_inputs)


@pytest.mark.parametrize("missing", [None, ""])
def test_none_and_empty_texts_are_not_given(missing: str | None) -> None:
    assert SampleOptions.read(dict.fromkeys(SampleOptions.model_fields, missing)) == SampleOptions()
    assert SampleOptions().to_json() == {}


def test_json_holds_only_values_that_differ_from_the_defaults() -> None:
    options = SampleOptions.read({"share": 1, "horizon": "P40D", "sets": "False", "names": "b,,a,"})
    assert options.to_json() == {"horizon": "40d", "names": ["b", "a"]}


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_number_is_accepted_inside_its_range_only(number: float) -> None:
    if 0.25 <= number <= 2:
        assert SampleOptions.read({"share": number}).share == number
        return
    with pytest.raises(InvalidOption, match=r"'share': it is a share from 0\.25 to 2\.$"):
        SampleOptions.read({"share": number})


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("share", True, "it is a share from 0.25 to 2"),
        ("share", "much", "it is a share from 0.25 to 2"),
        ("share", 10**400, "it is a share from 0.25 to 2"),
        ("least", [0.5], "it is a probability from 0 to 1"),
        ("kind", "words", "it is percent or float"),
        ("sets", 1, "it is true or false"),
        ("sets", "yes", "it is true or false"),
        ("names", 3, "it is a list, or a text with commas"),
        ("names", ["a", 3], "it is a text"),
        ("mixture", "{}", "it is a JSON object"),
    ],
)
def test_a_wrong_value_is_refused_with_the_allowed_ones(name: str, value: object, sentence: str) -> None:
    with pytest.raises(InvalidOption) as raised:
        SampleOptions.read({"sets": True, name: value})
    assert str(raised.value) == f"'{value}' is not a valid value of '{name}': {sentence}."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("period", "2021-02-01/2021-01-01"),
        ("period", "2021"),
        ("day", "2021-02-30"),
        ("days_given", "2021-02-01,soon"),
        ("change", "x/y"),
        ("horizon", "0d"),
        ("horizon", 2.5),
    ],
)
def test_a_wrong_date_period_or_duration_is_refused_in_one_sentence(name: str, value: object) -> None:
    with pytest.raises(InvalidPeriod) as raised:
        SampleOptions.read({name: value})
    assert "\n" not in str(raised.value)


def test_an_unknown_input_is_refused_with_the_names_of_the_inputs_but_not_those_of_the_card() -> None:
    with pytest.raises(InvalidOption, match=r"'colour' is not .*period, day, .*, mixture\.$") as raised:
        SampleOptions.read({"colour": "red"})
    assert "width" not in str(raised.value)


@given(st.dictionaries(st.sampled_from(sorted(SampleOptions.model_fields)), st.text(max_size=12)))
def test_any_text_is_read_or_refused(texts: dict[str, str]) -> None:
    try:
        options = SampleOptions.read(texts)
    except RequestError:
        return
    assert SampleOptions.read(options.to_json()) == options


def test_options_cannot_be_changed_in_place() -> None:
    options = SampleOptions.read({"day": "2021-05-04"})
    with pytest.raises(ValueError, match="frozen"):
        options.day = date(2020, 1, 1)
    later = options.but(day=date(2021, 5, 4) + timedelta(days=3))
    assert (options.day, later.day) == (date(2021, 5, 4), date(2021, 5, 7))


def test_the_days_of_resolved_options_are_their_period() -> None:
    options = SampleOptions.read({"period": "2021-05-04/2021-06-01"})
    assert options.days == Period(start=date(2021, 5, 4), end=date(2021, 6, 1))
    with pytest.raises(AssertionError):
        _ = SampleOptions().days


def test_marks_are_found_on_their_own_fields_only() -> None:
    marked = {
        kind: [name for name, field in SampleOptions.model_fields.items() if marker(field, kind)]
        for kind in (MapsOnly, FromCard, FromFile, PerSeries)
    }
    assert marked == {MapsOnly: ["least"], FromCard: ["width"], FromFile: ["mixture"], PerSeries: ["days_given"]}
    found = marker(SampleOptions.model_fields["days_given"], PerSeries)
    assert found is not None
    assert found.option == "targets"


def test_schemas_state_types_ranges_and_defaults_without_null_and_without_fields_of_the_card() -> None:
    schemas = SampleOptions.schemas()
    assert list(schemas) == list(SampleOptions.choices())
    assert schemas["share"] == {"type": "number", "minimum": 0.25, "maximum": 2, "default": 1.0}
    assert schemas["least"] == {"type": "number", "minimum": 0, "maximum": 1}
    assert schemas["day"] == {"type": "string", "format": "date", "description": "A day."}
    assert schemas["kind"] == {"type": "string", "enum": ["percent", "float"]}
    assert schemas["names"] == {"type": "array", "items": {"type": "string"}}
    assert schemas["horizon"]["default"] == "150d"
    assert schemas["period"]["title"] == "Period of the observations"
    assert "width" not in schemas

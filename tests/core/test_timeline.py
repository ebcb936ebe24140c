import itertools
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidPeriod
from core.timeline import (
    FIRST_DATE,
    LAST_DATE,
    MAX_TARGETS,
    Period,
    parse_date,
    parse_duration,
    parse_period,
    target_dates,
    to_date,
    to_day,
    to_days,
    to_times,
)

dates = st.dates(FIRST_DATE, LAST_DATE)
MAY = Period(start=date(2022, 5, 1), end=date(2022, 5, 31))


@given(dates, dates)
def test_a_period_reads_back_what_it_writes(one: date, two: date) -> None:
    period = Period(start=min(one, two), end=max(one, two))
    assert parse_period(str(period)) == period


@given(dates)
def test_days_since_1970_and_dates_are_inverse(day: date) -> None:
    assert to_date(to_day(day)) == day


@given(st.lists(dates, min_size=1))
def test_days_and_times_are_inverse_and_agree_with_dates(some: list[date]) -> None:
    days = to_days(np.array(some, "datetime64[D]"))
    assert days.dtype == np.int32
    assert [to_date(d) for d in days] == some
    assert (to_days(to_times(days)) == days).all()


def test_the_time_of_day_is_cut_off() -> None:
    evening = np.array(["2022-06-01T23:59:59.999", "1969-12-31T23:00"], "datetime64[ns]")
    assert [to_date(d) for d in to_days(evening)] == [date(2022, 6, 1), date(1969, 12, 31)]


@pytest.mark.parametrize(
    "text",
    ["2022-06-01", " 2022-06-01 ", "2022-06-01T10:20:30Z", date(2022, 6, 1), datetime(2022, 6, 1, 9, tzinfo=UTC)],
)
def test_a_date_is_read_from_text_date_or_time(text: str | date) -> None:
    assert parse_date(text) == date(2022, 6, 1)
    assert type(parse_date(text)) is date


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2022-13-01", "2022-02-30", "01.06.2022", "1899-12-31", "2201-01-01"]
)
def test_texts_that_are_no_date_are_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidPeriod, match=f"'{text}' is not a usable"):
        parse_date(text)


@pytest.mark.parametrize("text", ["2022-01-01", "2022-01-01/2022-02-01/2022-03-01", "../2022-01-01", "", "2022-01-01/"])
def test_a_period_has_two_ends(text: str) -> None:
    with pytest.raises(InvalidPeriod):
        parse_period(text)


def test_a_reversed_period_is_refused_as_text_and_as_dates() -> None:
    with pytest.raises(InvalidPeriod, match="ends before it starts"):
        parse_period("2022-06-02/2022-06-01")
    with pytest.raises(InvalidPeriod, match="ends before it starts"):
        Period(start=date(2022, 6, 2), end=date(2022, 6, 1))


def test_a_period_given_as_a_period_stays_the_same() -> None:
    assert parse_period(MAY) is MAY


def test_both_ends_belong_to_a_period() -> None:
    assert MAY.days == 31
    assert MAY.contains(date(2022, 5, 1))
    assert MAY.contains(date(2022, 5, 31))
    assert not MAY.contains(date(2022, 6, 1))


@given(dates, dates, dates, dates, dates)
def test_an_overlap_holds_the_days_common_to_both(a: date, b: date, c: date, d: date, day: date) -> None:
    one, two = Period(start=min(a, b), end=max(a, b)), Period(start=min(c, d), end=max(c, d))
    both = one.overlap(two)
    assert (both is not None and both.contains(day)) == (one.contains(day) and two.contains(day))
    assert both == two.overlap(one)


@pytest.mark.parametrize(("text", "days"), [("150d", 150), ("150", 150), (5, 5), ("P30D", 30), (" 7D ", 7)])
def test_a_duration_is_a_number_of_days(text: str | int, days: int) -> None:
    assert parse_duration(text) == days


@pytest.mark.parametrize("text", ["0d", "-5d", "5m", "", "1.5d", "P1M", 0, "100000d"])
def test_values_that_are_no_duration_are_refused(text: str | int) -> None:
    with pytest.raises(InvalidPeriod):
        parse_duration(text)


def test_target_dates_end_at_the_horizon_and_a_lead_of_one_day_is_the_issue_date() -> None:
    issue = date(2022, 5, 1)
    assert target_dates(issue, horizon_days=3, step_days=1) == [date(2022, 5, d) for d in (1, 2, 3)]
    assert target_dates(issue, horizon_days=12, step_days=5) == [date(2022, 5, 5), date(2022, 5, 10)]


@given(dates, st.integers(1, 2000), st.integers(1, 2000))
def test_target_dates_rise_step_by_step_or_are_refused(issue: date, horizon: int, step: int) -> None:
    try:
        targets = target_dates(issue, horizon_days=horizon, step_days=step)
    except InvalidPeriod:
        steps = horizon // step
        assert steps == 0 or steps > MAX_TARGETS or to_day(issue) + horizon > to_day(LAST_DATE)
    else:
        assert {to_day(b) - to_day(a) for a, b in itertools.pairwise(targets)} <= {step}
        assert to_day(targets[-1]) - to_day(issue) + 1 <= horizon


def test_a_horizon_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(InvalidPeriod, match="reaches beyond"):
        target_dates(date(2200, 12, 1), horizon_days=150, step_days=5)

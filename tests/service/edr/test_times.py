"""Times of queries."""

from datetime import UTC, date, datetime, timedelta

import pytest

from core.errors import InvalidOption
from core.product import Layer
from service.edr.times import LONGEST_AFTER, Days, day, hull, meets, read_times, times_of_layers


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2022-05-01", date(2022, 5, 1), date(2022, 5, 1)),
        ("2022-05-01T13:00:00Z", date(2022, 5, 1), date(2022, 5, 1)),
        ("2022-05-01T23:30:00-02:00", date(2022, 5, 2), date(2022, 5, 2)),
        ("2022-05-01/2022-06-01", date(2022, 5, 1), date(2022, 6, 1)),
        ("../2022-06-01T00:00:00Z", None, date(2022, 6, 1)),
        ("2022-05-01/..", date(2022, 5, 1), None),
    ],
)
def test_a_time_counts_as_its_day_in_utc(text: str, first: date | None, last: date | None) -> None:
    assert read_times(text) == (Days(first=first, last=last),)


@pytest.mark.parametrize(
    "text", ["yesterday", "2022-13-01", "2022-05-01T13:00:00", "2022-06-01/2022-05-01", "../..", ","]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidOption, match="datetime"):
        read_times(text)


def test_more_than_a_hundred_times_are_refused() -> None:
    with pytest.raises(InvalidOption, match="101 times"):
        read_times(",".join(["2022-05-01"] * 101))


def test_any_of_several_times_is_met() -> None:
    asked = read_times("2022-05-01,2022-07-01/2022-07-31")
    assert [meets(asked, day(text)) for text in ("2022-05-01", "2022-05-02", "2022-07-31", "2022-08-01")] == [
        True,
        False,
        True,
        False,
    ]
    assert meets((), day("1999-01-01"))


def test_the_hull_reaches_over_all_times_and_before_them() -> None:
    start, end = hull(read_times("2022-05-01,2022-07-01/2022-07-31"))
    assert start == datetime(2022, 5, 1, tzinfo=UTC) - LONGEST_AFTER
    assert end is not None
    assert end - datetime(2022, 7, 31, tzinfo=UTC) < timedelta(days=1)
    assert hull(()) == (None, None)
    assert hull(read_times("2022-05-01,../2022-03-01"))[0] is None


def test_a_layer_without_a_date_is_of_the_only_date_or_else_of_the_period() -> None:
    count, first, second = (
        Layer(name=name, description="", date=d) for name, d in (("n", ""), ("a", "2022-05-01"), ("b", "2022-06-01"))
    )
    period = "2021-01-01/2022-04-30"
    assert times_of_layers([count, first], period)["n"] == day("2022-05-01")
    assert str(times_of_layers([count, first, second], period)["n"]) == period
    assert str(times_of_layers([count], period)["n"]) == period

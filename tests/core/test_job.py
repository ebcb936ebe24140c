"""States of jobs, and what tells one from another."""

from typing import Any

import pytest

from core.job import JobState, Label, Order

SQUARE = {"type": "Polygon", "coordinates": [[[10, 48], [10.2, 48], [10.2, 48.1], [10, 48.1], [10, 48]]]}
ACROSS = {
    "type": "MultiPolygon",
    "coordinates": [
        [[[179.8, 0], [180, 0], [180, 1], [179.8, 1], [179.8, 0]]],
        [[[-180, 0], [-179.4, 0], [-179.4, 1], [-180, 1], [-180, 0]]],
    ],
}


def test_a_job_that_has_ended_never_changes_again() -> None:
    assert [s for s in JobState if s.is_final] == [JobState.SUCCESSFUL, JobState.FAILED, JobState.DISMISSED]
    assert {s.value for s in JobState} == {"accepted", "running", "successful", "failed", "dismissed"}  # OGC 18-062r2


def ordered(region: dict[str, Any], title: str = "", **params: str) -> Label:
    return Label.of(Order(product="crop", region=region, archive="a", model="m", params=params, title=title))


@pytest.mark.parametrize(
    ("params", "subject"),
    [
        ({"period": "2021-03-01/2021-12-31"}, "2021-03-01 to 2021-12-31"),
        ({"period": "a/b", "date": "2021-06-01"}, "2021-06-01"),
        ({"period": "a/b", "date": "2021-06-01", "change": "2020-06-01/2021-06-01"}, "change 2020-06-01 to 2021-06-01"),
        ({"period": "a/b", "issue_date": "2021-06-01"}, "issued 2021-06-01"),
        ({"period": "a/b", "since": "2021-01-01", "until": "2021-02-01"}, "2021-01-01 to 2021-02-01"),
        ({}, ""),
    ],
)
def test_a_label_says_which_days(params: dict[str, str], subject: str) -> None:
    assert ordered(SQUARE, **params).subject == subject


def test_a_label_says_where_and_how_the_user_calls_it() -> None:
    assert ordered(SQUARE, "North field") == Label(title="North field", place=(10.1, 48.05))
    assert ordered(ACROSS).place == pytest.approx((-179.8, 0.5))
    assert ordered({}).place == ()

"""Times of OGC APIs: RFC 3339 and nothing else."""

from datetime import UTC, datetime

import pytest

from core.errors import InvalidOption
from service.stac.times import read_interval

NOON = datetime(2022, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2022-05-01T12:00:00Z", "2022-05-01t12:00:00.000z", "2022-05-01T14:00:00+02:00", "2022-05-01T11:59:60Z"]
)
def test_a_time_is_both_ends_and_its_zone_counts(text: str) -> None:
    assert read_interval(text) == (NOON, NOON)


def test_an_interval_may_be_open_on_one_side() -> None:
    assert read_interval("2022-05-01T14:00:00+02:00/..") == (NOON, None)
    assert read_interval("/2022-05-01T12:00:00Z") == (None, NOON)
    assert read_interval(None) == (None, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "../..",
        "../",
        "yesterday",
        "2022-05-01",
        "2022-05-01+02:00",
        "2022-05-01 12:00:00Z",
        "2022-05-01T12:00:00",
        "2022-05-01T12:00Z",
        "2022-05-01T12:00:00+0200",
        "2022-05-01T12:00:00.Z",
        "2022-05-01T12:00:00,5Z",
        "2022-05-01T24:00:00Z",
        "2022-05-01T12:00:61Z",
        "2022-13-01T12:00:00Z",
        "0000-01-01T12:00:00Z",
        "9999-12-31T23:59:60Z",
        "22022-05-01T12:00:00Z",
        "2022-05-02T00:00:00Z/2022-05-01T00:00:00Z",
        "2022-05-01T00:00:00Z/2022-05-02T00:00:00Z/2022-05-03T00:00:00Z",
        "/2022-05-01T00:00:00Z/2022-05-02T00:00:00Z",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidOption, match="datetime"):
        read_interval(text)


def test_a_plus_that_a_url_has_lost_is_noticed() -> None:
    with pytest.raises(InvalidOption, match="%2B"):
        read_interval("2022-05-01T12:00:00 02:00/..")

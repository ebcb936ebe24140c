"""Conditional requests, by the words of RFC 9110, section 13."""

import pytest

from service.answers.conditions import failed_condition, range_counts

BEFORE, AT, AFTER = (f"Fri, 27 Nov 2026 1{hour}:00:00 GMT" for hour in (1, 2, 3))
MODIFIED = 1795780800.5
"""Half a second after AT: dates of HTTP have no fractions."""


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"if-none-match": '"a"'}, 304),
        ({"if-none-match": 'W/"a"'}, 304),
        ({"if-none-match": '"b", W/"a" ,"c"'}, 304),
        ({"if-none-match": " * "}, 304),
        ({"if-none-match": '"b"'}, None),
        ({"if-none-match": "a"}, None),
        ({"if-none-match": '"b", if-modified-since'}, None),
        ({"if-match": '"a"'}, None),
        ({"if-match": "*"}, None),
        ({"if-match": '"b", "a"'}, None),
        ({"if-match": 'W/"a"'}, 412),
        ({"if-match": '"b"'}, 412),
        ({"if-modified-since": BEFORE}, None),
        ({"if-modified-since": AT}, 304),
        ({"if-modified-since": AFTER}, 304),
        ({"if-modified-since": "yesterday"}, None),
        ({"if-unmodified-since": BEFORE}, 412),
        ({"if-unmodified-since": AT}, None),
        ({"if-unmodified-since": "yesterday"}, None),
    ],
)
def test_a_condition_is_judged(headers: dict[str, str], expected: int | None) -> None:
    assert failed_condition(headers, etag='"a"', modified=MODIFIED) == expected


def test_tags_count_more_than_dates() -> None:
    assert failed_condition({"if-none-match": '"b"', "if-modified-since": AFTER}, etag='"a"', modified=MODIFIED) is None
    assert failed_condition({"if-match": '"a"', "if-unmodified-since": BEFORE}, etag='"a"', modified=MODIFIED) is None


def test_a_weak_tag_is_good_enough_for_a_copy_but_not_for_a_change() -> None:
    assert failed_condition({"if-none-match": 'W/"a"'}, etag='W/"a"') == 304
    assert failed_condition({"if-match": 'W/"a"'}, etag='W/"a"') == 412


def test_parts_are_continued_only_of_the_same_bytes() -> None:
    assert range_counts(None, etag='"a"', last_modified=AT)
    assert range_counts('"a"', etag='"a"', last_modified=AT)
    assert range_counts(AT, etag='"a"', last_modified=AT)
    assert not range_counts('W/"a"', etag='W/"a"', last_modified=AT)
    assert not range_counts(AFTER, etag='"a"', last_modified=AT)

"""Limits of orders: read, refused, counted from what a job has cost, and told of in a sentence."""

from typing import Any

import pytest

from core.errors import InvalidOption
from ingest.io.meter import Spent
from workers.queue.cost.costs import Cost
from workers.queue.limits.parts import NAMES, PARTS, max_cost_of, reason, stop_columns
from workers.queue.schema import jobs


def test_the_parts_are_those_of_a_cost_and_each_has_a_column() -> None:
    assert set(NAMES) == set(vars(Cost()))
    assert set(vars(Spent())) < set(NAMES)
    assert {part.column for part in PARTS} == {c.name for c in jobs.c if c.name.startswith("stop_at_")}


@pytest.mark.parametrize(
    ("inputs", "found"),
    [
        ({}, {}),
        ({"max_cost": None, "max_seconds": ""}, {}),
        ({"max_seconds": 5}, {"seconds": 5}),
        ({"max_cost": {"pixels": 10, "read_bytes": 1e9}}, {"pixels": 10, "read_bytes": 1e9}),
        ({"max_cost": {"pixels": 10}, "max_seconds": 0.5}, {"seconds": 0.5, "pixels": 10}),
    ],
)
def test_limits_are_read_from_both_inputs(inputs: dict[str, Any], found: dict[str, float]) -> None:
    assert max_cost_of(inputs) == found


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf"), 1e15, True, "5", None, [5]])
@pytest.mark.parametrize("name", NAMES)
def test_a_limit_is_a_number_above_zero(name: str, wrong: object) -> None:
    with pytest.raises(InvalidOption, match=rf"'max_cost.{name}': it is a number of .* above 0 and below 1e\+1[05]"):
        max_cost_of({"max_cost": {name: wrong}})


@pytest.mark.parametrize("wrong", [{}, [], "seconds=5", 5, {"bytes": 5}, {"seconds": 5, "": 5}])
def test_what_is_no_object_of_limits_is_refused_with_the_parts_that_there_are(wrong: object) -> None:
    with pytest.raises(InvalidOption, match="seconds, pixels, scene_reads, read_bytes, processing_units"):
        max_cost_of({"max_cost": wrong})


def test_one_limit_is_not_given_in_two_ways() -> None:
    with pytest.raises(InvalidOption, match="max_cost names seconds too; give one of the two"):
        max_cost_of({"max_cost": {"seconds": 5}, "max_seconds": 5})


def test_a_retry_counts_from_what_was_spent() -> None:
    columns = stop_columns({"pixels": 10, "seconds": 2.5}, {"pixels": 7, "read_bytes": 9})
    assert {name: value for name, value in columns.items() if value is not None} == {
        "stop_at_pixels": 17,
        "stop_at_s": 2.5,
    }


def test_the_reason_names_the_limit_of_the_order_not_where_a_retry_stops() -> None:
    found = reason({"pixels": 10**6}, {"pixels": 2e6, "seconds": 99}, {"stop_at_pixels": 2e6, "stop_at_s": None})
    assert found == "the order's limit of 1,000,000 pixels (max_cost) was reached before it was begun"
    assert reason({"pixels": 10}, {"pixels": 9}, {"stop_at_pixels": 10}) == ""

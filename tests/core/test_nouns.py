"""Every noun of core/: a frozen dataclass with keyword arguments."""

import dataclasses
import inspect

import pytest

from core import bands, cube, forecast, grid, job, product, region, timeline

ROOMS = (bands, cube, forecast, grid, job, product, region, timeline)
NOUNS = [
    c
    for m in ROOMS
    for _, c in inspect.getmembers(m, inspect.isclass)
    if dataclasses.is_dataclass(c) and c.__module__ == m.__name__
]


@pytest.mark.parametrize("noun", NOUNS, ids=lambda n: n.__name__)
def test_a_noun_is_frozen_and_takes_its_fields_by_name(noun: type) -> None:
    assert noun.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert all(f.kw_only for f in dataclasses.fields(noun))

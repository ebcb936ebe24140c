"""Offsets in tables of series."""

from collections.abc import Callable

import numpy as np
import pytest

from core.bands import Floats
from ingest.rules.offset.tables import check_offset
from ingest.rules.refusal import Refused


def rows(series: int, dates: int, *, seed: int = 0) -> tuple[np.ndarray, dict[str, Floats]]:
    random = np.random.default_rng(seed)
    days = np.tile(np.arange(dates) * 10, series).astype(np.int32)
    bands = {"B02": (0.02, 0.06), "B04": (0.02, 0.1), "B08": (0.35, 0.5)}
    return days, {b: random.uniform(*r, len(days)).astype(np.float32) for b, r in bands.items()}


def one_each(days: np.ndarray) -> np.ndarray:
    """Return another series for each row, of which none has a row to compare with."""
    return np.arange(len(days))


def moved(values: dict[str, Floats], by: float) -> dict[str, Floats]:
    return {b: (v + np.float32(by)).astype(np.float32) for b, v in values.items()}


@pytest.mark.parametrize("series", [1, 3, 40])
def test_an_offset_is_found_in_few_series_and_many_and_in_any_order(series: int) -> None:
    days, values = rows(series, 60)
    assert check_offset(days, values, one_each(days), stated=None) == ""
    order = np.random.default_rng(1).permutation(len(days))
    for days_, values_ in ((days, values), (days[order], {b: v[order] for b, v in values.items()})):
        with pytest.raises(Refused, match="give --offset -1000"):
            check_offset(days_, moved(values_, 0.1), one_each(days_), stated=None)


def test_without_blue_dense_vegetation_proves_it_and_dry_land_does_not() -> None:
    days, values = rows(6, 40)
    red_nir = {b: values[b] for b in ("B04", "B08")}
    with pytest.raises(Refused, match="--offset -1000"):
        check_offset(days, moved(red_nir, 0.1), one_each(days), stated=None)
    dry = {"B04": red_nir["B04"] + np.float32(0.1), "B08": red_nir["B08"] - np.float32(0.15)}
    assert "--offset -1000" in check_offset(days, dry, one_each(days), stated=None)


def test_a_stated_offset_is_checked_for_having_been_subtracted_before() -> None:
    days, values = rows(6, 20)
    with pytest.raises(Refused, match="had been subtracted before"):
        check_offset(days, moved(values, -0.1), one_each(days), stated=-1000)
    with pytest.raises(Refused, match="subtracted twice"):
        check_offset(days, moved(values, -0.1), one_each(days), stated=None)
    assert check_offset(days, moved(values, -0.1), one_each(days), stated=0) == ""
    assert check_offset(days, moved(values, 0.1), one_each(days), stated=0) == ""


def test_without_visible_bands_there_is_nothing_to_check() -> None:
    days, values = rows(2, 4)
    assert check_offset(days, {"B08": values["B08"]}, one_each(days), stated=None) == ""
    assert check_offset(days, {"B04": np.full(8, np.nan, np.float32)}, one_each(days), stated=None) == ""


def season(series: int, dates: int) -> tuple[np.ndarray, np.ndarray, dict[str, Floats]]:
    """Return rows of crops that grow and are cut, in red and near infrared."""
    days = np.tile(np.arange(dates) * 15 + 18_630, series).astype(np.int32)
    number = np.repeat(np.arange(series), dates)
    green = np.exp(-((((days - 18_630) % 365 - 150 - 20 * number) / 50.0) ** 2))
    red, nir = 0.09 - 0.05 * green, 0.15 + 0.3 * green
    return number, days, {"B04": red.astype(np.float32), "B08": nir.astype(np.float32)}


@pytest.mark.parametrize("dates", [24, 72])
@pytest.mark.parametrize(
    ("part", "words"),
    [
        (lambda days: days >= days.min() + 180, "give --offset -1000@2021-07-02 to subtract it"),
        (lambda days: (days - days.min()) // 15 % 2 == 1, "subtract 1000 from all digital numbers that carry it"),
    ],
)
def test_an_offset_in_a_part_of_the_rows_is_found(
    part: Callable[[np.ndarray], np.ndarray], words: str, dates: int
) -> None:
    series, days, values = season(3, dates)
    assert check_offset(days, values, series, stated=None) == ""
    mixed = {b: np.where(part(days), v + np.float32(0.1), v) for b, v in values.items()}
    with pytest.raises(Refused, match=words):
        check_offset(days, mixed, series, stated=None)
    assert check_offset(days, mixed, series, stated=0) == ""


def test_an_offset_that_is_stated_for_rows_without_it_is_named() -> None:
    series, days, values = season(3, 24)
    mixed = {b: np.where(days >= 18_810, v, v - np.float32(0.1)) for b, v in values.items()}
    with pytest.raises(Refused, match="-1000@2021-07-02"):
        check_offset(days, mixed, series, stated=-1000)

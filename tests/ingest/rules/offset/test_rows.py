"""Offsets in a part of the rows of series."""

import numpy as np
import pytest

from core.bands import CHANNELS, Floats
from ingest.rules.offset.rows import find_step
from ingest.simulate.series import sample_series

RED_NIR = ("B04", "B08")
WITH_BLUE = ("B02", "B03", *RED_NIR)
COUNT = 40


@pytest.fixture(scope="module")
def simulated() -> tuple[np.ndarray, dict[str, Floats]]:
    """Return (N, T) days and (N, T) reflectance by band of fields, woods, water and towns."""
    series, _ = sample_series(np.random.default_rng(3), COUNT)
    return series.days, {b: series.values[:, :, CHANNELS.index(b)] for b in WITH_BLUE}


def found(days: np.ndarray, values: dict[str, Floats], bands: tuple[str, ...], late: float) -> list[bool]:
    """Return whether a step is certain in each group of four series, whose later part has an offset."""
    certain = []
    for first in range(0, COUNT, 4):
        at = slice(first, first + 4)
        moved = {b: (values[b][at] + np.where(days[at] >= late, np.float32(0.1), 0)).ravel() for b in bands}
        number = np.repeat(np.arange(4), days.shape[1])
        certain.append(find_step(number, days[at].ravel(), moved).is_certain)
    return certain


@pytest.mark.parametrize("bands", [RED_NIR, WITH_BLUE])
def test_what_grows_and_is_cut_shows_no_step_and_an_offset_does(
    bands: tuple[str, ...], simulated: tuple[np.ndarray, dict[str, Floats]]
) -> None:
    days, values = simulated
    assert not any(found(days, values, bands, np.inf))
    assert np.mean(found(days, values, bands, float(np.median(days)))) >= 0.8


def test_a_step_has_the_first_of_its_dates(simulated: tuple[np.ndarray, dict[str, Floats]]) -> None:
    days, values = simulated
    first = int(np.median(days))
    moved = {b: (v + np.where(days >= first, np.float32(0.1), 0)).ravel() for b, v in values.items()}
    step = find_step(np.repeat(np.arange(COUNT), days.shape[1]), days.ravel(), moved)
    assert step.is_since
    assert step.is_certain
    assert first <= step.days[0] <= first + 15


@pytest.mark.parametrize("change", ["wet soil", "harvest", "two kinds of land"])
def test_other_changes_are_no_step(change: str) -> None:
    number, days = np.repeat([0, 1], 40), np.tile(np.arange(40) * 10, 2).astype(np.int32)
    red, nir = np.full(80, 0.05), np.full(80, 0.4)
    if change == "wet soil":  # both bands 0.1 brighter where it is dry
        red, nir = np.where(days % 30 < 15, 0.1, 0.2), np.where(days % 30 < 15, 0.15, 0.26)
    if change == "harvest":
        red, nir = np.where(days > 200, 0.15, red), np.where(days > 200, 0.25, nir)
    if change == "two kinds of land":
        red, nir = red + 0.1 * number, nir + 0.1 * number
    values = {"B04": red.astype(np.float32), "B08": nir.astype(np.float32)}
    assert not len(find_step(number, days, values).days)


def test_without_red_and_near_infrared_there_is_nothing_to_compare() -> None:
    days = np.arange(9, dtype=np.int32)
    assert not len(find_step(np.zeros(9, int), days, {"B02": np.full(9, 0.1, np.float32)}).days)

"""A prediction in parts is the prediction as a whole."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.checkpoint import Checkpoint
from core.cube import Series
from core.forecast import Forecast
from core.timeline import Days
from models.inference.choose import running
from models.inference.onnx_cpu import OnnxBackend
from models.inference.parts import LEAST, MOST, distinct, in_parts
from models.runtime import classify, classify_with_states, forecast
from tests.models.builders import START, wavy_series
from tests.models.inference.inputs import SHIPPED, shipped


def issues(count: int) -> Days:
    return np.full(count, START + 700, np.int32)


def predicted(name: str, series: Series, threads: int = 2) -> list[Any]:
    """Return the arrays that a shipped model answers."""
    checkpoint, days = shipped(name), issues(len(series))
    if SHIPPED[name] != "forecast":
        found, states = classify_with_states(series, days, checkpoint, months=18, threads=threads)
        return [found.probability, states]
    targets = days[:, None] + np.array([3, 40, 90], np.int32)
    answer = forecast(series, days, targets, checkpoint, threads=threads)
    return [answer.quantiles, answer.climatology]


def duplicated(count: int) -> tuple[Series, np.ndarray[Any, Any]]:
    """Return series of which many are the same and many never seen, and the number of the one that each is."""
    series = wavy_series(count)
    which = np.random.default_rng(1).integers(0, count // 3, count)
    found = series.take(which)
    found.values[::5] = np.nan
    which[::5] = -1
    names = np.array([f"n{i}" for i in range(count)])
    return Series(ids=names, days=found.days, values=found.values), which


@pytest.mark.parametrize("name", SHIPPED)
def test_series_that_are_the_same_have_the_same_bytes_and_those_they_have_alone(name: str) -> None:
    series, which = duplicated(120)
    for array in predicted(name, series):
        for number in np.unique(which):
            rows = array[which == number]
            np.testing.assert_array_equal(rows, np.broadcast_to(rows[:1], rows.shape))
            assert np.isnan(rows).all() if number < 0 else np.isfinite(rows).all()
    own = np.unique(which, return_index=True)[1]
    for array, alone in zip(predicted(name, series), predicted(name, series.take(own)), strict=True):
        np.testing.assert_allclose(array[own], alone, atol=2e-6)


@pytest.mark.parametrize("name", ["ndvi-small", "canopy"])
def test_neither_threads_nor_the_order_of_series_nor_their_number_change_an_answer(name: str) -> None:
    series = wavy_series(3 * LEAST + 5)
    series.values[7:9] = np.nan
    order = np.random.default_rng(3).permutation(len(series))
    whole = predicted(name, series, threads=1)
    for other, rows in (
        (predicted(name, series, threads=3), slice(None)),
        (predicted(name, series.take(order)), order),
        (predicted(name, series.take(slice(0, 40))), slice(0, 40)),
    ):
        for got, expected in zip(other, whole, strict=True):
            np.testing.assert_allclose(got, expected[rows], atol=2e-6)


def test_names_stay_those_of_the_series_where_others_are_the_same() -> None:
    series, _ = duplicated(60)
    found = classify(series, issues(60), shipped("crop"), months=18, threads=2)
    assert found.ids.tolist() == series.ids.tolist()
    assert found.classes == tuple(shipped("crop").card["classes"])


def test_a_target_of_its_own_makes_a_series_another_one() -> None:
    series, days = wavy_series(1).take(np.zeros(4, int)), issues(4)
    targets = days[:, None] + np.array([[3], [3], [90], [3]], np.int32)
    found = forecast(series, days, targets, shipped("ndvi-small"), threads=1)
    assert isinstance(found, Forecast)
    assert found.target_days.tolist() == targets.tolist()
    assert len(np.unique(found.quantiles[:, 0, 2])) == 2
    np.testing.assert_array_equal(found.quantiles[[1, 3]], found.quantiles[[0, 0]])


def counted(at_once: int, count: int, same: int = 1) -> tuple[list[int], set[int], list[float]]:
    """Return the sizes of the parts that `count` series come in, `same` of each, their threads, and the answers."""
    sizes: list[int] = []
    threads: set[int] = set()

    @in_parts
    def first_values(series: Series, days: Days, checkpoint: Checkpoint, *, threads_wanted: int) -> Any:
        sizes.append(len(series))
        threads.add(threading.get_ident())
        return series.values[:, 0, 0] + days + threads_wanted

    backend = OnnxBackend(Path(shipped("ndvi-small").folder), threads=at_once)
    values = np.full((count, 2, 15), np.nan, np.float32)
    values[:, 0, 0] = np.arange(count) // same
    series = Series(ids=np.arange(count).astype(str), days=np.zeros((count, 2), np.int32), values=values)
    with running(backend):
        found = first_values(series, np.zeros(count, np.int32), shipped("ndvi-small"), threads_wanted=1)
    return sizes, threads, found.tolist()


def test_parts_run_on_as_many_threads_as_there_may_be() -> None:
    sizes, threads, found = counted(2, 2 * MOST + 10)
    assert sum(sizes) == 2 * MOST + 10
    assert max(sizes) <= MOST
    assert threading.get_ident() not in threads
    assert found == [i + 1 for i in range(2 * MOST + 10)]


def test_few_series_are_one_part_and_one_thread_takes_all_at_once() -> None:
    assert counted(4, LEAST) == ([LEAST], {threading.get_ident()}, [i + 1 for i in range(LEAST)])
    assert counted(1, 2 * MOST)[0] == [2 * MOST]


def test_the_same_series_come_once() -> None:
    sizes, _, found = counted(1, 2 * MOST, same=4)
    assert sizes == [MOST // 2]
    assert found == [i // 4 + 1 for i in range(2 * MOST)]


def test_rows_are_told_apart_by_their_bytes_not_by_their_sums() -> None:
    values = np.array([[1, 2], [2, 1], [1, 2], [3, 0], [np.nan, 1], [np.nan, 1]], np.float32)
    own, same_as = distinct([values, np.zeros((6, 1), np.int32)])
    assert own.tolist() == [0, 1, 3, 4]
    assert same_as.tolist() == [0, 1, 0, 2, 3, 3]
    own, same_as = distinct([values, np.arange(6)])
    assert own.tolist() == same_as.tolist() == list(range(6))
    own, same_as = distinct([np.empty((0, 3), np.float32)])
    assert len(own) == len(same_as) == 0

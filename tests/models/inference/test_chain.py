"""From series to answers on one device, against the CPU's way: NumPy, ONNX Runtime, NumPy."""

import logging

import numpy as np
import pytest
import torch
from torch import Tensor

from core.cube import Series
from core.timeline import Days
from models.gap_fill import fill_gaps
from models.inference.choose import running
from models.inference.torch_device import TorchBackend, load
from models.runtime import classify, classify_with_states, forecast
from tests.models.inference.features.series import COUNT, issues, short, varied
from tests.models.inference.inputs import shipped

pytestmark = pytest.mark.usefixtures("one_thread")

AHEAD = np.array([0, 4, 30, 144, 700], np.int32)
AROUND = np.array([-300, -30, -1, 5], np.int32)
TOLERANCE = 1e-4


class SmallMemory(TorchBackend):
    """A device with memory for ten series."""

    def on_device(self, tokens: Tensor, *inputs: Tensor, with_states: bool = False) -> tuple[Tensor, ...]:
        """Run, or refuse as CUDA does."""
        if len(tokens) > 10:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return super().on_device(tokens, *inputs, with_states=with_states)


def targets(issue_days: Days, leads: np.ndarray) -> Days:
    return np.asarray(issue_days[:, None] + leads, np.int32)


@pytest.mark.parametrize("dates", [130, 7, 1])
@pytest.mark.parametrize("leads", [AHEAD, AROUND], ids=["ahead", "around"])
@pytest.mark.parametrize("quantity", ["NDVI", "EVI2", "BSI"])
@pytest.mark.parametrize("name", ["ndvi-small", "earthpt-small"])
def test_forecasts_are_those_of_the_cpu(name: str, quantity: str, leads: np.ndarray, dates: int) -> None:
    checkpoint, series, issue_days = shipped(name), short(varied(), dates), issues(spread=50)
    given = (series, issue_days, targets(issue_days, leads), checkpoint)
    expected = forecast(*given, quantity=quantity, threads=1)
    with running(load(checkpoint, "cpu", "float32")):
        found = forecast(*given, quantity=quantity)
    np.testing.assert_allclose(found.quantiles, expected.quantiles, atol=TOLERANCE)
    np.testing.assert_allclose(found.climatology, expected.climatology, atol=TOLERANCE)
    assert np.isnan(found.quantiles[0]).all(), "nothing was ever seen of the first series"


@pytest.mark.parametrize("dates", [130, 7, 1])
@pytest.mark.parametrize("name", ["canopy", "crop"])
def test_class_probabilities_and_states_are_those_of_the_cpu(name: str, dates: int) -> None:
    checkpoint, series = shipped(name), short(varied(), dates)
    expected, states = classify_with_states(series, issues(), checkpoint, months=36, threads=1)
    with running(load(checkpoint, "cpu", "float32")):
        found, found_states = classify_with_states(series, issues(), checkpoint, months=36)
        alone = classify(series, issues(), checkpoint, months=36)
    np.testing.assert_allclose(found.probability, expected.probability, atol=TOLERANCE)
    np.testing.assert_allclose(found_states, states, atol=TOLERANCE)
    np.testing.assert_array_equal(alone.probability, found.probability)


def test_gaps_are_filled_as_on_the_cpu() -> None:
    checkpoint, series = shipped("ndvi-small"), varied()
    dates = targets(issues(), np.array([-400, -100, -9], np.int32))
    expected = fill_gaps(series, issues(), dates, checkpoint, threads=1)
    with running(load(checkpoint, "cpu", "float32")):
        np.testing.assert_allclose(fill_gaps(series, issues(), dates, checkpoint), expected, atol=TOLERANCE)


def test_uncalibrated_forecasts_are_those_of_the_cpu() -> None:
    checkpoint, series, issue_days = shipped("ndvi-small"), varied(), issues()
    given = (series, issue_days, targets(issue_days, AHEAD), checkpoint)
    expected = forecast(*given, is_calibrated=False, threads=1).quantiles
    with running(load(checkpoint, "cpu", "float32")):
        np.testing.assert_allclose(forecast(*given, is_calibrated=False).quantiles, expected, atol=TOLERANCE)


@pytest.mark.parametrize("count", [0, 1])
def test_no_series_and_one_alone_are_answered(count: int) -> None:
    series, rows = varied().take(slice(20, 20 + count)), slice(20, 20 + count)
    issue_days = issues()[rows]
    for name in ("ndvi-small", "canopy"):
        checkpoint = shipped(name)
        with running(load(checkpoint, "cpu", "float32")):
            if name == "canopy":
                assert classify(series, issue_days, checkpoint, months=36).probability.shape == (count, 3)
            else:
                found = forecast(series, issue_days, targets(issue_days, AHEAD), checkpoint)
                assert found.quantiles.shape == (count, 5, 5)


def test_series_without_a_date_are_answered_as_on_the_cpu() -> None:
    series, checkpoint = varied(), shipped("ndvi-small")
    bare = Series(ids=series.ids, days=series.days[:, :0], values=series.values[:, :0])
    given = (bare, issues(), targets(issues(), AHEAD), checkpoint)
    try:
        expected = forecast(*given, threads=1)
    except (ValueError, IndexError) as error:
        with running(load(checkpoint, "cpu", "float32")), pytest.raises(type(error)):
            forecast(*given)
    else:
        with running(load(checkpoint, "cpu", "float32")):
            np.testing.assert_array_equal(forecast(*given).quantiles, expected.quantiles)


@pytest.mark.parametrize("name", ["ndvi-small", "canopy"])
def test_without_memory_for_a_batch_the_chain_goes_on_with_half(name: str, caplog: pytest.LogCaptureFixture) -> None:
    checkpoint, series, issue_days = shipped(name), varied(), issues()
    whole = load(checkpoint, "cpu", "float32")
    small = SmallMemory(whole.network, "cpu")

    def answer() -> np.ndarray:
        if name == "canopy":
            return classify(series, issue_days, checkpoint, months=36).probability
        return forecast(series, issue_days, targets(issue_days, AHEAD), checkpoint).quantiles

    with running(whole):
        expected = answer()
    with running(small), caplog.at_level(logging.WARNING):
        np.testing.assert_allclose(answer(), expected, atol=1e-5)
    assert [int(r.getMessage().split("=")[-1]) for r in caplog.records] == [COUNT // 2, COUNT // 4, COUNT // 8]

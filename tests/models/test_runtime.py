"""The fast path: forecasts on the shipped checkpoints, classes on a tiny one."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
import torch

from core.bands import CHANNELS, channel
from core.checkpoint import Checkpoint
from core.cube import Series
from core.errors import InvalidCheckpoint
from core.quantities import QUANTITIES
from core.settings import Settings
from core.timeline import to_day
from models.checkpoint import load_class_network
from models.network.class_inputs import class_inputs
from models.registry import find_checkpoint
from models.runtime import classify, forecast
from tests.models.builders import START, wavy_series
from tests.models.tiny_checkpoints import write_class_model

SETTINGS = Settings(home=Path("nowhere"))
"""Shipped models only: what somebody has imported for themselves is not tested here."""

ISSUE = START + 700

LEADS = np.array([4, 30, 90, 140])


def forecaster() -> Checkpoint:
    return find_checkpoint("", "forecast", SETTINGS)


def run(series, issue: int = ISSUE):
    issues = np.full(len(series), issue, np.int32)
    return forecast(series, issues, (issues[:, None] + LEADS).astype(np.int32), forecaster(), threads=1)


def test_quantiles_ascend_and_stay_in_range() -> None:
    quantiles = run(wavy_series()).quantiles
    assert (np.diff(quantiles, axis=-1) >= 0).all()
    assert quantiles.min() >= -0.3
    assert quantiles.max() <= 1.0


def test_a_forecast_looks_at_nothing_on_or_after_the_issue_date() -> None:
    series = wavy_series()
    expected = run(series).quantiles
    series.values[series.days >= ISSUE] = 0.9
    np.testing.assert_array_equal(run(series).quantiles, expected)


def test_the_order_of_series_does_not_matter() -> None:
    series = wavy_series(70)  # more than one batch
    order = np.random.default_rng(0).permutation(70)
    np.testing.assert_allclose(run(series.take(order)).quantiles, run(series).quantiles[order], atol=2e-5)


def test_series_never_seen_have_no_forecast_and_no_climatology() -> None:
    series = wavy_series(3)
    series.values[1] = np.nan
    result = run(series)
    assert np.isnan(result.quantiles[1]).all()
    assert np.isnan(result.climatology[1]).all()
    assert np.isfinite(result.quantiles[[0, 2]]).all()


def test_one_observation_is_enough_for_a_forecast() -> None:
    series = wavy_series(1)
    series.values[0, 1:] = np.nan
    series.values[0, 0, channel("NDVI")] = 0.6
    assert np.isfinite(run(series).quantiles).all()


def snowy(*, snow: float) -> Series:
    """Return a green place seen for 150 days, from a winter on; its first four dates are snow, or unseen."""
    days = np.arange(to_day(date(2018, 1, 1)), to_day(date(2018, 6, 1)), 8).astype(np.int32)[None]
    values = np.full((*days.shape, len(CHANNELS)), np.nan, np.float32)
    values[..., channel("NDVI")] = np.where(np.arange(days.shape[1]) < 4, np.float32(snow), np.float32(0.8))
    return Series(ids=np.array(["a"]), days=days, values=values)


def test_snow_in_a_short_history_does_not_change_a_forecast_but_tells_about_gaps() -> None:
    lying, unseen = snowy(snow=0.05), snowy(snow=np.nan)
    issues = np.array([to_day(date(2018, 6, 1))], np.int32)
    ahead, back = issues[:, None] + LEADS.astype(np.int32), lying.days[:, 1:3] + 3
    for targets, is_same in ((ahead, True), (back, False)):
        one, two = (forecast(s, issues, targets, forecaster(), threads=1).quantiles for s in (lying, unseen))
        assert np.array_equal(one, two) is is_same


@pytest.fixture(scope="module")
def canopy(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """A class model of random weights, calibrated."""
    models = tmp_path_factory.mktemp("models")
    write_class_model(models, "canopy", calibration={"temperature": 2.5, "bias": [0.3, -0.5, 0.2]})
    return find_checkpoint("", "canopy", Settings(models=models))


def test_class_probabilities_sum_to_one_and_series_never_seen_have_none(canopy: Checkpoint) -> None:
    series = wavy_series(5)
    series.values[2] = np.nan
    result = classify(series, np.full(5, ISSUE, np.int32), canopy, months=18, threads=1)
    assert result.classes == tuple(canopy.card["classes"])
    np.testing.assert_allclose(result.probability[[0, 1, 3, 4]].sum(axis=1), 1, atol=1e-5)
    assert np.isnan(result.probability[2]).all()


def test_class_probabilities_are_those_of_the_weights_with_the_cards_calibration_applied(canopy: Checkpoint) -> None:
    series, days = wavy_series(5), np.full(5, ISSUE, np.int32)
    tokens, queries = class_inputs(series, days, months=18)
    with torch.no_grad():
        given = (torch.from_numpy(a) for a in (tokens.tokens, tokens.is_padding, queries))
        logits = load_class_network(canopy).classify(*given)
    expected = (logits / 2.5 + torch.tensor([0.3, -0.5, 0.2])).softmax(-1).numpy()
    got = classify(series, days, canopy, months=18, threads=1).probability
    np.testing.assert_allclose(got, expected, atol=1e-4)
    assert np.abs(got - logits.softmax(-1).numpy()).max() > 0.01


def test_a_map_looks_at_nothing_on_or_after_its_day_and_the_order_of_series_does_not_matter(canopy: Checkpoint) -> None:
    series, days = wavy_series(9), np.full(9, ISSUE, np.int32)
    expected = classify(series, days, canopy, months=18, threads=1).probability
    series.values[series.days >= ISSUE] = 0.9
    order = np.random.default_rng(0).permutation(9)
    got = classify(series.take(order), days, canopy, months=18, threads=1).probability
    np.testing.assert_allclose(got, expected[order], atol=2e-5)


def test_a_class_model_of_an_earlier_design_is_refused_with_what_to_do(canopy: Checkpoint) -> None:
    network = {**canopy.card["network"], "form": "observations"}
    for card in ({**canopy.card, "network": network}, {k: v for k, v in canopy.card.items() if k != "calibration"}):
        old = Checkpoint(**{**vars(canopy), "card": card})
        with pytest.raises(InvalidCheckpoint, match="make it again with landcast finetune"):
            classify(wavy_series(2), np.full(2, ISSUE, np.int32), old, months=18)


def test_a_forecaster_trained_on_other_inputs_is_refused() -> None:
    known = forecaster()
    network = {**known.card["network"], "query_features": 44}
    old = Checkpoint(**{**vars(known), "card": {**known.card, "network": network}})
    series, issues = wavy_series(2), np.full(2, ISSUE, np.int32)
    with pytest.raises(InvalidCheckpoint, match="train it again"):
        forecast(series, issues, issues[:, None] + 4, old)


def test_other_quantities_stay_within_their_limits_and_ascend() -> None:
    series = wavy_series()
    issues = np.full(len(series), ISSUE, np.int32)
    for name in ("EVI2", "B04"):
        predicted = forecast(series, issues, (issues[:, None] + LEADS).astype(np.int32), forecaster(), quantity=name)
        low, high = QUANTITIES[name].limits
        assert low <= predicted.quantiles.min() <= predicted.quantiles.max() <= high
        assert (np.diff(predicted.quantiles, axis=-1) >= 0).all()
    unseen = forecast(series, issues, (issues[:, None] + LEADS).astype(np.int32), forecaster(), quantity="B11")
    assert np.isnan(unseen.quantiles).all()

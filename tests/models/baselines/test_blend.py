"""Blends: mixed as they say, exactly the model where its weight is 1, fitted to what helps."""

import json
from dataclasses import replace

import numpy as np
import pytest

from core.bands import channel
from core.checkpoint import Checkpoint
from core.cube import Series
from core.errors import InvalidOption
from core.forecast import QUANTILES, Forecast
from core.settings import Settings
from models.baselines.baseline_errors import BaselineErrors, lead_bin, lead_edges
from models.baselines.blend import METHODS, Blend, fit_weights, parse_blend
from models.baselines.rules import BASELINES, weigh
from models.registry import SHIPPED, find_checkpoint
from tests.models.builders import START, wavy_series

EDGES = lead_edges(150)
LEVELS = np.array(QUANTILES)
ISSUE = START + 700
LEADS = np.array([3, 20, 60, 200])


def baseline_errors() -> BaselineErrors:
    """Errors of a hundredth of the unit per lead bin, and of twice that for the second baseline."""
    size = np.arange(1, 6)[None, :, None] * (1 + (np.arange(len(BASELINES)) == 1))[:, None, None]
    residuals = size * (LEVELS - 0.5)
    return BaselineErrors(
        edges=EDGES, rho=np.linspace(0.9, 0.1, 5, dtype=np.float32), residuals=residuals.astype(np.float32)
    )


def blend(*weights: float) -> Blend:
    """The same weights at all leads."""
    return Blend(
        model="earthpt-small",
        model_sha256="abc",
        weights=np.tile(np.array(weights, np.float32), (5, 1)),
        baseline_errors=baseline_errors(),
        fitted_on={"input": "meadows.csv"},
    )


def own_forecast(series: Series) -> Forecast:
    issues = np.full(len(series), ISSUE, np.int32)
    targets = (issues[:, None] + LEADS - 1).astype(np.int32)
    quantiles = np.broadcast_to(0.3 + LEVELS / 10, (*targets.shape, 5)).astype(np.float32)
    return Forecast(
        ids=series.ids, issue_days=issues, target_days=targets, quantiles=quantiles, climatology=targets * np.float32(0)
    )


def test_quantiles_are_the_weighted_mean() -> None:
    series = wavy_series()
    forecast = own_forecast(series)
    mixed = blend(0.5, 0.3, 0, 0, 0, 0.2).apply(series, forecast)
    evidence = weigh(series.days, series.values[..., channel("NDVI")], forecast.issue_days, forecast.target_days)
    baselines = baseline_errors().quantiles(
        evidence, np.broadcast_to(LEADS, forecast.target_days.shape).astype(np.int64)
    )
    expected = 0.5 * forecast.quantiles + 0.3 * baselines[:, :, 0] + 0.2 * baselines[:, :, 4]
    np.testing.assert_allclose(mixed.quantiles, expected, atol=1e-6)
    assert (np.diff(mixed.quantiles, axis=-1) >= 0).all()
    np.testing.assert_array_equal(mixed.climatology, forecast.climatology)


def test_a_weight_of_one_everywhere_gives_exactly_the_model() -> None:
    series = wavy_series()
    series.values[1] = np.nan  # never seen: the baselines know nothing
    forecast = own_forecast(series)
    assert blend(1, 0, 0, 0, 0, 0).apply(series, forecast) is forecast


def test_a_weight_of_one_in_one_bin_gives_exactly_the_model_there() -> None:
    series = wavy_series()
    forecast = own_forecast(series)
    mixed = blend(0.5, 0.5, 0, 0, 0, 0)
    mixed.weights[1] = [1, 0, 0, 0, 0, 0]
    found = mixed.apply(series, forecast).quantiles
    np.testing.assert_array_equal(found[:, 1], forecast.quantiles[:, 1])
    assert (found[:, [0, 2, 3]] != forecast.quantiles[:, [0, 2, 3]]).any(axis=(0, 2)).all()


def test_nothing_on_or_after_the_issue_date_is_looked_at() -> None:
    series, changed = wavy_series(), wavy_series()
    changed.values[changed.days >= ISSUE] = 0.9
    mixed = blend(0.2, 0.2, 0.2, 0.2, 0.1, 0.1)
    expected = mixed.apply(series, own_forecast(series)).quantiles
    np.testing.assert_array_equal(mixed.apply(changed, own_forecast(series)).quantiles, expected)


def test_content_is_read_back_with_its_sha256() -> None:
    found = parse_blend(json.loads(json.dumps(blend(0.5, 0.3, 0, 0, 0, 0.2).to_json())))
    assert len(found.sha256) == 64
    np.testing.assert_allclose(found.weights, blend(0.5, 0.3, 0, 0, 0, 0.2).weights, atol=1e-6)
    assert found.fitted_on == {"input": "meadows.csv"}
    series = wavy_series()
    expected = blend(0.5, 0.3, 0, 0, 0, 0.2).apply(series, own_forecast(series)).quantiles
    np.testing.assert_allclose(found.apply(series, own_forecast(series)).quantiles, expected, atol=1e-4)


@pytest.mark.parametrize(
    "spoil",
    [
        {"kind": "something else"},
        {"format": 99},
        {"weights": {name: [-0.2] * 5 for name in METHODS}},
        {"weights": {name: [0.5] * 5 for name in METHODS}},
        {"weights": {name: [1 / 6] for name in METHODS}},
        {"weights": {}},
        {"lead_edges": [1, 151]},
        {"model": None},
    ],
    ids=str,
)
def test_something_else_than_a_blend_is_refused(spoil: dict[str, object]) -> None:
    with pytest.raises(InvalidOption, match="blend"):
        parse_blend({**blend(1, 0, 0, 0, 0, 0).to_json(), **spoil})


@pytest.mark.parametrize("content", [{}, [], 1, "not a blend", None])
def test_content_that_is_none_is_refused(content: object) -> None:
    with pytest.raises(InvalidOption, match="blend"):
        parse_blend(content)


def test_a_blend_for_another_model_is_refused() -> None:
    checkpoint = Checkpoint(name="mine", task="forecast", sha256="abc", folder="", card={})
    blend(1, 0, 0, 0, 0, 0).check_model(checkpoint, "blend.json")
    with pytest.raises(InvalidOption, match=r"'earthpt-small'.*'mine'"):
        blend(1, 0, 0, 0, 0, 0).check_model(replace(checkpoint, sha256="def"), "blend.json")


def test_a_blend_that_calls_its_model_by_the_old_name_still_fits_it() -> None:
    shipped = find_checkpoint("", "forecast", Settings(models=SHIPPED / "none"))
    old = replace(blend(1, 0, 0, 0, 0, 0), model="earthpt-1m", model_sha256=shipped.sha256)
    old.check_model(shipped, "blend.json")


def methods(truth: np.ndarray, errors: list[float], rng: np.random.Generator) -> np.ndarray:
    """Quantiles of methods that are right but for noise of their own of some size, and know how much."""
    normal = np.array([-1.645, -0.674, 0, 0.674, 1.645])
    parts = [truth[:, None] + e * (rng.normal(size=(len(truth), 1)) + normal) for e in errors]
    return np.stack(parts, axis=1).astype(np.float32)


def fitted(errors: list[float], count: int = 3000) -> np.ndarray:
    rng = np.random.default_rng(4)
    truth = rng.uniform(0.2, 0.8, count).astype(np.float32)
    bins = lead_bin(rng.integers(1, 151, count), EDGES)
    return fit_weights(methods(truth, errors, rng), truth, rng.integers(0, 50, count), bins, 5)


def test_a_useless_model_gets_little_weight_and_a_far_better_one_nearly_all() -> None:
    useless = fitted([0.4, 0.05, 0.4, 0.4, 0.4, 0.4])
    assert (useless[:, 0] < 0.05).all()
    assert (useless[:, 1] > 0.8).all()
    assert (fitted([0.01, 0.3, 0.3, 0.3, 0.3, 0.3])[:, 0] > 0.9).all()


def test_weights_are_shares() -> None:
    weights = fitted([0.1, 0.1, 0.12, 0.12, 0.3, 0.3])
    assert weights.shape == (5, len(METHODS))
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-5)


def test_the_fit_is_no_worse_than_any_weights_tried_at_random() -> None:
    rng = np.random.default_rng(5)
    truth = rng.uniform(0.2, 0.8, 2000).astype(np.float32)
    quantiles = methods(truth, [0.1, 0.08, 0.12, 0.15, 0.3, 0.3], rng)
    owner, bins = np.zeros(2000, np.int64), np.zeros(2000, np.int64)
    weights = fit_weights(quantiles, truth, owner, bins, 1)[0]

    def loss(w: np.ndarray) -> float:
        gap = truth[:, None] - np.einsum("rmq,m->rq", quantiles, w)
        return float(np.maximum(LEVELS * gap, (LEVELS - 1) * gap).mean())

    tried = min(loss(w) for w in rng.dirichlet(np.ones(6) * 0.7, 3000))
    assert loss(weights) <= tried * 1.002


def test_a_lead_bin_with_few_targets_takes_the_weights_of_all_leads() -> None:
    rng = np.random.default_rng(6)
    truth = rng.uniform(0.2, 0.8, 300).astype(np.float32)
    quantiles = methods(truth, [0.3, 0.05, 0.3, 0.3, 0.3, 0.3], rng)
    bins = np.where(np.arange(300) < 10, 4, 0)
    weights = fit_weights(quantiles, truth, np.arange(300), bins, 5)
    np.testing.assert_array_equal(weights[4], weights[2])

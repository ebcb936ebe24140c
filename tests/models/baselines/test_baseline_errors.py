"""What verified forecasts teach the baselines."""

import numpy as np
import pytest

from core.forecast import QUANTILES
from models.baselines.baseline_errors import BaselineErrors, lead_bin, lead_edges, lead_names
from models.baselines.rules import BASELINES, Evidence

EDGES = lead_edges(150)


def evidence(count: int, *, anomaly: float = 0.0, unit: float = 0.1, level: float = 0.5) -> Evidence:
    return Evidence(
        rules=np.full((count, 1, 4), level, np.float32),
        climatology=np.full((count, 1), level, np.float32),
        anomaly=np.full(count, anomaly, np.float32),
        unit=np.full(count, unit, np.float32),
    )


def test_lead_bins_reach_up_to_the_horizon() -> None:
    assert lead_names(EDGES) == ["1-10", "11-25", "26-50", "51-100", "101-150"]
    assert lead_names(lead_edges(60)) == ["1-10", "11-25", "26-50", "51-60"]
    assert lead_names(lead_edges(5)) == ["1-5"]
    np.testing.assert_array_equal(lead_bin(np.array([1, 10, 11, 150, 400]), EDGES), [0, 0, 1, 4, 4])


def test_quantiles_of_errors_are_empirical_by_lead_bin_in_units_of_the_series() -> None:
    leads = np.repeat([5, 120], 101)
    error = np.concatenate([np.linspace(-0.1, 0.1, 101), np.linspace(-0.2, 0.2, 101)]).astype(np.float32)
    found = BaselineErrors.of(evidence(202), leads, 0.5 + error, EDGES)
    asked = found.quantiles(evidence(2, unit=0.05), np.array([[5], [120]]))
    expected = 0.5 + np.outer([0.05, 0.1], np.array(QUANTILES) * 2 - 1)
    np.testing.assert_allclose(asked[:, 0, 0], expected, atol=1e-5)


def test_a_bin_with_few_errors_takes_those_of_all_leads() -> None:
    found = BaselineErrors.of(evidence(60), np.full(60, 5), np.full(60, 0.7, np.float32), EDGES)
    np.testing.assert_array_equal(found.residuals[:, 0], found.residuals[:, 4])


def test_the_point_forecast_stays_the_median() -> None:
    found = BaselineErrors.of(evidence(80), np.full(80, 5), np.full(80, 0.7, np.float32), EDGES)
    quantiles = found.quantiles(evidence(1), np.array([[5]]))
    assert quantiles[0, 0, :, 0] == pytest.approx(0.5)
    assert (np.diff(quantiles, axis=-1) >= 0).all()


@pytest.mark.parametrize("kept", [0.9, 0.2])
def test_the_share_of_an_anomaly_that_is_left_is_learned(kept: float) -> None:
    rng = np.random.default_rng(1)
    anomaly = rng.normal(0, 0.1, 4000).astype(np.float32)
    past = Evidence(**{**vars(evidence(4000)), "anomaly": anomaly})
    found = BaselineErrors.of(past, np.full(4000, 60), 0.5 + kept * anomaly, EDGES)
    assert found.rho[3] == pytest.approx(kept, abs=0.03)
    assert found.rho[0] == pytest.approx(np.exp(-5.5 / 40), abs=0.01)  # nothing was verified at short leads


def test_without_any_verified_forecast_errors_are_taken_as_nil() -> None:
    found = BaselineErrors.of(evidence(0), np.empty(0, np.int64), np.empty(0, np.float32), EDGES)
    assert (found.quantiles(evidence(1), np.array([[30]])) == 0.5).all()


def test_json_is_read_back() -> None:
    rng = np.random.default_rng(2)
    truth = (0.5 + rng.normal(0, 0.1, 400)).astype(np.float32)
    found = BaselineErrors.of(evidence(400, anomaly=0.1), rng.integers(1, 150, 400), truth, EDGES)
    again = BaselineErrors.from_json(found.to_json())
    assert again.edges == found.edges
    np.testing.assert_allclose(again.rho, found.rho, atol=1e-4)
    np.testing.assert_allclose(again.residuals, found.residuals, atol=1e-4)
    assert list(found.to_json()["residual_quantiles"]) == list(BASELINES)


def test_json_of_another_shape_is_refused() -> None:
    content = BaselineErrors.of(evidence(0), np.empty(0, np.int64), np.empty(0, np.float32), EDGES).to_json()
    with pytest.raises(ValueError, match="do not fit"):
        BaselineErrors.from_json({**content, "lead_edges": [1, 11]})

"""Queries of forecasts, against NumPy's."""

import numpy as np
import pytest
import torch

from core.quantities import QUANTITIES
from models.baselines.climatology import FEATURES
from models.baselines.pooled import alone
from models.inference.features.queries import forecast_queries
from models.network import queries


@pytest.mark.parametrize("name", QUANTITIES)
def test_queries_are_those_of_numpy(name: str) -> None:
    features = np.random.default_rng(0).normal(size=(5, 7, FEATURES)).astype(np.float32)
    issue_days = np.array([15_000, 15_010, 18_000, 18_001, 20_000], np.int32)
    target_days = (issue_days[:, None] + np.arange(-3, 4)).astype(np.int32)
    expected = queries.forecast_queries(features, alone(target_days), issue_days, target_days, name)
    found = forecast_queries(*(torch.from_numpy(a) for a in (features, issue_days, target_days)), name)
    np.testing.assert_allclose(found, expected, atol=1e-6)

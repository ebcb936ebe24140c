"""Queries: what the network reads about its target dates."""

import numpy as np
import pytest

from core.quantities import QUANTITIES, position
from models.baselines.climatology import FEATURES
from models.baselines.pooled import POOLED_FEATURES
from models.network.queries import QUERY_FEATURES, TERRAIN, forecast_queries
from models.network.tokens import TIME_FEATURES, time_features

ISSUES = np.array([17_000, 17_400], np.int32)
TARGETS = np.array([[17_010, 17_100, 17_050], [17_401, 17_402, 17_500]], np.int32)


def features() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(2, 3, FEATURES)).astype(np.float32)


def pooled() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(2, 3, POOLED_FEATURES)).astype(np.float32)


def test_a_query_is_time_then_the_features_of_the_history_and_of_the_pool_then_the_quantity_and_no_terrain() -> None:
    found = forecast_queries(features(), pooled(), ISSUES, TARGETS)
    assert found.shape == (2, 3, QUERY_FEATURES)
    assert found.dtype == np.float32
    expected = time_features(TARGETS.astype(float), ISSUES[:, None].astype(float))
    np.testing.assert_array_equal(found[..., :TIME_FEATURES], expected)
    rest = found[..., TIME_FEATURES:]
    np.testing.assert_array_equal(rest[..., :FEATURES], features())
    np.testing.assert_array_equal(rest[..., FEATURES : FEATURES + POOLED_FEATURES], pooled())
    assert (found[..., -TERRAIN:] == 0).all()


def test_the_lead_of_each_target_is_counted_from_its_own_issue_date() -> None:
    years_before = forecast_queries(features(), pooled(), ISSUES, TARGETS)[..., 4]
    np.testing.assert_allclose(years_before * -365.2425, [[10, 100, 50], [1, 2, 100]], rtol=1e-5)


@pytest.mark.parametrize("name", list(QUANTITIES))
def test_one_flag_marks_the_quantity(name: str) -> None:
    flags = forecast_queries(features(), pooled(), ISSUES, TARGETS, name)[..., -TERRAIN - len(QUANTITIES) : -TERRAIN]
    assert (flags.sum(axis=-1) == 1).all()
    assert (flags.argmax(axis=-1) == position(name)).all()

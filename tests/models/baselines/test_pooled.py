"""What series that are forecast together show of a season."""

import numpy as np

from models.baselines.climatology import expect
from models.baselines.pooled import POOLED_FEATURES, Pool, alone, pooled_features

ISSUE = 17_500
DAYS = np.arange(ISSUE - 1200, ISSUE, 6).astype(np.int32)


def season(days: np.ndarray) -> np.ndarray:
    return 0.5 + 0.3 * np.sin(2 * np.pi * (days - 100) / 365.2425)


def company(count: int = 30, *, anomaly: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    days = np.broadcast_to(DAYS, (count, len(DAYS))).copy()
    offset = rng.normal(0, 0.05, (count, 1))
    values = season(days) + offset + rng.normal(0, 0.02, days.shape)
    values += anomaly * (days > ISSUE - 60)
    return days, values.astype(np.float32)


def features(pool: Pool, days: np.ndarray, values: np.ndarray, leads: tuple[int, ...] = (30, 90)) -> np.ndarray:
    issues = np.full(len(days), ISSUE, np.int32)
    targets = (issues[:, None] + np.array(leads)).astype(np.int32)
    return pooled_features(pool, expect(days, values, issues, targets), days, values, issues, targets)


def test_the_season_of_all_is_found_and_does_not_depend_on_their_order() -> None:
    days, values = company()
    pool = Pool.of(days, values, ISSUE)
    middle = (np.arange(73) + 0.5) / 73 * 365.2425
    assert np.abs(pool.season - season(middle)).max() < 0.06
    assert pool.members == 30
    order = np.random.default_rng(1).permutation(30)
    shuffled = Pool.of(days[order], values[order], ISSUE)
    np.testing.assert_allclose(shuffled.season, pool.season, rtol=1e-12)
    np.testing.assert_allclose(shuffled.anomaly, pool.anomaly, atol=1e-12)


def test_a_series_with_one_observation_takes_the_season_of_the_others() -> None:
    pool = Pool.of(*company(), ISSUE)
    days = DAYS[-1:][None]
    values = season(days).astype(np.float32)
    found = features(pool, days, values)
    issues = np.array([ISSUE], np.int32)
    targets = (issues[:, None] + np.array([30, 90])).astype(np.int32)
    at = expect(days, values, issues, targets)
    told = at.base + found[..., 0] * at.unit
    assert np.abs(told - season(targets)).max() < np.abs(at.base - season(targets)).max() / 2


def test_an_anomaly_that_all_share_is_told() -> None:
    usual, low = (Pool.of(*company(anomaly=a), ISSUE).anomaly for a in (0.0, -0.15))
    assert low < usual - 0.05


def test_observations_from_the_issue_date_on_are_not_looked_at() -> None:
    days, values = company()
    before = Pool.of(days, values, ISSUE)
    later = np.concatenate([days, days + 1200], axis=1), np.concatenate([values, values * 0], axis=1)
    after = Pool.of(*later, ISSUE)
    np.testing.assert_array_equal(after.season, before.season)
    np.testing.assert_allclose(features(after, *later), features(before, days, values), atol=1e-5)


def test_nothing_seen_gives_finite_features() -> None:
    days, values = company(3)
    nothing = np.full_like(values, np.nan)
    pool = Pool.of(days, nothing, ISSUE)
    assert pool.members == 0
    assert np.isfinite(features(pool, days, nothing)).all()


def test_a_series_by_itself_has_zeros() -> None:
    assert alone(np.zeros((2, 3), np.int32)).shape == (2, 3, POOLED_FEATURES)
    assert not alone(np.zeros((2, 3), np.int32)).any()


def test_a_series_that_is_given_many_times_counts_once() -> None:
    days, values = company(20)
    once = Pool.with_company(days, values, ISSUE)
    longer = np.concatenate([days, days + 1200], axis=1), np.concatenate([values, values * 0], axis=1)
    rows = np.r_[0:20, np.zeros(60, int)]
    often = Pool.with_company(longer[0][rows], longer[1][rows], ISSUE)
    assert often.members == once.members == 20
    np.testing.assert_array_equal(often.season, once.season)
    np.testing.assert_array_equal(often.count, once.count)
    assert often.anomaly == once.anomaly
    assert often.company is not None
    assert len(often.company.recent) == 20


def test_a_pool_of_one_series_says_nothing_that_it_does_not_say_itself() -> None:
    days, values = company(1)
    for rows in ([0], [0, 0, 0]):
        pool = Pool.with_company(days[rows], values[rows], ISSUE)
        assert pool.members == 1
        assert not features(pool, days[rows], values[rows]).any()

"""The simple baselines on series small enough to be checked by hand."""

import numpy as np
import pytest

from core.bands import channel
from models.baselines.rules import (
    BASELINES,
    Evidence,
    compact,
    day_of_year_median,
    last_year,
    persistence,
    phase_fold,
    season_anomaly_unit,
    weigh,
)
from tests.models.builders import START, wavy_series

NDVI = channel("NDVI")
ISSUE = 1000


def history(*observations: tuple[int, float], padding: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One series of (day, NDVI), and the issue date 1000."""
    days = [d for d, _ in observations] + [observations[-1][0]] * padding
    ndvi = [v for _, v in observations] + [np.nan] * padding
    return np.array([days], np.int32), np.array([ndvi], np.float32), np.array([ISSUE], np.int32)


def at(*days: int) -> np.ndarray:
    return np.array([days], np.int32)


def test_persistence_is_the_last_value_seen_before_the_issue_date() -> None:
    seen = history((900, 0.2), (990, 0.4), (995, np.nan), (1000, 0.9), padding=2)
    np.testing.assert_allclose(persistence(*seen, at(1001, 1100)), [[0.4, 0.4]])


def test_last_year_is_linear_in_time_and_unknown_far_from_any_observation() -> None:
    seen = history((600, 0.2), (620, 0.4), (900, 0.8), padding=3)
    value = last_year(*seen, at(975, 1030, 1031, 1040))  # 609.76, 664.76, 665.76 and 674.76 a year before
    np.testing.assert_allclose(value[0, 0], 0.2 + 0.2 * (975 - 365.2425 - 600) / 20, atol=1e-6)
    assert np.isfinite(value[0, 1])
    assert np.isnan(value[0, 2:]).all()


def test_last_year_before_the_first_observation_is_its_value() -> None:
    np.testing.assert_allclose(last_year(*history((650, 0.3), (700, 0.5)), at(1000)), [[0.3]])


def test_phase_folding_is_the_mean_of_the_same_days_of_past_years() -> None:
    seen = history((300, 0.1), (308, 0.3), (317, 0.9), (670, 0.5))  # the target's phase is that of day 304.5
    np.testing.assert_allclose(phase_fold(*seen, at(1035)), [[0.3]], atol=1e-6)


def test_phase_folding_widens_its_window_where_it_is_empty() -> None:
    seen = history((290, 0.1), (320, 0.4))  # 14 and 16 days from the phase of the target, 304.5
    np.testing.assert_allclose(phase_fold(*seen, at(1035)), [[0.25]], atol=1e-6)


def test_the_median_is_of_values_near_the_day_of_year_and_of_two_middle_ones_where_even() -> None:
    three = history((300, 0.1), (308, 0.3), (310, 0.9), (400, 0.0))
    four = history((300, 0.1), (308, 0.3), (310, 0.9), (315, 0.5), (400, 0.0))
    np.testing.assert_allclose(day_of_year_median(*three, at(1035)), [[0.3]])
    np.testing.assert_allclose(day_of_year_median(*four, at(1035)), [[0.4]])


def test_the_window_of_the_median_is_doubled_until_it_holds_three_values() -> None:
    seen = history((300, 0.1), (308, 0.3), (330, 0.9), (420, 0.0))
    np.testing.assert_allclose(day_of_year_median(*seen, at(1035)), [[0.3]])


def test_the_anomaly_is_how_far_the_newest_observations_depart_from_the_cycle() -> None:
    days = np.arange(0, 1000, 10, dtype=np.int32)[None]
    flat = np.where(days > 950, 0.6, 0.5).astype(np.float32)
    issue = np.array([1000], np.int32)
    climatology, anomaly, unit = season_anomaly_unit(days, flat, issue, at(1000))
    assert 0.5 <= climatology[0, 0] < 0.56
    assert 0.03 < anomaly[0] <= 0.1
    assert 0.015 <= unit[0] < 0.05
    assert season_anomaly_unit(days, flat, issue + 200, at(1200))[1][0] == 0  # nothing seen in the last 60 days


def test_the_damped_anomaly_lies_between_climatology_and_the_whole_anomaly() -> None:
    evidence = Evidence(
        rules=np.zeros((1, 2, 4), np.float32),
        climatology=np.array([[0.5, 0.4]], np.float32),
        anomaly=np.array([0.2], np.float32),
        unit=np.array([0.1], np.float32),
    )
    np.testing.assert_allclose(evidence.points(np.array([[1.0, 0.25]], np.float32))[0, :, 4], [0.7, 0.45])


def evidence_of(seed: int = 0, count: int = 70) -> tuple[Evidence, np.ndarray]:
    series = wavy_series(count, seed=seed)
    issues = np.full(count, START + 700, np.int32)
    return weigh(series.days, series.values[..., NDVI], issues, issues[:, None] + at(0, 40, 140)), issues


def test_no_rule_looks_at_anything_on_or_after_the_issue_date() -> None:
    expected, issues = evidence_of()
    series = wavy_series(70)
    ndvi = series.values[..., NDVI].copy()
    ndvi[series.days >= issues[0]] = 0.99
    found = weigh(series.days, ndvi, issues, issues[:, None] + at(0, 40, 140))
    for name, values in vars(expected).items():
        np.testing.assert_array_equal(getattr(found, name), values, err_msg=name)


def test_series_do_not_depend_on_their_neighbours_or_on_padding() -> None:
    expected, issues = evidence_of()
    series = wavy_series(70)
    rows = np.array([66, 3])
    pad = ((0, 0), (0, 7))
    days = np.pad(series.days[rows], pad, mode="edge")
    ndvi = np.pad(series.values[rows][..., NDVI], pad, constant_values=np.nan)
    found = weigh(days, ndvi, issues[rows], issues[rows][:, None] + at(0, 40, 140))
    for name, values in vars(expected).items():
        np.testing.assert_allclose(getattr(found, name), values[rows], atol=1e-5, err_msg=name)


def test_a_series_never_seen_has_no_forecast_and_one_seen_has_all() -> None:
    days, ndvi, _ = history((600, 0.2), (990, np.nan))
    nothing = np.full_like(ndvi, np.nan)
    found = weigh(
        np.repeat(days, 2, axis=0), np.concatenate([ndvi, nothing]), np.array([1000, 1000]), at(1010, 1100)[[0, 0]]
    )
    points = found.points(np.ones((2, 2), np.float32))
    assert points.shape == (2, 2, len(BASELINES))
    assert np.isfinite(points[0]).all()
    assert np.isnan(points[1]).all()


def test_where_last_year_is_unknown_persistence_stands_in() -> None:
    found = weigh(*history((10, 0.3), (990, 0.7)), at(1020))
    assert found.rules[0, 0, BASELINES.index("last year")] == pytest.approx(0.7)


def test_compacting_keeps_every_observation_before_the_issue_date_in_order() -> None:
    days, ndvi = compact(*history((1, np.nan), (5, 0.2), (9, np.nan), (990, 0.4), (1000, 0.9)))
    np.testing.assert_array_equal(days, [[5, 990]])
    np.testing.assert_array_equal(ndvi, np.array([[0.2, 0.4]], np.float32))

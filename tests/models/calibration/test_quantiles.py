import numpy as np
import pytest

from core.forecast import QUANTILES
from models.calibration.quantiles import LEAD_CENTRES, LEAD_EDGES, Calibration, cluster, fit

NORMAL = np.array([-1.645, -0.674, 0.0, 0.674, 1.645], np.float32)
"""Quantiles 0.05 to 0.95 of the standard normal distribution."""


MANY = 10**6
"""So many years that factors are taken as they are."""


def hindcasts(count: int, *, claimed: float, true: float, seed: int = 0):
    """Forecasts that claim one spread of outcomes with another; medians, leads and spreads differ."""
    rng = np.random.default_rng(seed)
    median = rng.uniform(0.2, 0.8, count)
    lead = rng.integers(1, 151, count).astype(np.int32)
    spread = rng.uniform(0.02, 0.2, count).astype(np.float32)
    quantiles = (median[:, None] + claimed * NORMAL).astype(np.float32)
    truth = (median + rng.normal(0, true, count)).astype(np.float32)
    return quantiles, truth, lead, np.stack([median, spread, spread], axis=1).astype(np.float32)


def seen(leads) -> np.ndarray:
    """Return no doubt about any season."""
    return np.zeros(leads.shape, np.float32)


def coverage(quantiles, truth, low: int, high: int) -> float:
    return float(((truth >= quantiles[:, low]) & (truth <= quantiles[:, high])).mean())


@pytest.mark.parametrize(("claimed", "true"), [(0.05, 0.08), (0.05, 0.03), (0.05, 0.05)])
def test_intervals_hold_what_they_say_on_outcomes_not_fitted_on(claimed: float, true: float) -> None:
    quantiles, truth, lead, traits = hindcasts(20_000, claimed=claimed, true=true)
    calibration = fit(quantiles, truth, lead, traits, np.ones(len(truth)), sources=MANY)
    new, outcome, lead, traits = hindcasts(20_000, claimed=claimed, true=true, seed=1)
    moved = calibration.apply(new[:, None], lead[:, None], traits, seen(lead[:, None]))[:, 0]
    assert coverage(moved, outcome, 0, 4) == pytest.approx(0.9, abs=0.012)
    assert coverage(moved, outcome, 1, 3) == pytest.approx(0.5, abs=0.015)
    np.testing.assert_array_equal(moved[:, 2], new[:, 2])
    assert (np.diff(moved, axis=1) >= 0).all()


def test_both_sides_are_stretched_by_the_same() -> None:
    quantiles, truth, lead, traits = hindcasts(20_000, claimed=0.05, true=0.05)
    wet_year = np.where(truth > quantiles[:, 2], quantiles[:, 2] + 2 * (truth - quantiles[:, 2]), truth)
    factors = fit(quantiles, wet_year.astype(np.float32), lead, traits, np.ones(len(truth)), sources=MANY).factors
    np.testing.assert_array_equal(factors, factors[..., ::-1])
    assert (factors[..., 0] > 1.1).all()


def test_one_year_moves_factors_half_the_way_and_many_all_of_it() -> None:
    quantiles, truth, lead, traits = hindcasts(20_000, claimed=0.04, true=0.08)
    one, three, many = (
        fit(quantiles, truth, lead, traits, np.ones(len(truth)), sources=n).factors[0, 0, 0] for n in (1, 3, MANY)
    )
    assert one == pytest.approx(many**0.5, rel=1e-5)
    assert three == pytest.approx(many**0.75, rel=1e-5)


def test_clusters_and_leads_have_factors_of_their_own() -> None:
    quantiles, truth, lead, traits = hindcasts(60_000, claimed=0.05, true=0.05)
    centres = fit(quantiles, truth, lead, traits, np.ones(len(truth)), sources=MANY).centres
    last = int(centres[:, 2].argmax())
    wide = (cluster(traits, centres) == last) & (lead > 100)
    truth = np.where(wide, quantiles[:, 2] + 2 * (truth - quantiles[:, 2]), truth).astype(np.float32)
    factors = fit(quantiles, truth, lead, traits, np.ones(len(truth)), sources=MANY).factors
    assert factors[last, 4, 4] > 1.4
    assert factors[(last + 1) % 4, 0, 4] == pytest.approx(1.0, abs=0.12)


def test_a_lead_without_hindcasts_takes_the_factor_of_all() -> None:
    quantiles, truth, lead, traits = hindcasts(20_000, claimed=0.04, true=0.08)
    near = lead < LEAD_EDGES[2]
    fitted = fit(quantiles[near], truth[near], lead[near], traits[near], np.ones(near.sum()), sources=MANY)
    assert fitted.factors[:, 4, 0] == pytest.approx(2.0, abs=0.2)


def test_a_calibration_survives_its_card() -> None:
    quantiles, truth, lead, traits = hindcasts(5_000, claimed=0.05, true=0.08)
    fitted = fit(quantiles, truth, lead, traits, np.ones(len(truth)), sources=MANY)
    again = Calibration.from_json(fitted.to_json())
    np.testing.assert_allclose(
        again.apply(quantiles[:, None], lead[:, None], traits, 1 - seen(lead[:, None])),
        fitted.apply(quantiles[:, None], lead[:, None], traits, 1 - seen(lead[:, None])),
        atol=1e-4,
    )


def test_unknown_stays_unknown() -> None:
    quantiles, truth, lead, traits = hindcasts(2_000, claimed=0.05, true=0.08)
    fitted = fit(quantiles, truth, lead, traits, np.ones(len(truth)), sources=MANY)
    blank = np.full((1, 3, len(QUANTILES)), np.nan, np.float32)
    leads = np.full((1, 3), 9, np.int32)
    assert np.isnan(fitted.apply(blank, leads, np.array([[0.5, 0.1, 0.1]], np.float32), seen(leads))).all()


def test_only_the_outer_interval_of_seasons_never_seen_is_stretched_further() -> None:
    calibration = Calibration(
        centres=np.zeros((1, 3), np.float32), factors=np.ones((1, len(LEAD_CENTRES), 5), np.float32), unseen=1.2
    )
    said = np.tile(np.array([0.2, 0.4, 0.5, 0.6, 0.9], np.float32), (1, 4, 1))
    doubt = np.array([[0, 0.05, 0.175, 1]], np.float32)  # often, twice, half the way, never
    found = calibration.apply(said, np.full((1, 4), 40, np.int32), np.zeros((1, 3), np.float32), doubt)[0]
    np.testing.assert_allclose(found[:2], said[0, :2], atol=1e-7)
    np.testing.assert_allclose(found[2], [0.17, 0.4, 0.5, 0.6, 0.94], atol=1e-6)
    np.testing.assert_allclose(found[3], [0.14, 0.4, 0.5, 0.6, 0.98], atol=1e-6)


def test_cards_that_say_nothing_of_unseen_seasons_stretch_nothing() -> None:
    content = Calibration(centres=np.zeros((1, 3), np.float32), factors=np.ones((1, 5, 5), np.float32)).to_json()
    del content["unseen_season"]
    assert Calibration.from_json(content).unseen == 1

"""The mean year that is fitted to a series."""

import numpy as np

from models.baselines.harmonic import TRAITS, Harmonic

DAYS = np.arange(17_000, 18_000, 7).astype(np.int32)[None]
TRUTH = 0.5 + 0.2 * np.sin(2 * np.pi * DAYS / 365.2425)


def test_a_clean_year_is_found_and_one_cloud_hardly_moves_it() -> None:
    seen = np.ones(DAYS.shape, bool)
    clean = Harmonic.of(DAYS, TRUTH, seen)
    assert np.abs(clean.at(DAYS) - TRUTH).max() < 0.01
    cloudy = TRUTH.copy()
    cloudy[0, 40] = -0.2
    assert np.abs(Harmonic.of(DAYS, cloudy, seen).at(DAYS) - clean.at(DAYS)).max() < 0.01


def test_what_was_not_seen_counts_for_nothing() -> None:
    seen = np.arange(DAYS.shape[1])[None] % 2 == 0
    found = Harmonic.of(DAYS, np.where(seen, TRUTH, 9.0), seen)
    assert np.abs(found.at(DAYS) - TRUTH).max() < 0.01


def test_traits_are_level_amplitude_and_spread() -> None:
    traits = Harmonic.of(DAYS, TRUTH, np.ones(DAYS.shape, bool)).traits()
    assert traits.shape == (1, TRAITS)
    np.testing.assert_allclose(traits[0, :2], [0.5, 0.2], atol=0.01)


def test_days_that_all_series_share_give_what_each_series_gives_alone() -> None:
    rng = np.random.default_rng(0)
    seen = rng.random((4, DAYS.shape[1])) < 0.5
    y = np.where(seen, TRUTH + rng.normal(0, 0.05, seen.shape), 0.0)
    together = Harmonic.of(DAYS, y, seen)
    apart = Harmonic.of(np.repeat(DAYS, 4, axis=0), y, seen)
    np.testing.assert_allclose(together.coefficients, apart.coefficients, atol=1e-9)
    np.testing.assert_allclose(together.at(DAYS), apart.at(np.repeat(DAYS, 4, axis=0)), atol=1e-9)

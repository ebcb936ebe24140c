"""What the series of a company that are most like one show of a season."""

import numpy as np

from models.baselines.alike import FEWEST, FIRST_DAY, MOST, NEAREST, WEIGHT, Company
from models.baselines.climatology import expect

ISSUE = 17_500
DAYS = np.arange(ISSUE - 500, ISSUE, 6).astype(np.int32)
LEADS = (5, 60, 120)


def season(days: np.ndarray, phase: float = 0.0) -> np.ndarray:
    return 0.5 + 0.3 * np.sin(2 * np.pi * (days - 100 - phase) / 365.2425)


def company(count: int = 40, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return two kinds in turns, of which the second is half a year late."""
    rng = np.random.default_rng(seed)
    days = np.broadcast_to(DAYS, (count, len(DAYS))).copy()
    late = np.where(np.arange(count) % 2 == 0, 0.0, 182.0)[:, None]
    values = season(days, late) + rng.normal(0, 0.03, (count, 1)) + rng.normal(0, 0.02, days.shape)
    return days, values.astype(np.float32)


def days_ahead(rows: int, leads: tuple[int, ...] = LEADS) -> tuple[np.ndarray, np.ndarray]:
    issues = np.full(rows, ISSUE, np.int32)
    return issues, (issues[:, None] + np.array(leads) - 1).astype(np.int32)


def shift(found: Company, days: np.ndarray, values: np.ndarray, median: float = 0.5) -> np.ndarray:
    issues, targets = days_ahead(len(days))
    at = expect(days, values, issues, targets)
    return found.shift(days, values, issues, targets, median=np.full(targets.shape, median, np.float32), at=at)


def test_a_short_series_takes_the_season_of_its_own_kind() -> None:
    found = Company.of(*company(), ISSUE)
    days, values = company(2, seed=5)
    values[:, : len(DAYS) - 20] = np.nan  # the last 120 days
    issues, targets = days_ahead(2)
    told, difference = found.season(days, values, issues, targets)
    for row, late in ((0, 0.0), (1, 182.0)):
        assert np.abs(told[row] - season(targets[row], late)).max() < 0.12
    assert (difference < 0.01).all()


def test_a_series_is_not_like_itself() -> None:
    days, values = company()
    values[0] = np.where(np.arange(len(DAYS)) % 2, 0.9, 0.1)  # unlike all others
    issues, targets = days_ahead(1)
    _, difference = Company.of(days, values, ISSUE).season(days[:1], values[:1], issues, targets)
    assert difference[0, 0] > 0.01


def test_copies_of_a_series_that_end_on_other_days_are_that_series() -> None:
    days, values = company()
    cut = np.where(days < ISSUE - 33, values, np.nan).astype(np.float32)
    twice = np.concatenate([days, days]), np.concatenate([values, cut])
    issues, targets = days_ahead(len(days))
    alone, copied = (Company.of(*c, ISSUE).season(days, values, issues, targets)[1] for c in ((days, values), twice))
    assert copied.min() > 0.5 * alone.min() > 1e-4


def test_forecasts_are_moved_towards_it_but_not_those_of_the_next_days() -> None:
    days, values = company()
    moved = shift(Company.of(days, values, ISSUE), days, values, median=-5.0)
    assert FIRST_DAY > LEADS[0]
    np.testing.assert_array_equal(moved[:, 0], 0)
    assert (moved[:, 1:] > 0).all()
    assert (moved < WEIGHT * 6.5).all()


def test_the_more_a_series_has_seen_of_a_season_the_less_it_is_moved() -> None:
    found = Company.of(*company(), ISSUE)
    long = np.broadcast_to(np.arange(ISSUE - 3000, ISSUE, 6), (2, 500)).astype(np.int32)
    values = season(long).astype(np.float32)
    short = np.where(long >= ISSUE - 120, values, np.nan).astype(np.float32)
    assert (shift(found, long, values, -1.0)[:, 1:] < shift(found, long, short, -1.0)[:, 1:]).all()


def test_the_order_of_a_company_changes_nothing_even_where_it_is_too_large() -> None:
    days, values = company(MOST + 100)
    order = np.random.default_rng(1).permutation(len(days))
    found, again = Company.of(days, values, ISSUE), Company.of(days[order], values[order], ISSUE)
    assert len(found.recent) == MOST
    np.testing.assert_array_equal(found.total, again.total)
    np.testing.assert_allclose(shift(found, days[:9], values[:9]), shift(again, days[:9], values[:9]), atol=1e-6)


def test_an_answer_does_not_depend_on_which_others_are_asked_about() -> None:
    days, values = company()
    found = Company.of(days, values, ISSUE)
    together = shift(found, days, values)
    for row in (0, 17):
        own = slice(row, row + 1)
        np.testing.assert_allclose(shift(found, days[own], values[own]), together[own], atol=1e-6)


def test_observations_from_the_issue_date_on_are_not_looked_at() -> None:
    days, values = company()
    later = np.concatenate([days, days[:, -5:] + 60], axis=1), np.concatenate([values, values[:, :5]], axis=1)
    np.testing.assert_array_equal(Company.of(*later, ISSUE).total, Company.of(days, values, ISSUE).total)
    found = Company.of(days, values, ISSUE)
    np.testing.assert_allclose(shift(found, *later), shift(found, days, values), atol=1e-6)


def test_a_single_series_and_one_of_few_are_left_as_they_are() -> None:
    assert NEAREST > FEWEST
    for count in (0, 1, FEWEST):
        days, values = company(count)
        asked = company(3, seed=2)
        moved = shift(Company.of(days, values, ISSUE), *(asked if not count else (days, values)))
        np.testing.assert_array_equal(moved, 0)


def test_a_series_that_was_never_seen_is_not_moved_and_no_company_of_others() -> None:
    days, values = company()
    values[3] = np.nan
    found = Company.of(days, values, ISSUE)
    assert len(found.recent) == len(days) - 1
    moved = shift(found, days, values)
    assert np.isfinite(moved).all()
    np.testing.assert_array_equal(moved[3], 0)

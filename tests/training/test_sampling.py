"""Batches of altered histories: what is drawn, altered and predicted."""

from dataclasses import replace

import numpy as np

from core.bands import channel
from core.quantities import QUANTITIES, position
from core.timeline import YEAR_DAYS
from models.network.queries import TERRAIN
from models.training_set import last_seen
from tests.models.builders import START, wavy_series
from tests.training.changing_sets import changing
from tests.training.tiny_training import small_set
from training.class_examples import SHIFT_DAYS
from training.sampling import (
    GAP_DAYS,
    SOON,
    _drifted,
    _quantity,
    _shuffle_years,
    altered_for_classes,
    forecast_batch,
    hindcast,
)

NDVI = channel("NDVI")


def test_targets_of_a_batch_lie_after_its_history() -> None:
    rng = np.random.default_rng(0)
    batch = forecast_batch(rng, {"waves": small_set()}, {"waves": 1.0}, size=320, targets=5)
    known = np.isfinite(batch.truth)
    years_ahead = -batch.queries[..., 4]
    assert known.any()
    assert (years_ahead[known] < 165 / YEAR_DAYS).all()
    assert (years_ahead[known] >= -GAP_DAYS / YEAR_DAYS).all()
    is_gap = (years_ahead < 0).any(axis=1)
    assert 0 < is_gap.mean() < 0.5
    assert (years_ahead[is_gap][known[is_gap]] <= 0).all()


def test_shuffled_years_keep_the_day_of_year_and_every_value() -> None:
    series = wavy_series(5, dates=160)
    issues = np.full(5, START + 1200, np.int32)
    days, values = _shuffle_years(
        np.random.default_rng(3), series.days, series.values, issues, np.zeros(5, int), np.zeros(5, bool)
    )
    assert (np.diff(days, axis=1) >= 0).all()
    for row in range(5):
        before, after = series.values[row, :, NDVI], values[row, :, NDVI]
        np.testing.assert_array_equal(np.sort(before[np.isfinite(before)]), np.sort(after[np.isfinite(after)]))
        of_year = np.sort(np.round(series.days[row] % YEAR_DAYS)), np.sort(np.round(days[row] % YEAR_DAYS))
        assert np.abs(of_year[0] - of_year[1]).max() <= 3
    assert not np.array_equal(days, series.days) or not np.array_equal(values[..., NDVI], series.values[..., NDVI])


def test_altered_series_are_classified_after_most_of_a_year_or_at_the_moved_day_of_their_label() -> None:
    series = wavy_series(200, dates=160)
    rng = np.random.default_rng(0)
    altered, asked = altered_for_classes(rng, series, (-12, 18), None)
    shift = altered.days[:, 0] - series.days[:, 0]
    assert set(shift) == set(range(-12, 18))
    last = last_seen(series)
    assert (asked >= series.days[:, 0] + shift + 320).all()
    assert (asked <= last + shift + 21).all()
    day = series.days[:, 100]
    altered, asked = altered_for_classes(rng, series, (-12, 18), day)
    np.testing.assert_array_equal(asked - day, altered.days[:, 0] - series.days[:, 0])
    lost = np.isnan(altered.values) & np.isfinite(series.values)
    assert 0.05 < lost.mean() / np.isfinite(series.values).mean() < 0.6
    assert not (np.isfinite(altered.values) & np.isnan(series.values)).any()


def test_other_quantities_are_targets_of_series_that_show_them() -> None:
    values = wavy_series(4).values
    bare = replace(wavy_series(4), values=np.where(np.arange(values.shape[-1]) == NDVI, values, np.nan))
    rng = np.random.default_rng(0)
    assert {_quantity(rng, bare) for _ in range(40)} == {"NDVI"}
    assert {_quantity(rng, wavy_series(4)) for _ in range(200)} == {"NDVI", "EVI2", "B04", "B08"}


def test_a_batch_about_a_band_holds_that_band_in_the_models_units() -> None:
    series = wavy_series(3)
    issues = np.full(3, START + 600, np.int32)
    wanted = np.broadcast_to(series.days[0][series.days[0] >= START + 600][:5], (3, 5)).astype(np.int32)
    batch = hindcast(series, issues, wanted, "B04")
    at = np.searchsorted(series.days[0], wanted[0])
    expected = 2 * series.values[:, at, channel("B04")]
    np.testing.assert_allclose(batch.truth, expected, rtol=1e-5)
    flags = batch.queries[..., -TERRAIN - len(QUANTITIES) : -TERRAIN]
    assert (flags.argmax(-1) == position("B04")).all()
    assert (flags.sum(-1) == 1).all()


def test_a_drift_begins_before_the_issue_date_and_goes_on() -> None:
    series = wavy_series(400)
    issues = np.full(400, START + 700, np.int32)
    drifted = _drifted(np.random.default_rng(0), series, issues)
    change = np.nan_to_num(drifted.values[..., NDVI] - series.values[..., NDVI])
    moved = np.abs(change).max(axis=1) > 0.02
    assert 0.1 < moved.mean() < 0.4
    early, late = series.days[0] < START - 250, series.days[0] >= START + 700
    assert np.abs(change[:, early]).max(initial=0) == 0
    assert (np.abs(change[moved][:, late]).max(axis=1) > 0).all()
    others = [c for c in range(series.values.shape[-1]) if c != NDVI]
    np.testing.assert_array_equal(drifted.values[..., others], series.values[..., others])


def test_half_of_the_changed_series_are_classified_soon_after() -> None:
    source = changing(400)
    rng = np.random.default_rng(0)
    series, asked = altered_for_classes(rng, source.series, SHIFT_DAYS, None, source.changed_on)
    shift = series.days[:, 0] - source.series.days[:, 0]
    since = (asked - shift - source.changed_on)[np.isfinite(source.changed_on)]
    assert 0.4 < ((since >= 0) & (since <= SOON)).mean() < 0.9
    same, days = altered_for_classes(np.random.default_rng(0), source.series, SHIFT_DAYS, None)
    assert (days != asked).any()
    np.testing.assert_array_equal(same.days, series.days)

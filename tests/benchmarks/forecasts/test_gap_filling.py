"""The benchmark of filled gaps, on made-up series and a forecaster of random weights."""

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.forecasts import gap_filling
from benchmarks.forecasts.gap_filling import (
    FEWEST,
    RIVALS,
    _inverse_columns,
    drawn,
    hide,
    line,
    load,
    measure,
    parabola,
    whittaker,
)
from models.training_set import TrainingSet
from tests.models.builders import wavy_series
from tests.products.forecasters import NDVI, forecaster

DAYS = np.array([0.0, 4, 9, 15, 16, 30, 33, 47, 52, 60])
ASKED = np.array([2.0, 20, 40])


def small_set(count: int = 6) -> TrainingSet:
    series = wavy_series(count)
    return TrainingSet(name="made_up", licence="made up", series=series, places=series.ids)


def test_a_fifth_of_the_dates_between_the_first_and_the_last_is_hidden_in_all_channels() -> None:
    source = small_set()
    hidden = hide(source)
    before, after = source.series.clear_count(), hidden.shown.clear_count()
    np.testing.assert_allclose((before - after) / before, 0.2, atol=0.02)
    np.testing.assert_array_equal(np.isfinite(hidden.truth).sum(axis=1), before - after)
    gone = np.isfinite(source.series.values[..., NDVI]) & ~np.isfinite(hidden.shown.values[..., NDVI])
    assert not np.isfinite(hidden.shown.values[gone]).any()
    for row in range(len(gone)):
        seen = np.flatnonzero(np.isfinite(source.series.values[row, :, NDVI]))
        assert not gone[row, seen[[0, -1]]].any()
        real = np.isfinite(hidden.truth[row])
        np.testing.assert_array_equal(hidden.days[row, real], source.series.days[row, gone[row]])
        np.testing.assert_array_equal(hidden.truth[row, real], source.series.values[row, gone[row], NDVI])
    np.testing.assert_array_equal(hide(source).days, hidden.days)


def test_windows_are_hidden_as_a_whole() -> None:
    source = small_set()
    hidden = hide(source, gap_days=60)
    for row, real in enumerate(np.isfinite(hidden.truth)):
        steps = np.diff(hidden.days[row, real])
        assert ((steps < 60) | (steps > 250)).all()
        assert real.sum() > 5
    shown = hidden.shown.values[..., NDVI]
    assert np.isfinite(shown).sum() + np.isfinite(hidden.truth).sum() == source.series.clear_count().sum()


def test_series_with_few_dates_are_left_out_and_draws_repeat() -> None:
    source = small_set(8)
    source.series.values[2, FEWEST:] = np.nan
    kept = drawn(source, 5)
    assert len(kept.series) == 5
    assert "s2" not in kept.series.ids
    assert drawn(source, 5).series.ids.tolist() == kept.series.ids.tolist()


def test_the_rivals_repeat_what_they_are_made_for() -> None:
    straight = 0.2 + 0.005 * DAYS
    for rival in (line, whittaker):
        estimate, residuals = rival(DAYS, straight, ASKED)
        np.testing.assert_allclose(estimate, 0.2 + 0.005 * ASKED, atol=1e-4)
        np.testing.assert_allclose(residuals, 0, atol=1e-4)
    curved = 0.3 + 0.01 * DAYS - 0.0001 * DAYS**2
    estimate, _ = parabola(DAYS, curved, ASKED)
    np.testing.assert_allclose(estimate, 0.3 + 0.01 * ASKED - 0.0001 * ASKED**2, atol=5e-3)


def test_whittaker_is_the_penalised_least_squares_fit_of_daily_values() -> None:
    at = DAYS.astype(int)
    weights = np.zeros(61)
    weights[at] = 1
    differences = np.diff(np.eye(61), n=2, axis=0)
    dense = np.linalg.inv(np.diag(weights) + 100 * differences.T @ differences)
    np.testing.assert_allclose(_inverse_columns(61, at, 100.0), dense[:, at], rtol=1e-6)


@pytest.mark.parametrize("rival", RIVALS)
def test_a_residual_is_what_the_estimate_without_the_date_misses(rival: str) -> None:
    ndvi = 0.5 + 0.2 * np.sin(DAYS / 9) + np.random.default_rng(4).normal(0, 0.03, len(DAYS))
    _, residuals = RIVALS[rival](DAYS, ndvi, ASKED)
    assert np.isfinite(residuals).all()
    if rival == "Whittaker":
        return  # the lambda is chosen anew without the date: the formula holds for one lambda
    without = np.delete(np.arange(len(DAYS)), 4)
    estimate, _ = RIVALS[rival](DAYS[without], ndvi[without], DAYS[4:5])
    number = 3 if rival == "line" else 4
    np.testing.assert_allclose(residuals[number], ndvi[4] - estimate[0], atol=1e-6)


def test_every_method_answers_every_hidden_date() -> None:
    hidden = hide(small_set())
    found = measure(hidden, forecaster())
    assert list(found) == ["gap-fill", "network alone", *RIVALS]
    for quantiles in found.values():
        assert quantiles.shape == (*hidden.days.shape, 5)
        assert np.isfinite(quantiles[np.isfinite(hidden.truth)]).all()
        assert (np.diff(quantiles, axis=-1) >= -1e-6).all()
    error = np.nanmean(np.abs(found["line"][..., 2] - hidden.truth))
    assert error < 0.04  # the noise of wavy_series is 0.015


def test_the_table_has_a_row_for_each_method_with_its_ratio_to_the_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gap_filling, "load", lambda name, data: small_set())
    monkeypatch.setattr(gap_filling, "find_checkpoint", lambda name, task, settings: forecaster())
    monkeypatch.setattr(sys, "argv", ["gap_filling", "--data", "nowhere", "--sets", "made_up", "--series", "4"])
    gap_filling.main()
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert "learned from by tiny-forecaster" in head
    assert [row.split(" | ")[4] for row in rows] == ["gap-fill", "network alone", *RIVALS]
    assert [row.split(" | ")[:2] for row in rows] == [["| made_up", "no"]] * 5
    assert rows[2].split(" | ")[7] == "1.0000 [1.0000, 1.0000]"
    assert "nan" not in "".join(rows)


@pytest.mark.real_data
def test_the_meadows_are_read_as_a_table_of_plots(real_data: Path) -> None:
    found = load(gap_filling.MEADOWS, real_data)
    assert len(found.series) > 150
    assert np.median(found.series.clear_count()) > 30

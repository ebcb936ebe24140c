"""Sampling, losses and the loop, on small seeded sets."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.bands import channel
from core.forecast import QUANTILES
from core.quantities import QUANTITIES, position
from core.timeline import YEAR_DAYS
from models.network.earthpt import SIZES, EarthPT
from models.network.queries import TERRAIN
from models.training_set import last_seen
from tests.models.builders import START, tiny_network, wavy_series
from tests.training.tiny_training import RUN, small_set
from training.optimise import learning_rate
from training.runs import RUNS, Run
from training.sampling import (
    _drifted,
    _quantity,
    _shuffle_years,
    altered_for_classes,
    forecast_batch,
    hindcast,
)
from training.train import MIN_OBSERVATIONS, forecast_loss, held_out_year, learnable, pinball, score, train

NDVI = channel("NDVI")
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def quick_run(monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setitem(SIZES, "tiny", tiny_network().config)
    return replace(RUN, name="quick", check_every=6)


def trained(run: Run, log: Path) -> EarthPT:
    return train(run, {"waves": small_set()}, log=log, progress=lambda share: None)[0]


def test_training_is_the_same_for_the_same_seed_and_another_for_another(quick_run: Run, tmp_path: Path) -> None:
    first, again = (trained(quick_run, tmp_path / n).state_dict() for n in ("a", "b"))
    other = trained(replace(quick_run, seed=1), tmp_path / "c").state_dict()
    assert all(torch.equal(first[k], again[k]) for k in first)
    assert any(not torch.equal(first[k], other[k]) for k in first)


def test_the_log_has_a_line_per_check(quick_run: Run, tmp_path: Path) -> None:
    trained(quick_run, tmp_path / "log.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [r["step"] for r in rows] == [6, 12]


def test_no_observation_of_the_held_out_period_is_learned_from(quick_run: Run) -> None:
    kept = small_set().before(START + 500)
    assert np.isfinite(kept.series.values[kept.series.days < START + 500]).any()
    assert not np.isfinite(kept.series.values[kept.series.days >= START + 500]).any()


def test_a_batch_asks_only_about_dates_after_its_history() -> None:
    rng = np.random.default_rng(0)
    batch = forecast_batch(rng, {"waves": small_set()}, {"waves": 1.0}, size=16, targets=5)
    known = np.isfinite(batch.truth)
    years_ahead = -batch.queries[..., 4]
    assert known.any()
    assert (years_ahead[known] >= 0).all()
    assert (years_ahead[known] < 165 / YEAR_DAYS).all()


def test_series_hardly_ever_seen_are_not_learned_from() -> None:
    source = small_set()
    source.series.values[3] = np.nan
    source.series.values[4, MIN_OBSERVATIONS - 1 :] = np.nan
    kept = learnable(source)
    assert set(source.series.ids) - set(kept.series.ids) == {"s3", "s4"}


def test_shuffled_years_keep_the_day_of_year_and_every_value() -> None:
    series = wavy_series(5, dates=160)
    issues = np.full(5, START + 1200, np.int32)
    days, values = _shuffle_years(np.random.default_rng(3), series.days, series.values, issues)
    assert (np.diff(days, axis=1) >= 0).all()
    for row in range(5):
        before, after = series.values[row, :, NDVI], values[row, :, NDVI]
        np.testing.assert_array_equal(np.sort(before[np.isfinite(before)]), np.sort(after[np.isfinite(after)]))
        of_year = np.sort(np.round(series.days[row] % YEAR_DAYS)), np.sort(np.round(days[row] % YEAR_DAYS))
        assert np.abs(of_year[0] - of_year[1]).max() <= 3
    assert not np.array_equal(days, series.days) or not np.array_equal(values[..., NDVI], series.values[..., NDVI])


def test_pinball_is_zero_where_all_quantiles_are_right_and_weighs_sides_as_defined() -> None:
    truth = torch.tensor([0.4, 0.4])
    quantiles = torch.tensor([[0.4] * 5, [0.3] * 5])
    np.testing.assert_allclose(pinball(quantiles, truth), [0.0, 0.1 * np.mean(QUANTILES)], atol=1e-7)


def test_unseen_targets_do_not_move_the_loss() -> None:
    series = wavy_series(4)
    issues = np.full(4, START + 600, np.int32)
    batch = hindcast(series, issues, (issues[:, None] + np.array([4, 8, 12, 16])).astype(np.int32))
    expected = forecast_loss(tiny_network(members=3), batch)
    more = {f: np.concatenate([getattr(batch, f)] * 2, axis=1) for f in ("queries", "base", "spread", "channels")}
    nothing = np.full_like(batch.truth, np.nan)
    doubled = replace(
        batch,
        **more,
        truth=np.concatenate([batch.truth, nothing], axis=1),
        has_channel=np.concatenate([batch.has_channel, np.ones_like(batch.has_channel)], axis=1),
    )
    torch.testing.assert_close(forecast_loss(tiny_network(members=3), doubled), expected)


def test_the_held_out_score_weighs_series_equally(quick_run: Run) -> None:
    batches = held_out_year(wavy_series(8, dates=160), quick_run)
    assert 0.001 < score(tiny_network(), batches) < 1


def test_altered_series_are_asked_about_after_most_of_a_year_or_at_the_moved_day_of_their_label() -> None:
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


def test_the_last_day_seen_is_that_of_the_last_observation() -> None:
    series = wavy_series(2)
    series.values[0, 50:] = np.nan
    series.values[0, 49, NDVI] = 0.5
    assert last_seen(series)[0] == series.days[0, 49]


def test_the_learning_rate_warms_up_and_falls_to_a_twentieth() -> None:
    run = RUNS["earthpt-small"]
    rates = [learning_rate(run, step) for step in range(1, run.steps + 1)]
    assert rates[0] < rates[run.warmup - 2] < run.learning_rate * 1.001
    assert rates[-1] == pytest.approx(run.learning_rate * 0.05, rel=1e-3)


@pytest.mark.parametrize("run", RUNS.values(), ids=lambda r: r.name)
def test_every_run_starts_from_something_that_is_made_by_a_run(run: Run) -> None:
    assert run.trunk in {"", *RUNS}
    assert run.holdout in run.mixture


def test_other_quantities_are_asked_of_series_that_show_them() -> None:
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

"""Sampling, losses and the loop, on small seeded sets."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.bands import channel
from core.forecast import QUANTILES
from models.network.earthpt import SIZES, EarthPT
from tests.models.builders import START, tiny_network, wavy_series
from tests.training.tiny_training import RUN, small_set
from training.optimise import learning_rate
from training.runs import RUNS, Run
from training.sampling import (
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


def test_of_heads_that_learn_side_by_side_some_are_kept(
    quick_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SIZES, "tiny", tiny_network(members=3).config)
    kept, whole = (trained(replace(quick_run, kept_heads=n), tmp_path / str(n)) for n in (1, 0))
    assert (kept.config.members, whole.config.members) == (1, 3)
    mine, others = kept.state_dict(), whole.state_dict()
    assert all(torch.equal(mine[k], others[k][:1] if k.startswith("to_quantiles.") else others[k]) for k in mine)


def test_the_log_has_a_line_per_check(quick_run: Run, tmp_path: Path) -> None:
    trained(quick_run, tmp_path / "log.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [r["step"] for r in rows] == [6, 12]


def test_series_hardly_ever_seen_are_not_learned_from() -> None:
    source = small_set()
    source.series.values[3] = np.nan
    source.series.values[4, MIN_OBSERVATIONS - 1 :] = np.nan
    kept = learnable(source)
    assert set(source.series.ids) - set(kept.series.ids) == {"s3", "s4"}


def test_pinball_is_zero_where_all_quantiles_are_right_and_weighs_sides_as_defined() -> None:
    truth = torch.tensor([0.4, 0.4])
    quantiles = torch.tensor([[0.4] * 5, [0.3] * 5])
    np.testing.assert_allclose(pinball(quantiles, truth), [0.0, 0.1 * np.mean(QUANTILES)], atol=1e-7)


def test_unseen_targets_do_not_move_the_loss() -> None:
    series = wavy_series(4)
    issues = np.full(4, START + 600, np.int32)
    batch = hindcast(series, issues, (issues[:, None] + np.array([4, 8, 12, 16])).astype(np.int32))
    expected = forecast_loss(tiny_network(members=3), batch)
    more = {f: np.concatenate([getattr(batch, f)] * 2, axis=1) for f in ("queries", "base", "unit", "channels")}
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


def test_the_learning_rate_warms_up_and_falls_to_a_twentieth() -> None:
    run = RUNS["ndvi-small"]
    rates = [learning_rate(run, step) for step in range(1, run.steps + 1)]
    assert rates[0] < rates[run.warmup - 2] < run.learning_rate * 1.001
    assert rates[-1] == pytest.approx(run.learning_rate * 0.05, rel=1e-3)

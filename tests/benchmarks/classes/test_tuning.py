"""The benchmark of layers and tuning, on a tiny trunk and a few series."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.classes.tuning import (
    FORMS,
    REFERENCE,
    Form,
    Key,
    macro_f1,
    measure_missing,
    read_log,
    recipe,
    report,
    trunk_of,
)
from tests.models.builders import tiny_network
from tests.training.tiny_training import small_set
from training.class_examples import Pool, make_pool
from training.folds import folds_by_hash

SET = "worldcereal_points"
RUN = replace(recipe("crop", 4, 8), months=12, members=2, copies=1, warmup=1, mixture={SET: 1.0})
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def pool() -> Pool:
    """Eighty series of two classes that their level tells apart, under the name of the set that judges crop."""
    source = small_set(SET, count=80)
    source.labels["crop"][:] = np.arange(80) >= 40
    return make_pool({SET: source}, RUN.mixture, "crop", months=RUN.months, copies=RUN.copies, seed=0)


def keys(*forms: str) -> list[Key]:
    return [
        Key(task="crop", form=form, fold=fold, seed=0, steps=RUN.steps, batch=RUN.batch)
        for fold in (0, 1)
        for form in forms
    ]


def test_a_log_that_was_cut_off_is_gone_on_with_and_ends_in_a_table(pool: Pool, tmp_path: Path) -> None:
    log, trunk = tmp_path / "rows.jsonl", tiny_network()
    measure_missing(keys(*FORMS)[:-1], RUN, trunk, pool, log)
    first = log.read_text()
    assert "folds 0 of 5" in report(read_log(log))
    measure_missing(keys(*FORMS), RUN, trunk, pool, log)
    assert log.read_text().startswith(first)
    assert len(read_log(log)) == 2 * len(FORMS)
    text = report(read_log(log))
    asked = pool.take((folds_by_hash(pool.places) < 2) & (pool.copy == 0))
    assert f"{len(asked)} in {len(np.unique(asked.places))} places" in text
    assert [line.split(" | ")[0].removeprefix("| ") for line in text.splitlines()[4:]] == list(FORMS)
    assert "nan" not in text


def test_short_histories_are_judged_on_cut_copies_alone(tmp_path: Path) -> None:
    source = small_set(SET, count=80)
    source.labels["crop"][:] = np.arange(80) >= 40
    rows = make_pool({SET: source}, RUN.mixture, "crop", months=RUN.months, copies=RUN.copies, seed=0, cuts=2)
    log = tmp_path / "rows.jsonl"
    wanted = [replace(key, histories="short") for key in keys(REFERENCE)]
    measure_missing(wanted, RUN, tiny_network(), rows, log)
    cut = rows.take((folds_by_hash(rows.places) == 0) & (rows.copy == RUN.copies + 1))
    assert read_log(log)[0]["labels"] == cut.labels.tolist()
    assert "seed 0, short histories" in report(read_log(log))


def test_a_frozen_trunk_of_zeros_says_nothing_and_a_random_one_does_not_hang_on_the_forecaster() -> None:
    blank, random = (trunk_of(Form(trunk=trunk), tiny_network(), 0) for trunk in ("blank", "random"))  # type: ignore[arg-type]
    assert not any(parameter.any() for parameter in blank.parameters())
    other = trunk_of(Form(trunk="random"), tiny_network(seed=4), 0)
    assert all(torch.equal(mine, yours) for mine, yours in zip(random.parameters(), other.parameters(), strict=True))
    assert not torch.equal(random.token.inner.weight, tiny_network().token.inner.weight)


def test_differences_are_of_the_same_rows_and_the_same_draws(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = 60
    logits = rng.normal(size=(rows, 2)).round(3)
    facts = {
        "sets": [SET] * rows,
        "places": [f"place{i // 2}" for i in range(rows)],
        "labels": (np.arange(rows) % 2).tolist(),
        "seconds_per_step": 0.1,
    }
    lines = [
        {"task": "crop", "form": form, "fold": 0, "seed": 0, "steps": 1, "batch": 1, "logits": said.tolist(), **facts}
        for form, said in ((REFERENCE, logits), ("middle layer, heads", 2 * logits))
    ]
    text = report([json.loads(json.dumps(line)) for line in lines])
    assert "+0.000 [+0.000, +0.000]" in text.splitlines()[-1]


def test_macro_f1_is_that_of_the_rows_that_are_drawn() -> None:
    labels, said = np.array([0, 0, 1, 2]), np.eye(3)[[0, 1, 1, 0]]
    assert macro_f1(labels, said, np.ones(4)) == pytest.approx((0.5 + 2 / 3 + 0) / 3)
    assert macro_f1(labels, said, np.array([1.0, 0, 2, 0])) == 1.0

"""Tasks of a known family: in each, one of some directions tells the classes, with a sign of its own."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.classes.meta_learning import (
    Episodes,
    Task,
    adapt,
    as_task,
    begin_in,
    meta_learn,
    meta_learn_conditioned,
    settle,
    tasks_of,
)
from benchmarks.classes.similar_climate import CLIMATE
from core.errors import InvalidOption
from models.network.class_features import CLASS_FEATURES
from models.network.heads import Heads
from tests.benchmarks.classes.test_similar_climate import COLD, WARM, pool_of
from tests.models.builders import TINY

FEATURES, SIGNAL = 24, 3
HOW = Episodes(steps=120, shots=6, inner_rate=0.2, inner_steps=3, learning_rate=5e-3)
pytestmark = pytest.mark.usefixtures("one_thread")


def fresh_heads(features: int = FEATURES) -> Heads:
    torch.manual_seed(1)
    return Heads(members=2, features=features, width=16, out=2, dropout=0.4, out_std=1e-2).eval()


def family(
    count: int, *, seed: int, gap: float = 1.2, climate_tells: Callable[[float], float] = lambda _sign: 0.0
) -> list[Task]:
    rng = np.random.default_rng(seed)
    tasks = []
    for number in range(count):
        labels, sign = np.arange(40) % 2, float(number % 2 * 2 - 1)
        rows = rng.normal(0, 1, (40, FEATURES)).astype(np.float32)
        rows[:, SIGNAL] += (gap * sign * (2 * labels - 1)).astype(np.float32)
        climate = torch.full((CLIMATE,), climate_tells(sign))
        tasks.append(Task(rows=torch.from_numpy(rows), labels=torch.from_numpy(labels), climate=climate))
    return tasks


def accuracy_after_a_few_steps(heads: Heads, how: Episodes) -> float:
    found = []
    for task in family(8, seed=9):
        few = torch.arange(8)
        heads.load_state_dict(kept := {n: p.clone() for n, p in heads.state_dict().items()})
        adapted = adapt(heads, dict(heads.named_parameters()), task.rows[few], task.labels[few], how)
        heads.load_state_dict(adapted)
        called = heads(task.rows[8:]).mean(0).argmax(-1)
        found.append(float((called == task.labels[8:]).float().mean()))
        heads.load_state_dict(kept)
    return float(np.mean(found))


@pytest.mark.parametrize("method", ["fomaml", "anil"])
def test_meta_learned_heads_lead_further_in_the_same_steps_than_random_ones(method: str) -> None:
    how, heads = replace(HOW, method=method), fresh_heads()
    before = accuracy_after_a_few_steps(heads, how)
    meta_learn(heads, family(12, seed=0), how)
    assert accuracy_after_a_few_steps(heads, how) > before + 0.05


def test_meta_learning_is_the_same_for_the_same_seed_and_leaves_the_generator_alone() -> None:
    def learned(seed: int) -> dict[str, torch.Tensor]:
        heads = fresh_heads()
        meta_learn(heads, family(4, seed=0), replace(HOW, steps=5, seed=seed))
        return heads.state_dict()

    first, again, other = learned(0), learned(0), learned(2)
    assert all(torch.equal(first[n], again[n]) for n in first)
    assert any(not torch.equal(first[n], other[n]) for n in first)
    fresh_heads()
    expected = torch.rand(1)
    learned(0)
    assert torch.equal(torch.rand(1), expected)


def test_anil_moves_the_last_layer_alone_in_the_inner_loop() -> None:
    heads, task = fresh_heads(), family(1, seed=0)[0]
    start = dict(heads.named_parameters())
    for method, moved in (("anil", {"leave.weight", "leave.bias"}), ("fomaml", set(start))):
        found = adapt(heads, start, task.rows, task.labels, replace(HOW, method=method))
        assert {n for n in found if not torch.equal(found[n], start[n])} == moved


def test_the_inner_loop_leaves_the_first_weights_as_they_were() -> None:
    heads, task = fresh_heads(), family(1, seed=0)[0]
    before = {n: p.clone() for n, p in heads.state_dict().items()}
    adapt(heads, dict(heads.named_parameters()), task.rows, task.labels, HOW)
    assert all(torch.equal(p, before[n]) for n, p in heads.state_dict().items())


def test_a_climate_that_tells_the_task_is_used_before_any_label_is_seen() -> None:
    heads = fresh_heads(2 * CLASS_FEATURES + 2 * TINY.width)
    width = heads.enter.weight.shape[1]
    tasks = [
        replace(t, rows=torch.nn.functional.pad(t.rows, (0, width - FEATURES)))
        for t in family(8, seed=0, gap=2.5, climate_tells=lambda sign: WARM if sign > 0 else COLD)
    ]
    conditioning = meta_learn_conditioned(heads, tasks, replace(HOW, inner_steps=0, steps=100))
    kept = {n: p.clone() for n, p in heads.state_dict().items()}
    for temperature, task in ((COLD, tasks[0]), (WARM, tasks[1])):
        heads.load_state_dict(kept)
        region = pool_of([temperature], ["t"], [0])
        region.queries[..., :CLASS_FEATURES] = temperature
        begin_in(heads, conditioning, region)
        assert float((heads(task.rows).mean(0).argmax(-1) == task.labels).float().mean()) > 0.9


def test_places_with_labels_of_two_classes_are_tasks_and_the_others_are_one() -> None:
    places = ["a"] * 4 + ["b"] * 2 + ["c"] * 2 + ["d"] * 2
    pool = pool_of(list(np.linspace(0, 0.9, 10)), places, [0, 0, 1, 1, 0, 0, 1, 1, -2, 0])
    found = tasks_of(pool, torch.arange(20.0).reshape(10, 2), least=2)
    assert [t.labels.tolist() for t in found] == [[0, 0, 1, 1], [0, 0, 1, 1, 0]]
    np.testing.assert_array_equal(found[1].rows[:, -2], [8, 10, 12, 14, 18])
    np.testing.assert_allclose(found[0].climate[::2], np.mean([0, 0.1, 0.2, 0.3]), rtol=1e-6)


def test_copies_and_classes_seen_too_seldom_are_in_no_task() -> None:
    pool = pool_of([0.0] * 7, ["a"] * 7, [0, 0, 1, 1, 2, 0, 1])
    pool.copy[5:] = 1
    assert [t.labels.tolist() for t in tasks_of(pool, torch.zeros(7, 2), least=2)] == [[0, 0, 1, 1]]


def test_settling_is_the_inner_loop_on_all_rows_with_rarer_classes_repeated() -> None:
    heads, task = fresh_heads(), family(1, seed=0)[0]
    rows = [0, 2, 4, 1]
    few = replace(task, rows=task.rows[rows], labels=task.labels[rows])
    again = [0, 2, 4, 1, 1, 1]
    expected = adapt(heads, dict(heads.named_parameters()), task.rows[again], task.labels[again], HOW)
    settle(heads, few, HOW, steps=HOW.inner_steps)
    assert all(torch.equal(p, expected[n]) for n, p in heads.state_dict().items())


def test_a_pool_as_one_task_has_its_labelled_rows_as_they_are() -> None:
    pool = pool_of([0.0] * 4, ["a", "b", "c", "d"], [1, -2, 0, 1])
    pool.copy[3] = 1
    assert as_task(pool, torch.zeros(4, 2)).labels.tolist() == [1, 0]


def test_fewer_than_two_tasks_are_refused() -> None:
    with pytest.raises(InvalidOption, match="tasks"):
        meta_learn(fresh_heads(), family(1, seed=0), HOW)

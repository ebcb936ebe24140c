"""Meta-learning: class heads from which a few steps on a few labels lead far. Learns from tasks; reads no files.

First-order MAML (Finn et al. 2017, arXiv 1703.03400, section 5.2: the gradient at the adapted weights is taken for
that at the first ones), ANIL (Raghu et al. 2020, arXiv 1909.09157: the inner loop moves the last layer alone), and
conditioning on what is known of a task without its labels (TIML, Tseng et al. 2022, arXiv 2202.02124; here its
climate, by FiLM, Perez et al. 2018, arXiv 1709.07871, of the first layer alone). The trunk is frozen. None of
them is better than plain training (docs/explanation/few-labels.md), so the product has none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call

from benchmarks.classes.similar_climate import CLIMATE, climate
from core.errors import InvalidOption
from models.network.heads import Heads
from training.class_examples import Pool

Parameters = Mapping[str, Tensor]
LAST = "leave."
"""Beginning of the names of the last layer's parameters."""


@dataclass(frozen=True, kw_only=True)
class Episodes:
    """How tasks are learned from."""

    method: Literal["fomaml", "anil"] = "fomaml"
    steps: int = 200
    """Of the outer loop."""
    tasks: int = 4
    """Of one outer step."""
    shots: int = 8
    """Support rows of each class, and as many query rows; rows of a small task are drawn more than once."""
    inner_steps: int = 4
    inner_rate: float = 0.05
    """Of plain gradient descent. Heads that were learned with 0.2 were lost after a few steps more (few-labels.md)."""
    learning_rate: float = 1e-3
    """Of the outer loop (AdamW, cosine)."""
    seed: int = 0


EPISODES = {"fomaml": Episodes(), "anil": Episodes(method="anil", inner_rate=0.2)}
"""By the names of the methods."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """Labelled rows of one place."""

    rows: Tensor = field(repr=False)
    """(N, F) what the heads read: queries, then states."""
    labels: Tensor = field(repr=False)
    """(N,) class code."""
    climate: Tensor = field(repr=False)
    """(CLIMATE,) means over its rows; 0 where unknown."""


class Conditioning(nn.Module):
    """What a task's climate makes of the first layer: a scale and a shift of each unit, none at first."""

    def __init__(self, width: int, hidden: int = 16) -> None:
        super().__init__()
        self.enter, self.leave = nn.Linear(CLIMATE, hidden), nn.Linear(hidden, 2 * width)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, parameters: Parameters, climate: Tensor) -> dict[str, Tensor]:
        """Return parameters of heads whose first layer is scaled and shifted, so that they need no climate."""
        scale, shift = self.leave(F.gelu(self.enter(climate))).chunk(2)  # (W,)
        weight, bias = parameters["enter.weight"] * (1 + scale), parameters["enter.bias"] * (1 + scale) + shift
        return {**parameters, "enter.weight": weight, "enter.bias": bias}


def tasks_of(pool: Pool, states: Tensor, *, least: int = 4) -> list[Task]:
    """Divide a pool into tasks: a place with enough labels of two classes or more, and the other places of each set.

    Args:
        pool: rows of which those as they are are taken; altered copies would show a support row again as a query.
        states: (P, 2 D) of the trunk.
        least: rows that a class needs to count, 2 or more.
    """
    plain = np.flatnonzero((pool.copy == 0) & (pool.labels >= 0))
    places, labels, sets = pool.places[plain], pool.labels[plain], pool.sets[plain]
    is_task = {p: len(_classes(labels[places == p], least)) >= 2 for p in np.unique(places)}
    names = np.array([f"place {p}" if is_task[p] else f"set {s}" for p, s in zip(places, sets, strict=True)])
    seen = np.nan_to_num(climate(pool))
    found = []
    for name in np.unique(names):
        rows = plain[names == name]
        rows = rows[np.isin(pool.labels[rows], _classes(pool.labels[rows], least))]
        if len(np.unique(pool.labels[rows])) >= 2:
            found.append(_task(pool, states, seen, rows))
    return found


def as_task(pool: Pool, states: Tensor) -> Task:
    """Return all labelled rows of a pool, as they are, as one task."""
    rows = np.flatnonzero((pool.copy == 0) & (pool.labels >= 0))
    return _task(pool, states, np.nan_to_num(climate(pool)), rows)


def meta_learn(heads: Heads, tasks: Sequence[Task], how: Episodes) -> None:
    """Learn heads, in place, to begin with.

    Raises:
        InvalidOption: there are fewer than two tasks.
    """
    _learn(heads, tasks, how, None)


def meta_learn_conditioned(heads: Heads, tasks: Sequence[Task], how: Episodes) -> Conditioning:
    """Learn heads, in place, and what a climate makes of them; `begin_in` then gives the heads of a region.

    Raises:
        InvalidOption: there are fewer than two tasks.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(how.seed)
        conditioning = Conditioning(heads.width)
    _learn(heads, tasks, how, conditioning)
    return conditioning


def begin_in(heads: Heads, conditioning: Conditioning, region: Pool) -> None:
    """Turn conditioned heads, in place, into plain ones for the climate of a region's rows."""
    with torch.no_grad():
        where = torch.from_numpy(np.nan_to_num(climate(region)).mean(axis=0))
        heads.load_state_dict(conditioning(dict(heads.named_parameters()), where))


def adapt(heads: Heads, start: Parameters, rows: Tensor, labels: Tensor, how: Episodes) -> dict[str, Tensor]:
    """Take the steps of the inner loop on a task's support rows; return the parameters that they lead to."""
    now = {name: value.detach().requires_grad_() for name, value in start.items()}
    moved = [name for name in now if how.method == "fomaml" or name.startswith(LAST)]
    for _ in range(how.inner_steps):
        found = torch.autograd.grad(_loss(heads, now, rows, labels), [now[name] for name in moved])
        stepped = {n: (now[n] - how.inner_rate * g).detach() for n, g in zip(moved, found, strict=True)}
        now |= {name: value.requires_grad_() for name, value in stepped.items()}
    return now


def settle(heads: Heads, task: Task, how: Episodes, *, steps: int) -> None:
    """Move heads, in place, by steps of the inner loop on all rows of a task, those of rarer classes repeated."""
    labels = task.labels.numpy()
    most = int(np.bincount(labels).max())
    rows = np.concatenate([np.resize(np.flatnonzero(labels == k), most) for k in np.unique(labels)])
    start, how = dict(heads.named_parameters()), replace(how, inner_steps=steps)
    heads.load_state_dict(adapt(heads, start, task.rows[rows], task.labels[rows], how))


def _learn(heads: Heads, tasks: Sequence[Task], how: Episodes, conditioning: Conditioning | None) -> None:
    if len(tasks) < 2:
        raise InvalidOption(
            "meta", how.method, f"places with labels of two classes make up {len(tasks)} tasks, and 2 are needed"
        )
    learned = [*heads.parameters(), *(conditioning.parameters() if conditioning else ())]
    optimiser = torch.optim.AdamW(learned, lr=how.learning_rate, weight_decay=0.1)
    rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, how.steps, how.learning_rate / 20)
    rng = np.random.default_rng(how.seed)
    heads.train()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(how.seed)
        for _ in range(how.steps):
            optimiser.zero_grad(set_to_none=True)
            for number in rng.integers(0, len(tasks), how.tasks):
                _add_gradient(heads, tasks[number], how, conditioning, rng)
            nn.utils.clip_grad_norm_(learned, 5.0)
            optimiser.step()
            rates.step()
    heads.eval()


def _add_gradient(
    heads: Heads, task: Task, how: Episodes, conditioning: Conditioning | None, rng: np.random.Generator
) -> None:
    """Add to the parameters' gradients that of the loss on query rows at the weights adapted to support rows."""
    first: dict[str, Tensor] = dict(heads.named_parameters())
    start = conditioning(first, task.climate) if conditioning else first
    support, query = _episode(task.labels.numpy(), how.shots, rng)
    ended = adapt(heads, start, task.rows[support], task.labels[support], how)
    found = torch.autograd.grad(_loss(heads, ended, task.rows[query], task.labels[query]), list(ended.values()))
    torch.autograd.backward([start[name] for name in ended], [g / how.tasks for g in found])


def _loss(heads: Heads, parameters: Parameters, rows: Tensor, labels: Tensor) -> Tensor:
    """Return the cross-entropy of each head, added over heads, so that each learns as if it were alone."""
    logits: Tensor = functional_call(heads, dict(parameters), (rows,))  # (M, B, K)
    one = F.cross_entropy(logits.flatten(0, 1), labels.repeat(len(logits)), reduction="sum")
    return one / len(labels)


def _episode(labels: NDArray[np.int64], shots: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Return support and query rows of a task, of each class the same number, no row in both."""
    support, query = [], []
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        half = min(shots, len(rows) // 2)
        support.append(np.resize(rows[:half], shots))
        query.append(np.resize(rows[half : half + shots], shots))
    return torch.from_numpy(np.concatenate(support)), torch.from_numpy(np.concatenate(query))


def _classes(labels: NDArray[np.int64], least: int) -> NDArray[np.int64]:
    """Return the labels that occur often enough."""
    code, count = np.unique(labels, return_counts=True)
    return code[count >= least]


def _task(pool: Pool, states: Tensor, seen: NDArray[np.float32], rows: NDArray[np.int64]) -> Task:
    read = torch.cat([torch.from_numpy(pool.queries[rows, 0]), states[rows]], dim=-1)
    where = torch.from_numpy(seen[rows].mean(axis=0))
    return Task(rows=read, labels=torch.from_numpy(pool.labels[rows]), climate=where)

"""Fine-tuning: class heads and trees beside them, from labelled series, on features and on a forecaster's trunk.

By default heads read features alone and the trunk, which the area of applicability needs, stays as it is. `run.layer`
lets heads read its states, `run.tune` opens it, as a whole or by low-rank changes of its attention (Hu et al. 2021,
arXiv 2106.09685).
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils import parametrize

from core.bands import Floats
from core.progress import Progress
from models.metrics.class_scores import allowed_classes
from models.network.class_features import NDVI_FEATURES
from models.network.class_network import ClassConfig, ClassNetwork, Grown, tree_inputs
from models.network.earthpt import EarthPT
from models.network.tree_inputs import ALONE, LONG, SHORT
from models.network.trees import ALTERED, AS_THEY_ARE, FURTHER, NDVI_ALONE, counted, grow, predict_trees, summed
from training.class_examples import Pool
from training.distributed import new_generator
from training.optimise import optimise
from training.resume import ResumeFile
from training.runs import Run

TREE_SHARE = 0.85
"""Weight of the trees' logits; the heads alone are the weaker half (docs/decisions/0009)."""
MIX = 0.4
"""Parameter of the Beta distribution that pairs of rows are mixed by (Zhang et al. 2018, arXiv 1710.09412)."""
NOISE = 0.1
HEADS_SHARE = 0.5
"""Part of the progress that training the heads is counted as, where trees are grown after them."""
ALTERED_ROUNDS = 2
"""Rounds on altered copies too, for each round on series as they are: more rows have more to teach."""
ALONE_ROUNDS = 2
"""So many times fewer rounds on NDVI alone: it has few features."""
SETTLING = 60
"""Rounds of the trees that choose a class for rows that are known only not to be of another."""
RANK = 8
"""Of low-rank changes."""
ENTRY = "enter.weight"
"""Of heads, (M, F, W): which inputs they read."""
BATCH = 512


def finetune(
    run: Run,
    trunk: EarthPT,
    pool: Pool,
    *,
    log: Path,
    progress: Progress,
    resume: ResumeFile | None = None,
    start: ClassNetwork | None = None,
) -> ClassNetwork:
    """Fit class heads on all rows of a pool, and trees where the run has some.

    Args:
        pool: rows to learn from, and no others.
        start: heads and trees to begin with, of the same classes; None = random heads and no trees.
    """
    torch.manual_seed(run.seed)
    network = new_network(run, trunk)
    if start is not None:
        network.heads.load_state_dict(_heads_of(start, network))
    opened = _open(network, run.tune)
    draw = _Draw(network, pool, is_frozen=run.tune == "heads")

    network, _ = optimise(
        network,
        run,
        rng=new_generator(run.seed),
        loss=lambda called, dice: draw.loss(called, dice, run.batch, run.members),
        score=lambda _network: 0.0,
        log=log,
        progress=lambda share: progress(share * (HEADS_SHARE if run.trees else 1.0)),
        resume=resume,
    )
    _close(opened)
    if start is not None and start.config.trees[0]:
        network = with_further_trees(network, run, pool, start)
    elif run.trees:
        network = with_trees(network, run, pool)
    progress(1.0)
    return network


def new_network(run: Run, trunk: EarthPT) -> ClassNetwork:
    """Return a class network with the trunk's weights and fresh heads."""
    config = ClassConfig(classes=len(run.classes), trunk=trunk.config, layer=run.layer, members=run.members)
    network = ClassNetwork(config)
    network.trunk.load_state_dict(trunk.state_dict())
    return network


def _heads_of(start: ClassNetwork, network: ClassNetwork) -> dict[str, Tensor]:
    """Return the heads of another network; states that they did not read, and now will, have no weight at first."""
    heads = start.heads.state_dict()
    more = network.heads.state_dict()[ENTRY].shape[1] - heads[ENTRY].shape[1]
    return {**heads, ENTRY: F.pad(heads[ENTRY], (0, 0, 0, more))}


def with_trees(network: ClassNetwork, run: Run, pool: Pool) -> ClassNetwork:
    """Return a network with trees grown on the pool.

    One boosting learns from the series as they are, one from their altered copies too; their logits are averaged, but
    for short histories, which the first has not learned from.
    Series that show NDVI alone have trees of their own: among hundreds of features its few would hardly be chosen.
    """
    features = pool.features
    index = np.full_like(features, np.nan)
    index[:, NDVI_FEATURES] = features[:, NDVI_FEATURES]
    labels, everything = _settled(run, pool, features), np.ones(len(pool), bool)
    boostings = [
        (pool.copy == 0, features, AS_THEY_ARE, run.trees),
        (everything, features, ALTERED, ALTERED_ROUNDS * run.trees),
        (everything, index, NDVI_ALONE, max(1, run.trees // ALONE_ROUNDS)),
    ]
    as_they_are, altered, alone = (
        grow(seen[rows], labels[rows], pool.weight[rows], how, len(run.classes), rounds, seed=run.seed + number)
        for number, (rows, seen, how, rounds) in enumerate(boostings)
    )
    groups = (
        counted(as_they_are, {LONG: 0.5}),
        counted(altered, {LONG: 0.5, SHORT: 1.0}),
        counted(alone, {ALONE: 1.0}),
    )
    return _with_trees(network, summed(groups))


def with_further_trees(network: ClassNetwork, run: Run, pool: Pool, start: ClassNetwork) -> ClassNetwork:
    """Return a network with the trees of another, and with further ones grown on the pool from their logits."""
    kept = Grown(**{name: value.numpy() for name, value in start.trees.state_dict().items()})
    if not run.trees:
        return _with_trees(network, kept)
    features = pool.features
    labels, logits = _settled(run, pool, features), _tree_logits(start, pool)
    further = grow(features, labels, pool.weight, FURTHER, len(run.classes), run.trees, seed=run.seed, start=logits)
    return _with_trees(network, summed([kept, further]))


def _tree_logits(network: ClassNetwork, pool: Pool) -> Floats:
    """Return (P, K) logits of a network's trees."""
    parts = []
    with torch.inference_mode():
        for first in range(0, len(pool), BATCH):
            queries = torch.from_numpy(pool.queries[first : first + BATCH, 0])
            parts.append(network.trees(tree_inputs(queries)).numpy())
    return np.concatenate(parts)


def _settled(run: Run, pool: Pool, features: Floats) -> NDArray[np.int64]:
    """Return (P,) classes: rows known only not to be of one take the best other, by trees on the other rows."""
    is_named = pool.labels >= 0
    if is_named.all():
        return pool.labels
    rows = is_named & (pool.copy == 0)
    grown = grow(
        features[rows], pool.labels[rows], pool.weight[rows], AS_THEY_ARE, len(run.classes), SETTLING, seed=run.seed
    )
    settled = pool.labels.copy()
    settled[~is_named] = _best_allowed(predict_trees(grown, features[~is_named]), pool.labels[~is_named])
    return settled


def logits_of(network: ClassNetwork, pool: Pool) -> Floats:
    """Return (P, K) logits of all rows."""
    parts = []
    with torch.inference_mode():
        for first in range(0, len(pool), BATCH):
            rows = slice(first, first + BATCH)
            inputs = (torch.from_numpy(a[rows]) for a in (pool.tokens, pool.is_padding, pool.queries))
            parts.append(network.classify(*inputs).numpy())
    return np.concatenate(parts)


class _Draw:
    """Batches of a pool, each head's own: rows mixed in pairs, with noise. Of a frozen trunk, states are read once."""

    def __init__(self, network: ClassNetwork, pool: Pool, *, is_frozen: bool) -> None:
        self._chance = np.cumsum(pool.weight / pool.weight.sum())
        self._tokens, self._padding = torch.from_numpy(pool.tokens), torch.from_numpy(pool.is_padding)
        self._queries = torch.from_numpy(pool.queries[:, 0])
        self._allowed = torch.from_numpy(allowed_classes(pool.labels, network.config.classes))
        has_states = is_frozen and network.config.has_heads_on_states
        self._states = _states(network, pool) if has_states else None

    def loss(self, network: ClassNetwork, rng: np.random.Generator, size: int, members: int) -> Tensor:
        """Return minus the log of what the allowed classes are given, in the mix's proportions, added over heads."""
        drawn = np.searchsorted(self._chance, rng.random((members, size)))
        rows = torch.from_numpy(drawn.clip(max=len(self._chance) - 1))
        permutation = rng.permutation(size)
        other = rows[:, torch.from_numpy(permutation)]
        share = torch.from_numpy(_shares(rng, members, size))  # (M, B, 1)
        read, order = self._read(network, rows), torch.from_numpy(permutation)
        states = share * read + (1 - share) * read[:, order]
        queries = share * self._queries[rows] + (1 - share) * self._queries[other]
        values, flags = queries.chunk(2, dim=-1)
        noise = torch.from_numpy(rng.normal(0, NOISE, values.shape).astype(np.float32))
        logits = network.head_logits(states, torch.cat([values + noise * flags, flags], dim=-1))  # (M, B, K)
        given = F.log_softmax(logits, dim=-1)
        one, two = (_allowed_loss(given, self._allowed[which]) for which in (rows, other))
        return (share[..., 0] * one + (1 - share[..., 0]) * two).mean(1).sum()

    def _read(self, network: ClassNetwork, rows: Tensor) -> Tensor:
        """Return (M, B, 2 D) states, (M, B, 0) if heads read none."""
        if not network.config.has_heads_on_states:
            return self._queries.new_zeros(*rows.shape, 0)
        if self._states is not None:
            return self._states[rows]
        flat = rows.reshape(-1)
        return network.read(self._tokens[flat], self._padding[flat]).reshape(*rows.shape, -1)


def _shares(rng: np.random.Generator, members: int, size: int) -> NDArray[np.float32]:
    """Return (M, B, 1) how much of each row is in a mix, at least a half."""
    drawn = rng.beta(MIX, MIX, (members, size, 1))
    return np.maximum(drawn, 1 - drawn).astype(np.float32)


def _allowed_loss(given: Tensor, allowed: Tensor) -> Tensor:
    """Return (M, B) minus the log of the probability of the allowed classes."""
    return -torch.logsumexp(given.masked_fill(~allowed, -1e9), dim=-1)


def _states(network: ClassNetwork, pool: Pool) -> Tensor:
    """Return (P, 2 D) states of a frozen trunk, its dropout off: as maps will read them."""
    was_training = network.training
    network.eval()
    parts = []
    with torch.no_grad():
        for first in range(0, len(pool), BATCH):
            rows = slice(first, first + BATCH)
            parts.append(network.read(torch.from_numpy(pool.tokens[rows]), torch.from_numpy(pool.is_padding[rows])))
    network.train(was_training)
    return torch.cat(parts)


def _best_allowed(logits: Floats, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    allowed = allowed_classes(labels, logits.shape[1])
    return np.asarray(np.where(allowed, logits, -np.inf).argmax(axis=1), np.int64)


def _with_trees(network: ClassNetwork, grown: Grown) -> ClassNetwork:
    """Return the network with trees."""
    rows, splits = grown.feature.shape
    config = ClassConfig(**{**vars(network.config), "trees": (rows, splits, grown.depth.shape[1])})
    complete = ClassNetwork(config)
    state = {**network.state_dict(), "tree_share": torch.tensor(TREE_SHARE)}
    state |= {f"trees.{name}": torch.from_numpy(value) for name, value in vars(grown).items()}
    complete.load_state_dict(state)
    return complete.eval()


class _LowRank(nn.Module):
    """W + A B: what is learned of a frozen weight."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.down = nn.Parameter(torch.randn(RANK, weight.shape[1]) / weight.shape[1] ** 0.5)
        self.up = nn.Parameter(torch.zeros(weight.shape[0], RANK))

    def forward(self, weight: Tensor) -> Tensor:
        """(out, in) -> (out, in)."""
        return weight + self.up @ self.down


def _open(network: ClassNetwork, tune: str) -> list[nn.Module]:
    """Let the trunk learn: not at all, by low rank, or as a whole; return what holds low-rank changes."""
    for parameter in network.trunk.parameters():
        parameter.requires_grad_(tune == "all")
    if tune != "low-rank":
        return []
    opened: list[nn.Module] = [block.get_submodule("to_qkv") for block in network.trunk.blocks]
    for layer in opened:
        parametrize.register_parametrization(layer, "weight", _LowRank(layer.get_parameter("weight")))
    return opened


def _close(opened: list[nn.Module]) -> None:
    """Add low-rank changes to the weights that they change."""
    for layer in opened:
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)

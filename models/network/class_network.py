"""ClassNetwork: the trunk of a forecaster with class heads, and trees beside them. Reads no files, fits nothing.

After Dargana (Smith et al. 2025, arXiv 2504.17321), a pixel's class at a date is read from the states that EarthPT has
there. Here the heads read features of the months (class_features.py), and states beside them only where a run asks for
it, as they were found to add nothing (docs/decisions/0014). The logits of gradient-boosted trees on the same features
are averaged with those of the heads. The area of applicability is one of states, whatever the heads read.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.network.class_features import BESIDE_NDVI, CLASS_FEATURES, NDVI_MONTHS
from models.network.earthpt import EarthPT, EarthPTConfig, attention_mask
from models.network.heads import Heads
from models.network.tree_inputs import ABSENT, KINDS, MOST_OF_A_YEAR
from models.registry import CLASS_FORM, TrunkLayer


@dataclass(frozen=True, kw_only=True)
class ClassConfig:
    """Size and inputs of a class network."""

    classes: int
    """K."""
    trunk: EarthPTConfig
    form: str = CLASS_FORM
    members: int = 6
    """Heads trained side by side, whose logits are averaged."""
    head_width: int = 96
    head_dropout: float = 0.4
    layer: TrunkLayer = "none"
    """States that the heads read beside the features."""
    query_features: int = 2 * CLASS_FEATURES
    """Features of the months, then a flag for each."""
    trees: tuple[int, int, int] = (0, 0, 0)
    """Trees, splits and leaves of each at most; 0 = none."""

    @property
    def token_features(self) -> int:
        """Return the trunk's."""
        return self.trunk.token_features

    @property
    def has_heads_on_states(self) -> bool:
        """Return whether logits need tokens and the trunk."""
        return self.layer != "none"

    def to_json(self) -> dict[str, Any]:
        """Return the fields for a model card."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "ClassConfig":
        """Read the fields of a model card."""
        trunk, trees = EarthPTConfig.from_json(content["trunk"]), tuple(content["trees"])
        return cls(**{**content, "trunk": trunk, "trees": trees})


@dataclass(frozen=True, kw_only=True)
class Grown:
    """Trees as arrays, as models/network/trees.py grows them: S splits, L leaves, padded."""

    feature: Any = field(repr=False)
    """(R, S) int16 which column of `tree_inputs` a split looks at."""
    limit: Any = field(repr=False)
    """(R, S) float32; above it, right."""
    side: Any = field(repr=False)
    """(R, S, L) int8: 1 where a leaf lies right of a split, -1 left, 0 where it does not pass it."""
    depth: Any = field(repr=False)
    """(R, L) float32 splits on the way to a leaf; beyond all there are where there is no such leaf."""
    value: Any = field(repr=False)
    """(R, L) float32 what a leaf says."""
    share: Any = field(repr=False)
    """(R, 3, K) float32 how much of that is added to the logit of each class, by kind of history."""


class Trees(nn.Module):
    """Trees by matrix products (Nakandala et al. 2020, arXiv 2010.04804): the same in torch and ONNX."""

    def __init__(self, config: ClassConfig) -> None:
        super().__init__()
        rows, splits, leaves = config.trees
        self.feature = nn.Buffer(torch.zeros(rows, splits, dtype=torch.int16))
        self.limit = nn.Buffer(torch.zeros(rows, splits))
        self.side = nn.Buffer(torch.zeros(rows, splits, leaves, dtype=torch.int8))
        self.depth = nn.Buffer(torch.zeros(rows, leaves))
        self.value = nn.Buffer(torch.zeros(rows, leaves))
        self.share = nn.Buffer(torch.zeros(rows, len(KINDS), config.classes))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 2 F + 3) of `tree_inputs` -> (B, K) logits."""
        rows, splits = self.feature.shape
        columns = self.feature.reshape(-1).to(torch.int64)
        seen = torch.index_select(x.T, 0, columns).reshape(rows, splits, -1)  # (R, S, B)
        right = (seen > self.limit[..., None]).to(x.dtype)  # (R, S, B)
        side = self.side.to(x.dtype).transpose(1, 2)  # (R, L, S)
        agreed = torch.matmul(side, right)  # (R, L, B) right turns on the way to a leaf, less those that lead off it
        needed = (self.depth + side.sum(-1)) / 2  # (R, L) right turns on the way to it; far more where it is not there
        reached = (agreed > needed[..., None] - 0.25).to(x.dtype)  # (R, L, B)
        said = torch.matmul(self.value[:, None], reached).squeeze(1)  # (R, B)
        by_kind = torch.matmul(self.share.flatten(1).T, said)  # (3 K, B)
        kinds = x[:, -len(KINDS) :].T  # (3, B)
        return (by_kind.reshape(*self.share.shape[1:], -1) * kinds[:, None]).sum(0).T  # (B, K)


def tree_inputs(queries: Tensor) -> Tensor:
    """Return (B, 2 F + 3) inputs of trees from (B, 2 F) queries.

    The features, where unseen as -ABSENT; the same, where unseen as ABSENT; and 1 for the history's own of the three
    KINDS, 0 for the others. A history is short with fewer than MOST_OF_A_YEAR calendar months of NDVI.
    """
    values, flags = queries.chunk(2, dim=-1)
    is_seen = flags > 0.5
    low, high = (torch.where(is_seen, values, unseen) for unseen in (-ABSENT, ABSENT))
    alone = (flags[:, list(BESIDE_NDVI)].amax(dim=-1, keepdim=True) <= 0.5).to(values.dtype)  # (B, 1)
    months = (flags[:, list(NDVI_MONTHS)] > 0.5).sum(dim=-1, keepdim=True)  # (B, 1)
    long = (months >= MOST_OF_A_YEAR).to(values.dtype)
    return torch.cat([low, high, (1 - alone) * long, (1 - alone) * (1 - long), alone], dim=-1)


class ClassNetwork(nn.Module):
    """Trunk, heads and trees."""

    def __init__(self, config: ClassConfig) -> None:
        super().__init__()
        self.config = config
        self.trunk = EarthPT(config.trunk)
        self.heads = Heads(
            members=config.members,
            features=config.query_features + (2 * config.trunk.width if config.has_heads_on_states else 0),
            width=config.head_width,
            out=config.classes,
            dropout=config.head_dropout,
            out_std=1e-2,
        )
        self.trees = Trees(config)
        self.tree_share = nn.Buffer(torch.zeros(()))
        """Weight of the trees' logits, 0..1; the heads have the rest."""

    def read(self, tokens: Tensor, is_padding: Tensor) -> Tensor:
        """Return (B, 2 D): the mean state of the tokens, and that of the last one, which is nearest to the target date.

        Args:
            tokens: (B, T, F); is_padding: (B, T) bool, behind the tokens of each row.
        """
        blocks = list(self.trunk.blocks)
        is_last = self.config.layer != "middle"
        x = self.trunk.token(tokens)
        mask = attention_mask(is_padding, 0).to(x.dtype)
        for block in blocks if is_last else blocks[: max(1, len(blocks) // 2)]:
            x = block(x, mask)
        x = self.trunk.norm(x) if is_last else F.layer_norm(x, x.shape[-1:])  # (B, T, D)
        kept = (~is_padding).unsqueeze(-1).to(x.dtype)  # (B, T, 1)
        behind = F.pad(kept[:, 1:], (0, 0, 0, 1))  # (B, T, 1), 1 where another token follows
        mean = (x * kept).sum(1) / kept.sum(1).clamp(min=1)  # (B, D)
        newest = (x * kept * (1 - behind)).sum(1)  # (B, D)
        return torch.cat([mean, newest], dim=-1)

    def head_logits(self, states: Tensor, queries: Tensor) -> Tensor:
        """Return (M, B, K) logits of each head from (..., B, 2 D) states, if they read any, and (..., B, G) queries."""
        read = torch.cat([queries, states], dim=-1) if self.config.has_heads_on_states else queries
        out: Tensor = self.heads(read)
        return out

    def classify(self, tokens: Tensor, is_padding: Tensor, queries: Tensor) -> Tensor:
        """Return (B, K) class logits; queries are (B, 1, G) of one date each."""
        return self.classify_states(self.read(tokens, is_padding), queries)

    def classify_states(self, states: Tensor, queries: Tensor) -> Tensor:
        """Return (B, K) class logits from (B, 2 D) states that `read` gave and (B, 1, G) queries."""
        return self.with_trees(self.head_logits(states, queries[:, 0].to(states.dtype)).mean(0), queries)

    def with_trees(self, logits: Tensor, queries: Tensor) -> Tensor:
        """Return (B, K) logits of heads averaged with those of the trees, if there are any."""
        if not self.config.trees[0]:
            return logits
        grown: Tensor = self.trees(tree_inputs(queries[:, 0]))  # (B, K)
        return (1 - self.tree_share) * logits + self.tree_share * grown

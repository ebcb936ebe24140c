"""EarthPT: a causal transformer over one pixel's observations (Smith et al. 2023, arXiv 2309.07207).

As in the paper: a pixel's whole spectrum at one date is one token, made by a two-layer MLP from channels and the time
of year; pre-norm blocks without biases; the network reads the date that it predicts. Unlike in the paper, a token
exists only where something was observed and carries validity flags; any number of dates is predicted in one pass, each
from a query that sees the whole history but no other query; the output is a set of ordered quantiles around what the
history itself leads one to expect. Nothing here reads files or scales inputs (models/network/tokens.py does).
"""

import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.bands import CHANNELS
from core.forecast import QUANTILES
from models.network.heads import Heads
from models.network.queries import QUERY_FEATURES
from models.network.tokens import CONTEXT, TOKEN_FEATURES

Form = Literal["observations", "calendar"]
"""`observations`: tokens where something was seen, queries for dates. `calendar`: the paper's, every step a token."""


@dataclass(frozen=True, kw_only=True)
class EarthPTConfig:
    """Size and inputs of a network."""

    form: Form = "observations"
    members: int = 0
    """Quantile heads trained side by side, whose answers are averaged; 0 = one linear head."""
    head_width: int = 64
    head_dropout: float = 0.3
    layers: int = 4
    """0 = a query reads no tokens: the features of the history are all it knows."""
    width: int = 128
    heads: int = 8
    dropout: float = 0.1
    context: int = CONTEXT
    """Most recent dates that a forecast reads as tokens; older ones act through the climatology."""
    token_features: int = TOKEN_FEATURES
    query_features: int = QUERY_FEATURES
    channels: int = len(CHANNELS)
    quantiles: int = len(QUANTILES)
    classes: int = 0
    """K of `to_classes`, which has no use: it is kept for weights made before class_network.py; else 0."""
    positions: int = 0
    """Longest window of the form `calendar`, whose learned positions count from the window's start; else unused."""

    def to_json(self) -> dict[str, Any]:
        """Return the fields for a model card."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "EarthPTConfig":
        """Read the fields of a model card; those of later or earlier networks are passed over."""
        known = {f.name for f in fields(cls)}
        return cls(**{k: v for k, v in content.items() if k in known})


SIZES = {
    "features": EarthPTConfig(layers=0, context=0, width=64, members=6),
    "tiny": EarthPTConfig(layers=2, width=32, heads=2, members=2, head_width=16),
    "small": EarthPTConfig(layers=3, width=64, heads=4, members=6),
    "medium": EarthPTConfig(layers=4, width=128, heads=8, members=6),
    "5m": EarthPTConfig(layers=6, width=256, heads=8, members=6),
    "10m": EarthPTConfig(layers=6, width=384, heads=8, members=6),
    "20m": EarthPTConfig(layers=6, width=512, heads=8, members=6),
    "90m": EarthPTConfig(layers=12, width=768, heads=12, members=6),
    "300m": EarthPTConfig(layers=24, width=1024, heads=16, members=6),
    "700m": EarthPTConfig(layers=36, width=1280, heads=20, members=6),
}
"""Named sizes. The shipped `small` has 0.46 million parameters (0.15 million in its blocks) and `medium` 1.25 million
(0.79 million); larger sizes are named after the parameters of their blocks."""


class Tokeniser(nn.Module):
    """Two-layer MLP from features to width: GELU and four times as wide inside, or the paper's ReLU after both."""

    def __init__(self, features: int, width: int, form: Form = "observations") -> None:
        super().__init__()
        self.is_paper = form == "calendar"
        inner = width if self.is_paper else 4 * width
        self.inner = nn.Linear(features, inner)
        self.outer = nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, S, F) -> (B, S, D)."""
        if self.is_paper:
            return F.relu(self.outer(F.relu(self.inner(x))))
        return cast(Tensor, self.outer(F.gelu(self.inner(x))))


class Block(nn.Module):
    """Pre-norm attention and MLP."""

    def __init__(self, config: EarthPTConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.dropout = nn.Dropout(config.dropout)
        self.norm_attention = nn.LayerNorm(config.width, bias=False)
        self.norm_mlp = nn.LayerNorm(config.width, bias=False)
        self.to_qkv = nn.Linear(config.width, 3 * config.width, bias=False)
        self.from_heads = nn.Linear(config.width, config.width, bias=False)
        self.widen = nn.Linear(config.width, 4 * config.width, bias=False)
        self.narrow = nn.Linear(4 * config.width, config.width, bias=False)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, S, D), (B, 1, S, S) additive mask -> (B, S, D)."""
        x = x + self.dropout(self.attend(self.norm_attention(x), mask))
        return cast(Tensor, x + self.dropout(self.narrow(F.gelu(self.widen(self.norm_mlp(x)), approximate="tanh"))))

    def attend(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, S, D) -> (B, S, D)."""
        batch, length, width = x.shape
        qkv = self.to_qkv(x).view(batch, length, 3, self.heads, width // self.heads)  # (B, S, 3, h, D/h)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)  # each (B, h, S, D/h)
        heads = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)  # (B, h, S, D/h)
        return cast(Tensor, self.from_heads(heads.transpose(1, 2).reshape(batch, length, width)))  # (B, S, D)


class EarthPT(nn.Module):
    """The trunk with its heads: NDVI quantiles and the channels themselves."""

    def __init__(self, config: EarthPTConfig) -> None:
        super().__init__()
        self.config = config
        is_paper = config.form == "calendar"
        self.token = Tokeniser(config.token_features, config.width, config.form)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width, bias=False)
        self.to_channels = nn.Linear(config.width, config.channels, bias=not is_paper)
        if is_paper:
            self.position = nn.Embedding(config.positions, config.width)
        else:
            self.query = Tokeniser(config.query_features, config.width)
            self.to_quantiles = _quantile_heads(config) if config.members else nn.Linear(config.width, config.quantiles)
            self.to_classes = nn.Linear(2 * config.width, max(config.classes, 1))
        self.apply(self._initialise)
        if not is_paper and isinstance(self.to_quantiles, nn.Linear):
            nn.init.zeros_(self.to_quantiles.weight)

    def _initialise(self, module: nn.Module) -> None:
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
        if isinstance(module, nn.Linear):
            residual = any(module is b.narrow or module is b.from_heads for b in self.blocks)
            nn.init.normal_(module.weight, std=0.02 / math.sqrt(2 * max(1, self.config.layers)) if residual else 0.05)
            if module.bias is not None:
                nn.init.zeros_(module.bias)

    def read(self, steps: Tensor) -> Tensor:
        """Read a window of the form `calendar`: (B, T, F) steps -> (B, T, D) states before the final norm."""
        x = self.token(steps) + self.position.weight[: steps.shape[1]]  # (B, T, D)
        mask = attention_mask(torch.zeros(steps.shape[:2], dtype=torch.bool, device=steps.device), 0).to(x.dtype)
        for block in self.blocks:
            x = block(x, mask)
        return cast(Tensor, x)

    def next_step(self, steps: Tensor) -> Tensor:
        """Return (B, T, C): what follows each of (B, T, F) steps, which name their own date and the next one."""
        return cast(Tensor, self.to_channels(self.norm(self.read(steps))))

    def with_heads(self, count: int) -> "EarthPT":
        """Return a copy with the first of its quantile heads alone: one forecasts as well as the mean of all."""
        kept = EarthPT(replace(self.config, members=count))
        state = self.state_dict()
        of_heads = [name for name in state if name.startswith("to_quantiles.")]
        kept.load_state_dict({**state, **{name: state[name][:count] for name in of_heads}})
        return kept

    def encode(self, tokens: Tensor, is_padding: Tensor, queries: Tensor) -> tuple[Tensor, Tensor]:
        """Read the history and the queries.

        Args:
            tokens: (B, T, F); is_padding: (B, T) bool; queries: (B, H, G).

        Returns:
            (B, T, D) states of the tokens and (B, H, D) states of the queries.
        """
        if not self.config.layers:
            return self.token(tokens), self.norm(self.query(queries))
        x = torch.cat([self.token(tokens), self.query(queries)], dim=1)  # (B, T + H, D)
        mask = attention_mask(is_padding, queries.shape[1]).to(x.dtype)  # (B, 1, T + H, T + H)
        for block in self.blocks:
            x = block(x, mask)
        x = self.norm(x)
        return x[:, : tokens.shape[1]], x[:, tokens.shape[1] :]

    def forward(self, tokens: Tensor, is_padding: Tensor, queries: Tensor) -> Tensor:
        """Return (B, H, Q) quantiles in units of the spread around the base, ascending."""
        return self._quantiles(self.encode(tokens, is_padding, queries)[1], queries).mean(0)

    def predict(self, tokens: Tensor, is_padding: Tensor, queries: Tensor) -> tuple[Tensor, Tensor]:
        """Return (M, B, H, Q) quantiles of each head and (B, H, C) scaled channels, for training."""
        state = self.encode(tokens, is_padding, queries)[1]
        return self._quantiles(state, queries), self.to_channels(state)

    def _quantiles(self, state: Tensor, queries: Tensor) -> Tensor:
        if self.config.members:
            batch, dates, _ = state.shape
            x = torch.cat([queries, state], dim=-1).reshape(batch * dates, -1)  # (B H, G + D)
            return ordered(self.to_quantiles(x).reshape(self.config.members, batch, dates, -1))  # (M, B, H, Q)
        return ordered(self.to_quantiles(state)).unsqueeze(0)  # (1, B, H, Q)


def _quantile_heads(config: EarthPTConfig) -> Heads:
    """Return heads that read what the history shows of a date and the state of its query."""
    return Heads(
        members=config.members,
        features=config.query_features + config.width,
        width=config.head_width,
        out=config.quantiles,
        dropout=config.head_dropout,
        out_std=1e-3,
    )


def attention_mask(is_padding: Tensor, queries: int) -> Tensor:
    """Return (B, 1, S, S): a token sees itself and earlier tokens, a query all tokens and itself, nobody padding."""
    length = is_padding.shape[1]
    size = length + queries
    position = torch.arange(size, device=is_padding.device)
    is_past = position[None, :] <= position[:, None]  # (S, S)
    is_token = position < length
    is_self = position[None, :] == position[:, None]
    seen = is_past & (is_token[None, :] | is_self)  # (S, S)
    absent = F.pad(is_padding, (0, queries), value=False)  # (B, S)
    allowed = (seen[None] & ~absent[:, None, :]) | is_self[None]  # (B, S, S)
    return torch.where(allowed, 0.0, -1e4).unsqueeze(1)


def ordered(raw: Tensor) -> Tensor:
    """Turn (..., Q) numbers into ascending quantiles: the middle one free, the others by positive steps from it."""
    middle = raw.shape[-1] // 2
    median = raw[..., middle : middle + 1]
    up = median + _running_sum(F.softplus(raw[..., middle + 1 :]))
    down = median - _running_sum(F.softplus(raw[..., :middle].flip(-1))).flip(-1)
    return torch.cat([down, median, up], dim=-1)


def _running_sum(steps: Tensor) -> Tensor:
    """Return cumulative sums of a few values along the last axis; torch's own took half of the time on a card."""
    sums: list[Tensor] = []
    for number in range(steps.shape[-1]):
        sums.append(sums[-1] + steps[..., number] if sums else steps[..., number])
    return torch.stack(sums, dim=-1) if sums else steps

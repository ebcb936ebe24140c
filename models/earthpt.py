"""EarthPT: a causal transformer over one pixel's observations (Smith et al. 2023, arXiv 2309.07207).

As in the paper: a pixel's whole spectrum at one date is one token, made by a two-layer MLP from channels and the time
of year; pre-norm blocks without biases; the network is told the date it must speak of. Otherwise than in the paper: a
token exists only where something was observed and carries validity flags; any number of dates is asked in one pass,
each by a query that sees the whole history but no other query; the answer is a set of ordered quantiles around what
the history itself leads one to expect. Nothing here reads files or scales inputs (models/tokens.py does).
"""

import math
from dataclasses import asdict, dataclass
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.bands import CHANNELS, STATIC
from core.forecast import QUANTILES
from models.climatology import FEATURES
from models.tokens import TIME_FEATURES, TOKEN_FEATURES

QUERY_FEATURES = TIME_FEATURES + FEATURES + 2 * len(STATIC)


@dataclass(frozen=True, kw_only=True)
class EarthPTConfig:
    """Size and inputs of a network."""

    layers: int = 4
    width: int = 128
    heads: int = 8
    dropout: float = 0.1
    token_features: int = TOKEN_FEATURES
    query_features: int = QUERY_FEATURES
    channels: int = len(CHANNELS)
    quantiles: int = len(QUANTILES)
    classes: int = 0
    """K of the class head; 0 = a forecaster."""

    def to_json(self) -> dict[str, Any]:
        """Return the fields for a model card."""
        return asdict(self)


SIZES = {
    "1m": EarthPTConfig(layers=4, width=128, heads=8),
    "5m": EarthPTConfig(layers=6, width=256, heads=8),
}
"""Named sizes, by the parameters of their blocks."""


class Tokeniser(nn.Module):
    """Two-layer MLP from features to width, four times as wide inside."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.inner = nn.Linear(features, 4 * width)
        self.outer = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, S, F) -> (B, S, D)."""
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
    """The trunk with its three heads: NDVI quantiles, the channels themselves (training only), and classes."""

    def __init__(self, config: EarthPTConfig) -> None:
        super().__init__()
        self.config = config
        self.token = Tokeniser(config.token_features, config.width)
        self.query = Tokeniser(config.query_features, config.width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width, bias=False)
        self.to_quantiles = nn.Linear(config.width, config.quantiles)
        self.to_channels = nn.Linear(config.width, config.channels)
        self.to_classes = nn.Linear(2 * config.width, max(config.classes, 1))
        self.apply(self._initialise)
        nn.init.zeros_(self.to_quantiles.weight)

    def _initialise(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            residual = any(module is b.narrow or module is b.from_heads for b in self.blocks)
            nn.init.normal_(module.weight, std=0.02 / math.sqrt(2 * self.config.layers) if residual else 0.05)
            if module.bias is not None:
                nn.init.zeros_(module.bias)

    def encode(self, tokens: Tensor, is_padding: Tensor, queries: Tensor) -> tuple[Tensor, Tensor]:
        """Read the history and the queries.

        Args:
            tokens: (B, T, F); is_padding: (B, T) bool; queries: (B, H, G).

        Returns:
            (B, T, D) states of the tokens and (B, H, D) states of the queries.
        """
        x = torch.cat([self.token(tokens), self.query(queries)], dim=1)  # (B, T + H, D)
        mask = attention_mask(is_padding, queries.shape[1])  # (B, 1, T + H, T + H)
        for block in self.blocks:
            x = block(x, mask)
        x = self.norm(x)
        return x[:, : tokens.shape[1]], x[:, tokens.shape[1] :]

    def forward(self, tokens: Tensor, is_padding: Tensor, queries: Tensor) -> Tensor:
        """Return (B, H, Q) NDVI quantiles in units of the spread around the base, ascending."""
        return ordered(self.to_quantiles(self.encode(tokens, is_padding, queries)[1]))

    def predict(self, tokens: Tensor, is_padding: Tensor, queries: Tensor) -> tuple[Tensor, Tensor]:
        """Return (B, H, Q) quantiles and (B, H, C) scaled channels, for training."""
        state = self.encode(tokens, is_padding, queries)[1]
        return ordered(self.to_quantiles(state)), self.to_channels(state)

    def classify(self, tokens: Tensor, is_padding: Tensor, queries: Tensor) -> Tensor:
        """Return (B, K) class logits from the query of one date and the mean state of the tokens."""
        history, asked = self.encode(tokens, is_padding, queries)
        kept = (~is_padding).unsqueeze(-1).to(history.dtype)  # (B, T, 1)
        mean = (history * kept).sum(1) / kept.sum(1).clamp(min=1)  # (B, D)
        return cast(Tensor, self.to_classes(torch.cat([asked[:, 0], mean], dim=-1)))  # (B, K)


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
    up = median + torch.cumsum(F.softplus(raw[..., middle + 1 :]), dim=-1)
    down = median - torch.cumsum(F.softplus(raw[..., :middle].flip(-1)), dim=-1).flip(-1)
    return torch.cat([down, median, up], dim=-1)

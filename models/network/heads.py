"""Heads: small MLPs side by side that read states of the trunk. EarthPT's quantiles and class models both use them."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BLOCKS = 2
"""Residual blocks of each head."""


class SideBySide(nn.Module):
    """One linear layer for each of M heads: (M, N, F) -> (M, N, G)."""

    def __init__(self, members: int, features: int, out: int, std: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(members, features, out) * std)
        self.bias = nn.Parameter(torch.zeros(members, 1, out))

    def forward(self, x: Tensor) -> Tensor:
        """(M, N, F) -> (M, N, G)."""
        return torch.matmul(x, self.weight) + self.bias


class Heads(nn.Module):
    """M residual MLPs of the same shape, each with weights of its own; their mean is less noisy than one of them."""

    def __init__(self, *, members: int, features: int, width: int, out: int, dropout: float, out_std: float) -> None:
        """Create heads with random weights.

        Args:
            members: M.
            features: F of the input.
            width: W of the hidden layers.
            out: G of the output.
            dropout: share of hidden units that training leaves out; of the input a third of that.
            out_std: standard deviation of the last layer's weights; small, so that training starts near zero.
        """
        super().__init__()
        self.width, self.members, self.dropout = width, members, dropout
        self.enter = SideBySide(members, features, width, 1 / math.sqrt(features))
        self.widen = nn.ModuleList(SideBySide(members, width, 2 * width, 1 / math.sqrt(width)) for _ in range(BLOCKS))
        self.narrow = nn.ModuleList(SideBySide(members, 2 * width, width, 0.02) for _ in range(BLOCKS))
        self.leave = SideBySide(members, width, out, out_std)

    def forward(self, x: Tensor) -> Tensor:
        """(N, F), the same input for all heads, or (M, N, F) -> (M, N, G)."""
        x = x.expand(self.members, *x.shape[-2:])  # (M, N, F)
        x = self.enter(F.dropout(x, self.dropout / 3, self.training))  # (M, N, W)
        for widen, narrow in zip(self.widen, self.narrow, strict=True):
            inner = F.gelu(widen(F.layer_norm(x, (self.width,))))  # (M, N, 2 W)
            x = x + narrow(F.dropout(inner, self.dropout, self.training))  # (M, N, W)
        out: Tensor = self.leave(F.layer_norm(x, (self.width,)))  # (M, N, G)
        return out


class OneByOne(nn.Module):
    """The same heads one after the other, for CPUs: what one of them computes stays in the cache meanwhile."""

    def __init__(self, heads: Heads) -> None:
        """Take heads that are trained."""
        super().__init__()
        self.heads = heads

    def forward(self, x: Tensor) -> Tensor:
        """(N, F), the same input for all heads -> (M, N, G)."""
        return torch.stack([self._one(x, number) for number in range(self.heads.members)])

    def _one(self, x: Tensor, number: int) -> Tensor:
        """(N, F) -> (N, G)."""
        width = (self.heads.width,)
        x = _through(self.heads.enter, x, number)  # (N, W)
        for widen, narrow in zip(self.heads.widen, self.heads.narrow, strict=True):
            inner = F.gelu(_through(widen, F.layer_norm(x, width), number))  # (N, 2 W)
            x = x + _through(narrow, inner, number)  # (N, W)
        return _through(self.heads.leave, F.layer_norm(x, width), number)  # (N, G)


def _through(layer: nn.Module, x: Tensor, number: int) -> Tensor:
    """Pass (N, F) through the layer of one head: (N, G)."""
    assert isinstance(layer, SideBySide)
    return torch.matmul(x, layer.weight[number]) + layer.bias[number, 0]

"""Harmonic: the mean year of a series as a level and yearly waves; twin of models/baselines/harmonic.py."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from core.timeline import YEAR_DAYS
from models.baselines.harmonic import CYCLES, FIT_STEPS, HUBER, RIDGE
from models.inference.features.constants import constant


@dataclass(frozen=True)
class Harmonic:
    """Robust ridge fit of intercept and yearly cycles."""

    coefficients: Tensor
    """(N, 1 + 2 CYCLES) float64."""
    spread: Tensor
    """(N,) float64 robust standard deviation of the residuals, within limits."""

    @classmethod
    def of(cls, days: Tensor, y: Tensor, seen: Tensor) -> "Harmonic":
        """Fit (N, T) float64 values that were seen."""
        design = _design(days)
        numbers = (1e-3, *(RIDGE * k * k for k in range(1, CYCLES + 1) for _ in range(2)))
        ridge = torch.diag(constant(numbers, days.device, torch.float64))
        weight = seen.to(y.dtype)
        with_y = torch.cat([design, y[..., None]], dim=-1)  # (N, T, P + 1)
        for _ in range(FIT_STEPS):
            system = torch.matmul((design * weight[..., None]).transpose(1, 2), with_y)  # (N, P, P + 1)
            system[..., :-1] += ridge
            coefficients = _solved(system)
            residual = (y - torch.matmul(design, coefficients[..., None])[..., 0]).abs()
            spread = _scale(residual, seen)
            weight = torch.where(seen, (HUBER * spread[:, None] / residual.clamp(min=1e-6)).clamp(max=1.0), 0.0)
        return cls(coefficients, spread)

    def traits(self) -> Tensor:
        """Return (N, TRAITS) float32."""
        amplitude = torch.hypot(self.coefficients[:, 1], self.coefficients[:, 2])
        return torch.stack([self.coefficients[:, 0], amplitude, self.spread], dim=1).float()

    def at(self, days: Tensor) -> Tensor:
        """Return the cycle (N, H) at days (N, H)."""
        return torch.matmul(_design(days), self.coefficients[..., None])[..., 0]


def _design(days: Tensor) -> Tensor:
    phase = 2 * math.pi * days[..., None].double() / YEAR_DAYS
    phase = phase * torch.arange(1, CYCLES + 1, device=days.device)
    waves = torch.stack([torch.cos(phase), torch.sin(phase)], dim=-1).flatten(-2)
    return torch.cat([torch.ones_like(waves[..., :1]), waves], dim=-1)


def _solved(system: Tensor) -> Tensor:
    """Solve (N, P, P + 1) systems by Gauss-Jordan, without a search for pivots: the matrices are positive definite.

    A few kernels over all series at once; the solvers of libraries are slow for many systems of five unknowns.
    """
    for row in range(system.shape[1]):
        pivot = system[:, row : row + 1] / system[:, row : row + 1, row : row + 1]  # (N, 1, P + 1)
        system = system - system[:, :, row : row + 1] * pivot
        system[:, row : row + 1] = pivot
    return system[..., -1]


def _scale(residual: Tensor, seen: Tensor) -> Tensor:
    ordered = torch.where(seen, residual, math.inf).sort(dim=1).values
    middle = ((seen.sum(dim=1) - 1) // 2).clamp(min=0)
    median = ordered.gather(1, middle[:, None])[:, 0]
    return torch.where(median.isfinite(), 1.4826 * median, 0.1).clamp(0.015, 0.3)

"""Harmonic: the mean year of a series as a level and yearly waves, fitted so that single clouds hardly move it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.timeline import YEAR_DAYS, Days

CYCLES = 2
RIDGE = 0.3
HUBER = 1.5
FIT_STEPS = 4
TRAITS = 3


@dataclass(frozen=True)
class Harmonic:
    """Robust ridge fit of intercept and yearly cycles (HANTS-like; Huber weights from the residual's scale)."""

    coefficients: NDArray[np.float64]
    """(N, 1 + 2 CYCLES)."""
    spread: NDArray[np.float64]
    """(N,) robust standard deviation of the residuals, within limits."""

    @classmethod
    def of(cls, days: Days, y: NDArray[np.float64], seen: NDArray[np.bool_]) -> "Harmonic":
        """Fit (N, T) values that were seen."""
        design, ridge = _design(days), np.diag([1e-3, *(RIDGE * k * k for k in _orders())])
        weight = seen.astype(np.float64)
        spread = np.full(len(y), 0.1)
        coefficients = np.zeros((len(y), design.shape[-1]))
        for _ in range(FIT_STEPS):
            weighted = design * weight[..., None]
            normal = np.matmul(weighted.transpose(0, 2, 1), design) + ridge
            moment = np.matmul(weighted.transpose(0, 2, 1), y[..., None])
            coefficients = np.linalg.solve(normal, moment)[..., 0]
            residual = np.abs(y - np.matmul(design, coefficients[..., None])[..., 0])
            spread = _scale(residual, seen)
            weight = np.where(seen, np.minimum(1.0, HUBER * spread[:, None] / np.maximum(residual, 1e-6)), 0.0)
        return cls(coefficients, spread)

    def traits(self) -> Floats:
        """Return (N, TRAITS)."""
        amplitude = np.hypot(self.coefficients[:, 1], self.coefficients[:, 2])
        return np.stack([self.coefficients[:, 0], amplitude, self.spread], axis=1).astype(np.float32)

    def at(self, days: Days) -> NDArray[np.float64]:
        """Return the cycle (N, H) at days (N, H)."""
        return np.asarray(np.matmul(_design(days), self.coefficients[..., None])[..., 0])


def _orders() -> list[int]:
    return [k for k in range(1, CYCLES + 1) for _ in range(2)]


def _design(days: Days) -> NDArray[np.float64]:
    phase = 2 * np.pi * days[..., None] / YEAR_DAYS * np.arange(1, CYCLES + 1)
    waves = np.stack([np.cos(phase), np.sin(phase)], axis=-1).reshape(*days.shape, 2 * CYCLES)
    return np.concatenate([np.ones((*days.shape, 1)), waves], axis=-1)


def _scale(residual: NDArray[np.float64], seen: NDArray[np.bool_]) -> NDArray[np.float64]:
    ordered = np.sort(np.where(seen, residual, np.inf), axis=1)
    middle = np.maximum((seen.sum(axis=1) - 1) // 2, 0)
    median = np.take_along_axis(ordered, middle[:, None], axis=1)[:, 0]
    return np.clip(np.where(np.isfinite(median), 1.4826 * median, 0.1), 0.015, 0.3)

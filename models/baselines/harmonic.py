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
        """Fit (N, T) values that were seen on (N, T) days, or on (1, T) that all series share."""
        design, ridge = _design(days), np.diag([1e-3, *(RIDGE * k * k for k in _orders())])
        weight = seen.astype(np.float64)
        spread = np.full(len(y), 0.1)
        coefficients: NDArray[np.float64] = np.zeros((len(y), design.shape[-1]))
        for _ in range(FIT_STEPS):
            normal, moment = _moments(design, weight, y)
            coefficients = np.asarray(np.linalg.solve(normal + ridge, moment)[..., 0], np.float64)
            residual = np.abs(y - _curve(design, coefficients))
            spread = _scale(residual, seen)
            weight = np.where(seen, np.minimum(1.0, HUBER * spread[:, None] / np.maximum(residual, 1e-6)), 0.0)
        return cls(coefficients, spread)

    def traits(self) -> Floats:
        """Return (N, TRAITS)."""
        amplitude = np.hypot(self.coefficients[:, 1], self.coefficients[:, 2])
        return np.stack([self.coefficients[:, 0], amplitude, self.spread], axis=1).astype(np.float32)

    def at(self, days: Days) -> NDArray[np.float64]:
        """Return the cycle (N, H) at days (N, H), or at (1, H) that all series share."""
        return _curve(_design(days), self.coefficients)


def _moments(
    design: NDArray[np.float64], weight: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (N, P, P) and (N, P, 1) of the normal equations, the ridge left out; design (N or 1, T, P)."""
    if len(design) != 1:
        turned = (design * weight[..., None]).transpose(0, 2, 1)
        return np.matmul(turned, design), np.matmul(turned, y[..., None])
    shared = design[0]  # products of two matrices in place of as many small ones as there are series
    products = (shared[:, :, None] * shared[:, None, :]).reshape(len(shared), -1)
    normal = (weight @ products).reshape(len(y), shared.shape[1], shared.shape[1])
    return normal, ((weight * y) @ shared)[..., None]


def _curve(design: NDArray[np.float64], coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (N, T) values of the cycle; design (N or 1, T, P)."""
    if len(design) != 1:
        return np.asarray(np.matmul(design, coefficients[..., None])[..., 0])
    return np.asarray(coefficients @ design[0].T)


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

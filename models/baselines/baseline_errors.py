"""What verified forecasts of the simple baselines show: how anomalies fade and how wide errors are.

By lead bin. Which earlier forecasts may be looked at is up to the caller: evaluation/hindcast/past_issues.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.forecast import MEDIAN, NDVI_RANGE, QUANTILES
from models.baselines.rules import BASELINES, Evidence

LEAD_EDGES = (1, 11, 26, 51, 101, 151)
"""First day of each lead bin, days ahead: 1-10, 11-25, 26-50, 51-100, 101-150."""
PRIOR_DAYS = 40.0
PRIOR_WEIGHT = 1.0
"""Before anything is known, anomalies fade with an e-folding of forty days; the prior weighs as much as a sum of
squared anomalies of one, about a hundred good observations."""
CLIP = 0.3
"""NDVI: larger departures are clouds or snow that were missed."""
MIN_RESIDUALS = 50
"""With fewer in a lead bin, those of all leads are taken."""

Bins = NDArray[np.int64]


def lead_edges(horizon_days: int) -> tuple[int, ...]:
    """Return the edges of the lead bins up to a horizon."""
    return (*(edge for edge in LEAD_EDGES if edge <= horizon_days), horizon_days + 1)


def lead_names(edges: Sequence[int]) -> list[str]:
    """Return `1-10`, `11-25`, ..."""
    return [f"{a}-{b - 1}" for a, b in pairwise(edges)]


def lead_bin(leads: NDArray[np.integer], edges: Sequence[int]) -> Bins:
    """Return the lead bin of each lead; those beyond the last edge belong to the last bin."""
    return np.asarray(np.digitize(leads, edges[1:-1]), np.int64)


@dataclass(frozen=True, kw_only=True)
class BaselineErrors:
    """The share of an anomaly that is left, and the quantiles of errors, by lead bin."""

    edges: tuple[int, ...]
    """First lead of each of B bins, and the first after the last."""
    rho: Floats
    """(B,) 0..1, at the bin's middle."""
    residuals: Floats
    """(K, B, Q) errors of BASELINES at QUANTILES in units of the series; 0 at the median, the point forecast."""

    @classmethod
    def of(cls, past: Evidence, leads: NDArray[np.int64], truth: Floats, edges: tuple[int, ...]) -> "BaselineErrors":
        """Learn from verified forecasts; without any, anomalies fade as assumed and errors are taken as nil.

        Args:
            past: predictions of each rule, R series of one date each.
            leads: (R,) target - issue + 1.
            truth: (R,) NDVI observed.
            edges: of the lead bins.
        """
        bins = lead_bin(leads, edges)
        rho = _rho(past, bins, truth, edges)
        points = past.points(_between(leads[:, None], rho, edges))[:, 0]
        error = (truth[:, None] - points) / past.unit[:, None]
        residuals = np.zeros((len(BASELINES), len(edges) - 1, len(QUANTILES)), np.float32)
        for number in range(len(edges) - 1):
            here = error[bins == number]
            found = here if len(here) >= MIN_RESIDUALS else error
            if len(found):
                residuals[:, number] = np.quantile(found, QUANTILES, axis=0).T
        residuals[..., MEDIAN] = 0
        return cls(edges=edges, rho=rho, residuals=residuals)

    def quantiles(self, evidence: Evidence, leads: NDArray[np.int64]) -> Floats:
        """Return (N, H, K, Q) the forecasts of BASELINES, ascending along Q; NaN for a series never seen.

        Args:
            evidence: of N series at H dates.
            leads: (N, H) target - issue + 1.
        """
        points = evidence.points(_between(leads, self.rho, self.edges))
        spread = self.residuals.transpose(1, 0, 2)[lead_bin(leads, self.edges)] * evidence.unit[:, None, None, None]
        return np.sort(np.clip(points[..., None] + spread, *NDVI_RANGE), axis=-1).astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready fields."""
        rounded = np.round(self.residuals.astype(np.float64), 4)
        return {
            "lead_edges": list(self.edges),
            "anomaly_left": [round(float(r), 4) for r in self.rho],
            "residual_quantiles": {name: rounded[i].tolist() for i, name in enumerate(BASELINES)},
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "BaselineErrors":
        """Read `to_json`.

        Raises:
            ValueError, KeyError, TypeError: it is something else.
        """
        edges = tuple(int(e) for e in content["lead_edges"])
        rho = np.array(content["anomaly_left"], np.float32)
        residuals = np.array([content["residual_quantiles"][name] for name in BASELINES], np.float32)
        shape = (len(BASELINES), len(edges) - 1, len(QUANTILES))
        if rho.shape != shape[1:2] or residuals.shape != shape or not np.isfinite(residuals).all():
            raise ValueError(f"residual quantiles of shape {residuals.shape} do not fit {shape}")
        return cls(edges=edges, rho=rho, residuals=residuals)


def _rho(past: Evidence, bins: Bins, truth: Floats, edges: tuple[int, ...]) -> Floats:
    """Return (B,) the regression of the departure at the target on the anomaly, through zero, drawn to the prior."""
    count = len(edges) - 1
    prior = np.exp(-_middles(edges) / PRIOR_DAYS)
    departure = np.clip(truth - past.climatology[:, 0], -CLIP, CLIP).astype(np.float64)
    anomaly = past.anomaly.astype(np.float64)
    top = np.bincount(bins, anomaly * departure, count) + PRIOR_WEIGHT * prior
    return np.clip(top / (np.bincount(bins, anomaly**2, count) + PRIOR_WEIGHT), 0, 1).astype(np.float32)


def _middles(edges: Sequence[int]) -> NDArray[np.float64]:
    return np.array([(a + b - 1) / 2 for a, b in pairwise(edges)])


def _between(leads: NDArray[np.int64], rho: Floats, edges: Sequence[int]) -> Floats:
    """Return the share left at any lead: linear between the middles of the bins, a little more at lead 0."""
    middles, values = np.r_[0, _middles(edges)], np.r_[min(1.0, 1.1 * float(rho[0])), rho]
    return np.interp(leads, middles, values).astype(np.float32)

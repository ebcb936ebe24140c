"""Calibration: how far a forecaster's quantiles must be moved so that they hold what they say. No network, no files.

Conformalised quantile regression (Romano et al. 2019, arXiv 1905.03222) with a factor in place of a margin: the
distances of an interval's ends from the median are stretched until it holds its share of outcomes, by lead and by the
kind of series. Fitted on hindcasts of places and years that the forecaster did not learn from.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.forecast import QUANTILES

LEAD_CENTRES = (5.0, 18.0, 38.0, 75.0, 125.0)
"""Days ahead at which factors are fitted: centres of the bins 1-10, 11-25, 26-50, 51-100, 101-150; linear between."""
LEAD_EDGES = (1, 11, 26, 51, 101, 151)
PRIOR_TARGETS = 2000.0
"""Factors of a kind of series are drawn to those of all series as if by so many targets."""
NEUTRAL = 1.0
LIMITS = (0.5, 2.5)
"""Smallest and largest factor: beyond lies a forecaster that should be trained again."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Factors by kind of series, lead and quantile."""

    edges: tuple[float, ...]
    """K - 1 spreads (NDVI, robust residual of the seasonal cycle) that part the kinds of series, ascending."""
    factors: Floats
    """(K, L, Q) of the distance from the median; 1 = as the network says."""

    def apply(self, quantiles: Floats, lead_days: NDArray[np.int32], spread: Floats) -> Floats:
        """Stretch quantiles about their median.

        Args:
            quantiles: (N, H, Q) ascending; NaN = unknown.
            lead_days: (N, H) target - issue + 1.
            spread: (N,) NDVI, as in models.climatology.Expectation.

        Returns:
            (N, H, Q) ascending.
        """
        kind = np.searchsorted(np.asarray(self.edges, np.float32), spread)  # (N,)
        factor = _between_leads(self.factors[kind], lead_days)  # (N, H, Q)
        middle = len(QUANTILES) // 2
        median = quantiles[..., middle : middle + 1]
        return np.asarray(median + factor * (quantiles - median), np.float32)

    def to_json(self) -> dict[str, Any]:
        """Return the fields for a model card."""
        return {"edges": [float(e) for e in self.edges], "factors": np.round(self.factors, 4).tolist()}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Calibration":
        """Read the fields of a model card."""
        return cls(edges=tuple(content["edges"]), factors=np.asarray(content["factors"], np.float32))


def fit(
    quantiles: Floats,
    truth: Floats,
    lead_days: NDArray[np.int32],
    spread: Floats,
    weight: NDArray[np.float64],
    *,
    kinds: int = 3,
    sources: int = 1,
) -> Calibration:
    """Fit factors on hindcasts: of each central interval, both sides by the same.

    Sides are not fitted apart, because one year lies as a whole above or below what was expected, and the next may lie
    on the other side.

    Args:
        quantiles: (M, Q) of M targets.
        truth: (M,) what was observed.
        lead_days: (M,) target - issue + 1.
        spread: (M,) of the target's series.
        weight: (M,) so that series count equally.
        kinds: how many kinds of series are told apart, each with the same share of the weight.
        sources: years and places that the targets come from. Targets of one year are alike, so factors are drawn to 1
            as if by one more source in which the forecaster had been right.
    """
    edges = tuple(_weighted_quantile(spread, weight, k / kinds) for k in range(1, kinds))
    kind = np.searchsorted(np.asarray(edges, np.float32), spread)
    bins = np.digitize(lead_days, LEAD_EDGES[1:-1])
    factors = np.ones((kinds, len(LEAD_CENTRES), len(QUANTILES)), np.float32)
    for low, high in ((0, 4), (1, 3)):
        level = QUANTILES[high] - QUANTILES[low]
        ratio = _ratio(quantiles, truth, low, high)
        whole = _factor(ratio, weight, level)
        for lead in range(len(LEAD_CENTRES)):
            here = bins == lead
            shared = _drawn(_factor(ratio[here], weight[here], level), here.sum(), whole)
            for k in range(kinds):
                own = here & (kind == k)
                factors[k, lead, [low, high]] = _drawn(_factor(ratio[own], weight[own], level), own.sum(), shared)
    return Calibration(edges=edges, factors=np.clip(factors, *LIMITS) ** (sources / (sources + 1)))


def _ratio(quantiles: Floats, truth: Floats, low: int, high: int) -> NDArray[np.float64]:
    """Return (M,) outcomes in units of the distance of the interval's end on their side from the median."""
    median = quantiles[:, len(QUANTILES) // 2].astype(np.float64)
    end = np.where(truth > median, quantiles[:, high], quantiles[:, low])
    return np.asarray(np.abs(truth - median) / np.maximum(np.abs(end - median), 1e-4))


def _factor(ratio: NDArray[np.float64], weight: NDArray[np.float64], level: float) -> float:
    """Return what the distances must be multiplied by so that the share of outcomes between them is right."""
    return _weighted_quantile(ratio, weight, level) if len(ratio) else NEUTRAL


def _drawn(own: float, count: int, prior: float) -> float:
    return (own * count + prior * PRIOR_TARGETS) / (count + PRIOR_TARGETS)


def _weighted_quantile(values: NDArray[np.floating], weight: NDArray[np.float64], level: float) -> float:
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weight[order])
    at = np.searchsorted(share, level * share[-1])
    return float(values[order][min(at, len(values) - 1)])


def _between_leads(factors: Floats, lead_days: NDArray[np.int32]) -> Floats:
    """Return (N, H, Q) factors between the centres of the leads; constant beyond the first and last."""
    centres = np.asarray(LEAD_CENTRES)
    place = np.interp(lead_days, centres, np.arange(len(centres)))  # (N, H)
    low = np.minimum(place.astype(np.int64), len(centres) - 2)
    share = (place - low)[..., None]
    rows = np.arange(len(factors))[:, None]
    return np.asarray(factors[rows, low] * (1 - share) + factors[rows, low + 1] * share, np.float32)

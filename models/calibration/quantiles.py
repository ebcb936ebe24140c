"""Calibration: how far a forecaster's quantiles must be moved to have their nominal coverage. No network, no files.

Conformalised quantile regression (Romano et al. 2019, arXiv 1905.03222) with a factor in place of a margin: the
distances of an interval's ends from the median are stretched until it holds its share of outcomes, by lead and by
land-cover cluster (series alike in level, yearly amplitude and spread of NDVI). Fitted on hindcasts of places and years
that the forecaster did not learn from. Where the history has not seen the time of year of a target, the outer interval
is stretched further: that a place is unlike all that was learned from does not show before.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy  # loads scipy.cluster when it is first used, in fitting
from numpy.typing import NDArray

from core.bands import Floats
from core.forecast import MEDIAN, QUANTILES

LEAD_CENTRES = (5.0, 18.0, 38.0, 75.0, 125.0)
"""Days ahead at which factors are fitted: centres of the bins 1-10, 11-25, 26-50, 51-100, 101-150; linear between."""
LEAD_EDGES = (1, 11, 26, 51, 101, 151)
PRIOR_TARGETS = 2000.0
"""Factors of a cluster are drawn to those of all series as if by so many targets."""
SCALES = np.array([0.2, 0.15, 0.05], np.float32)
"""NDVI: what a step of one in a trait is, so that level, amplitude and spread weigh alike in a cluster."""
DRAWN = 4000
"""Targets whose series the clusters are found among."""
NEUTRAL = 1.0
OUTER = (0, -1)
"""Places of the ends of the outer interval among quantiles."""
LIMITS = (0.5, 2.5)
"""Smallest and largest factor: beyond lies a forecaster that should be trained again."""
UNSEEN_STRETCH = 1.05
"""Factor of the outer interval where a time of year was never seen. Chosen on forests, fields and grassland that the
weights had not learned from (benchmarks/forecasts/unlike_series.py): their 90 % intervals hold 3 points more at
no loss."""
SEEN_DOUBT, UNSEEN_DOUBT = 0.05, 0.3
"""Doubts (Expectation.doubt) up to which nothing is stretched, about two observations in the season, and from which
everything is."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Factors by land-cover cluster, lead and quantile."""

    centres: Floats
    """(K, TRAITS) of the clusters, in traits of models.baselines.climatology divided by SCALES."""
    factors: Floats
    """(K, L, Q) of the distance from the median; 1 = as the network predicts."""
    unseen: float = NEUTRAL
    """Further factor of the ends of the outer interval where the time of year was never seen."""

    def apply(self, quantiles: Floats, lead_days: NDArray[np.int32], traits: Floats, doubt: Floats) -> Floats:
        """Stretch quantiles about their median.

        Args:
            quantiles: (N, H, Q) ascending; NaN = unknown.
            lead_days: (N, H) target - issue + 1.
            traits: (N, TRAITS) of NDVI, as in models.baselines.climatology.Expectation.
            doubt: (N, H) about the season of each target, 0..1, from there too.

        Returns:
            (N, H, Q) ascending.
        """
        factor = _between_leads(self.factors[cluster(traits, self.centres)], lead_days)  # (N, H, Q)
        factor[..., list(OUTER)] *= self.of_doubt(doubt)[..., None]
        median = quantiles[..., MEDIAN : MEDIAN + 1]
        return np.asarray(median + factor * (quantiles - median), np.float32)

    def of_doubt(self, doubt: Floats) -> Floats:
        """Return (N, H) the further factor of the ends of the outer interval."""
        share = np.clip((doubt - SEEN_DOUBT) / (UNSEEN_DOUBT - SEEN_DOUBT), 0, 1)
        return np.asarray(1 + (self.unseen - 1) * share, np.float32)

    def to_json(self) -> dict[str, Any]:
        """Return the fields for a model card."""
        return {
            "centres": np.round(self.centres.astype(np.float64), 4).tolist(),
            "factors": np.round(self.factors.astype(np.float64), 4).tolist(),
            "unseen_season": self.unseen,
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Calibration":
        """Read the fields of a model card; earlier ones say nothing of unseen seasons, and stretch nothing for them."""
        return cls(
            centres=np.asarray(content["centres"], np.float32),
            factors=np.asarray(content["factors"], np.float32),
            unseen=float(content.get("unseen_season", NEUTRAL)),
        )


def fit(
    quantiles: Floats,
    truth: Floats,
    lead_days: NDArray[np.int32],
    traits: Floats,
    weight: NDArray[np.float64],
    *,
    clusters: int = 4,
    sources: int = 1,
) -> Calibration:
    """Fit factors on hindcasts: of each central interval, both sides by the same.

    Sides are not fitted apart, because one year lies as a whole above or below what was expected, and the next may lie
    on the other side.

    Args:
        quantiles: (M, Q) of M targets.
        truth: (M,) what was observed.
        lead_days: (M,) target - issue + 1.
        traits: (M, TRAITS) of the target's series.
        weight: (M,) so that series count equally.
        clusters: number of land-cover clusters.
        sources: years and places that the targets come from. Targets of one year are alike, so factors are drawn to 1
            as if by one more source in which the forecaster had been right.
    """
    centres = _centres(traits, weight, clusters)
    kind = cluster(traits, centres)
    bins = np.digitize(lead_days, LEAD_EDGES[1:-1])
    factors = np.ones((len(centres), len(LEAD_CENTRES), len(QUANTILES)), np.float32)
    for low, high in ((0, 4), (1, 3)):
        level = QUANTILES[high] - QUANTILES[low]
        ratio = _ratio(quantiles, truth, low, high)
        whole = _factor(ratio, weight, level)
        for lead in range(len(LEAD_CENTRES)):
            here = bins == lead
            shared = _drawn(_factor(ratio[here], weight[here], level), here.sum(), whole)
            for k in range(len(centres)):
                own = here & (kind == k)
                factors[k, lead, [low, high]] = _drawn(_factor(ratio[own], weight[own], level), own.sum(), shared)
    drawn = np.clip(factors, *LIMITS) ** (sources / (sources + 1))
    return Calibration(centres=centres, factors=drawn, unseen=UNSEEN_STRETCH)


def cluster(traits: Floats, centres: Floats) -> NDArray[np.int64]:
    """Return (N,) the number of the nearest centre; of unknown traits, the first."""
    gap = ((traits[:, None] / SCALES - centres) ** 2).sum(axis=-1)  # (N, K)
    return np.asarray(np.nan_to_num(gap).argmin(axis=1), np.int64)


def _centres(traits: Floats, weight: NDArray[np.float64], clusters: int) -> Floats:
    """Return (K, TRAITS) by k-means on series drawn by their weight, always the same; ascending by level."""
    drawn = np.random.default_rng(0).choice(len(traits), DRAWN, p=weight / weight.sum())
    centres, _ = scipy.cluster.vq.kmeans((traits[drawn] / SCALES).astype(np.float64), clusters, rng=0)
    return np.asarray(centres[np.argsort(centres[:, 0])], np.float32)


def _ratio(quantiles: Floats, truth: Floats, low: int, high: int) -> NDArray[np.float64]:
    """Return (M,) outcomes in units of the distance of the interval's end on their side from the median."""
    median = quantiles[:, MEDIAN].astype(np.float64)
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

"""Similar zones: which labelled places have the climate of a target region. Learns nothing, reads no files.

Zones are told by the months' mean temperature and precipitation, which set what can grow where and when (as
agro-ecological zones do, FAO and IIASA, GAEZ v4). They are among the class features, so nothing else is needed, and no
label of the target is. What choosing by them was worth is in
docs/explanation/few-labels.md: nothing outside one region, so the product does not do it.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.bands import WEATHER_NAMES, Floats
from models.network.class_features import MONTHS, SEASONAL
from training.class_examples import Pool

CLIMATE = MONTHS * len(WEATHER_NAMES)
"""Temperature and precipitation of each calendar month."""
_AT = np.array([month * len(SEASONAL) + SEASONAL.index(name) for month in range(MONTHS) for name in WEATHER_NAMES])
_LEAST_SPREAD = 0.05
"""In units of the features, some half a degree: months that are alike everywhere tell no place from another."""


def climate(pool: Pool) -> Floats:
    """Return (P, CLIMATE) temperature and precipitation by month, scaled as class features are; NaN = unknown."""
    return pool.features[:, _AT]


def climate_distance(pool: Pool, target: Pool) -> NDArray[np.float64]:
    """Measure how far the climate of each row's place is from the nearest place of a target region.

    Args:
        pool: labelled rows elsewhere.
        target: rows of the region that is to be mapped; their labels are not looked at.

    Returns:
        (P,) root mean square difference over the months that both know, in standard deviations over the places of both;
        infinite where they know none in common.
    """
    places, row = np.unique(pool.places, return_inverse=True)
    here, there = _by_place(pool, places), _by_place(target, np.unique(target.places))
    spread = np.nanstd(_known(np.concatenate([here, there])), axis=0)
    gap = (here[:, None] - there[None]) / np.maximum(spread, _LEAST_SPREAD)  # (places, places of the target, CLIMATE)
    count = np.isfinite(gap).sum(-1)
    square = np.where(count > 0, np.nansum(gap**2, axis=-1) / np.maximum(count, 1), np.inf)
    return np.asarray(np.sqrt(square.min(axis=1))[row], np.float64)


def weighted_by_climate(pool: Pool, target: Pool) -> Pool:
    """Return a pool of which rows are drawn by exp(-distance) more or less often; classes keep their shares.

    Of a set that tells no climate, the rows are drawn as before.
    """
    return _reweighted(pool, np.exp(-climate_distance(pool, target)))


def _by_place(pool: Pool, places: NDArray[np.str_]) -> Floats:
    """Return (places, CLIMATE) means over the rows of each place as they are; NaN = unknown."""
    plain = pool.take(pool.copy == 0) if (pool.copy == 0).any() else pool
    seen = climate(plain)
    is_in = (plain.places == places[:, None]).astype(np.float32)  # (places, P)
    count = is_in @ np.isfinite(seen).astype(np.float32)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(count > 0, is_in @ np.nan_to_num(seen) / np.maximum(count, 1), np.nan), np.float32)


def _known(values: Floats) -> Floats:
    """Return values of which a column without any is 0, so that its spread is."""
    return np.where(np.isfinite(values).any(axis=0), values, np.float32(0))


def _reweighted(pool: Pool, factor: NDArray[np.float64]) -> Pool:
    """Return the pool with weights multiplied, and scaled so that each label of a set keeps its total."""
    weight = pool.weight * factor
    for name in np.unique(pool.sets):
        for label in np.unique(pool.labels):
            rows = (pool.sets == name) & (pool.labels == label)
            total = weight[rows].sum()
            weight[rows] = weight[rows] * pool.weight[rows].sum() / total if total > 0 else pool.weight[rows]
    return replace(pool, weight=weight)

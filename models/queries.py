"""Queries: what the network is told about the dates it is asked about. Shared by training and the fast path."""

import numpy as np

from core.bands import STATIC, Floats
from core.cube import Series
from core.quantities import QUANTITIES, position
from core.timeline import Days
from models.climatology import FEATURES
from models.tokens import TIME_FEATURES, time_features

TERRAIN = 2 * len(STATIC)
"""Elevation and slope, each with a flag."""
QUERY_FEATURES = TIME_FEATURES + FEATURES + len(QUANTITIES) + TERRAIN

_STATIC_SCALE = np.array([2000.0, 50.0], np.float32)


def forecast_queries(features: Floats, issue_days: Days, target_days: Days, quantity: str = "NDVI") -> Floats:
    """Return (N, H, G) queries of target dates: time, what the history says, the quantity asked for; no terrain."""
    time = time_features(target_days.astype(np.float64), issue_days[:, None].astype(np.float64))
    rest = np.zeros((*target_days.shape, len(QUANTITIES) + TERRAIN), np.float32)
    rest[..., position(quantity)] = 1
    return np.concatenate([time, features, rest], axis=-1)


def map_queries(series: Series, reference_days: Days, *, width: int = QUERY_FEATURES) -> Floats:
    """Return (N, 1, G) queries of one date each, with terrain where known.

    Args:
        width: G of the network that is asked; what lies between time and terrain is of forecasts alone.
    """
    reference = reference_days[:, None].astype(np.float64)
    static = series.static if series.static is not None else np.full((len(series), len(STATIC)), np.nan, np.float32)
    known = np.isfinite(static).astype(np.float32)
    queries = np.zeros((len(series), 1, width), np.float32)
    queries[..., :TIME_FEATURES] = time_features(reference - 1, reference)
    queries[:, 0, -TERRAIN:] = np.concatenate([np.nan_to_num(static / _STATIC_SCALE), known], axis=-1)
    return queries

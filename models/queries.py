"""Queries: what the network is told about the dates it is asked about. Shared by training and the fast path."""

import numpy as np

from core.bands import STATIC, Floats
from core.cube import Series
from core.timeline import Days
from models.climatology import FEATURES
from models.tokens import time_features

_STATIC_SCALE = np.array([2000.0, 50.0], np.float32)


def forecast_queries(features: Floats, issue_days: Days, target_days: Days) -> Floats:
    """Return (N, H, G) queries of target dates with what the history says of them; terrain unknown."""
    time = time_features(target_days.astype(np.float64), issue_days[:, None].astype(np.float64))
    terrain = np.zeros((*target_days.shape, 2 * len(STATIC)), np.float32)
    return np.concatenate([time, features, terrain], axis=-1)


def map_queries(series: Series, reference_days: Days) -> Floats:
    """Return (N, 1, G) queries of one date each, with terrain where known."""
    reference = reference_days[:, None].astype(np.float64)
    static = series.static if series.static is not None else np.full((len(series), len(STATIC)), np.nan, np.float32)
    known = np.isfinite(static).astype(np.float32)
    terrain = np.concatenate([np.nan_to_num(static / _STATIC_SCALE), known], axis=-1)[:, None]
    blank = np.zeros((len(series), 1, FEATURES), np.float32)
    return np.concatenate([time_features(reference - 1, reference), blank, terrain], axis=-1).astype(np.float32)

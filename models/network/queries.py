"""Queries: what the network reads about its target dates. Shared by training and prediction."""

import numpy as np

from core.bands import STATIC, Floats
from core.quantities import QUANTITIES, position
from core.timeline import Days
from models.baselines.climatology import FEATURES
from models.baselines.pooled import POOLED_FEATURES
from models.network.tokens import TIME_FEATURES, time_features

TERRAIN = 2 * len(STATIC)
"""Elevation and slope, each with a flag: places that forecasts leave empty."""
QUERY_FEATURES = TIME_FEATURES + FEATURES + POOLED_FEATURES + len(QUANTITIES) + TERRAIN


def forecast_queries(
    features: Floats, pooled: Floats, issue_days: Days, target_days: Days, quantity: str = "NDVI"
) -> Floats:
    """Return (N, H, G) queries of target dates: time, features of the history, the target quantity; no terrain.

    Args:
        features: (N, H, FEATURES) of the series' own history.
        pooled: (N, H, POOLED_FEATURES) of the series that are forecast with it; zeros where it stands alone.
    """
    time = time_features(target_days.astype(np.float64), issue_days[:, None].astype(np.float64))
    rest = np.zeros((*target_days.shape, len(QUANTITIES) + TERRAIN), np.float32)
    rest[..., position(quantity)] = 1
    return np.concatenate([time, features, pooled, rest], axis=-1)

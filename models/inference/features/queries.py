"""Queries of forecasts on a device; twin of models/network/queries.py."""

import torch
from torch import Tensor

from core.quantities import QUANTITIES, position
from models.baselines.pooled import POOLED_FEATURES
from models.inference.features.tokens import time_features
from models.network.queries import TERRAIN


def forecast_queries(features: Tensor, issue_days: Tensor, target_days: Tensor, quantity: str) -> Tensor:
    """Return (N, H, G) float32 queries of target dates of series that stand alone: no pool, no terrain.

    Args:
        features: (N, H, FEATURES); issue_days: (N,); target_days: (N, H).
    """
    rest = features.new_zeros(*target_days.shape, POOLED_FEATURES + len(QUANTITIES) + TERRAIN)
    rest[..., POOLED_FEATURES + position(quantity)] = 1.0
    return torch.cat([time_features(target_days, issue_days[:, None]), features, rest], dim=-1)

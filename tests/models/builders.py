"""Small seeded series and networks for the tests of models and products."""

import numpy as np
import torch

from core.bands import CHANNELS, channel
from core.cube import Series
from models.earthpt import EarthPT, EarthPTConfig

TINY = EarthPTConfig(layers=2, width=32, heads=4, dropout=0.0)
START = 17_000


def tiny_network(*, classes: int = 0, members: int = 0, seed: int = 3) -> EarthPT:
    """A two-layer network with random weights everywhere, heads included."""
    torch.manual_seed(seed)
    network = EarthPT(EarthPTConfig(**{**TINY.to_json(), "classes": classes, "members": members}))
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return network.eval()


def wavy_series(count: int = 6, *, dates: int = 120, step_days: int = 8, seed: int = 0) -> Series:
    """Seasonal series, each with its own level and gaps, red and near infrared consistent with NDVI."""
    rng = np.random.default_rng(seed)
    days = np.broadcast_to(START + step_days * np.arange(dates), (count, dates)).astype(np.int32)
    level = np.linspace(0.35, 0.6, count)[:, None]
    ndvi = level + 0.25 * np.sin(2 * np.pi * (days - 80) / 365.2425) + rng.normal(0, 0.015, days.shape)
    values = np.full((count, dates, len(CHANNELS)), np.nan, np.float32)
    values[..., channel("NDVI")] = ndvi
    values[..., channel("B08")] = 0.3
    values[..., channel("B04")] = 0.3 * (1 - ndvi) / (1 + ndvi)
    values[rng.random(days.shape) < 0.4] = np.nan
    return Series(ids=np.array([f"s{i}" for i in range(count)]), days=days, values=values)

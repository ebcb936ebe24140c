"""Small seeded series and networks for the tests of models and products."""

import numpy as np
import torch

from core.bands import CHANNELS, channel
from core.cube import Series
from models.network.class_features import CLASS_FEATURES
from models.network.class_network import ClassConfig, ClassNetwork, Grown
from models.network.earthpt import EarthPT, EarthPTConfig
from models.network.tree_inputs import ALONE, LONG, SHORT
from models.network.trees import AS_THEY_ARE, counted, grow

TINY = EarthPTConfig(layers=2, width=32, heads=4, dropout=0.0)
START = 17_000


def tiny_network(*, members: int = 0, seed: int = 3) -> EarthPT:
    """A two-layer network with random weights everywhere, heads included."""
    torch.manual_seed(seed)
    network = EarthPT(EarthPTConfig(**{**TINY.to_json(), "members": members}))
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return network.eval()


def tiny_class_network(*, classes: int = 3, layer: str = "last", rounds: int = 4, seed: int = 3) -> ClassNetwork:
    """A class network with random weights everywhere and trees that know nothing but differ."""
    torch.manual_seed(seed)
    grown = random_trees(classes, rounds, seed) if rounds else None
    trees = (*grown.feature.shape, grown.depth.shape[1]) if grown else (0, 0, 0)
    network = ClassNetwork(
        ClassConfig(classes=classes, trunk=TINY, members=2, layer=layer, trees=trees)  # type: ignore[arg-type]
    )
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    if grown:
        state = {f"trees.{name}": torch.from_numpy(value) for name, value in vars(grown).items()}
        network.load_state_dict({**network.state_dict(), **state, "tree_share": torch.tensor(0.6)})
    return network.eval()


def random_trees(classes: int, rounds: int, seed: int = 0) -> Grown:
    """Trees on features of which a tenth is unseen, grown for labels that a few of them tell, with shares by kind."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(300, CLASS_FEATURES)).astype(np.float32)
    labels = np.digitize(features[:, 3] + 0.5 * rng.normal(size=300), np.linspace(-1, 1, classes + 1)[1:-1])
    features[rng.random(features.shape) < 0.1] = np.nan
    grown = grow(features, labels, np.ones(300), {**AS_THEY_ARE, "num_leaves": 6}, classes=classes, rounds=rounds)
    return counted(grown, {LONG: 0.5, SHORT: 1.0, ALONE: 2.0})


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

"""Inputs of the shipped networks, for the tests of back ends."""

from pathlib import Path

import numpy as np

from core.bands import Floats
from core.checkpoint import Checkpoint
from core.settings import Settings
from models.network.class_features import BESIDE_NDVI, CLASS_FEATURES, NDVI_MONTHS
from models.network.class_inputs import class_inputs
from models.network.queries import QUERY_FEATURES
from models.network.tokens import tokenise
from models.registry import find_checkpoint
from tests.models.builders import START, wavy_series

SHIPPED = {"ndvi-small": "forecast", "earthpt-small": "forecast", "canopy": "canopy", "crop": "crop"}


def shipped(name: str) -> Checkpoint:
    """Return a shipped model, whatever somebody has imported for themselves."""
    return find_checkpoint(name, SHIPPED[name], Settings(home=Path("nowhere"), device="cpu"))


def inputs_of(checkpoint: Checkpoint, count: int = 9) -> tuple[Floats, Floats, Floats]:
    """Return tokens, padding and queries; one series was never seen."""
    series, days = wavy_series(count), np.full(count, START + 700, np.int32)
    series.values[1] = np.nan
    if checkpoint.task != "forecast":
        tokens, queries = class_inputs(series, days, months=36)
        return tokens.tokens, tokens.is_padding, queries
    tokens = tokenise(series, days, context=int(checkpoint.card["network"]["context"]))
    drawn = np.random.default_rng(0).normal(size=(count, 7, QUERY_FEATURES))
    return tokens.tokens, tokens.is_padding, drawn.astype(np.float32)


def queries_of(count: int, seed: int = 0) -> Floats:
    """Return (B, 2 F) queries of class networks with a third of the features unseen, and histories of all kinds."""
    rng = np.random.default_rng(seed)
    flags = (rng.random((count, CLASS_FEATURES)) > 1 / 3).astype(np.float32)
    flags[:, list(NDVI_MONTHS)] = 1
    flags[1::3, list(NDVI_MONTHS[2:])] = 0
    flags[2::3, list(BESIDE_NDVI)] = 0
    values = rng.normal(size=flags.shape).astype(np.float32) * flags
    return np.concatenate([values, flags], axis=1)

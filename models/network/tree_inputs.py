"""What trees read, in NumPy: marked features, and the kind of a history. The trees: class_network.py."""

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from models.network.class_features import BESIDE_NDVI, NDVI_MONTHS

ABSENT = 9.0
"""Trees read each feature twice, unseen ones below all seen values and above them: a split uses one of both."""
MOST_OF_A_YEAR = 9
"""Calendar months of NDVI from which on a history tells the seasons."""
KINDS = LONG, SHORT, ALONE = range(3)
"""Kinds of history that trees count for: one that tells the seasons, a shorter one, and one that shows NDVI alone."""


def kind_of(queries: Floats) -> NDArray[np.int64]:
    """Return (B,) which of KINDS the histories of (B, 2 F) queries are, as `class_network.tree_inputs` has it."""
    is_seen = queries[:, queries.shape[1] // 2 :] > 0.5
    alone = ~is_seen[:, list(BESIDE_NDVI)].any(axis=1)
    long = is_seen[:, list(NDVI_MONTHS)].sum(axis=1) >= MOST_OF_A_YEAR
    return np.where(alone, ALONE, np.where(long, LONG, SHORT))


def marked(queries: Floats) -> Floats:
    """Return (2 F, B) the features of (B, 2 F) queries: where unseen as -ABSENT, then the same as ABSENT."""
    values, flags = np.split(queries.T, 2)
    is_seen = flags > 0.5
    return np.concatenate([np.where(is_seen, values, np.float32(unseen)) for unseen in (-ABSENT, ABSENT)])

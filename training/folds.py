"""Spatial folds: places stay whole, so that a model is evaluated where it has not learned. Nothing is trained here."""

import hashlib

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

FOLDS = 5
Folds = NDArray[np.int64]
"""(N,) number of each row's fold, from 0 on; -1 = in no fold: learned from by every fold's network."""


def folds_by_hash(places: NDArray[np.str_]) -> Folds:
    """Assign places to five folds by the hash of their names: the same for every set, run and order of rows.

    The accuracy on the cards of shipped models was measured with these folds.
    """
    names, place = np.unique(places, return_inverse=True)
    fold = [int(hashlib.sha256(str(name).encode()).hexdigest(), 16) % FOLDS for name in names]
    return np.array(fold, np.int64)[place]


def folds_by_class(places: NDArray[np.str_], labels: NDArray[np.integer]) -> Folds:
    """Assign places to folds over which the classes are spread as evenly as whole places allow.

    Args:
        places: (N,) place or block of each row.
        labels: (N,) class code.

    Returns:
        Numbers from 0 on without gaps: of five folds, or of as many as there are places.
    """
    splitter = StratifiedGroupKFold(n_splits=min(FOLDS, len(np.unique(places))))
    fold = np.zeros(len(places), np.int64)
    for number, (_, held_out) in enumerate(splitter.split(places, labels, groups=places)):
        fold[held_out] = number
    return np.asarray(np.unique(fold, return_inverse=True)[1], np.int64)

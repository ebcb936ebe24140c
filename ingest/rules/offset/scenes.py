"""Scenes of one archive of which some carry the offset of 0.1 and others do not. No files, no masking.

An offset moves all bands alike. Haze moves blue more than infrared, and soil that dries moves red more than blue.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from ingest.rules.offset.darkest import DARK_BANDS

LEFT_IN = 0.1
TOLERANCE = 0.03
"""How far the move of each band may be from LEFT_IN: the darkest pixels vary with season and noise."""
MIN_SCENES = 3
"""Of each group, fewer are no proof: one thin cloud may move all bands alike."""
MIN_GAP = 0.05
"""Between the darkest values of two groups where no scene is dark."""


def find_raised(floors: Mapping[str, Floats], base: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (T,) which scenes lie 0.1 above one of the base in all bands alike, the infrared among them.

    Args:
        floors: (T,) darkest clear reflectance of each scene by band; NaN = not known.
        base: (T,) scenes without the offset.
    """
    if not floors or not base.any():
        return np.zeros(len(base), bool)
    is_visible = np.isin(list(floors), DARK_BANDS)
    table = np.stack(list(floors.values()), axis=1)
    moved = table[:, None] - table[base][None]
    is_known = np.isfinite(moved)
    is_alike = (~is_known | (np.abs(moved - LEFT_IN) <= TOLERANCE)).all(axis=2)
    is_told = is_known[..., is_visible].any(axis=2) & is_known[..., ~is_visible].any(axis=2)
    return np.asarray((is_alike & is_told).any(axis=1) & ~base)


def are_mixed(raised: NDArray[np.bool_], base: NDArray[np.bool_], others: NDArray[np.bool_]) -> bool:
    """Tell whether raised scenes surely carry the offset.

    Args:
        raised: (T,) of `find_raised`.
        base: (T,) scenes without it.
        others: (T,) bright scenes that are neither; where these are the most, the land itself changes.
    """
    return bool(min(raised.sum(), base.sum()) >= MIN_SCENES and raised.sum() >= others.sum())


def lower_group(floors: Mapping[str, Floats]) -> NDArray[np.bool_]:
    """Return (T,) the darker of two groups of scenes, parted at the widest gap; none where there is no such gap."""
    table = np.stack([floors[b] for b in DARK_BANDS if b in floors] or [np.zeros(0, np.float32)], axis=1)
    is_told = np.isfinite(table).any(axis=1)
    level = np.where(is_told, np.nanmin(np.where(np.isnan(table), np.inf, table), axis=1, initial=np.inf), np.nan)
    ordered = np.sort(level[is_told])
    gaps = np.diff(ordered)
    if not gaps.size or gaps.max() < MIN_GAP:
        return np.zeros(len(next(iter(floors.values()), ())), bool)
    return np.asarray(level <= ordered[int(gaps.argmax())])

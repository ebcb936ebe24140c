"""Radar backscatter: linear power, the convention it follows, and the speckle filter. No files; dB: decode."""

from collections.abc import Iterable

import numpy as np
import scipy  # loads scipy.ndimage when it is first used: the service starts without

from core.bands import Floats
from core.errors import ReadFailed
from ingest.archive import Scene

LOOKS = 4.4
"""Equivalent number of looks of Sentinel-1 IW GRD high resolution (ESA, Sentinel-1 Product Definition)."""


def to_power(db: Floats) -> Floats:
    """Return linear power of backscatter in dB; NaN stays NaN."""
    return np.asarray(10 ** (np.asarray(db, np.float64) / 10), np.float32)


def check_conventions(scenes: Iterable[Scene]) -> None:
    """Refuse to put radar scenes of different conventions into one cube.

    Raises:
        ReadFailed: two scenes name different ones.
    """
    first: Scene | None = None
    for scene in scenes:
        if scene.sensor != "s1" or not scene.convention:
            continue
        first = first or scene
        if scene.convention != first.convention:
            reason = f"its backscatter is {scene.convention} and that of '{first.scene_id}' {first.convention}"
            raise ReadFailed(scene.scene_id, f"{reason}; such numbers are not mixed in one cube")


def lee_filter(power: Floats, window: int) -> Floats:
    """Filter speckle (Lee 1980, doi:10.1109/TPAMI.1980.4766994): smooth where the variation is that of speckle alone.

    Args:
        power: (Y, X) linear power; NaN = unseen, which stays unseen and does not spread; neither does 0, the border
            noise of GRD products.
        window: edge of the neighbourhood in pixels, odd; what lies beyond the border is left out of it.

    Returns:
        (Y, X) linear power; NaN where unseen or not positive.
    """
    seen = np.isfinite(power) & (power > 0)
    filled = np.where(seen, power, 0).astype(np.float64)
    share = np.maximum(scipy.ndimage.uniform_filter(seen.astype(np.float64), window, mode="constant"), 1e-12)
    mean = scipy.ndimage.uniform_filter(filled, window, mode="constant") / share
    square = scipy.ndimage.uniform_filter(filled**2, window, mode="constant") / share
    variance = np.maximum(square - mean**2, 0)
    noise = mean**2 / LOOKS
    signal = np.maximum(variance - noise, 0) / (1 + 1 / LOOKS)
    weight = np.divide(signal, signal + noise, out=np.zeros_like(mean), where=(signal + noise) > 0)
    return np.where(seen, mean + weight * (filled - mean), np.nan).astype(np.float32)

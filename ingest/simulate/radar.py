"""Backscatter of simulated ground: the water cloud model with speckle. No dates, no places.

Water cloud model: Attema & Ulaby 1978 (doi:10.1029/RS013i002p00357), equation 1: a canopy scatters C (1 - t) cos(angle)
and lets t = exp(-2 D W / cos(angle)) of the soil's echo through. W is leaf area plus wood.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from ingest.simulate.calendars import Leaf

SOIL_DRY_DB = np.array([-15.5, -23.5], np.float32)
SOIL_WET_GAIN_DB = np.array([7.5, 5.5], np.float32)
"""VV, VH of bare soil at moisture 0, and what moisture 1 adds; ranges of C-band field studies."""
WATER_DB = np.array([-20.0, -27.0], np.float32)
BUILT_DB = np.array([-6.5, -14.0], np.float32)

CANOPY_C = {
    Leaf.CEREAL: (0.045, 0.012),
    Leaf.BROADLEAF_CROP: (0.150, 0.040),
    Leaf.MAIZE: (0.150, 0.028),
    Leaf.GRASS: (0.075, 0.016),
    Leaf.CONIFER: (0.150, 0.040),
    Leaf.DECIDUOUS: (0.160, 0.042),
    Leaf.EVERGREEN: (0.170, 0.046),
}
"""Echo of a closed canopy at vertical incidence, VV and VH, linear."""
CANOPY_D = (0.16, 0.12)
"""Attenuation per unit of W, VV and VH."""


@dataclass(frozen=True, kw_only=True)
class Pass:
    """Viewing geometry and looks of the radar at M places."""

    incidence_deg: Floats
    """(M,) from the vertical."""
    looks: Floats
    """(M,) equivalent number of looks; about 4.4 for a GRD pixel, more for the mean of a parcel."""


def backscatter(
    rng: np.random.Generator, leaf: NDArray[np.int8], *, volume: Floats, moisture: Floats, view: Pass
) -> Floats:
    """Return VV and VH with speckle.

    Args:
        rng: of the speckle.
        leaf: (M,) codes of Leaf.
        volume: (M,) green leaf area plus wood.
        moisture: (M,) of the soil, 0..1; on water: wind.
        view: angle and looks.

    Returns:
        (M, 2) dB.
    """
    cosine = np.cos(np.radians(view.incidence_deg))[:, None]
    scatter = np.zeros((len(Leaf), 2), np.float32)
    for kind, pair in CANOPY_C.items():
        scatter[kind] = pair
    passed = np.exp(-2 * np.array(CANOPY_D, np.float32) * volume[:, None] / cosine)
    soil = 10 ** ((SOIL_DRY_DB + SOIL_WET_GAIN_DB * moisture[:, None]) / 10)
    power = scatter[leaf] * cosine * (1 - passed) + soil * passed
    power = np.where((leaf == Leaf.WATER)[:, None], 10 ** ((WATER_DB + 5 * moisture[:, None]) / 10), power)
    power = np.where((leaf == Leaf.BUILT)[:, None], 10 ** (BUILT_DB / 10), power)
    speckle = rng.standard_gamma(np.repeat(view.looks[:, None], 2, axis=1)) / view.looks[:, None]
    return np.asarray(10 * np.log10(np.maximum(power * speckle, 1e-5)), np.float32)

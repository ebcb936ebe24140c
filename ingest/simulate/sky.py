"""The sky over a scene of the sample archive: clouds, their shadows and the classes that Sen2Cor would give."""

from dataclasses import dataclass

import numpy as np
import scipy  # loads scipy.ndimage when it is first used: the service starts without
from numpy.typing import NDArray
from scipy.special import ndtr

from core.bands import OPTICAL_NAMES, Floats
from ingest.simulate.clouds import CLOUD, HAZE
from ingest.simulate.landscape import smooth_noise

MARGIN = 96
"""Pixels simulated beyond the scene, so that clouds outside cast shadows inside."""
PIXEL_M = 10.0
SUN_AZIMUTH = 158.0
"""Degrees at the overpass, all year: kept simple."""

SCL_SHADOW, SCL_VEGETATION, SCL_BARE, SCL_WATER, SCL_UNCLASSIFIED = 3, 4, 5, 6, 7
SCL_MEDIUM, SCL_HIGH, SCL_CIRRUS = 8, 9, 10


@dataclass(frozen=True, kw_only=True)
class Sky:
    """What lies between sun, ground and satellite in one scene."""

    opacity: Floats
    """(Y, X) of clouds, 0..1."""
    shadow: Floats
    """(Y, X) share of direct light taken by clouds, 0..1."""
    haze: float
    """Error of the aerosol correction, reflectance in blue."""

    @property
    def cloud_percent(self) -> float:
        """Share of the scene under visible cloud, percent."""
        return float(100 * np.mean(self.opacity > 0.08))


def draw_sky(rng: np.random.Generator, size: int, *, cover: float, sun_zenith_deg: float) -> Sky:
    """Draw clouds as a smooth random field, cut off so that they cover a share of the sky.

    Args:
        rng: of this scene.
        size: rows and columns.
        cover: share under cloud; 0 = none, 1 = overcast.
        sun_zenith_deg: sets how far shadows fall.
    """
    edge = size + 2 * MARGIN
    noise = _cloud_field(rng, edge, scale=float(rng.uniform(9, 26)))
    inner = slice(MARGIN, MARGIN + size)
    if cover <= 0:
        opacity = np.zeros((edge, edge), np.float32)
    elif cover >= 1:
        opacity = np.clip(0.9 + 0.08 * noise, 0.7, 1).astype(np.float32)
    else:
        threshold = np.quantile(noise[inner, inner], 1 - cover)
        opacity = np.clip((noise - threshold) / rng.uniform(0.35, 0.9), 0, 1).astype(np.float32)
    reach = float(rng.uniform(900, 2200)) * np.tan(np.radians(sun_zenith_deg)) / PIXEL_M
    north = int(np.clip(-reach * np.cos(np.radians(SUN_AZIMUTH)), 0, MARGIN))
    west = int(np.clip(reach * np.sin(np.radians(SUN_AZIMUTH)), 0, MARGIN))
    moved = np.roll(opacity, (-north, -west), axis=(0, 1))
    haze = float(rng.normal(0, 0.005))
    return Sky(opacity=opacity[inner, inner], shadow=moved[inner, inner] * 0.85, haze=haze)


def _cloud_field(rng: np.random.Generator, edge: int, *, scale: float) -> Floats:
    """Return (edge, edge) noise of unit size with detail, drawn at half the resolution for speed."""
    shape = (edge // 2, edge // 2)
    coarse = smooth_noise(rng, shape, scale / 2) + 0.3 * smooth_noise(rng, shape, scale / 8)
    return np.asarray(scipy.ndimage.zoom(coarse, 2, order=1, mode="nearest"), np.float32)


def look_through(rng: np.random.Generator, ground: Floats, sky: Sky) -> Floats:
    """Return (10, Y, X) reflectance that the satellite measures over (10, Y, X) of the ground."""
    noise = rng.standard_normal(ground.shape, dtype=np.float32)
    lit = ground * (1 - 0.75 * sky.shadow) * (1 + 0.012 * noise) + sky.haze * HAZE[:, None, None] + 0.0015 * noise[::-1]
    bright = CLOUD[:, None, None] * (0.75 + 0.4 * sky.opacity)
    return np.asarray(np.maximum(lit * (1 - sky.opacity) + bright * sky.opacity, 0.0005), np.float32)


def classify_scene(reflectance: Floats, sky: Sky) -> NDArray[np.uint8]:
    """Return (Y, X) scene classes as Sen2Cor numbers them, with the thinnest clouds missed."""
    red, nir = (reflectance[OPTICAL_NAMES.index(b)] for b in ("B04", "B08"))
    index = (nir - red) / (nir + red)
    choices = [
        (sky.opacity > 0.6, SCL_HIGH),
        (sky.opacity > 0.2, SCL_MEDIUM),
        (sky.opacity > 0.06, SCL_CIRRUS),
        (sky.shadow > 0.25, SCL_SHADOW),
        (index < 0, SCL_WATER),
        (index > 0.4, SCL_VEGETATION),
        (red < 0.25, SCL_BARE),
    ]
    return np.select([c for c, _ in choices], [v for _, v in choices], SCL_UNCLASSIFIED).astype(np.uint8)


def draw_cover(rng: np.random.Generator, day_of_year: NDArray[np.integer]) -> NDArray[np.float64]:
    """Draw (T,) the cloud cover of successive overpasses: overcast, broken or none, winters cloudier."""
    noise = rng.standard_normal(len(day_of_year))
    for t in range(1, len(noise)):
        noise[t] = 0.35 * noise[t - 1] + np.sqrt(1 - 0.35**2) * noise[t]
    overcast = 0.38 + 0.14 * np.cos((day_of_year - 10) / 365.25 * 2 * np.pi)
    rank = ndtr(noise)
    broken = np.clip((rank - overcast) / 0.32, 0, 1)
    return np.where(rank < overcast, 1.0, np.where(broken < 1, 0.85 * (1 - broken), 0.0))

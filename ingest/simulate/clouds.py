"""Weather of simulated places: which overpasses are clear, how wet the soil is, where clouds lie in a scene."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from core.bands import Floats

CLOUD = np.array([0.62, 0.61, 0.61, 0.61, 0.60, 0.60, 0.60, 0.59, 0.45, 0.38], np.float32)
"""Reflectance of a thick cloud in the order of core.bands.OPTICAL."""
HAZE = np.array([1.0, 0.72, 0.5, 0.44, 0.4, 0.36, 0.32, 0.3, 0.1, 0.05], np.float32)
"""How an error in aerosol shows in the bands, relative to blue."""


def persistent_noise(rng: np.random.Generator, shape: tuple[int, int], memory: float) -> Floats:
    """Return (N, T) unit normal noise whose neighbours in time correlate by `memory` (AR(1))."""
    noise: Floats = rng.standard_normal(shape, np.float32)
    fresh = np.float32(np.sqrt(1 - memory**2))
    for t in range(1, shape[1]):
        noise[:, t] = memory * noise[:, t - 1] + fresh * noise[:, t]
    return noise


def clear_overpasses(
    rng: np.random.Generator, day_of_year: Floats, *, share: Floats, swing: Floats
) -> NDArray[np.bool_]:
    """Draw which overpasses see the ground; cloudy spells last some days.

    Args:
        rng: of the draw.
        day_of_year: (N, T), as the north counts it.
        share: (N,) clear share over the year.
        swing: (N,) how much larger it is in July than the mean; negative = cloudy summers.

    Returns:
        (N, T).
    """
    season = -np.cos((day_of_year - 15) / 365.25 * 2 * np.pi)
    chance = np.clip(share[:, None] + swing[:, None] * season, 0.03, 0.95)
    day_shape = (day_of_year.shape[0], day_of_year.shape[1])
    return np.asarray(ndtr(persistent_noise(rng, day_shape, 0.45)) < chance)


def soil_moisture(rng: np.random.Generator, day_of_year: Floats, *, wetness: Floats) -> Floats:
    """Return (N, T) soil moisture 0..1: wetter in winter, with memory; `wetness` (N,) is the mean."""
    season = 0.18 * np.cos((day_of_year - 25) / 365.25 * 2 * np.pi)
    shape = (day_of_year.shape[0], day_of_year.shape[1])
    noise = 0.16 * persistent_noise(rng, shape, 0.6)
    return np.asarray(np.clip(wetness[:, None] + season + noise, 0, 1), np.float32)


def sun_zenith(latitude: Floats, day_of_year: Floats) -> Floats:
    """Return degrees from the vertical at 10:30 local solar time (Spencer 1971 declination, first term).

    Args:
        latitude: degrees, negative in the south; any shape that broadcasts.
        day_of_year: 1..366.
    """
    declination = np.radians(23.44) * np.sin((day_of_year - 81) / 365.25 * 2 * np.pi)
    phi = np.radians(latitude)
    hour = np.radians(-22.5)
    cosine = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(hour)
    return np.asarray(np.degrees(np.arccos(np.clip(cosine, -1, 1))), np.float32)


def add_measurement_noise(rng: np.random.Generator, reflectance: Floats, *, residues: float) -> Floats:
    """Add the errors that atmospheric correction, view angle and cloud masks leave.

    Args:
        rng: of the noise.
        reflectance: (M, 10) clear values.
        residues: share of values with thin cloud or shadow that a mask has missed.

    Returns:
        (M, 10), at least 0.0005.
    """
    count = len(reflectance)
    factor = (
        1
        + 0.03 * rng.standard_normal((count, 1), np.float32)
        + 0.015 * rng.standard_normal(reflectance.shape, np.float32)
    )
    haze = 0.006 * rng.standard_normal((count, 1), np.float32) * HAZE
    noisy = reflectance * factor + haze + 0.0015 * rng.standard_normal(reflectance.shape, np.float32)
    draw = rng.random((count, 1), np.float32)
    strength = rng.random((count, 1), np.float32)
    veil = np.where(draw < residues * 0.6, 0.03 + 0.3 * strength**2, 0)
    shadow = np.where((draw >= residues * 0.6) & (draw < residues), 0.35 + 0.55 * strength, 1)
    return np.asarray(np.maximum((noisy * shadow) * (1 - veil) + CLOUD * veil, 0.0005), np.float32)

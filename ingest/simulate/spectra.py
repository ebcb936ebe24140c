"""Reflectance of simulated ground: a table of PROSAIL runs and a quick look-up in it. No dates, no places.

Leaves by PROSPECT-D (Feret et al. 2017, doi:10.1016/j.rse.2017.03.004), canopies by 4SAIL (Verhoef et al. 2007,
doi:10.1109/TGRS.2007.895844), both as the PyPI package `prosail` implements them; soils are its dry and wet spectra.
Water and built-up surfaces are two spectra each, stated below.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import prosail
from numpy.typing import NDArray

from core.bands import OPTICAL, Floats
from ingest.simulate.calendars import Leaf

LAI_NODES = np.array([0.0, 0.25, 0.5, 1.0, 1.5, 2.25, 3.0, 4.0, 5.5, 8.0], np.float32)
BROWN_NODES = np.array([0.0, 0.4, 1.0], np.float32)
SOIL_NODES = np.array([0.0, 1.0], np.float32)
SUN_ZENITH_NODES = np.array([20.0, 45.0, 70.0], np.float32)
"""Degrees."""
VIEW_ZENITH = 5.0
"""Degrees; across the swath Sentinel-2 sees up to 10, which the noise covers."""

WAVELENGTHS_NM = np.arange(400, 2501)


@dataclass(frozen=True, kw_only=True)
class _Plant:
    """PROSAIL inputs of a green canopy."""

    structure: float
    """Leaf structure N."""
    chlorophyll: float
    """ug/cm2."""
    carotenoids: float
    """ug/cm2."""
    water: float
    """cm."""
    matter: float
    """Dry matter, g/cm2."""
    leaf_angle: float
    """Mean inclination, degrees (Campbell's ellipsoid)."""
    shade: float = 1.0
    """Share of light left by shadows between crowns, which a turbid medium does not have."""


PLANTS = {
    Leaf.CEREAL: _Plant(structure=1.4, chlorophyll=48, carotenoids=9, water=0.013, matter=0.005, leaf_angle=66),
    Leaf.BROADLEAF_CROP: _Plant(structure=1.6, chlorophyll=45, carotenoids=9, water=0.02, matter=0.005, leaf_angle=42),
    Leaf.MAIZE: _Plant(structure=1.5, chlorophyll=52, carotenoids=10, water=0.015, matter=0.006, leaf_angle=52),
    Leaf.GRASS: _Plant(structure=1.5, chlorophyll=38, carotenoids=8, water=0.012, matter=0.006, leaf_angle=62),
    Leaf.CONIFER: _Plant(
        structure=1.3, chlorophyll=48, carotenoids=10, water=0.024, matter=0.024, leaf_angle=58, shade=0.85
    ),
    Leaf.DECIDUOUS: _Plant(
        structure=1.7, chlorophyll=42, carotenoids=9, water=0.011, matter=0.008, leaf_angle=36, shade=0.88
    ),
    Leaf.EVERGREEN: _Plant(
        structure=1.8, chlorophyll=55, carotenoids=11, water=0.017, matter=0.014, leaf_angle=45, shade=0.8
    ),
}

# B02, B03, B04, B05, B06, B07, B08, B8A, B11, B12
WATER_CLEAR = (0.030, 0.027, 0.015, 0.012, 0.010, 0.009, 0.008, 0.007, 0.005, 0.004)
WATER_TURBID = (0.055, 0.085, 0.070, 0.062, 0.034, 0.032, 0.026, 0.022, 0.009, 0.007)
ASPHALT = (0.075, 0.085, 0.095, 0.100, 0.105, 0.110, 0.115, 0.120, 0.140, 0.135)
ROOFS = (0.130, 0.155, 0.200, 0.220, 0.235, 0.245, 0.255, 0.262, 0.300, 0.275)
"""Reflectance chosen by us within the published range: clear and turbid water, asphalt and tiled roofs."""


@dataclass(frozen=True, kw_only=True)
class SpectralTable:
    """Reflectance over leaf kind, brown share, leaf area, soil and sun."""

    values: Floats
    """(leaf, brown, lai, soil, sun, band)."""

    def reflectance(
        self, leaf: NDArray[np.int8], *, lai: Floats, brown: Floats, soil: Floats, sun_zenith: Floats
    ) -> Floats:
        """Interpolate linearly between the runs.

        Args:
            leaf: (M,) codes of Leaf.
            lai: (M,) leaf area index, m2/m2.
            brown: (M,) share of brown leaves, 0..1.
            soil: (M,) 0 = dark and wet, 1 = bright and dry; of water: clear to turbid; of built-up: asphalt to roofs.
            sun_zenith: (M,) degrees.

        Returns:
            (M, 10) in the order of core.bands.OPTICAL.
        """
        shape = self.values.shape
        flat = self.values.reshape(-1, shape[-1])
        axes = [_bracket(v, n) for v, n in _axes(lai, brown, soil, sun_zenith)]
        total = np.zeros((len(leaf), shape[-1]), np.float32)
        for corner in range(16):
            at = leaf.astype(np.int64)
            weight = np.ones(len(leaf), np.float32)
            for number, (low, share) in enumerate(axes):
                step = corner >> number & 1
                at = at * shape[number + 1] + low + step
                weight = weight * (share if step else 1 - share)
            total += flat[at] * weight[:, None]
        return total


def _axes(lai: Floats, brown: Floats, soil: Floats, sun_zenith: Floats) -> list[tuple[Floats, Floats]]:
    return [(brown, BROWN_NODES), (lai, LAI_NODES), (soil, SOIL_NODES), (sun_zenith, SUN_ZENITH_NODES)]


def _bracket(values: Floats, nodes: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Return the node below each value and the share of the node above; values outside are held at the ends."""
    held = np.clip(values, nodes[0], nodes[-1])
    low = np.clip(np.searchsorted(nodes, held, side="right") - 1, 0, len(nodes) - 2)
    return low, ((held - nodes[low]) / (nodes[low + 1] - nodes[low])).astype(np.float32)


@lru_cache(maxsize=1)
def spectral_table() -> SpectralTable:
    """Run PROSAIL over the nodes; about three seconds, once per process."""
    shape = (len(Leaf), len(BROWN_NODES), len(LAI_NODES), len(SOIL_NODES), len(SUN_ZENITH_NODES), len(OPTICAL))
    values = np.zeros(shape, np.float32)
    response = band_response()
    for leaf, plant in PLANTS.items():
        values[leaf] = _runs(plant, response) * plant.shade
    for leaf, ends in ((Leaf.WATER, (WATER_CLEAR, WATER_TURBID)), (Leaf.BUILT, (ASPHALT, ROOFS))):
        values[leaf] = np.array(ends, np.float32)[:, None, :]
    return SpectralTable(values=values)


def band_response() -> NDArray[np.float64]:
    """Return (10, 2101) weights of 400..2500 nm in each band: a Gaussian of the band's centre and width, sum 1."""
    centre = np.array([b.wavelength_nm for b in OPTICAL])[:, None]
    width = np.array([b.fwhm_nm for b in OPTICAL])[:, None]
    weights = np.exp(-4 * np.log(2) * ((WAVELENGTHS_NM - centre) / width) ** 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _runs(plant: _Plant, response: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (brown, lai, soil, sun, band) of one plant."""
    shape = (len(BROWN_NODES), len(LAI_NODES), len(SOIL_NODES), len(SUN_ZENITH_NODES), len(OPTICAL))
    values = np.zeros(shape)
    soils = _soils()
    for i, brown in enumerate(BROWN_NODES):
        _, reflected, passed = prosail.run_prospect(*_leaf(plant, float(brown)), prospect_version="D")
        for j, k, n in np.ndindex(shape[1:4]):
            spectrum = prosail.run_sail(
                *(reflected, passed, float(LAI_NODES[j]), plant.leaf_angle, 0.05),
                *(float(SUN_ZENITH_NODES[n]), VIEW_ZENITH, 90.0),
                rsoil0=soils[k],
            )
            values[i, j, k, n] = response @ spectrum
    return values


def _leaf(plant: _Plant, brown: float) -> tuple[float, ...]:
    """Return PROSPECT-D's N, Cab, Car, Cbrown, Cw, Cm of a leaf that has lost green and water to some share."""
    green = 1 - brown
    return (
        plant.structure + 0.6 * brown,
        plant.chlorophyll * green**1.5 + 0.3,
        plant.carotenoids * green + 0.8,
        1.1 * brown,
        plant.water * green + 0.0008,
        plant.matter,
    )


def _soils() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a dark, wet and a bright, dry soil spectrum (2101,)."""
    dry, wet = prosail.spectral_lib.soil.rsoil1, prosail.spectral_lib.soil.rsoil2
    return 0.85 * (0.15 * dry + 0.85 * wet), 0.95 * dry + 0.05 * wet

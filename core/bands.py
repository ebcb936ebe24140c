"""Bands and channels by name: what each is, in which order models read them, and NDVI. No archive-specific scaling."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class BandKind(StrEnum):
    """How the numbers of a band behave under resampling and scaling."""

    REFLECTANCE = "reflectance"
    """Surface reflectance, 0..1."""
    CATEGORICAL = "categorical"
    """Class codes; never interpolated, scaled or offset."""
    POWER = "power"
    """Radar backscatter; dB in cubes, linear power wherever it is averaged."""
    INDEX = "index"
    """A ratio of bands, -1..1."""
    WEATHER = "weather"
    """Temperature (K) or precipitation (m)."""


@dataclass(frozen=True, kw_only=True)
class Band:
    """One measured quantity."""

    name: str
    """Name in cubes and tables."""
    common_name: str
    """STAC electro-optical common name, or a plain description."""
    kind: BandKind
    wavelength_nm: float = 0.0
    """Centre wavelength (Sentinel-2A, ESA spectral response functions v3); 0 where it does not apply."""
    fwhm_nm: float = 0.0
    """Full width at half maximum of the same response functions."""


def _optical(name: str, common_name: str, wavelength_nm: float, fwhm_nm: float) -> Band:
    return Band(
        name=name, common_name=common_name, kind=BandKind.REFLECTANCE, wavelength_nm=wavelength_nm, fwhm_nm=fwhm_nm
    )


OPTICAL = (
    _optical("B02", "blue", 492.4, 66.0),
    _optical("B03", "green", 559.8, 36.0),
    _optical("B04", "red", 664.6, 31.0),
    _optical("B05", "rededge071", 704.1, 15.0),
    _optical("B06", "rededge075", 740.5, 15.0),
    _optical("B07", "rededge078", 782.8, 20.0),
    _optical("B08", "nir", 832.8, 106.0),
    _optical("B8A", "nir08", 864.7, 21.0),
    _optical("B11", "swir16", 1613.7, 91.0),
    _optical("B12", "swir22", 2202.4, 175.0),
)
RADAR = (
    Band(name="VV", common_name="VV backscatter", kind=BandKind.POWER),
    Band(name="VH", common_name="VH backscatter", kind=BandKind.POWER),
)
WEATHER = (
    Band(name="temperature_2m", common_name="air temperature at 2 m", kind=BandKind.WEATHER),
    Band(name="total_precipitation", common_name="precipitation sum", kind=BandKind.WEATHER),
)
NDVI = Band(name="NDVI", common_name="normalised difference vegetation index", kind=BandKind.INDEX)

OPTICAL_NAMES = tuple(b.name for b in OPTICAL)
RADAR_NAMES = tuple(b.name for b in RADAR)
WEATHER_NAMES = tuple(b.name for b in WEATHER)
CHANNELS = (*OPTICAL_NAMES, NDVI.name, *RADAR_NAMES, *WEATHER_NAMES)
"""Order of the C axis of a Series. Models address channels through `channel`, never by number."""

LEAST_NDVI = 0.05
"""Closer to zero than this, NDVI and EVI2 do not determine the reflectances: rounding decides."""

STATIC = ("elevation", "slope")
"""Terrain of a series: metres above sea level, degrees."""


def channel(name: str) -> int:
    """Return the position of a channel on the C axis."""
    return CHANNELS.index(name)


def ndvi(red: Floats, nir: Floats) -> Floats:
    """Normalised difference vegetation index (Tucker 1979, doi:10.1016/0034-4257(79)90013-0).

    Args:
        red, nir: (..., Y, X) surface reflectance, 0..1; NaN = unseen.

    Returns:
        (..., Y, X) in -1..1; NaN where either band is unseen, or not above zero: Sentinel-2 stores 0 for no data.
    """
    total = red + nir
    with np.errstate(divide="ignore", invalid="ignore"):
        index = (nir - red) / total
    return np.where((red > 0) & (nir > 0), index, np.nan).astype(np.float32)


def red_and_nir(ndvi: Floats, evi2: Floats) -> tuple[Floats, Floats]:
    """Solve NDVI and EVI2 (Jiang et al. 2008, doi:10.1016/j.rse.2008.06.006) for the two bands behind them.

    With k = NIR / red = (1 + NDVI) / (1 - NDVI), EVI2 = 2.5 (k - 1) red / ((k + 2.4) red + 1) leaves red alone.

    Args:
        ndvi, evi2: (...,) of the same observation; NaN = unseen.

    Returns:
        Red and near infrared, (...,) surface reflectance; NaN where an index is unseen, or no pair of reflectances in
        0..1 has both: near NDVI 0 both indices are 0 whatever the reflectance.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (1 + ndvi) / (1 - ndvi)
        red = evi2 / (2.5 * (ratio - 1) - evi2 * (ratio + 2.4))
        nir = ratio * red
        is_determined = (np.abs(ndvi) >= LEAST_NDVI) & (red > 0) & (red < 1) & (nir > 0) & (nir < 1)
    return np.where(is_determined, red, np.nan).astype(np.float32), np.where(is_determined, nir, np.nan).astype(
        np.float32
    )

"""Stored numbers to physical values: scale, fill, units, and which pixels are clear. No files here."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bands import OPTICAL_NAMES, RADAR_NAMES, Floats

logger = logging.getLogger(__name__)

SCL_CLEAR = (2, 4, 5, 6, 7)
"""Sen2Cor scene classes used: dark area, vegetation, bare, water, unclassified (ESA Sentinel-2 L2A ATBD, table 3).
Dropped: no data, saturated, shadow, medium and high cloud, cirrus, snow (0, 1, 3, 8, 9, 10, 11)."""

PLAIN_SCALE = {"temperature_2m": 1e-2, "total_precipitation": 1e-5, "VV": 1e-2, "VH": 1e-2}
"""Meaning of integers that state no scale: K/100, mm/100, dB/100; every other band 1e-4."""

MIN_REFLECTANCE = -0.1
"""Lowest value Sentinel-2 L2A can hold since baseline 04.00 (DN 0 with offset -1000); MAJA's -10000 lies below."""
MAX_REFLECTANCE = 2.5
"""Above the brightest snow and cloud; 65535 at 1e-4 lies above."""
DN_MEDIAN = 2.0
"""Floats whose median is above this are digital numbers, not reflectance."""

PLAUSIBLE_MEDIAN = {
    **dict.fromkeys(OPTICAL_NAMES, (0.002, 1.6)),
    "NDVI": (-0.6, 1.0),
    **dict.fromkeys(RADAR_NAMES, (-45.0, 10.0)),
    "temperature_2m": (200.0, 330.0),
    "total_precipitation": (0.0, 2.0),
}
"""Where the median of a real cube lies, clouds included: outside, the numbers have another meaning."""


SCALE_KEYS = ("scale_factor", "raster:scale", "scale", "scales")
OFFSET_KEYS = ("add_offset", "raster:offset", "offset", "offsets")
FILL_KEYS = ("_FillValue", "missing_value", "nodata", "nodatavals", "raster:nodata", "fill_value")
"""Attributes that state scale, offset, no data: of CF, STAC, odc-stac, stackstac, rioxarray; the first one counts."""
LARGE_OFFSET = 10.0
"""No offset of scaled reflectance is as large."""


@dataclass(frozen=True, kw_only=True)
class Coding:
    """How the stored numbers of one variable become physical values: scale * n + offset, then the unit."""

    scale: float = 1.0
    offset: float = 0.0
    fills: tuple[float, ...] = ()
    """Stored numbers that mean unseen."""
    is_unsigned: bool = False
    """Stored as signed, meant as unsigned (NetCDF attribute `_Unsigned`)."""
    unit: str = ""
    """Unit after scaling, if another than ours: `power` (linear), `amplitude_dn`, `mm`, `celsius`."""


def stated_coding(attrs: Mapping[str, Any]) -> Coding:
    """Read the packing attributes of a variable: CF's (conventions 1.11, sections 2.5.1 and 8.1), STAC's and GDAL's.

    An offset of hundreds is one of stored numbers, as `--offset` is; CF's and STAC's are of scaled ones.
    """
    fills = [float(v) for key in FILL_KEYS if key in attrs for v in _numbers(attrs[key])]
    scale = _first(attrs, SCALE_KEYS, 1.0)
    offset = _first(attrs, OFFSET_KEYS, 0.0)
    return Coding(
        scale=scale,
        offset=offset * scale if abs(offset) >= LARGE_OFFSET else offset,
        fills=tuple(f for f in fills if np.isfinite(f)),
        is_unsigned=str(attrs.get("_Unsigned", "false")).lower() == "true",
    )


def is_stated(attrs: Mapping[str, Any]) -> bool:
    """Return whether a variable states a scale or offset; 1 and 0 state nothing, as programs write them by default."""
    return (_first(attrs, SCALE_KEYS, 1.0), _first(attrs, OFFSET_KEYS, 0.0)) != (1.0, 0.0)


def _first(attrs: Mapping[str, Any], keys: Sequence[str], default: float) -> float:
    found = [v for key in keys if key in attrs for v in _numbers(attrs[key])[:1]]
    return found[0] if found else default


def _numbers(value: Any) -> list[float]:
    """Return the numbers of an attribute; empty where it holds none."""
    try:
        return [float(v) for v in np.ravel(value)]
    except (TypeError, ValueError):
        return []


def find_coding(band: str, attrs: Mapping[str, Any], sample: NDArray[Any], *, where: str) -> Coding:
    """Find how a variable is stored, from its attributes or, if they state nothing, from some of its numbers.

    Args:
        band: our name of it.
        attrs: undecoded attributes.
        sample: some stored numbers, any shape.
        where: file and variable, for the log.
    """
    stated = stated_coding(attrs)
    if is_stated(attrs):
        return _with_unit(stated, band, attrs, sample)
    scale, unit = _guess(band, sample, stated)
    unit = unit or _with_unit(stated, band, attrs, sample).unit
    if scale != 1.0 or unit:
        logger.debug("no_scale_stated variable=%s read_as=%g%s", where, scale, f" unit={unit}" if unit else "")
    return replace(stated, scale=scale, unit=unit)


def decode(raw: NDArray[Any], coding: Coding, band: str) -> Floats:
    """Turn stored numbers into reflectance, NDVI, dB, K or m.

    Args:
        raw: any shape, as stored.
        coding: how they are stored.
        band: our name of them.

    Returns:
        float32 of the same shape; NaN where filled or impossible.
    """
    stored = raw.view(f"u{raw.dtype.itemsize}") if coding.is_unsigned and raw.dtype.kind == "i" else raw
    values = stored.astype(np.float32)
    values *= np.float32(coding.scale)
    if coding.offset:
        values += np.float32(coding.offset)
    for fill in coding.fills:
        values[stored == fill] = np.nan
    return _possible(_convert(values, stored, coding.unit), band)


def doubt(band: str, sample: NDArray[Any], coding: Coding) -> str:
    """Return why stored numbers, decoded in this way, are implausible; empty = they are not, or there are none."""
    flat = np.ravel(sample)
    stored = flat[_is_data(flat, coding)]
    if not stored.size:
        return ""
    values = decode(stored, coding, band)
    low, high = PLAUSIBLE_MEDIAN[band]
    middle = float(np.nanmedian(values)) if np.isfinite(values).any() else float("nan")
    is_bytes = band == "NDVI" and coding.scale < 1e-3 and np.abs(stored.astype(np.float64)).max() < 300
    if low <= middle <= high and not is_bytes:
        return ""
    return f"the numbers of '{band}' (median {np.median(stored):g} as stored) are not in {_UNITS[band]}"


def unseen(red: Floats, nir: Floats) -> NDArray[np.bool_]:
    """Return where an overpass holds no data: red and near infrared both missing, zero or below."""
    return ~(red > 0) & ~(nir > 0)


def is_clear(mask: NDArray[Any], kind: str) -> NDArray[np.bool_]:
    """Tell which pixels are usable.

    Args:
        mask: any shape; NaN = unknown = not clear.
        kind: `clear` (1 = usable), `SCL` (Sen2Cor classes) or `CLM` (0 = clear).

    Raises:
        ValueError: another kind.
    """
    match kind:
        case "clear":
            return np.asarray(mask == 1)
        case "SCL":
            return np.isin(mask, SCL_CLEAR)
        case "CLM":
            return np.asarray(mask == 0)
    raise ValueError(f"no cloud information is named '{kind}'")


_UNITS = {
    **dict.fromkeys(OPTICAL_NAMES, "reflectance, 0..1 or 0..10000"),
    "NDVI": "-1..1 or -10000..10000",
    **dict.fromkeys(RADAR_NAMES, "dB"),
    "temperature_2m": "kelvin",
    "total_precipitation": "metres",
}


def to_db(power: Floats) -> Floats:
    """Return 10 log10 of linear backscatter; NaN where not positive."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(power > 0, 10 * np.log10(power), np.nan).astype(np.float32)


def _with_unit(stated: Coding, band: str, attrs: Mapping[str, Any], sample: NDArray[Any]) -> Coding:
    """Add the unit that attributes or numbers imply: backscatter that is never negative is linear, not dB."""
    unit = ""
    finite = _finite(sample, stated) * stated.scale + stated.offset
    if band in RADAR_NAMES and finite.size and finite.min() >= 0 and str(attrs.get("units", "")) != "dB":
        unit = "power"
    if band == "total_precipitation" and "mm" in str(attrs.get("units", "")):
        unit = "mm"
    if band == "temperature_2m" and str(attrs.get("units", "")).lower() in ("c", "degc", "celsius", "degree_celsius"):
        unit = "celsius"
    return replace(stated, unit=unit)


def _guess(band: str, sample: NDArray[Any], stated: Coding) -> tuple[float, str]:
    """Return scale and unit of numbers that state none."""
    finite = _finite(sample, stated)
    middle = float(np.median(finite)) if finite.size else 0.0
    if sample.dtype.kind in "iu":
        if band in RADAR_NAMES and middle > 0:
            return 1.0, "amplitude_dn"
        if band in RADAR_NAMES and middle > -60:
            return 1.0, ""
        return PLAIN_SCALE.get(band, 1e-4), ""
    return (1e-4, "") if band in (*OPTICAL_NAMES, "NDVI") and middle > DN_MEDIAN else (1.0, "")


def _finite(sample: NDArray[Any], stated: Coding) -> NDArray[np.float64]:
    values = sample.astype(np.float64).ravel()
    return values[_is_data(values, stated)]


def _is_data(values: NDArray[Any], stated: Coding) -> NDArray[np.bool_]:
    """Return (N,) which numbers are data: finite, not zero, no fill that is stated or usual."""
    return np.asarray(np.isfinite(values) & ~np.isin(values, [*stated.fills, 0, 65535, -9999, -10000, -32768]))


def _convert(values: Floats, stored: NDArray[Any], unit: str) -> Floats:
    match unit:
        case "power":
            return to_db(values)
        case "amplitude_dn":  # openEO and WorldCereal keep sigma0 as 10 ** ((dB + 83) / 20)
            return np.where(stored != 65535, 2 * to_db(values) - 83, np.nan).astype(np.float32)
        case "mm":
            return values / np.float32(1000)
        case "celsius":
            return values + np.float32(273.15)
    return values


def _possible(values: Floats, band: str) -> Floats:
    """Write NaN where a value is impossible, and return the values."""
    if band in OPTICAL_NAMES:
        hidden = values < MIN_REFLECTANCE
        hidden |= values > MAX_REFLECTANCE
    elif band == "NDVI":
        hidden = np.abs(values) > 1
    elif band in RADAR_NAMES:
        hidden = (values <= -100) | (values >= 50) | (values == 0)
    else:
        return values
    np.copyto(values, np.float32(np.nan), where=hidden)
    return values

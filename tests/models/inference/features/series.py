"""Series as satellites give them, and as nobody hopes for: for comparing features of a device with NumPy's."""

from dataclasses import replace
from datetime import date

import numpy as np

from core.bands import CHANNELS, OPTICAL_NAMES, channel
from core.cube import Series
from core.timeline import Days, to_day

ISSUE = to_day(date(2021, 4, 17))
COUNT = 48


def varied(*, dates: int = 130, seed: int = 0) -> Series:
    """Return COUNT series: every band, radar on dates of its own, clouds, snow, weather, and the odd ones below.

    0 no observation; 1 one optical date; 2 radar alone; 3 weather alone; 4 a history of two months; 5 two observations
    on the same day; 6 the seasons of the south; 7 NDVI alone; 8 all after the issue date; 9 long before it; 10 snow at
    the start of a short history; 11 constant; 12 B8A in place of B08; 13 values that are no numbers of this world.
    """
    rng = np.random.default_rng(seed)
    days = np.sort(ISSUE - 1600 + rng.integers(0, 1750, (COUNT, dates)), axis=1).astype(np.int32)
    phase = 2 * np.pi * (days - 100) / 365.2425
    ndvi = 0.5 + 0.25 * np.sin(phase) + rng.normal(0, 0.05, days.shape)
    values = np.full((COUNT, dates, len(CHANNELS)), np.nan, np.float32)
    for number, name in enumerate(OPTICAL_NAMES):
        values[..., channel(name)] = 0.04 + 0.02 * number + 0.1 * (1 - ndvi) + rng.normal(0, 0.01, days.shape)
    values[..., channel("NDVI")] = ndvi
    values[rng.random(days.shape) < 0.5] = np.nan
    values[..., channel("VV")] = np.where(rng.random(days.shape) < 0.3, -11 + 2 * ndvi, np.nan)
    values[..., channel("VH")] = values[..., channel("VV")] - 7 + rng.normal(0, 0.3, days.shape)
    values[..., channel("temperature_2m")] = 283 + 9 * np.sin(phase)
    values[..., channel("total_precipitation")] = rng.gamma(1.0, 0.003, days.shape)
    static = rng.normal(300, 100, (COUNT, 2)).astype(np.float32)
    static[::5] = np.nan
    _make_odd(days, values)
    return Series(ids=np.arange(COUNT).astype(str), days=days, values=values, static=static)


def _make_odd(days: Days, values: np.ndarray) -> None:
    ndvi, dates = channel("NDVI"), days.shape[1]
    seen = values[1, np.isfinite(values[1, :, ndvi])][0].copy()
    values[:4] = np.nan
    values[1, dates // 2] = seen
    values[2, :, channel("VV")] = -12
    values[3, :, channel("temperature_2m")] = 280
    days[4] = np.sort(ISSUE - 1 - np.arange(dates) % 60)
    days[5] = np.repeat(days[5, ::2], 2)[:dates]
    values[6, :, ndvi] = 1 - values[6, :, ndvi]
    values[7, :, [c for c in range(len(CHANNELS)) if c != ndvi]] = np.nan
    days[8] = ISSUE + np.arange(dates)
    days[9] = ISSUE - 9000 + np.arange(dates)
    days[10] = np.sort(ISSUE - 1 - 150 + np.arange(dates) % 150)
    values[10, days[10] < ISSUE - 90, ndvi], values[10, days[10] >= ISSUE - 90, ndvi] = 0.05, 0.75
    values[11] = np.where(np.isfinite(values[11]), 0.3, np.nan)
    values[12, :, channel("B08")] = np.nan
    values[13, ::3, channel("B04")], values[13, 1::3, ndvi] = np.inf, -7.0


def short(series: Series, dates: int) -> Series:
    """Return the series with their last dates alone."""
    return replace(series, days=series.days[:, -dates:], values=series.values[:, -dates:])


def issues(*, spread: int = 0, seed: int = 3) -> Days:
    """Return (COUNT,) issue days, up to `spread` days before ISSUE."""
    return (ISSUE - np.random.default_rng(seed).integers(0, spread + 1, COUNT)).astype(np.int32)

"""Series to tokens: which dates become tokens, how channels are scaled, what a query holds. No network, no files.

One token is one date on which anything was observed, its channels with a validity flag each, and its time. A query is a
target date: its time, and for forecasts what the history alone predicts for it (models/baselines/climatology.py).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.bands import CHANNELS, OPTICAL_NAMES, RADAR_NAMES, WEATHER_NAMES, Floats, channel
from core.cube import Series
from core.timeline import YEAR_DAYS, Days

TIME_FEATURES = 6
TOKEN_FEATURES = 2 * len(CHANNELS) + TIME_FEATURES
CONTEXT = 32
"""Most recent dates that a forecast reads as tokens; older ones act through the climatology."""
RADAR_CONTEXT = 12
"""Most recent dates with radar alone that a forecast reads beside them."""

_RADAR = [channel(b) for b in RADAR_NAMES]
SHIFT = np.zeros(len(CHANNELS), np.float32)
SCALE = np.ones(len(CHANNELS), np.float32)
SHIFT[[channel(b) for b in OPTICAL_NAMES]], SCALE[[channel(b) for b in OPTICAL_NAMES]] = 0.2, 0.2
SHIFT[channel("NDVI")], SCALE[channel("NDVI")] = 0.5, 0.3
SHIFT[channel("VV")], SCALE[channel("VV")] = -11.7, 4.9
SHIFT[channel("VH")], SCALE[channel("VH")] = -18.9, 5.7
SHIFT[channel("temperature_2m")], SCALE[channel("temperature_2m")] = 285.0, 10.0
SHIFT[channel("total_precipitation")], SCALE[channel("total_precipitation")] = 0.05, 0.05
LIMIT = 5.0
"""Scaled channels are clipped to +-5: clouds left in a mask must not drown the rest."""


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What the network reads of N series."""

    tokens: Floats
    """(N, T, F) scaled channels (0 where unseen), their flags, time features; zeros where padded."""
    is_padding: NDArray[np.bool_]
    """(N, T) True where there is no token."""


def scaled(values: Floats) -> Floats:
    """Return channels (..., C) shifted, scaled and clipped; unseen ones 0."""
    return np.asarray(np.nan_to_num(np.clip((values - SHIFT) / SCALE, -LIMIT, LIMIT)), np.float32)


def time_features(days: NDArray[np.float64], reference_days: NDArray[np.float64]) -> Floats:
    """Return (..., 6): two harmonics of the day of year, years and log-days before the reference.

    Args:
        days, reference_days: (...,) days since 1970-01-01, broadcast against each other.
    """
    phase = 2 * np.pi * days / YEAR_DAYS
    gap = reference_days - days
    parts = [np.sin(phase), np.cos(phase), np.sin(2 * phase), np.cos(2 * phase)]
    parts += [gap / YEAR_DAYS, np.sign(gap) * np.log1p(np.abs(gap)) / 5]
    return np.stack(np.broadcast_arrays(*parts), axis=-1).astype(np.float32)


def tokenise(
    series: Series, reference_days: Days, *, context: int = CONTEXT, radar_context: int = RADAR_CONTEXT
) -> Tokens:
    """Keep the last observed dates before each series' reference day, left-aligned, as tokens.

    Args:
        reference_days: (N,) only dates strictly before it are used: the issue date, or the day after a map's date.
        context: most dates with anything but radar, 0 = no token at all; radar_context: most dates with radar alone.
    """
    if not context:
        return Tokens(
            tokens=np.zeros((len(series), 1, TOKEN_FEATURES), np.float32), is_padding=np.ones((len(series), 1), bool)
        )
    seen = _recent(series, reference_days, context, radar_context)
    order = np.argsort(~seen, axis=1, kind="stable")
    count = seen.sum(axis=1)
    length = max(1, int(count.max(initial=0)))
    at = np.broadcast_to(np.minimum(np.arange(length), order.shape[1] - 1), (len(count), length))
    is_padding = np.arange(length)[None] >= count[:, None]
    pick = np.take_along_axis(order, at, axis=1)
    days = np.take_along_axis(series.days, pick, axis=1).astype(np.float64)
    values = np.take_along_axis(series.values, pick[..., None], axis=1)
    return Tokens(tokens=_features(values, days, reference_days, is_padding), is_padding=is_padding)


def without_weather(series: Series) -> Series:
    """Return the series with temperature and precipitation unseen: forecasters know neither."""
    values = series.values.copy()
    values[..., [channel(b) for b in WEATHER_NAMES]] = np.nan
    return replace(series, values=values)


def _recent(series: Series, reference_days: Days, context: int, radar_context: int) -> NDArray[np.bool_]:
    """Return (N, T) which dates become tokens."""
    before = series.days < reference_days[:, None]
    seen = np.isfinite(series.values)
    has_radar = seen[..., _RADAR].any(axis=-1) & before
    has_other = np.delete(seen, _RADAR, axis=-1).any(axis=-1) & before
    return _last(has_other, context) | _last(has_radar & ~has_other, radar_context)


def _last(seen: NDArray[np.bool_], count: int) -> NDArray[np.bool_]:
    """Keep the last `count` True of each row."""
    return np.asarray(seen & (np.cumsum(seen[:, ::-1], axis=1)[:, ::-1] <= count))


def _features(values: Floats, days: NDArray[np.float64], reference: Days, is_padding: NDArray[np.bool_]) -> Floats:
    flags = np.isfinite(values).astype(np.float32)
    time = time_features(days, reference[:, None].astype(np.float64))
    tokens = np.concatenate([scaled(values), flags, time], axis=-1)
    tokens[is_padding] = 0
    return tokens

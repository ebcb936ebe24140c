"""Forecasts by an imported EarthPT: series to calendar steps, roll-out to the target dates, NDVI with its spread.

Slower than models/runtime.py: one pass for each target date, in torch. Its inputs are dates on which all its bands were
seen; nothing is filled in.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.bands import RADAR_NAMES, Floats, channel, ndvi
from core.checkpoint import Checkpoint
from core.cube import Series
from core.errors import InvalidOption
from core.forecast import NDVI_RANGE, QUANTILES, Forecast
from core.timeline import Days
from models.baselines.climatology import expect
from models.checkpoint import load_network
from models.inference.choose import device_of
from models.network.earthpt import EarthPT
from models.network.rollout import roll_out
from models.registry import BLANK, band_order, verify

BATCH = 64
YEAR_DAYS = 365
"""Length of the published network's year: 31 December of a leap year has the phase of 1 January."""
DARKEST = 1e-4
"""Least reflectance from which NDVI is taken, a digit of Sentinel-2: the network may predict numbers below zero."""
MIN_ERRORS = 8
"""Next-step errors from which quantiles are taken; below, the residuals of the seasonal cycle taken as normal."""
NORMAL = np.array([-1.6449, -0.6745, 0.0, 0.6745, 1.6449])
"""Quantiles of the standard normal distribution at QUANTILES."""


@dataclass(frozen=True, kw_only=True)
class History:
    """Input of an imported network for N series."""

    values: Floats
    """(N, T, C) columns on the network's scale, left-aligned; zeros behind each row's end and in blank columns."""
    days: Days
    """(N, T) dates of the steps."""
    lengths: NDArray[np.int64]
    """(N,) steps of each row; 0 = no date showed all bands."""


def forecast_published(
    series: Series, issue_days: Days, target_days: Days, checkpoint: Checkpoint, *, threads: int = 0
) -> Forecast:
    """Forecast NDVI as `models.runtime.forecast` does, by an imported network.

    Returns:
        Forecast of N x H; quantiles are NaN for series without a date before the issue date that shows all bands.

    Raises:
        InvalidOption: the band order is not known, or no series ever shows one of the bands.
    """
    columns = band_order(checkpoint)
    _require_seen(series, columns, checkpoint)
    quantiles = np.full((*target_days.shape, len(QUANTILES)), np.nan, np.float32)
    climatology = np.full(target_days.shape, np.nan, np.float32)
    network = _network(checkpoint)
    for first in range(0, len(series), BATCH):
        rows = slice(first, first + BATCH)
        part, issues, targets = series.take(rows), issue_days[rows], target_days[rows]
        at = expect(part.days, part.values[..., channel("NDVI")], issues, targets)
        history = read_history(part, issues, columns, longest=network.config.positions)
        with _threads(threads):
            quantiles[rows] = _quantiles(network, history, targets, columns, at.spread[:, 0])
        climatology[rows] = at.climatology
    return Forecast(
        ids=series.ids,
        issue_days=issue_days,
        target_days=target_days,
        quantiles=np.clip(quantiles, *NDVI_RANGE),
        climatology=climatology,
    )


def read_history(series: Series, issue_days: Days, columns: tuple[str, ...], *, longest: int) -> History:
    """Keep the last dates before each series' issue date on which every named column was seen.

    Args:
        columns: C names in the network's order, `-` for blank ones.
        longest: most dates kept.
    """
    named = {c: channel(name) for c, name in enumerate(columns) if name != BLANK}
    picked = series.values[..., list(named.values())]
    seen = np.isfinite(picked).all(axis=-1) & (series.days < issue_days[:, None])
    order = np.argsort(~seen, axis=1, kind="stable")
    count = seen.sum(axis=1)
    lengths = np.minimum(count, longest)
    slots = np.arange(max(1, int(lengths.max(initial=0))))
    pick = np.take_along_axis(order, np.minimum((count - lengths)[:, None] + slots, order.shape[1] - 1), axis=1)
    values = np.zeros((*pick.shape, len(columns)), np.float32)
    for c, at in named.items():
        values[..., c] = scaled(np.take_along_axis(series.values[..., at], pick, axis=1), columns[c])
    values[slots >= lengths[:, None]] = 0
    return History(values=values, days=np.take_along_axis(series.days, pick, axis=1), lengths=lengths)


def scaled(values: Floats, name: str) -> Floats:
    """Return reflectance 0..1, or radar in dB, on the published scale: n / 500 - 1, n = 1000 times the linear value."""
    linear = 10 ** (values / 10) if name in RADAR_NAMES else values
    return np.asarray(2 * linear - 1, np.float32)


def calendar_features(days: Days, next_days: Days) -> Floats:
    """Return (..., 4): sine and cosine of the day of year of a step and of the step that follows it."""
    phases = [2 * np.pi * _day_of_year(d) / YEAR_DAYS for d in (days, next_days)]
    return np.stack([f(p) for p in phases for f in (np.sin, np.cos)], axis=-1).astype(np.float32)


def _day_of_year(days: Days) -> NDArray[np.int64]:
    dates = days.astype("datetime64[D]")
    return np.asarray((dates - dates.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64))


def _require_seen(series: Series, columns: tuple[str, ...], checkpoint: Checkpoint) -> None:
    shown = np.asarray(np.isfinite(series.values).any(axis=(0, 1)))
    missing = [n for n in columns if n != BLANK and not shown[channel(n)]]
    if missing and shown.any():
        raise InvalidOption("model", checkpoint.name, f"it reads {', '.join(missing)}, which the input never shows")


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Let torch use some threads for a while; 0 = as many as it likes."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


_LOADED: dict[tuple[str, str, str], EarthPT] = {}
"""The network used last, by folder, sha256 and device: it may have gigabytes, so there is one at a time."""


def _network(checkpoint: Checkpoint) -> EarthPT:
    key = (checkpoint.folder, checkpoint.sha256, checkpoint.device)
    found = _LOADED.get(key)
    if found is None:
        verify(checkpoint)
        found = load_network(checkpoint).to(device_of(checkpoint.device))
        _LOADED.clear()
        _LOADED[key] = found
    return found


@torch.inference_mode()
def _quantiles(
    network: EarthPT, history: History, targets: Days, columns: tuple[str, ...], fallback: Floats
) -> NDArray[np.float64]:
    """Return (N, H, Q) NDVI of targets (N, H) in any order, also repeated; `fallback` (N,) is for short histories."""
    order = np.argsort(targets, axis=1, kind="stable")
    dates = np.take_along_axis(targets, order, axis=1)
    later = np.concatenate([dates[:, 1:], dates[:, -1:]], axis=1)
    device = network.position.weight.device
    steps = torch.from_numpy(_steps(history, dates[:, 0])).to(device)
    lengths = torch.from_numpy(np.maximum(history.lengths, 1)).to(device)
    ahead = roll_out(network, steps, lengths, torch.from_numpy(calendar_features(dates, later)).to(device))
    index = np.take_along_axis(_ndvi(ahead, columns), _first_of_equal(dates), axis=1)
    index = np.take_along_axis(index, np.argsort(order, axis=1), axis=1)
    spread = _error_quantiles(_ndvi(network.next_step(steps), columns), history, columns, fallback)
    answer = index[..., None] + spread[:, None]
    return np.asarray(np.where((history.lengths > 0)[:, None, None], answer, np.nan))


def _steps(history: History, first_target: Days) -> Floats:
    """Return (N, T, C + 4) steps; the last of each row names its first target date as the next."""
    following = np.concatenate([history.days[:, 1:], first_target[:, None]], axis=1)
    rows = np.arange(len(following))
    following[rows, np.maximum(history.lengths, 1) - 1] = first_target
    return np.concatenate([history.values, calendar_features(history.days, following)], axis=-1)


def _first_of_equal(dates: Days) -> NDArray[np.int64]:
    """Return (N, H) where in its sorted row each date stands first: a repeated date is predicted once."""
    is_new = np.concatenate([np.ones((len(dates), 1), np.bool_), np.diff(dates, axis=1) > 0], axis=1)
    return np.asarray(np.maximum.accumulate(np.where(is_new, np.arange(dates.shape[1]), 0), axis=1))


def _ndvi(values: Tensor | Floats, columns: tuple[str, ...]) -> Floats:
    """Return (..., ) NDVI of (..., C) columns on the network's scale."""
    array = values.cpu().numpy() if isinstance(values, Tensor) else values
    nir = "B08" if "B08" in columns else "B8A"
    red, infrared = (np.maximum((array[..., columns.index(n)] + 1) / 2, DARKEST) for n in ("B04", nir))
    return ndvi(red, infrared)


def _error_quantiles(
    predicted: Floats, history: History, columns: tuple[str, ...], fallback: Floats
) -> NDArray[np.float64]:
    """Return (N, Q) quantiles of observed minus predicted NDVI over each history.

    Args:
        predicted: (N, T) NDVI that the network expected after each step.
        fallback: (N,) standard deviation for histories of fewer than MIN_ERRORS + 1 steps.
    """
    errors = _ndvi(history.values, columns)[:, 1:] - predicted[:, :-1]
    spread: NDArray[np.float64] = fallback[:, None].astype(np.float64) * NORMAL
    for row, count in enumerate(history.lengths - 1):
        if count >= MIN_ERRORS:
            spread[row] = np.quantile(errors[row, :count], QUANTILES)
    return spread

"""Sampling: batches of altered histories for training. Clouds, lost years and lost bands are ordinary input here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from core.bands import OPTICAL_NAMES, RADAR_NAMES, WEATHER_NAMES, Floats, channel
from core.cube import Series
from core.quantities import QUANTITIES
from core.timeline import YEAR_DAYS, Days
from models.baselines.climatology import expect
from models.baselines.pooled import Pool, pooled_in_groups
from models.network.queries import forecast_queries
from models.network.tokens import CONTEXT, scaled, tokenise, without_weather
from models.training_set import TrainingSet, last_seen

MIN_HISTORY_DAYS = 20
GROUP = 16
"""Series that are drawn together: they share an issue date, and half of the groups are pooled."""
POOLED_SHARE = 0.5
NEAR_SHARE, STRIDES = 0.6, (1, 3, 7)
"""Groups of neighbours, and steps from one to the next; the other groups are drawn from all of a set."""
GAP_SHARE, GAP_DAYS = 0.15, 500
"""Groups whose targets lie before the issue date, and how far back: gaps to be filled from both sides."""
CUT_SHARE, SHORTEST_DAYS, LONGEST_DAYS = 0.65, 40.0, 5 * YEAR_DAYS
"""Groups whose histories are cut, and from how long to how long, on a logarithmic scale."""
THIN_SHARE, FEW = 0.08, (1, 2, 3, 5, 10)
"""Series that keep so few dates."""
YEARS = 40
NDVI_SHARE = 0.6
"""Share of the parts of a batch that predict NDVI whatever else their series show."""
NDVI_ALONE, RED_AND_NIR = 0.12, 0.15
"""Shares of the altered copies of labelled series that show NDVI alone, and red and near infrared with it."""
SOON, FAR = 120.0, 1e6
"""Days within which a change is to be seen; a day beyond all calendars, for what never changes."""
DRIFT_SHARE = 0.3
"""Share of series that are given a slow decline or recovery: disturbance is rare in the sets, and must not surprise."""
NDVI = channel("NDVI")
_OPTICAL = [channel(b) for b in OPTICAL_NAMES]
_RED_AND_NIR = [channel(b) for b in ("B04", "B08", "B8A")]
_RADAR = [channel(b) for b in RADAR_NAMES]
_WEATHER = [channel(b) for b in WEATHER_NAMES]


@dataclass(frozen=True, kw_only=True)
class ForecastBatch:
    """What one step of forecast training sees: B series with H target dates each."""

    tokens: Floats
    is_padding: NDArray[np.bool_]
    queries: Floats
    base: Floats
    """(B, H) expectation of the history; NaN = no history."""
    unit: Floats
    """(B, H) unit of the network's quantiles."""
    truth: Floats
    """(B, H) what was observed of the target quantity, in the model's units; NaN = no target."""
    channels: Floats
    """(B, H, C) scaled channels observed on the dates; 0 where unseen."""
    has_channel: Floats
    """(B, H, C) 1 where seen."""


def forecast_batch(
    rng: np.random.Generator,
    sets: Mapping[str, TrainingSet],
    weights: Mapping[str, float],
    *,
    size: int,
    targets: int,
    context: int = CONTEXT,
) -> ForecastBatch:
    """Draw a batch from a mixture: sets by weight, then groups of series that share an issue date."""
    names = list(weights)
    share = np.array([weights[n] for n in names])
    counts = rng.multinomial(size, share / share.sum())
    parts = [
        _forecasts(rng, sets[n].series, c, targets=targets, context=context)
        for n, c in zip(names, counts, strict=True)
        if c
    ]
    length = max(p.tokens.shape[1] for p in parts)
    padded = [_lengthen(p, length) for p in parts]
    return ForecastBatch(**{f: np.concatenate([getattr(p, f) for p in padded]) for f in ForecastBatch.__annotations__})


def hindcast(
    series: Series,
    issue_days: Days,
    target_days: Days,
    quantity: str = "NDVI",
    *,
    group: NDArray[np.int64] | None = None,
    context: int = CONTEXT,
) -> ForecastBatch:
    """Build a batch without any alteration: what a forecaster sees, and what came.

    Args:
        group: (N,) number of the group that a series is pooled with, of one issue date; -1 = it stands alone.
    """
    history = QUANTITIES[quantity].model_values(series.values)
    at = expect(series.days, history, issue_days, target_days)
    tokens = tokenise(without_weather(series), issue_days, context=context)
    truth, channels, has_channel = _outcome(series, target_days, quantity)
    pools = _pools(series.days, history, issue_days, group)
    pooled = pooled_in_groups(pools, at, series.days, history, issue_days, target_days)
    return ForecastBatch(
        tokens=tokens.tokens,
        is_padding=tokens.is_padding,
        queries=forecast_queries(at.features, pooled, issue_days, target_days, quantity),
        base=at.base,
        unit=at.unit,
        truth=truth,
        channels=channels,
        has_channel=has_channel,
    )


def _pools(
    days: Days, history: Floats, issue_days: Days, group: NDArray[np.int64] | None
) -> Iterator[tuple[NDArray[np.int64], Pool]]:
    """Yield the rows of each group, and their pool up to the first of their issue dates."""
    for number in np.unique(group[group >= 0]) if group is not None else ():
        rows = np.flatnonzero(group == number)
        yield rows, Pool.of(days[rows], history[rows], int(issue_days[rows].min()))


def _outcome(series: Series, target_days: Days, quantity: str) -> tuple[Floats, Floats, Floats]:
    """Return what was observed on the target days: `truth`, `channels` and `has_channel` of a batch."""
    values = QUANTITIES[quantity].model_values(series.values)
    observed = _lookup(series.days, series.values, target_days)
    truth = _lookup(series.days, values[..., None], target_days)[..., 0]
    return truth, scaled(observed), np.isfinite(observed).astype(np.float32)


def _forecasts(rng: np.random.Generator, source: Series, count: int, *, targets: int, context: int) -> ForecastBatch:
    rows, group = _groups(rng, len(source), count)
    series = source.take(rows)
    issues = _issue_days(rng, series, group)
    is_gap = (rng.random(count) < GAP_SHARE)[group]
    chosen = _target_days(rng, series, issues, targets, is_gap)
    series = _drifted(rng, _rescaled(rng, series), issues)
    quantity = _quantity(rng, series)
    is_pooled = (rng.random(count) < POOLED_SHARE)[group]
    pools = np.where(is_pooled, group, -1)
    altered = _hidden(_alter(rng, series, issues, group, is_gap), chosen)
    batch = hindcast(altered, issues, chosen, quantity, group=pools, context=context)
    truth, channels, has_channel = _outcome(series, chosen, quantity)
    return replace(batch, truth=truth, channels=channels, has_channel=has_channel)


def _groups(rng: np.random.Generator, total: int, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw groups of series, neighbours in the set or any; return (count,) rows and the number of the group."""
    group = np.arange(count) // GROUP
    start = rng.integers(0, total, count)[group]
    stride = rng.choice(STRIDES, count)[group]
    near = (start + stride * (np.arange(count) % GROUP)) % total
    is_near = (rng.random(count) < NEAR_SHARE)[group]
    return np.where(is_near, near, rng.integers(0, total, count)), group


def _quantity(rng: np.random.Generator, series: Series) -> str:
    """Draw the target quantity of a part of a batch: NDVI, or sometimes another one that its series show."""
    if rng.random() < NDVI_SHARE:
        return "NDVI"
    shown = np.asarray(np.isfinite(series.values).any(axis=(0, 1)))
    fitting = [q.name for q in QUANTITIES.values() if all(shown[channel(b)] for b in q.bands)]
    return str(rng.choice(fitting)) if fitting else "NDVI"


def _issue_days(rng: np.random.Generator, series: Series, group: NDArray[np.int64]) -> Days:
    """Draw issue dates: of each group the one of its first series, where a series has a history and a future there."""
    seen = np.isfinite(series.values[..., NDVI])
    first = np.where(seen, series.days, np.iinfo(np.int32).max).min(axis=1)
    last = np.where(seen, series.days, np.iinfo(np.int32).min).max(axis=1)
    first, last = first + MIN_HISTORY_DAYS, last - 5
    share = 1 - (1 - rng.random(len(series))) * rng.random(len(series)) ** 0.5  # later issue dates more often
    own = np.where(last > first, first + share * (last - first), last).astype(np.int32)
    of_group = own[np.searchsorted(group, group)]
    return np.asarray(np.where((of_group > first) & (of_group < last), of_group, own), np.int32)


def _target_days(
    rng: np.random.Generator, series: Series, issues: Days, targets: int, is_gap: NDArray[np.bool_]
) -> Days:
    """Draw dates ahead of the issue date, or before it where gaps are to be filled."""
    ahead = series.days - issues[:, None]
    first, last = np.where(is_gap, -GAP_DAYS, 0), np.where(is_gap, 0, 165)
    fit = np.isfinite(series.values[..., NDVI]) & (ahead >= first[:, None]) & (ahead < last[:, None])
    order = np.argsort(np.where(fit, rng.random(fit.shape), 2.0), axis=1)[:, :targets]
    chosen = np.take_along_axis(series.days, order, axis=1)
    return np.asarray(np.where(np.take_along_axis(fit, order, axis=1), chosen, issues[:, None] + 30), np.int32)


def _hidden(series: Series, targets: Days) -> Series:
    """Hide what was seen on target days, so that it must be estimated from the days around them."""
    values = series.values.copy()
    values[(series.days[:, :, None] == targets[:, None, :]).any(axis=2)] = np.nan
    return replace(series, values=values)


def _lookup(days: Days, values: Floats, targets: Days) -> Floats:
    """Return (N, H, C) what each series saw on some days; NaN where it has no such day."""
    match = days[:, None, :] == targets[:, :, None]
    at = np.argmax(match, axis=2)
    found = np.take_along_axis(values, at[..., None], axis=1)
    return np.where(match.any(axis=2)[..., None], found, np.float32(np.nan)).astype(np.float32)


def _rescaled(rng: np.random.Generator, series: Series) -> Series:
    """Shift NDVI a little and the calendar by some days: another place much like this one."""
    values = series.values.copy()
    gain, offset = rng.uniform(0.93, 1.07, (len(series), 1)), rng.uniform(-0.03, 0.03, (len(series), 1))
    values[..., NDVI] = np.clip((values[..., NDVI] - 0.5) * gain + 0.5 + offset, -0.3, 1.0)
    return replace(series, values=values)


def _drifted(rng: np.random.Generator, series: Series, issues: Days) -> Series:
    """Let some series decline or recover: a slow change from a day in their last years on, that goes on."""
    values = series.values.copy()
    n = (len(series), 1)
    chosen = rng.random(n) < DRIFT_SHARE
    begin = issues[:, None] - rng.uniform(0, 900, n)
    scale = rng.uniform(60, 700, n)
    depth = np.where(rng.random(n) < 0.7, -1, 0.6) * rng.gamma(1.5, 0.06, n)
    age = np.maximum(series.days - begin, 0)
    change = np.where(chosen, depth * (1 - np.exp(-age / scale)), 0).astype(np.float32)
    values[..., NDVI] = np.clip(values[..., NDVI] + change, -0.3, 1.0)
    return replace(series, values=values)


def _alter(
    rng: np.random.Generator,
    series: Series,
    issues: Days,
    group: NDArray[np.int64],
    is_gap: NDArray[np.bool_],
) -> Series:
    """Lose years, dates and bands; the years around gaps keep their order."""
    days, values = _shuffle_years(rng, series.days, series.values, issues, group, is_gap)
    age = issues[:, None] - days
    lost = rng.random(days.shape) < rng.uniform(0, 0.5, (len(days), 1)) * (rng.random((len(days), 1)) < 0.5)
    lost |= (age < rng.uniform(5, 60, (len(days), 1))) & (rng.random((len(days), 1)) < 0.25)
    lost |= age > _history_days(rng, group)[:, None]
    lost |= _thinned(rng, np.isfinite(values[..., NDVI]) & ~lost & (age > 0))
    values = np.where(lost[..., None], np.float32(np.nan), values)
    values[..., NDVI] += rng.normal(0, 0.012, days.shape).astype(np.float32)
    return _lose_bands(rng, replace(series, days=days, values=values))


def _shuffle_years(
    rng: np.random.Generator,
    days: Days,
    values: Floats,
    issues: Days,
    group: NDArray[np.int64],
    is_gap: NDArray[np.bool_],
) -> tuple[Days, Floats]:
    """Let other past years be the last ones, the same in a group: series that are pooled share their years."""
    year = np.floor((issues[:, None] - 1 - days) / YEAR_DAYS).astype(int)
    order = np.tile(np.arange(YEARS), (len(days), 1))
    for number in np.unique(group):
        rows = group == number
        highest = min(max(int(year[rows].max()), 0), YEARS - 1)
        if rng.random() < 0.5 and highest > 1 and not is_gap[rows].any():
            first = 0 if rng.random() < 0.4 else 1
            order[rows, first : highest + 1] = first + rng.permutation(highest + 1 - first)
    past = year >= 0
    moved = np.where(past, np.take_along_axis(order, np.clip(year, 0, YEARS - 1), axis=1), year)
    shifted = days + np.round((year - moved) * YEAR_DAYS).astype(np.int32)
    sort = np.argsort(shifted, axis=1, kind="stable")
    return np.take_along_axis(shifted, sort, axis=1).astype(np.int32), np.take_along_axis(
        values, sort[..., None], axis=1
    )


def _history_days(rng: np.random.Generator, group: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return (N,) how long histories are: of most groups one length from a month to some years, of the others all."""
    length = np.exp(rng.uniform(np.log(SHORTEST_DAYS), np.log(LONGEST_DAYS), len(group)))
    is_cut = rng.random(len(group)) < CUT_SHARE
    return np.where(is_cut, length, np.inf)[group]


def _thinned(rng: np.random.Generator, seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (N, T) what is lost of a few series that keep no more than some of their past dates."""
    order = np.where(seen, rng.random(seen.shape), 2.0)
    rank = np.argsort(np.argsort(order, axis=1), axis=1)
    kept = rng.choice(FEW, len(seen))
    is_thin = rng.random(len(seen)) < THIN_SHARE
    return np.asarray(seen & is_thin[:, None] & (rank >= kept[:, None]))


def _lose_bands(rng: np.random.Generator, series: Series) -> Series:
    values = series.values
    count = len(series)
    losses = [(_OPTICAL, 0.3), (_RADAR, 0.3), (_WEATHER, 0.3), *(([band], 0.12) for band in _OPTICAL)]
    for group, share in losses:
        lost = rng.random(count) < share
        for band in group:
            values[lost, :, band] = np.nan
    return replace(series, values=values)


def _lengthen(batch: ForecastBatch, length: int) -> ForecastBatch:
    more = length - batch.tokens.shape[1]
    return replace(
        batch,
        tokens=np.pad(batch.tokens, ((0, 0), (0, more), (0, 0))),
        is_padding=np.pad(batch.is_padding, ((0, 0), (0, more)), constant_values=True),
    )


def altered_for_classes(
    rng: np.random.Generator,
    series: Series,
    shift_days: tuple[int, int],
    reference_days: Days | None,
    changed_on: NDArray[np.float64] | None = None,
) -> tuple[Series, Days]:
    """Return series as they could have looked, and for each the day after the date that is classified.

    Args:
        shift_days: least and most days that a calendar is shifted by.
        reference_days: (N,) where the labels are of certain dates; None = any date with most of a year before it.
        changed_on: (N,) days on which a class changed, infinite where none did: half of those series are
            classified soon after it.
    """
    shift = rng.integers(*shift_days, (len(series), 1)).astype(np.int32)
    moved = replace(series, days=series.days + shift, values=series.values.copy())
    reference = _reference_days(rng, moved) if reference_days is None else reference_days + shift[:, 0]
    if reference_days is None and changed_on is not None:
        reference = _soon_after(rng, moved, reference, changed_on + shift[:, 0])
    lost = _lose_bands(rng, moved)
    lost = _ndvi_alone(rng, lost) if reference_days is None else lost
    return _cloudier(rng, lost), reference.astype(np.int32)


def _ndvi_alone(rng: np.random.Generator, series: Series) -> Series:
    """Leave some series only NDVI, or the bands that it is made of, as other archives have of a place."""
    values = series.values.copy()
    drawn = rng.random(len(series))
    for rows, kept in ((drawn < NDVI_ALONE, [NDVI]), (drawn > 1 - RED_AND_NIR, [NDVI, *_RED_AND_NIR])):
        values[np.ix_(rows, np.ones(values.shape[1], bool), ~np.isin(np.arange(values.shape[2]), kept))] = np.nan
    return replace(series, values=values)


def _reference_days(rng: np.random.Generator, series: Series) -> Days:
    seen = np.isfinite(series.values).any(axis=-1)
    first = np.where(seen, series.days, np.iinfo(np.int32).max).min(axis=1)
    last = np.where(seen, series.days, np.iinfo(np.int32).min).max(axis=1)
    earliest = np.minimum(last, first + 330)
    share = np.maximum(rng.random(len(series)), rng.random(len(series)))
    return np.asarray(earliest + share * (last - earliest) + 1 + rng.integers(0, 20, len(series)), np.int32)


def _soon_after(rng: np.random.Generator, series: Series, reference: Days, changed: NDArray[np.float64]) -> Days:
    """Return dates of which half of those of changed series lie within SOON days of the change, if they are seen."""
    soon = changed + rng.uniform(0, SOON, len(series))
    is_moved = (soon <= last_seen(series)) & (rng.random(len(series)) < 0.5)
    return np.where(is_moved, np.minimum(soon, FAR), reference).astype(np.int32)


def _cloudier(rng: np.random.Generator, series: Series) -> Series:
    values = series.values
    lost = rng.random(series.days.shape) < rng.uniform(0, 0.4, (len(series), 1)) * (rng.random((len(series), 1)) < 0.5)
    values[..., : NDVI + 1][lost] = np.nan
    noise = rng.normal(0, 0.01, values.shape).astype(np.float32)
    noise[..., _RADAR] *= 40
    noise[..., _WEATHER[0]] *= 100
    noise[..., _WEATHER[1]] *= 0.5
    return replace(series, values=values + noise)

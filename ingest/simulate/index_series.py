"""Simulated NDVI series drawn from a prior: what seasons, years, harvests, droughts and clouds are thought to be like.

For forecasters, which learn from them what may follow any history (prior-data fitted networks: Mueller et al. 2022,
arXiv 2112.10510). NDVI alone, no spectra: those of series.py have all bands. Parameters are drawn from wide ranges
around what real series show; `benchmarks/forecasts/prior.py` compares both. Groups of series share a region: its
overpasses, clouds, and the timing, vigour and droughts of its years.

Arrays are laid out for speed: time T or years first, then regions G, then the GROUP series M of each. Regions are drawn
in parts that fit the cache.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.bands import CHANNELS, Floats, channel
from core.cube import Series
from core.timeline import YEAR_DAYS, Days, to_day

Numbers = NDArray[np.float64]
Years = NDArray[np.int64]
GROUP = 16
"""Series of one region."""
DATES = 240
FIRST = to_day(date(2014, 1, 1))
START_DAYS = 5 * 365
STEPS = (2.5, 5.0, 5.0, 5.0, 8.0, 10.0, 16.0)
"""Days between overpasses."""
YEARS = 14
"""Seasons that are drawn: as many as the longest series touches, and those beside it."""
CUTS = 5
KINDS = {
    "evergreen": 0.15,
    "deciduous": 0.13,
    "grass": 0.15,
    "meadow": 0.17,
    "crop": 0.25,
    "dry": 0.10,
    "bare": 0.05,
}
"""Kinds of cover and their shares."""
RANGES: tuple[dict[str, tuple[float, float]], ...] = (
    {
        "evergreen": (0.55, 0.85),
        "deciduous": (0.35, 0.6),
        "grass": (0.2, 0.6),
        "meadow": (0.35, 0.65),
        "crop": (0.1, 0.35),
        "dry": (0.1, 0.35),
        "bare": (0.0, 0.3),
    },
    {
        "evergreen": (0.78, 0.92),
        "deciduous": (0.75, 0.93),
        "grass": (0.4, 0.9),
        "meadow": (0.72, 0.93),
        "crop": (0.6, 0.95),
        "dry": (0.25, 0.8),
        "bare": (0.05, 0.4),
    },
    {
        "evergreen": (80, 150),
        "deciduous": (95, 140),
        "grass": (70, 120),
        "meadow": (60, 115),
        "crop": (0, 1),
        "dry": (0, 365),
        "bare": (80, 140),
    },
    {
        "evergreen": (120, 220),
        "deciduous": (150, 210),
        "grass": (120, 260),
        "meadow": (200, 270),
        "crop": (0, 1),
        "dry": (70, 200),
        "bare": (100, 200),
    },
    {
        "evergreen": (15, 40),
        "deciduous": (6, 15),
        "grass": (10, 25),
        "meadow": (10, 22),
        "crop": (8, 16),
        "dry": (8, 25),
        "bare": (10, 30),
    },
    {
        "evergreen": (15, 40),
        "deciduous": (8, 18),
        "grass": (15, 40),
        "meadow": (15, 35),
        "crop": (6, 14),
        "dry": (12, 35),
        "bare": (10, 30),
    },
)
"""Of each kind the range of: NDVI outside seasons, at their top; day of green-up, days to senescence; days of slopes.
Crops have calendars of their own."""
CROPS = np.array(
    [
        [85, 190, 0.62, 14, 7],
        [75, 185, 0.62, 14, 8],
        [100, 205, 0.58, 12, 8],
        [160, 262, 0.62, 11, 10],
        [150, 285, 0.62, 12, 12],
        [140, 240, 0.55, 12, 10],
        [90, 320, 0.50, 16, 14],
        [120, 240, 0.12, 20, 20],
    ]
)
"""Crops of a temperate year: day of green-up and of harvest, amplitude, days of both slopes. Winter cereal, rape,
spring cereal, maize, beet, potato, ley, fallow."""
CATCH_SHARE = 0.35
AT_ONCE = 32
"""Regions that are drawn together: their arrays stay in the cache of a core."""


@dataclass(frozen=True, kw_only=True)
class _Season:
    """One season a year: (YEARS, G, M) each."""

    up: Floats
    """Day of the year of half green-up."""
    down: Floats
    height: Floats
    rise: Floats
    """Days from a quarter to three quarters, about."""
    fall: Floats

    def raise_to(self, out: Floats, year: Years, day: Floats, steps: Iterable[int]) -> None:
        """Raise (T, G, M) to the height at days of years, and of the seasons that reach over from the years beside."""
        parts = (self.up, 0.5 / self.rise, self.down, 0.5 / self.fall, 0.5 * self.height)
        for step in steps:
            up, rise, down, fall, half = (_of_years(part, year + step) for part in parts)
            here = day - np.float32(step * YEAR_DAYS)
            for at, slope in ((up, rise), (down, fall)):
                np.subtract(here, at, out=at)
                at *= slope
                np.tanh(at, out=at)  # twice the logistic function of twice the argument, less 1
            up -= down
            up *= half
            np.maximum(out, up, out=out)


def sample_index_series(rng: np.random.Generator, groups: int, *, threads: int = 1) -> tuple[Series, NDArray[np.str_]]:
    """Simulate NDVI series of regions, GROUP of each.

    Args:
        rng: the same state gives the same series, whatever the threads.

    Returns:
        Series of GROUP * groups x DATES dates with NDVI alone, NaN where a cloud was seen as one; and the kind of each.
    """
    days, ndvi, kind = sample_ndvi(rng, groups, threads=threads)
    values = np.full((*ndvi.shape, len(CHANNELS)), np.nan, np.float32)
    values[..., channel("NDVI")] = ndvi
    ids = np.array([f"simulated-index-{i:06d}" for i in range(len(ndvi))])
    return Series(ids=ids, days=days, values=values), np.array(list(KINDS))[kind]


def sample_ndvi(rng: np.random.Generator, groups: int, *, threads: int = 1) -> tuple[Days, Floats, NDArray[np.int64]]:
    """Simulate as `sample_index_series`, and return bare arrays.

    Returns:
        (N, DATES) days and NDVI, and (N,) the number of each kind in KINDS.
    """
    count = groups * GROUP
    days, ndvi, kind = np.empty((count, DATES), np.int32), np.empty((count, DATES), np.float32), np.empty(count, int)
    firsts = range(0, groups, AT_ONCE)
    seeds = rng.integers(0, 2**63, len(firsts))

    def fill(first: int, seed: int) -> None:
        rows = slice(first * GROUP, min(first + AT_ONCE, groups) * GROUP)
        days[rows], ndvi[rows], kind[rows] = _regions(np.random.default_rng(seed), min(AT_ONCE, groups - first))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(fill, firsts, seeds))
    return days, ndvi, kind


def _regions(rng: np.random.Generator, groups: int) -> tuple[Days, Floats, NDArray[np.int64]]:
    """Return the days, NDVI and kinds of some regions, series by series."""
    kind = _kinds(rng, groups)
    days = _overpasses(rng, groups)
    year, day = _calendar(days, is_southern=rng.random(groups) < 0.2)
    low, main, second = _seasons(rng, kind)
    ndvi = np.zeros((DATES, groups, GROUP), np.float32)
    main.raise_to(ndvi, year, day, (-1, 0, 1))
    second.raise_to(ndvi, year, day, (-1, 0))  # none begins before its year
    ndvi += low
    _cut(rng, ndvi, kind, year, day)
    ndvi -= _dry_years(rng, year, day, ndvi)
    ndvi += _anomalies(rng, days, ndvi)
    _disturb(rng, ndvi, days)
    seen = _observed(rng, ndvi, day)
    return np.repeat(days.T, GROUP, axis=0), seen.reshape(DATES, -1).T, kind.ravel()


def _of_years(values: Floats, year: Years) -> Floats:
    """Return (T, G, M) of (YEARS, G, M) in the years of (T, G) dates."""
    rows = np.clip(year, 0, YEARS - 1) * values.shape[1] + np.arange(values.shape[1])
    return np.asarray(np.take(values.reshape(-1, values.shape[2]), rows, axis=0, mode="clip"), np.float32)


def _normal(rng: np.random.Generator, mean: float, spread: float, shape: tuple[int, ...]) -> Floats:
    return np.asarray(mean + np.float32(spread) * rng.standard_normal(shape, np.float32), np.float32)


def _uniform(rng: np.random.Generator, low: Floats | float, high: Floats | float, shape: tuple[int, ...]) -> Floats:
    return np.asarray(low + (np.asarray(high, np.float32) - low) * rng.random(shape, np.float32), np.float32)


def _kinds(rng: np.random.Generator, groups: int) -> NDArray[np.int64]:
    """Return (G, M) kinds: half of the regions hold mostly one."""
    share = np.array(list(KINDS.values()))
    drawn = rng.choice(len(KINDS), (groups, GROUP), p=share / share.sum())
    main = rng.choice(len(KINDS), (groups, 1), p=share / share.sum())
    is_uniform = rng.random((groups, 1)) < 0.5
    return np.where(is_uniform & (rng.random(drawn.shape) < 0.85), main, drawn)


def _overpasses(rng: np.random.Generator, groups: int) -> Days:
    """Return (T, G) days."""
    start = FIRST + rng.uniform(0, START_DAYS, groups)
    return np.round(start + rng.choice(STEPS, groups) * np.arange(DATES)[:, None]).astype(np.int32)


def _calendar(days: Days, *, is_southern: NDArray[np.bool_]) -> tuple[Years, Floats]:
    """Return (T, G) the number of the year since the series' first, and (T, G, 1) the day in it.

    In the south it is half a year on.
    """
    moved = days + np.where(is_southern, YEAR_DAYS / 2, 0)
    year = np.floor(moved / YEAR_DAYS)
    day = (moved - year * YEAR_DAYS).astype(np.float32)
    return (year - year[:1] + 1).astype(np.int64), day[..., None]


def _seasons(rng: np.random.Generator, kind: NDArray[np.int64]) -> tuple[Floats, _Season, _Season]:
    """Return (G, M) the level outside seasons, and two seasons a year."""
    groups, every = len(kind), (YEARS, *kind.shape)
    shift = _normal(rng, 0, 18, (groups, 1)) + _normal(rng, 0, 7, (YEARS, groups, 1))
    shift = shift + _normal(rng, 0, 6, kind.shape) + _normal(rng, 0, 3, every)
    vigour = _normal(rng, 1, 0.08, (YEARS, groups, 1)) * _normal(rng, 1, 0.06, every)
    low, top, up, length, rise, fall = (_of_kind(rng, ranges, kind) for ranges in RANGES)
    main = _Season(
        up=up + shift,
        down=up + length + np.float32(0.4) * shift,
        height=np.maximum(top - low, 0) * vigour,
        rise=np.broadcast_to(rise, every),
        fall=np.broadcast_to(fall, every),
    )
    is_crop = kind == list(KINDS).index("crop")
    return low, _rotated(rng, main, is_crop, shift, vigour), _second(rng, is_crop, shift)


def _of_kind(rng: np.random.Generator, ranges: dict[str, tuple[float, float]], kind: NDArray[np.int64]) -> Floats:
    """Return (G, M) drawn from the ranges of kinds."""
    low, high = np.array([ranges[k] for k in KINDS], np.float32).T
    return _uniform(rng, low[kind], high[kind], kind.shape)


def _rotated(
    rng: np.random.Generator, main: _Season, is_crop: NDArray[np.bool_], shift: Floats, vigour: Floats
) -> _Season:
    """Give crops a rotation of one to four, year by year, or in a third of places one drawn anew each year."""
    place, every = is_crop.shape, shift.shape
    period = rng.integers(1, 5, place)
    rotation = rng.integers(0, len(CROPS), (4, *place))
    number = np.take_along_axis(rotation, np.arange(YEARS)[:, None, None] % period, axis=0)
    number = np.where(rng.random(place) < 0.35, rng.integers(0, len(CROPS), every), number)
    up, down, height, rise, fall = CROPS.astype(np.float32).T[:, number]
    scale = _uniform(rng, 0.75, 1.2, place) * vigour
    return _Season(
        up=np.where(is_crop, up + shift + _normal(rng, 0, 5, every), main.up),
        down=np.where(is_crop, down + np.float32(0.6) * shift + _normal(rng, 0, 6, every), main.down),
        height=np.where(is_crop, height * scale, main.height),
        rise=np.where(is_crop, rise, main.rise),
        fall=np.where(is_crop, fall, main.fall),
    )


def _second(rng: np.random.Generator, is_crop: NDArray[np.bool_], shift: Floats) -> _Season:
    """Give some years of crops a catch crop or autumn growth, and the others nothing."""
    every = shift.shape
    has = is_crop & (rng.random(every, np.float32) < CATCH_SHARE)
    up = _normal(rng, 265, 15, every) + shift
    return _Season(
        up=up,
        down=up + _uniform(rng, 60, 190, every),
        height=np.where(has, _uniform(rng, 0.1, 0.5, every), np.float32(0)),
        rise=np.full(every, 12, np.float32),
        fall=np.full(every, 14, np.float32),
    )


def _cut(rng: np.random.Generator, ndvi: Floats, kind: NDArray[np.int64], year: Years, day: Floats) -> None:
    """Mow meadows up to CUTS times a year: a sudden drop, and regrowth within weeks."""
    group, member = np.nonzero(kind == list(KINDS).index("meadow"))
    count, when = len(group), day[:, group, 0]
    at = year[:, group] * count + np.arange(count)
    number = np.clip(rng.poisson(rng.uniform(0.5, 4, count), (YEARS, count)), 0, CUTS)
    first = _normal(rng, 145, 15, (count,)) + _normal(rng, 0, 9, (YEARS, count))
    gap = _uniform(rng, 32, 62, (count,))
    depth_of, days_of = _uniform(rng, 0.15, 0.6, (count,)), _uniform(rng, 10, 32, (count,))
    kept = np.ones(when.shape, np.float32)
    for cut in range(CUTS):
        on = first + cut * gap + _normal(rng, 0, 8, first.shape)
        depth = np.where(cut < number, depth_of * _uniform(rng, 0.4, 1.3, first.shape), np.float32(0))
        age = when - on.ravel()[at]
        kept *= 1 - np.where(age >= 0, depth.ravel()[at] * np.exp(-np.maximum(age, 0) / days_of), np.float32(0))
    floor = np.float32(0.15)
    ndvi[:, group, member] = floor + (ndvi[:, group, member] - floor) * np.clip(kept, 0.1, 1)


def _dry_years(rng: np.random.Generator, year: Years, day: Floats, ndvi: Floats) -> Floats:
    """Return (T, G, M) what droughts of a region's summers take away."""
    every = (YEARS, year.shape[1], 1)
    depth = np.where(rng.random(every) < 0.18, rng.gamma(2.0, 0.07, every), 0.0).astype(np.float32)
    begin, length = _normal(rng, 185, 22, every), _uniform(rng, 30, 110, every)
    hit = _uniform(rng, 0.2, 1.3, ndvi.shape[1:])
    at, start, span = (_of_years(v, year) for v in (depth, begin, length))
    begun, over = (np.asarray((day - when) / days, np.float32) for when, days in ((start, 10), (start + span, 15)))
    taken = 2 * hit * at * (_logistic(begun) - _logistic(over))
    return np.asarray(np.clip(ndvi - np.float32(0.15), 0, 0.6) * taken, np.float32)


def _anomalies(rng: np.random.Generator, days: Days, ndvi: Floats) -> Floats:
    """Return (T, G, M) departures that last for weeks: of the region, and of each place."""
    step = (days[1] - days[0]).astype(np.float32)[:, None] + np.float32(0.01)
    region, place = (len(step), 1), ndvi.shape[1:]
    memory = [_uniform(rng, 10, 60, place), _uniform(rng, 200, 900, place), _uniform(rng, 15, 80, region)]
    spread = [rng.gamma(2.0, 0.009, place), rng.gamma(1.5, 0.012, place), rng.gamma(2.0, 0.008, region)]
    own, slow, shared = np.split(
        _autoregression(rng, step / np.concatenate(memory, axis=1), np.concatenate(spread, axis=1)),
        [GROUP, 2 * GROUP],
        axis=2,
    )
    return np.asarray((own + slow + shared) * (np.clip(ndvi, 0.1, 0.7) * np.float32(2)))


def _autoregression(rng: np.random.Generator, age: Floats, spread: Numbers) -> Floats:
    """Return (T, ...) of first-order autoregressions, of which a step takes `age` times the e-folding."""
    kept = np.exp(-age)
    out = rng.standard_normal((DATES, *age.shape), np.float32)
    out *= spread.astype(np.float32)
    out[1:] *= np.sqrt(1 - kept**2)
    for k in range(1, DATES):
        out[k] += kept * out[k - 1]
    return out


def _disturb(rng: np.random.Generator, ndvi: Floats, days: Days) -> None:
    """Fell, burn or slowly lose some places, with a recovery that may take years; give some a trend."""
    place, age = ndvi.shape[1:], (days - days[:1]).astype(np.float32)
    group, member = np.nonzero(rng.random(place) < 0.05)
    count = len(group)
    after = np.maximum(age[:, group] - rng.random(count, np.float32) * age[-1, group], 0)
    depth = _uniform(rng, 0.2, 0.9, (count,))
    fall = np.where(rng.random(count) < 0.5, np.float32(2), _uniform(rng, 60, 500, (count,)))
    recovery = np.exp(_uniform(rng, np.log(150), np.log(4000), (count,)))
    kept = 1 - depth * (1 - np.exp(-after / fall)) * np.exp(-after / recovery)
    ndvi[:, group, member] = 0.12 + (ndvi[:, group, member] - np.float32(0.12)) * kept
    ndvi += _normal(rng, 0, 0.006, place) * (age / np.float32(YEAR_DAYS))[..., None]


def _observed(rng: np.random.Generator, ndvi: Floats, day: Floats) -> Floats:
    """Return (T, G, M) what is seen: NaN under clouds; noise, clouds that were missed, and snow in winter."""
    region, sky = (ndvi.shape[1], 1), (*ndvi.shape[:2], 1)
    summer = np.cos(np.float32(2 * np.pi / YEAR_DAYS) * (day - 200))
    chance = _uniform(rng, 0.15, 0.8, region) + _uniform(rng, 0, 0.2, region) * summer
    own = rng.random(ndvi.shape, np.float32)
    is_cloudy = own >= 5 * chance - 4 * rng.random(sky, np.float32)
    seen = rng.standard_normal(ndvi.shape, np.float32)
    seen *= _uniform(rng, 0.006, 0.03, ndvi.shape[1:])
    seen += ndvi
    missed = rng.random(ndvi.shape, np.float32) < _uniform(rng, 0, 0.08, ndvi.shape[1:])
    seen[missed] -= rng.gamma(1.2, 0.12, np.count_nonzero(missed))
    snow = (rng.random(sky) < np.clip(rng.uniform(-0.6, 0.6, region), 0, 1)) & (summer < -0.55)
    white = snow & (own < 0.8)
    seen[white] = _uniform(rng, -0.05, 0.25, (int(np.count_nonzero(white)),))
    np.clip(seen, -0.2, 0.98, out=seen)
    seen[is_cloudy] = np.nan
    return seen


def _logistic(x: Floats) -> Floats:
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x), np.float32)

"""Simulated NDVI series drawn from a prior: what seasons, years, harvests, droughts and clouds are thought to be like.

For forecasters, which learn from them what may follow any history (prior-data fitted networks: Mueller et al. 2022,
arXiv 2112.10510). NDVI alone, no spectra: those of series.py have all bands. Parameters are drawn from wide ranges
around what real series show; `benchmarks/prior.py` compares both. Groups of series share a region: its overpasses,
clouds, and the timing, vigour and droughts of its years.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from core.bands import CHANNELS, channel
from core.cube import Series
from core.timeline import YEAR_DAYS, to_day

Numbers = NDArray[np.float64]
GROUP = 16
"""Series of one region."""
DATES = 240
FIRST = to_day(date(2014, 1, 1))
START_DAYS = 5 * 365
STEPS = (2.5, 5.0, 5.0, 5.0, 8.0, 10.0, 16.0)
"""Days between overpasses."""
YEARS = 20
"""Seasons that are drawn: more than the longest series has."""
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


@dataclass(frozen=True, kw_only=True)
class _Season:
    """One season a year of N series: (N, YEARS) each."""

    up: Numbers
    """Day of the year of half green-up."""
    down: Numbers
    height: Numbers
    rise: Numbers
    """Days from a quarter to three quarters, about."""
    fall: Numbers

    def at(self, year: NDArray[np.int64], day: Numbers) -> Numbers:
        """Return (N, T) the height at days of years, and of the seasons that reach over from the years beside."""
        best = np.zeros(day.shape)
        for step in (-1, 0, 1):
            row = np.clip(year + step, 0, YEARS - 1)
            up, down, height, rise, fall = (
                np.take_along_axis(v, row, axis=1) for v in (self.up, self.down, self.height, self.rise, self.fall)
            )
            here = day - step * YEAR_DAYS
            best = np.maximum(best, height * (_logistic((here - up) / rise) - _logistic((here - down) / fall)))
        return best


def sample_index_series(rng: np.random.Generator, groups: int) -> tuple[Series, NDArray[np.str_]]:
    """Simulate NDVI series of regions, GROUP of each.

    Args:
        rng: the same state gives the same series.

    Returns:
        Series of GROUP * groups x DATES dates with NDVI alone, NaN where a cloud was seen as one; and the kind of each.
    """
    count = groups * GROUP
    region = np.repeat(np.arange(groups), GROUP)
    kind = np.array(list(KINDS))[_kinds(rng, groups)]
    days = _overpasses(rng, groups)[region]
    year, day = _calendar(days, is_southern=(rng.random(groups) < 0.2)[region])
    low, seasons = _seasons(rng, kind, region, groups)
    ndvi = low[:, None] + np.maximum.reduce([s.at(year, day) for s in seasons])
    ndvi = _cut(rng, ndvi, kind, year, day)
    ndvi += _dry_years(rng, region, groups, year, day, ndvi)
    ndvi += _anomalies(rng, days, region, groups, ndvi)
    ndvi = _disturbed(rng, ndvi, days)
    seen = _observed(rng, ndvi, region, groups, day)
    values = np.full((count, DATES, len(CHANNELS)), np.nan, np.float32)
    values[..., channel("NDVI")] = np.clip(seen, -0.2, 0.98)
    ids = np.array([f"simulated-index-{i:06d}" for i in range(count)])
    return Series(ids=ids, days=days.astype(np.int32), values=values), kind


def _kinds(rng: np.random.Generator, groups: int) -> NDArray[np.int64]:
    """Return (N,) kinds: half of the regions hold mostly one."""
    share = np.array(list(KINDS.values()))
    drawn = rng.choice(len(KINDS), groups * GROUP, p=share / share.sum())
    main = np.repeat(rng.choice(len(KINDS), groups, p=share / share.sum()), GROUP)
    is_uniform = np.repeat(rng.random(groups) < 0.5, GROUP)
    return np.where(is_uniform & (rng.random(len(drawn)) < 0.85), main, drawn)


def _overpasses(rng: np.random.Generator, groups: int) -> Numbers:
    start = FIRST + rng.uniform(0, START_DAYS, (groups, 1))
    step = rng.choice(STEPS, (groups, 1))
    return np.asarray(np.round(start + step * np.arange(DATES)))


def _calendar(days: Numbers, *, is_southern: NDArray[np.bool_]) -> tuple[NDArray[np.int64], Numbers]:
    """Return (N, T) the number of the year since the series' first, and the day in it; in the south half a year on."""
    moved = days + np.where(is_southern, YEAR_DAYS / 2, 0)[:, None]
    year = np.floor(moved / YEAR_DAYS)
    first = year[:, :1] - 1
    return (year - first).astype(np.int64), moved - year * YEAR_DAYS


def _seasons(
    rng: np.random.Generator, kind: NDArray[np.str_], region: NDArray[np.int64], groups: int
) -> tuple[Numbers, list[_Season]]:
    """Return (N,) the level outside seasons, and two seasons a year."""
    count = len(kind)
    shift = (rng.normal(0, 18, (groups, 1)) + rng.normal(0, 7, (groups, YEARS)))[region]
    shift = shift + rng.normal(0, 6, (count, 1)) + rng.normal(0, 3, (count, YEARS))
    vigour = (1 + rng.normal(0, 0.08, (groups, YEARS)))[region] * (1 + rng.normal(0, 0.06, (count, YEARS)))
    number = np.array([list(KINDS).index(k) for k in kind])
    low, top, up, length, rise, fall = (
        rng.uniform(*np.array([ranges[k] for k in KINDS])[number].T) for ranges in RANGES
    )
    main = _Season(
        up=up[:, None] + shift,
        down=(up + length)[:, None] + 0.4 * shift,
        height=np.maximum(top - low, 0.0)[:, None] * vigour,
        rise=np.repeat(rise[:, None], YEARS, axis=1),
        fall=np.repeat(fall[:, None], YEARS, axis=1),
    )
    return low, [_rotated(rng, main, kind == "crop", shift, vigour), _second(rng, kind == "crop", shift)]


def _rotated(
    rng: np.random.Generator, main: _Season, is_crop: NDArray[np.bool_], shift: Numbers, vigour: Numbers
) -> _Season:
    """Give crops a rotation of one to four, year by year, or in a third of places one drawn anew each year."""
    count = len(is_crop)
    period = rng.integers(1, 5, (count, 1))
    rotation = rng.integers(0, len(CROPS), (count, 4))
    number = np.take_along_axis(rotation, np.arange(YEARS)[None] % period, axis=1)
    is_free = rng.random((count, 1)) < 0.35
    number = np.where(is_free, rng.integers(0, len(CROPS), (count, YEARS)), number)
    up, down, height, rise, fall = np.moveaxis(CROPS[number], -1, 0)
    scale = rng.uniform(0.75, 1.2, (count, 1)) * vigour
    mask = is_crop[:, None]
    return _Season(
        up=np.where(mask, up + shift + rng.normal(0, 5, up.shape), main.up),
        down=np.where(mask, down + 0.6 * shift + rng.normal(0, 6, up.shape), main.down),
        height=np.where(mask, height * scale, main.height),
        rise=np.where(mask, rise, main.rise),
        fall=np.where(mask, fall, main.fall),
    )


def _second(rng: np.random.Generator, is_crop: NDArray[np.bool_], shift: Numbers) -> _Season:
    """Give some years of crops a catch crop or autumn growth, and the others nothing."""
    shape = shift.shape
    has = is_crop[:, None] & (rng.random(shape) < CATCH_SHARE)
    up = rng.normal(265, 15, shape) + shift
    return _Season(
        up=up,
        down=up + rng.uniform(60, 190, shape),
        height=np.where(has, rng.uniform(0.1, 0.5, shape), 0.0),
        rise=np.full(shape, 12.0),
        fall=np.full(shape, 14.0),
    )


def _cut(
    rng: np.random.Generator, ndvi: Numbers, kind: NDArray[np.str_], year: NDArray[np.int64], day: Numbers
) -> Numbers:
    """Mow meadows up to CUTS times a year: a sudden drop, and regrowth within weeks."""
    rows = np.flatnonzero(kind == "meadow")
    number = np.clip(rng.poisson(rng.uniform(0.5, 4, (len(rows), 1)), (len(rows), YEARS)), 0, CUTS)
    first = rng.normal(145, 15, (len(rows), 1)) + rng.normal(0, 9, (len(rows), YEARS))
    gap = rng.uniform(32, 62, (len(rows), 1))
    out, mine, when = ndvi.copy(), year[rows], day[rows]
    depth_of, days_of = rng.uniform(0.15, 0.6, (len(rows), 1)), rng.uniform(10, 32, (len(rows), 1))
    kept = np.ones(when.shape)
    for cut in range(CUTS):
        on = first + cut * gap + rng.normal(0, 8, first.shape)
        depth = np.where(cut < number, depth_of * rng.uniform(0.4, 1.3, first.shape), 0.0)
        age = when - np.take_along_axis(on, mine, axis=1)
        kept *= 1 - np.where(
            age >= 0, np.take_along_axis(depth, mine, axis=1) * np.exp(-np.maximum(age, 0) / days_of), 0
        )
    floor = 0.15
    out[rows] = floor + (out[rows] - floor) * np.clip(kept, 0.1, 1)
    return out


def _dry_years(
    rng: np.random.Generator,
    region: NDArray[np.int64],
    groups: int,
    year: NDArray[np.int64],
    day: Numbers,
    ndvi: Numbers,
) -> Numbers:
    """Return (N, T) what droughts of a region's summers take away."""
    depth = np.where(rng.random((groups, YEARS)) < 0.18, rng.gamma(2.0, 0.07, (groups, YEARS)), 0.0)
    begin = rng.normal(185, 22, (groups, YEARS))
    length = rng.uniform(30, 110, (groups, YEARS))
    hit = rng.uniform(0.2, 1.3, (len(ndvi), 1))
    at, start, span = (np.take_along_axis(v[region], year, axis=1) for v in (depth, begin, length))
    shape = _logistic((day - start) / 10) - _logistic((day - start - span) / 15)
    return np.asarray(-hit * at * shape * np.clip(ndvi - 0.15, 0, 0.6) / 0.5)


def _anomalies(
    rng: np.random.Generator, days: Numbers, region: NDArray[np.int64], groups: int, ndvi: Numbers
) -> Numbers:
    """Return (N, T) departures that last for weeks: of the region, and of each place."""
    step = days[:, 1:2] - days[:, :1] + 0.01
    first = np.searchsorted(region, np.arange(groups))
    size = np.clip(ndvi, 0.1, 0.7) / 0.5
    shared = _memory(rng, step[first], rng.uniform(15, 80, (groups, 1)), rng.gamma(2.0, 0.008, (groups, 1)))
    own = _memory(rng, step, rng.uniform(10, 60, (len(days), 1)), rng.gamma(2.0, 0.009, (len(days), 1)))
    slow = _memory(rng, step, rng.uniform(200, 900, (len(days), 1)), rng.gamma(1.5, 0.012, (len(days), 1)))
    return np.asarray(size * (shared[region] + own + slow))


def _memory(rng: np.random.Generator, step: Numbers, memory: Numbers, spread: Numbers) -> Numbers:
    """Return (N, DATES) of a first-order autoregression with an e-folding of `memory` days."""
    kept = np.exp(-step / memory)[:, 0]
    fresh = np.sqrt(1 - kept**2)
    noise = rng.standard_normal((DATES, len(kept)), np.float32)
    out = np.empty((DATES, len(kept)))
    out[0] = noise[0]
    for k in range(1, DATES):
        out[k] = kept * out[k - 1] + fresh * noise[k]
    return np.asarray(out.T * spread)


def _disturbed(rng: np.random.Generator, ndvi: Numbers, days: Numbers) -> Numbers:
    """Fell, burn or slowly lose some places, with a recovery that may take years; give some a trend."""
    count = (len(ndvi), 1)
    on = days[:, :1] + rng.random(count) * (days[:, -1:] - days[:, :1])
    age = days - on
    depth = rng.uniform(0.2, 0.9, count) * (rng.random(count) < 0.05)
    fall = np.where(rng.random(count) < 0.5, 2.0, rng.uniform(60, 500, count))
    recovery = np.exp(rng.uniform(np.log(150), np.log(4000), count))
    lost = depth * (1 - np.exp(-np.maximum(age, 0) / fall)) * np.exp(-np.maximum(age, 0) / recovery)
    trend = rng.normal(0, 0.006, count) * (days - days[:, :1]) / YEAR_DAYS
    return np.asarray(0.12 + (ndvi - 0.12) * (1 - lost) + trend)


def _observed(rng: np.random.Generator, ndvi: Numbers, region: NDArray[np.int64], groups: int, day: Numbers) -> Numbers:
    """Return (N, T) what is seen: NaN under clouds; noise, clouds that were missed, and snow in winter."""
    summer = np.cos(2 * np.pi * (day - 200) / YEAR_DAYS)
    chance = rng.uniform(0.15, 0.8, groups)[region, None] + rng.uniform(0, 0.2, groups)[region, None] * summer
    sky = rng.random((groups, DATES))[region]
    own = rng.random(ndvi.shape)
    is_clear = 0.8 * sky + 0.2 * own < chance
    noise = rng.standard_normal(ndvi.shape, np.float32) * rng.uniform(0.006, 0.03, (len(ndvi), 1))
    missed = rng.random(ndvi.shape) < rng.uniform(0, 0.08, (len(ndvi), 1))
    below = np.where(missed, rng.gamma(1.2, 0.12, ndvi.shape), 0.0)
    snow = (rng.random((groups, DATES)) < np.clip(rng.uniform(-0.6, 0.6, (groups, 1)), 0, 1))[region] & (summer < -0.55)
    seen = np.where(snow & (own < 0.8), rng.uniform(-0.05, 0.25, ndvi.shape), ndvi + noise - below)
    return np.where(is_clear, seen, np.nan)


def _logistic(x: Numbers) -> Numbers:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))))

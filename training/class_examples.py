"""A pool: labelled series as class networks read them, each as it is and in some altered copies. Draws no batches.

Copies are what the same place could have looked like: fewer clear dates, bands or sensors missing, some days earlier or
later; of a season, a part of it; of classes that last, another date, and few bands or NDVI alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.cube import Series
from core.timeline import Days
from models.network.class_inputs import class_inputs
from models.training_set import TrainingSet, last_seen
from training.histories import cut_history, has_anything
from training.sampling import altered_for_classes

UNKNOWN = -1
OF_A_SEASON = ("crop",)
"""Tasks whose labels are of one season, and not of the years before."""
SEASON_LEFT = 200
"""Of half of the altered copies of a season's labels, up to so many days of the season are still to come."""
SHIFT_DAYS = (-12, 18)
"""Calendar shift of a copy: composites of some archives are dated at the first of their month."""


@dataclass(frozen=True, kw_only=True)
class Pool:
    """P rows of labelled input."""

    tokens: Floats
    """(P, T, F)."""
    is_padding: NDArray[np.bool_]
    """(P, T)."""
    queries: Floats
    """(P, 1, G)."""
    labels: NDArray[np.int64]
    """(P,) class code, or -2 - k for `not k`."""
    weight: NDArray[np.float64]
    """(P,) how often a row is drawn: sets by their share, in each the classes evenly."""
    places: NDArray[np.str_]
    """(P,) place of the series."""
    sets: NDArray[np.str_]
    """(P,) name of the set."""
    copy: NDArray[np.int64]
    """(P,) 0 = as it is, at its last date."""

    @property
    def features(self) -> Floats:
        """(P, F) class features that the queries hold; NaN = unseen."""
        values, flags = np.split(self.queries[:, 0], 2, axis=1)
        return np.where(flags > 0.5, values, np.float32(np.nan)).astype(np.float32)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "Pool":
        """Return some of the rows, by a mask or by positions."""
        return Pool(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def __len__(self) -> int:
        return len(self.labels)


def make_pool(
    sets: Mapping[str, TrainingSet],
    mixture: Mapping[str, float],
    task: str,
    *,
    months: int,
    copies: int,
    seed: int,
    cuts: int = 0,
    whole_cuts: float = 0.0,
    days: Mapping[str, Days] | None = None,
) -> Pool:
    """Prepare the labelled series of a mixture.

    Args:
        sets: by name, those of the mixture with labels of the task.
        mixture: set -> share of what is drawn.
        months: calendar months that are read.
        copies: altered copies of each series.
        cuts: further copies, cut to short histories or few bands; numbered after the others.
        whole_cuts: share of these whose history stays whole.
        days: set -> (N,) the day after the date of each label; without it, the last day of each series.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for name, share in mixture.items():
        known = np.asarray(sets[name].labels[task] != UNKNOWN)
        dates = None if days is None or name not in days else days[name][known]
        parts.append(_of_set(rng, sets[name].take(known), task, share, months, copies, cuts, whole_cuts, dates))
    return Pool(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Pool)})


def _of_set(
    rng: np.random.Generator,
    source: TrainingSet,
    task: str,
    share: float,
    months: int,
    copies: int,
    cuts: int,
    whole_cuts: float,
    dates: Days | None,
) -> Pool:
    last = last_seen(source.series) + 1 if dates is None else dates
    is_open = task in OF_A_SEASON and dates is None
    rows = [_rows(source, source.series, last, task, months, 0)]
    for number in range(copies):
        then = _in_season(rng, last) if is_open else dates
        series, days = altered_for_classes(rng, source.series, SHIFT_DAYS, then, source.changed_on)
        rows.append(_rows(source, series, days, task, months, number + 1))
    for number in range(copies, copies + cuts):
        then = _in_season(rng, last) if is_open else dates
        altered, days = altered_for_classes(rng, source.series, SHIFT_DAYS, then, source.changed_on)
        ends = days if is_open or dates is not None else None
        series, days = cut_history(rng, altered, months=months, ends=ends, whole=whole_cuts)
        kept = has_anything(series)
        rows.append(_rows(source.take(kept), series.take(np.flatnonzero(kept)), days[kept], task, months, number + 1))
    joined = Pool(**{f.name: np.concatenate([getattr(r, f.name) for r in rows]) for f in fields(Pool)})
    return replace(joined, weight=share * _even(joined.labels) / len(joined) * len(np.unique(joined.labels)))


def _rows(source: TrainingSet, series: Series, days: Days, task: str, months: int, copy: int) -> Pool:
    tokens, queries = class_inputs(series, days.astype(np.int32), months=months)
    short = months - tokens.tokens.shape[1]
    return Pool(
        tokens=np.pad(tokens.tokens, ((0, 0), (0, short), (0, 0))),
        is_padding=np.pad(tokens.is_padding, ((0, 0), (0, short)), constant_values=True),
        queries=queries,
        labels=_labels_on(source, series, days, task),
        weight=np.ones(len(series)),
        places=source.places.astype(np.str_),
        sets=np.full(len(series), source.name),
        copy=np.full(len(series), copy, np.int64),
    )


def _in_season(rng: np.random.Generator, ends: Days) -> Days:
    """Return days of which half lie before the season's end: maps are made while a season goes on, too."""
    left = rng.uniform(0, SEASON_LEFT, len(ends)) * (rng.random(len(ends)) < 0.5)
    return np.asarray(ends - left.astype(np.int32), np.int32)


def _labels_on(source: TrainingSet, series: Series, days: Days, task: str) -> NDArray[np.int64]:
    """Return (P,) class of each series on the day before; where nothing was seen since a change, the class before it.

    Args:
        series: of the source, their calendars maybe shifted and observations lost.
        days: (P,) the day after the date that is classified.
    """
    labels = source.labels[task].astype(np.int64)
    if source.changed_on is None or task not in source.labels_before:
        return labels
    changed = source.changed_on + (series.days[:, 0] - source.series.days[:, 0])
    seen = np.isfinite(series.values).any(axis=-1) & (series.days >= changed[:, None]) & (series.days < days[:, None])
    is_before = np.isfinite(changed) & ~seen.any(axis=1)
    return np.where(is_before, source.labels_before[task].astype(np.int64), labels)


def _even(labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return (P,) weights under which each label has the same total, on average 1 / number of labels."""
    _, code, count = np.unique(labels, return_inverse=True, return_counts=True)
    each: NDArray[np.float64] = len(labels) / (len(count) ** 2 * count[code])
    return each

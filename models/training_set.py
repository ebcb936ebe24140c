"""TrainingSet: labelled or unlabelled series with the places that splits are made by. Reads no files."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from core.cube import Series
from core.timeline import Days

Labels = NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class TrainingSet:
    """Series of one source."""

    name: str
    """Folder of the source, or `simulated`."""
    licence: str
    """Licence and origin in one line, for model cards."""
    series: Series
    places: NDArray[np.str_]
    """(N,) site, block or cell: series of one place never stand on both sides of a split."""
    labels: dict[str, Labels] = field(default_factory=dict)
    """Task -> (N,) class code; -1 = unknown; -2 - k = known not to be class k."""
    labels_before: dict[str, Labels] = field(default_factory=dict)
    """Task -> (N,) class code before the day of `changed_on`, where it was another; empty = nothing changed."""
    changed_on: NDArray[np.float64] | None = None
    """(N,) day from which on `labels` hold; infinite where they always do; None = nowhere anything changed."""
    is_simulated: bool = False

    def take(self, rows: NDArray[np.bool_]) -> "TrainingSet":
        """Return some of the series with their places and labels."""
        at = np.nonzero(rows)[0]
        labels, before = (
            {task: codes[at] for task, codes in each.items()} for each in (self.labels, self.labels_before)
        )
        changed = None if self.changed_on is None else self.changed_on[at]
        series, places = self.series.take(at), self.places[at]
        return replace(self, series=series, places=places, labels=labels, labels_before=before, changed_on=changed)

    def before(self, day: int) -> "TrainingSet":
        """Return the set with everything on or after a day made unseen."""
        values = np.where((self.series.days < day)[..., None], self.series.values, np.float32(np.nan))
        return replace(self, series=replace(self.series, values=values.astype(np.float32)))


def last_seen(series: Series) -> Days:
    """Return (N,) the last day with any observation, or the last day of the row where there is none."""
    seen = np.asarray(np.isfinite(series.values).any(axis=-1))
    days = np.where(seen, series.days, np.iinfo(np.int32).min).max(axis=1)
    return np.asarray(np.where(seen.any(axis=1), days, series.days[:, -1]), np.int32)

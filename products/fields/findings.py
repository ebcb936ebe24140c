"""What is known of fields, and its lines: one for each field and date. Where it comes from: workers/fields/."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.bands import Floats
from core.forecast import QUANTILE_COLUMNS
from core.region import Field
from core.timeline import Days, to_times
from products.fields.columns import COLUMNS, NAME, OF_CLASSES, SHARES
from products.fields.means import History

DECIMALS = 4


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A forecast of F fields at H dates; (F, H) each."""

    days: Days
    """(H,)."""
    quantiles: Floats
    """(F, H, Q)."""
    climatology: Floats


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What is known of F fields."""

    fields: tuple[Field, ...]
    history: History
    usual: Floats
    """(F, T) climatology on the dates of the history; NaN where it is not known."""
    expected: Expected | None = None
    """None = no forecast was ordered."""
    figures: Mapping[str, Floats] = field(default_factory=dict)
    """(F,) by column: probabilities, shares, dissimilarity, error of a past forecast; missing ones are NaN."""
    flags: Sequence[tuple[str, ...]] = ()
    """F times what a reader should know before the numbers, a clause each."""

    @property
    def clear_count(self) -> NDArray[np.int32]:
        """(F,) dates on which the field was clear."""
        return self.history.series.clear_count()

    @property
    def last_clear(self) -> Days:
        """(F,) the last of these days; -1 = never."""
        seen = np.isfinite(self.history.ndvi)
        return np.asarray(np.where(seen, self.history.series.days, -1).max(axis=1, initial=-1), np.int32)

    def flagged(self, number: int, *clauses: str) -> "Findings":
        """Return the findings with further flags on one field; empty ones are left out."""
        flags = list(self.flags)
        flags[number] = (*flags[number], *(c for c in clauses if c))
        return replace(self, flags=tuple(flags))


def lines(found: Findings, id_column: str) -> pd.DataFrame:
    """Return one line for each field and date, in the order of the fields, then of the dates.

    A date of the history has a line where any of the field was clear. A field without a line has one without a date.

    Returns:
        The column of ids, `name`, and COLUMNS; dates as datetime64, missing numbers NaN. `ndvi_mean` and `ndvi_std` are
        missing on dates that are not clear enough to count. The index is the position of the field.
    """
    count = len(found.fields)
    past, ahead = _history_lines(found), _forecast_lines(found)
    known = pd.concat([past, ahead], ignore_index=True)
    empty = np.setdiff1d(np.arange(count), known["field"].to_numpy(np.int64))
    table = pd.concat([known, pd.DataFrame({"field": empty})], ignore_index=True)
    table = table.sort_values(["field", "date"], kind="stable").set_index("field").rename_axis(None)
    return table.join(_facts(found, id_column)).reindex(columns=[id_column, *without(NAME, id_column), *COLUMNS])


def without(name: str, other: str) -> list[str]:
    """Return a name in a list, empty if it is the other one."""
    return [] if name == other else [name]


def _facts(found: Findings, id_column: str) -> pd.DataFrame:
    """Return one row for each field: what all of its lines repeat."""
    count, last = len(found.fields), found.last_clear
    times = to_times(np.maximum(last, 0))
    times[last < 0] = np.datetime64("NaT")
    facts: dict[str, Any] = {NAME: [f.name for f in found.fields], id_column: [f.id for f in found.fields]}
    names = (*OF_CLASSES, *SHARES, "dissimilarity", "hindcast_mae")
    facts |= {n: _rounded(found.figures.get(n, np.full(count, np.nan, np.float32))) for n in names}
    facts |= {"clear_count": found.clear_count, "last_clear": times, "flags": ["; ".join(f) for f in found.flags]}
    return pd.DataFrame(facts)


def _history_lines(found: Findings) -> pd.DataFrame:
    history = found.history
    which, at = np.nonzero(history.clear_share > 0)
    ndvi, usual = history.ndvi[which, at], found.usual[which, at]
    return pd.DataFrame(
        {
            "field": which,
            "date": to_times(history.series.days[which, at]),
            "ndvi_mean": _rounded(ndvi),
            "ndvi_std": _rounded(history.std[which, at]),
            "clear_share": _rounded(history.clear_share[which, at]),
            "climatology": _rounded(usual),
            "anomaly": _rounded(ndvi - usual),
        }
    )


def _forecast_lines(found: Findings) -> pd.DataFrame:
    expected = found.expected
    if expected is None:
        return pd.DataFrame({"field": np.empty(0, np.int64), "date": np.empty(0, "datetime64[ns]")})
    which, at = (n.ravel() for n in np.indices(expected.climatology.shape))
    quantiles, usual = expected.quantiles[which, at], expected.climatology[which, at]
    columns = dict(zip(QUANTILE_COLUMNS, _rounded(quantiles).T, strict=True))
    median = quantiles[:, QUANTILE_COLUMNS.index("q50")]
    return pd.DataFrame(
        {
            "field": which,
            "date": to_times(expected.days[at]),
            **columns,
            "climatology": _rounded(usual),
            "anomaly": _rounded(median - usual),
        }
    )


def _rounded(values: Floats) -> NDArray[np.float64]:
    return np.asarray(np.round(values.astype(np.float64), DECIMALS), np.float64)

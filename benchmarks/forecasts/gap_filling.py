"""Claim: gap filling estimates hidden observations better from both sides than smoothing each series does.

    python -m benchmarks.forecasts.gap_filling --data ../shared/data [--model NAME] [--sets NAME,...] [--gap-days 40]

Real data. Of each series every fifth clear date, drawn at random between its first and its last one, is hidden; with
--gap-days instead all dates of one such window in each year. The network (models/gap_fill.py) reads all bands of the
dates that are left, and its answer is moved towards the line where lines do well; `network alone` is not. The rivals
read NDVI: the line between the neighbours; Whittaker smoothing of daily values (second differences; Eilers 2003,
doi:10.1021/ac034173t), with the lambda of the least mean absolute leave-one-out residual in each series, which does
better here than generalised cross-validation; and a local parabola, which is Savitzky-Golay's filter for uneven dates.
Their quantiles are those of their own leave-one-out residuals in the
same series, about their estimate. Figures are means over series of each series' mean; intervals resample places. A set
that the model's card names was learned from: its rows favour the network. Meadows, which no model may learn from, are
judged too.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

from core.bands import NDVI, OPTICAL_NAMES, Floats, channel
from core.checkpoint import Checkpoint
from core.cube import Series
from core.forecast import MEDIAN, QUANTILES
from core.settings import Settings
from core.timeline import YEAR_DAYS, Days
from ingest.source import TableSource, open_source
from models.gap_fill import AHEAD_DAYS, fill_gaps
from models.metrics.bootstrap import bootstrap
from models.metrics.forecast_scores import pinball
from models.registry import find_checkpoint
from models.training_set import TrainingSet
from training.datasets import load_sets

MEADOWS = "meadows_s2_s1"
SETS = (
    "hrvpp_s2_sites",
    "romania_forest_cube",
    "fordead_conifer_cube:whole",
    "slovenia_testeopatch",
    "franconia_grassland_s2",
    MEADOWS,
    "landsat_vermont_30years",
)
HIDDEN_SHARE = 0.2
FEWEST = 10
"""Clear dates that a series must have."""
LAMBDAS = tuple(10.0**n for n in range(6))
PARABOLA_DAYS = 20.0
"""Width of the Gaussian weights of the local parabola; a little of a line and a level keeps sparse dates solvable."""
RIDGE = (1e-6, 1e-3, 1e-2)
Doubles = NDArray[np.float64]
Rival = Callable[[Doubles, Doubles, Doubles], tuple[Doubles, Doubles]]
"""Days and NDVI of one series (M,), days asked for (H,) -> estimates (H,), leave-one-out residuals (M,)."""


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """Series of which some clear dates are hidden."""

    shown: Series
    """With the hidden dates unseen in all channels."""
    days: Days
    """(N, H) hidden days, the last one repeated where a series has fewer."""
    truth: Floats
    """(N, H) what was seen on them; NaN where repeated."""
    places: NDArray[np.str_]
    """(N,)."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="", help="name of a forecaster; default: the one that ships")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--series", type=int, default=200, help="most series of a set, drawn at random")
    parser.add_argument("--gap-days", type=int, default=0, help="hide windows of so many days; 0 = every fifth date")
    parser.add_argument("--ahead-days", type=int, default=AHEAD_DAYS, help="how far beyond a date the network reads")
    options = parser.parse_args()
    checkpoint = find_checkpoint(options.model, "forecast", Settings())
    print_head(checkpoint)
    for name in options.sets.split(","):
        source = drawn(load(name, options.data), options.series)
        hidden = hide(source, gap_days=options.gap_days)
        print_rows(name, hidden, measure(hidden, checkpoint, ahead_days=options.ahead_days), checkpoint)


def load(name: str, data: Path) -> TrainingSet:
    """Return a set that models learn from, or the meadows, which none may."""
    if name != MEADOWS:
        return load_sets({name: 1.0}, data)[name]
    path = data / MEADOWS / "series.parquet"
    source = open_source(path, bands=(*OPTICAL_NAMES, NDVI.name), settings=Settings())
    assert isinstance(source, TableSource), "the meadows are a table"
    return TrainingSet(name=MEADOWS, licence="for judging only", series=source.table, places=source.table.ids)


def drawn(source: TrainingSet, count: int) -> TrainingSet:
    """Return at most so many of the series that have clear dates enough, always the same ones."""
    fitting = np.flatnonzero(source.series.clear_count() >= FEWEST)
    chosen = np.random.default_rng(0).permutation(fitting)[:count]
    kept = np.zeros(len(source.series), np.bool_)
    kept[chosen] = True
    return source.take(kept)


def hide(source: TrainingSet, *, gap_days: int = 0, seed: int = 1) -> Hidden:
    """Hide clear dates between the first and the last one of each series.

    Args:
        gap_days: 0 = every fifth date; else all dates of a window of so many days, one a year.
    """
    rng = np.random.default_rng(seed)
    ndvi = source.series.values[..., channel(NDVI.name)]
    is_hidden = np.zeros(ndvi.shape, np.bool_)
    for row, (days, values) in enumerate(zip(source.series.days, ndvi, strict=True)):
        seen = np.flatnonzero(np.isfinite(values))
        inner = seen[(days[seen] > days[seen[0]]) & (days[seen] < days[seen[-1]])]
        chosen = _windows(rng, days[inner], gap_days) if gap_days else _fifth(rng, days[inner])
        is_hidden[row, inner[chosen]] = True
    values = source.series.values.copy()
    values[is_hidden] = np.nan
    order = np.argsort(~is_hidden, axis=1, kind="stable")[:, : max(1, int(is_hidden.sum(axis=1).max()))]
    own = np.take_along_axis(is_hidden, order, axis=1)
    days = np.where(own, np.take_along_axis(source.series.days, order, axis=1), source.series.days[:, -1:])
    truth = np.where(own, np.take_along_axis(ndvi, order, axis=1), np.float32(np.nan))
    shown = replace(source.series, values=values)
    return Hidden(shown=shown, days=days.astype(np.int32), truth=truth, places=source.places)


def _fifth(rng: np.random.Generator, days: Days) -> NDArray[np.bool_]:
    """Return which of the dates are hidden; two entries of one day are hidden together."""
    different = np.unique(days)
    count = max(1, round(HIDDEN_SHARE * len(different)))
    return np.isin(days, rng.choice(different, count, replace=False))


def _windows(rng: np.random.Generator, days: Days, gap_days: int) -> NDArray[np.bool_]:
    starts = np.arange(days[0], days[-1], YEAR_DAYS) + rng.uniform(0, YEAR_DAYS - gap_days)
    inside = (days[:, None] >= starts) & (days[:, None] < starts + gap_days)
    return np.asarray(inside.any(axis=1) if inside.any() else np.arange(len(days)) == len(days) // 2)


def measure(hidden: Hidden, checkpoint: Checkpoint, *, ahead_days: int = AHEAD_DAYS) -> dict[str, Floats]:
    """Return (N, H, Q) quantiles of each method on the hidden days."""
    ends = hidden.shown.last_days
    own = fill_gaps(hidden.shown, ends, hidden.days, checkpoint, ahead_days=ahead_days)
    alone = fill_gaps(hidden.shown, ends, hidden.days, checkpoint, ahead_days=ahead_days, line_days=0)
    return {
        "gap-fill": own,
        "network alone": alone,
        **{name: _by_series(hidden, rival) for name, rival in RIVALS.items()},
    }


def _by_series(hidden: Hidden, rival: Rival) -> Floats:
    quantiles = np.full((*hidden.days.shape, len(QUANTILES)), np.nan, np.float32)
    ndvi = hidden.shown.values[..., channel(NDVI.name)]
    for row, (days, values) in enumerate(zip(hidden.shown.days, ndvi, strict=True)):
        seen = np.isfinite(values)
        known, mean = _by_day(days[seen], values[seen])
        estimate, residuals = rival(known, mean, hidden.days[row].astype(np.float64))
        spread = np.quantile(residuals, QUANTILES) - np.median(residuals)
        quantiles[row] = estimate[:, None] + spread
    return quantiles


def _by_day(days: Days, values: Floats) -> tuple[Doubles, Doubles]:
    """Return different days, ascending, and the mean of each."""
    different, at = np.unique(days, return_inverse=True)
    return different.astype(np.float64), np.bincount(at, values) / np.bincount(at)


def line(days: Doubles, ndvi: Doubles, asked: Doubles) -> tuple[Doubles, Doubles]:
    """Interpolate linearly between the neighbours; the first and last date have no leave-one-out residual."""
    share = (days[1:-1] - days[:-2]) / (days[2:] - days[:-2])
    left_out = ndvi[:-2] + share * (ndvi[2:] - ndvi[:-2])
    return np.interp(asked, days, ndvi), ndvi[1:-1] - left_out


def whittaker(days: Doubles, ndvi: Doubles, asked: Doubles) -> tuple[Doubles, Doubles]:
    """Smooth daily values with weights 0 where nothing was seen, by the lambda with the least leave-one-out error."""
    at, wanted = (days - days[0]).astype(int), np.clip(asked - days[0], 0, days[-1] - days[0]).astype(int)
    best, found = np.inf, (np.interp(asked, days, ndvi), np.zeros(len(days)))
    for penalty in LAMBDAS:
        columns = _inverse_columns(int(at[-1]) + 1, at, penalty)
        hat = columns[at]
        leverage = np.minimum(np.diag(hat), 1 - 1e-9)
        residuals = (ndvi - hat @ ndvi) / (1 - leverage)
        score = np.abs(residuals).mean()
        if score < best:
            best, found = score, (columns[wanted] @ ndvi, residuals)
    return found


def _inverse_columns(length: int, at: NDArray[np.int_], penalty: float) -> Doubles:
    """Return (length, M) the columns of (W + penalty D'D)^-1 at M days, D the second differences."""
    band = np.zeros((3, length))  # the upper form of a symmetric matrix of five diagonals
    for offset, products in enumerate(((1, 4, 1), (-2, -2), (1,))):
        for shift, product in enumerate(products):
            band[2 - offset, offset + shift : length - 2 + offset + shift] += penalty * product
    band[2, at] += 1
    unit = np.zeros((length, len(at)))
    unit[at, np.arange(len(at))] = 1
    return np.asarray(solveh_banded(band, unit, check_finite=False))


def parabola(days: Doubles, ndvi: Doubles, asked: Doubles) -> tuple[Doubles, Doubles]:
    """Fit a parabola around each date asked for, near dates counting most."""
    left_out = _parabola(days, ndvi, days, ~np.eye(len(days), dtype=bool))
    return _parabola(days, ndvi, asked, np.ones((len(asked), len(days)), bool)), ndvi - left_out


def _parabola(days: Doubles, ndvi: Doubles, asked: Doubles, used: NDArray[np.bool_]) -> Doubles:
    gap = (days - asked[:, None]) / PARABOLA_DAYS
    nearest = np.where(used, np.abs(gap), np.inf).min(axis=1, keepdims=True)
    weight = np.where(used, np.exp(-0.5 * (gap**2 - nearest**2)), 0)  # never 0 in all: far from any date too
    scaled = np.clip(gap, -30, 30)
    design = np.stack([np.ones_like(gap), scaled, scaled**2], axis=-1)
    normal = np.einsum("hm,hmi,hmj->hij", weight, design, design) + np.diag(RIDGE)
    moment = np.einsum("hm,hmi,m->hi", weight, design, ndvi)
    return np.asarray(np.clip(np.linalg.solve(normal, moment[..., None])[:, 0, 0], -1, 1))


RIVALS: dict[str, Rival] = {"line": line, "Whittaker": whittaker, "local parabola": parabola}


def print_head(checkpoint: Checkpoint) -> None:
    """Print the first lines of the table."""
    print(
        f"| set | learned from by {checkpoint.name} | series | dates | method | MAE | pinball | to the line | in 90 % |"
    )
    print("|---|---|---|---|---|---|---|---|---|")


def print_rows(name: str, hidden: Hidden, found: dict[str, Floats], checkpoint: Checkpoint) -> None:
    """Print a row for each method."""
    known = "yes" if _is_learned_from(name, checkpoint) else "no"
    baseline = _by_row(pinball(found["line"], hidden.truth))
    for method, quantiles in found.items():
        loss = _by_row(pinball(quantiles, hidden.truth))
        error = _by_row(np.abs(quantiles[..., MEDIAN] - hidden.truth))
        inside = (hidden.truth >= quantiles[..., 0]) & (hidden.truth <= quantiles[..., -1])
        share = _by_row(np.where(np.isfinite(hidden.truth), inside, np.nan))
        ratio = _ratio(loss, baseline, hidden.places)
        figures = f"{error.mean():.4f} | {loss.mean():.4f} | {ratio} | {100 * share.mean():.0f} %"
        count = f"{len(loss)} | {np.isfinite(hidden.truth).sum()}"
        print(f"| {name} | {known} | {count} | {method} | {figures} |", flush=True)


def _ratio(loss: Doubles, baseline: Doubles, places: NDArray[np.str_]) -> str:
    """Return the ratio of mean losses, with its interval where there is more than one place to resample."""
    if len(np.unique(places)) < 2:
        return f"{loss.mean() / baseline.mean():.4f}, one place"
    return str(bootstrap(lambda w: float((w @ loss) / (w @ baseline)), places))


def _by_row(values: Floats) -> Doubles:
    """Return the mean of each series over what was hidden of it."""
    return np.asarray(np.nanmean(values, axis=1), np.float64)


def _is_learned_from(name: str, checkpoint: Checkpoint) -> bool:
    """Return whether the card names the set, whole or in part."""
    entries: Sequence[str] = [str(entry) for entry in checkpoint.card.get("training_data", [])]
    return any(name.split(":")[0] in entry for entry in entries)


if __name__ == "__main__":
    main()

"""Claim: with one or two years of history, or a handful of observations, forecasts stay ahead and calibrated.

    python -m benchmarks.forecasts.short_histories --data ../shared/data --harness ../shared/bench --work FOLDER years
    python -m benchmarks.forecasts.short_histories --data ../shared/data --harness ../shared/bench --work FOLDER few

Real data that the model has not learned from, with the tasks, targets, rivals and scores of the evaluation harness.
`years`: sites and stand, of which each issue date sees one or two years; the rivals see the same and no more, and
LightGBM learns from all of it (targets before the issue date). `few`: all four sets, of whose histories the newest 1,
2, 5 or 10 clear observations are left; the share of outcomes in the 50 and 90 % intervals.
"""

import argparse
import importlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.bands import CHANNELS, channel
from core.checkpoint import Checkpoint
from core.cube import Series
from core.settings import Settings
from models.registry import find_checkpoint
from models.runtime import forecast

YEARS, FEW = (1, 2), (1, 2, 5, 10)
SETS = ("sites", "cube", "meadows", "forest")
NDVI = channel("NDVI")
EVERY = {"cube": 8}
"""Every so many series are judged: the stand has 6,400 pixels, which go together."""


def main() -> None:
    """Print one table for each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("years", "few"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--harness", type=Path, required=True, help="folder of the evaluation harness")
    parser.add_argument("--work", type=Path, required=True, help="folder that keeps what the rivals said")
    parser.add_argument("--model", default="ndvi-small-before-2022")
    parser.add_argument("--sets", nargs="+", choices=SETS)
    given = parser.parse_args()
    sys.path.insert(0, str(given.harness))
    harness, model = importlib.import_module("forecast"), find_checkpoint(given.model, "forecast", Settings())
    for kind in given.sets or (SETS[:2] if given.part == "years" else SETS):
        task = harness.LOAD[kind](given.data, None)
        (variant,) = task.tests
        tests = {variant: [(issue, rows[:: EVERY.get(kind, 1)]) for issue, rows in task.tests[variant]]}
        task = replace(task, tests=tests)
        if given.part == "few":
            few(harness, task, variant, model)
        else:
            for count in YEARS:
                years(harness, task, variant, model, count, given.work)


def years(harness: Any, task: Any, variant: str, model: Checkpoint, count: int, work: Path) -> None:
    """Print what the harness reports on histories of some years, of the model and all rivals."""
    work.mkdir(parents=True, exist_ok=True)
    found = rivals(harness, task, variant, count, work)
    found["landcast"] = said(harness, task, variant, model, days=round(365.25 * count))
    loss = scored(harness, task, variant, found)
    total = {name: harness.summary(each) for name, each in loss.items()}
    order = sorted(total, key=lambda name: total[name]["pinball"])
    print(f"\n## {task.kind}, {count} year(s) of history\n")
    print(harness.markdown([{"method": name, **total[name]} for name in order]))
    best = next(name for name in order if name != "landcast")
    skill, low, high = harness.skill_ci(loss["landcast"], loss[best])
    ratio = 1 - total["landcast"]["pinball"] / total[best]["pinball"]
    print(f"below {best}: {ratio:.3f} of the table; skill {skill:.3f} [{low:.3f}, {high:.3f}]", flush=True)


def rivals(harness: Any, task: Any, variant: str, count: int, work: Path) -> dict[str, pd.DataFrame]:
    """Return the forecasts of the harness's rivals, which see no more than the same years."""
    found: dict[str, list[pd.DataFrame]] = {}
    for issue, rows in task.tests[variant]:
        folder = work / f"{task.kind}-{count}-{issue}"
        if not folder.exists():
            kept = task.panel.days >= issue - round(365.25 * count)
            panel = replace(task.panel, days=task.panel.days[kept], ndvi=task.panel.ndvi[:, kept])
            # any kind but `sites` begins its hindcasts after 210 days instead of 365, which one year would not hold
            cut = replace(task, kind="cut", panel=panel, tests={variant: [(issue, rows)]}, fit_before=issue)
            made = harness.run_baselines(cut)[variant]
            folder.mkdir()
            for name, table in made.items():
                table.to_parquet(folder / f"{name}.parquet", index=False)
        for file in folder.glob("*.parquet"):
            found.setdefault(file.stem, []).append(pd.read_parquet(file))
    whole = len(task.tests[variant])
    return {name: pd.concat(parts) for name, parts in found.items() if len(parts) == whole}


def few(harness: Any, task: Any, variant: str, model: Checkpoint) -> None:
    """Print the coverage of histories of a few observations."""
    rows = []
    for count in FEW:
        found = {"landcast": said(harness, task, variant, model, newest=count)}
        rows.append({"observations": count, **harness.summary(scored(harness, task, variant, found)["landcast"])})
    print(f"\n## {task.kind}, few observations\n\n{harness.markdown(rows)}", flush=True)


def said(
    harness: Any, task: Any, variant: str, model: Checkpoint, *, days: int | None = None, newest: int | None = None
) -> pd.DataFrame:
    """Return the model's forecasts of the harness's targets from cut histories."""
    panel, parts = task.panel, []
    for issue, rows in task.tests[variant]:
        past = (panel.days < issue) & (panel.days >= (issue - days if days else 0))
        ahead = panel.days[(panel.days >= issue) & (panel.days < issue + harness.bl.HORIZON)]
        history = series_of(panel.ids[rows], panel.days[past], panel.ndvi[np.ix_(rows, np.flatnonzero(past))], newest)
        issues = np.full(len(rows), issue, np.int32)
        targets = np.broadcast_to(ahead.astype(np.int32), (len(rows), len(ahead))).copy()
        quantiles = forecast(history, issues, targets, model).quantiles
        table = pd.DataFrame({"series": np.repeat(panel.ids[rows], len(ahead)), "issue": issue})
        table["time"] = targets.ravel()
        table[harness.bl.QCOLS] = quantiles.reshape(-1, len(harness.bl.QCOLS))
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def series_of(ids: np.ndarray, days: np.ndarray, ndvi: np.ndarray, newest: int | None) -> Series:
    """Return series of NDVI alone, of which the newest observations are left."""
    values = np.full((*ndvi.shape, len(CHANNELS)), np.nan, np.float32)
    age = np.cumsum(np.isfinite(ndvi)[:, ::-1], axis=1)[:, ::-1]
    values[..., NDVI] = ndvi if newest is None else np.where(age <= newest, ndvi, np.nan)
    return Series(ids=ids, days=np.broadcast_to(days.astype(np.int32), ndvi.shape), values=values)


def scored(harness: Any, task: Any, variant: str, found: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the losses of each method on the targets that all of them answer."""
    truth = harness.truth_table(task, variant)
    keys = ["series", "issue", "time"]
    joined = {name: truth.merge(table, on=keys, how="left") for name, table in found.items()}
    answered = np.logical_and.reduce([j[harness.bl.QCOLS].notna().all(axis=1).to_numpy() for j in joined.values()])
    if not answered.all():
        print(f"{task.kind}: {(~answered).sum()} of {len(truth)} targets have no history, and are left out")
    return {name: harness.losses(table[answered]) for name, table in joined.items()}


if __name__ == "__main__":
    main()

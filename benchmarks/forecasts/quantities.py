"""Claim: indices and bands are forecast as NDVI is, with errors beside those of the simple baselines.

    python -m benchmarks.forecasts.quantities --data ../shared/data [--model ndvi-small-before-2022]

Real data: every thirteenth pixel of the FORDEAD cube, from 1 January and July 2018 and 1 January 2019, up to 150 days
ahead. The model must not have learned from it. Errors are mean absolute errors of the median in the quantity's own
units, each pixel weighing the same; the gain is over the best baseline, with an interval over blocks of 100 m.
"""

import argparse
from datetime import date
from pathlib import Path

import numpy as np

from core.checkpoint import Checkpoint
from core.cube import Series
from core.quantities import QUANTITIES, Quantity
from core.settings import Settings
from core.timeline import to_day
from evaluation.hindcast.past_issues import observed_targets
from ingest.cubes.read import read_cube
from models.baselines.rules import BASELINES, weigh
from models.metrics.bootstrap import bootstrap
from models.registry import find_checkpoint
from models.runtime import forecast

ISSUES = [to_day(date(y, m, 1)) for y, m in ((2018, 1), (2018, 7), (2019, 1))]
RHO = 0.4
"""Share of the anomaly left, of the damped anomaly; models/baselines/baseline_errors.py fits it for the product."""


def main() -> None:
    """Print a row for each quantity."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="ndvi-small-before-2022")
    options = parser.parse_args()
    model = find_checkpoint(options.model, "forecast", Settings())
    stand = read_cube(next(iter(sorted((options.data / "fordead_conifer_cube").glob("*.nc"))))).series()
    rows = np.arange(0, len(stand), 13)
    width = round(len(stand) ** 0.5)
    blocks = np.array([f"{r // width // 10}_{r % width // 10}" for r in rows])
    series = stand.take(rows)
    print("| quantity | targets | landcast | " + " | ".join(BASELINES) + " | gain over the best |")
    print("|---|---|---|" + "---|" * len(BASELINES) + "---|")
    for quantity in QUANTITIES.values():
        print(row_of(quantity, series, blocks, model))


def row_of(quantity: Quantity, series: Series, blocks: np.ndarray, model: Checkpoint) -> str:
    """Return one line of the table; quantities that the cube does not show are said to be absent."""
    truth = quantity.of(series.values)
    if not np.isfinite(truth).any():
        return f"| {quantity.name} | 0 | not shown by the cube |" + " |" * (len(BASELINES) + 1)
    errors, owner = errors_of(quantity, truth, series, model)
    count = np.bincount(owner, minlength=len(series))
    each = np.stack([np.bincount(owner, e, minlength=len(series)) / np.maximum(count, 1) for e in errors])[:, count > 0]
    means = each.mean(axis=1)
    best = 1 + int(means[1:].argmin())
    gain = bootstrap(lambda w: 1 - float((each[0] * w).sum() / (each[best] * w).sum()), blocks[count > 0])
    cells = " | ".join(f"{m:.4f}" for m in means)
    return f"| {quantity.name} | {len(owner)} | {cells} | {gain} |"


def errors_of(
    quantity: Quantity, truth: np.ndarray, series: Series, model: Checkpoint
) -> tuple[list[np.ndarray], np.ndarray]:
    """Return absolute errors (R,) of the model and of each baseline, and the number of each target's series."""
    errors: list[list[np.ndarray]] = [[] for _ in range(1 + len(BASELINES))]
    owners = []
    for issue in ISSUES:
        has_history = np.asarray((np.isfinite(truth) & (series.days < issue)).any(axis=1))
        targets, seen, kept = observed_targets(series.days, truth, issue, issue + 150, has_history)
        issues = np.full(len(series), issue, np.int32)
        said = forecast(series, issues, targets, model, quantity=quantity.name).quantiles[..., 2]
        evidence = weigh(series.days, quantity.to_model(truth), issues, targets)
        points = evidence.points(np.full(targets.shape, RHO, np.float32))
        baselines = [quantity.from_model(points[..., k : k + 1])[..., 0] for k in range(len(BASELINES))]
        for column, guess in enumerate((said, *baselines)):
            errors[column].append(np.abs(guess - seen)[kept])
        owners.append(np.broadcast_to(np.arange(len(series))[:, None], kept.shape)[kept])
    return [np.concatenate(part) for part in errors], np.concatenate(owners)


if __name__ == "__main__":
    main()

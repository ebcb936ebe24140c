"""Claim: how the held-out loss falls with compute, and what more parameters would bring with the data there are.

    python -m benchmarks.forecasts.scaling --data ../shared/data --log rows.jsonl \
        [--sizes tiny,small,medium] [--seeds 0,1,2]
    python -m benchmarks.forecasts.scaling --log rows.jsonl --report --plot docs/images/scaling.png

Each size is trained as the shipped forecaster is, for 600 steps, and judged on the way by the reference sites' 2021,
which it has not seen (real data). Compute is 6 x parameters of the blocks x tokens read (Kaplan et al. 2020). As in
AstroPT (arXiv 2405.14930), loss = floor + a x compute ^ -b is fitted to what each compute reached at best; intervals
resample sites and seeds.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from scipy.optimize import least_squares

from models.network.earthpt import SIZES, EarthPT
from models.network.tokens import CONTEXT, RADAR_CONTEXT
from models.training_set import TrainingSet
from training.datasets import load_sets
from training.distributed import new_generator
from training.optimise import optimise
from training.runs import RUNS, Run
from training.sampling import ForecastBatch, forecast_batch
from training.train import cut, forecast_loss, hindcast_all, inputs_of, learnable, pinball

RUN = replace(RUNS["earthpt-small"], before="2021-01-01", steps=600, check_every=100)
DRAWS = 400
AHEAD = (10, 100)
"""Times the largest compute that the fit is asked about."""


def main() -> None:
    """Train what is missing in the log, or fit and draw what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--sizes", default="tiny,small,medium")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    if options.report:
        report(read_log(options.log), options.plot)
        return
    if options.data is None:
        parser.error("--data is needed to train")
    sets = load_sets(RUN.mixture, options.data)
    held = [
        batch
        for month in range(12)
        for batch in [
            hindcast_all(sets[RUN.holdout].series, date(2021, 1, 1) + timedelta(30 * month), date(2022, 1, 1))
        ]
        if batch is not None
    ]
    for seed in (int(s) for s in options.seeds.split(",")):
        for size in options.sizes.split(","):
            if not any(r["size"] == size and r["seed"] == seed for r in read_log(options.log)):
                measure(replace(RUN, seed=seed, size=size), sets, held, options.log)


def measure(run: Run, sets: Mapping[str, TrainingSet], held: list[ForecastBatch], log: Path) -> None:
    """Train one size from one seed; add the loss of each site at each check to the log."""
    torch.manual_seed(run.seed)
    network = EarthPT(SIZES[run.size])
    learned = {name: learnable(s) for name, s in cut(run, sets).items()}
    checks: list[list[float]] = []

    def loss(network: EarthPT, rng: np.random.Generator) -> torch.Tensor:
        return forecast_loss(network, forecast_batch(rng, learned, run.mixture, size=run.batch, targets=run.targets))

    def score(network: EarthPT) -> float:
        checks.append(by_site(network, held))
        return -len(checks)

    with TemporaryDirectory() as folder:
        optimise(
            network,
            run,
            rng=new_generator(run.seed),
            loss=loss,
            score=score,
            log=Path(folder) / "log.jsonl",
            progress=lambda _share: None,
        )
    row = {
        "size": run.size,
        "seed": run.seed,
        "parameters": sum(p.numel() for p in network.blocks.parameters()),
        "tokens_per_step": run.batch * (CONTEXT + RADAR_CONTEXT + run.targets),
        "steps": [run.check_every * (i + 1) for i in range(len(checks))],
        "losses": checks,
    }
    with log.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(row) + "\n")
    print(run.size, run.seed, [round(float(np.mean(c)), 5) for c in checks], flush=True)


def by_site(network: EarthPT, held: list[ForecastBatch]) -> list[float]:
    """Return the mean pinball loss of each site."""
    total, count = np.zeros(len(held[0].truth)), np.zeros(len(held[0].truth))
    with torch.inference_mode():
        for batch in held:
            raw = network.forward(*inputs_of(batch)).numpy()
            quantiles = batch.base[..., None] + batch.unit[..., None] * raw
            each = pinball(torch.from_numpy(quantiles), torch.from_numpy(batch.truth)).numpy()
            known = np.isfinite(each)
            total += np.where(known, each, 0).sum(axis=1)
            count += known.sum(axis=1)
    return [round(float(x), 6) for x in total[count > 0] / count[count > 0]]


def read_log(log: Path) -> list[dict[str, Any]]:
    """Return the trainings measured so far."""
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []


def report(rows: list[dict[str, Any]], plot: Path | None) -> None:
    """Print the last loss of each size, and the fit with its interval; draw both."""
    compute, losses, sizes = flattened(rows)
    print("| size | parameters of the blocks | compute (TFLOP) | seeds | loss, mean of seeds | seeds from - to |")
    print("|---|---|---|---|---|---|")
    for size in dict.fromkeys(sizes):
        mine = [r for r in rows if r["size"] == size]
        last = [float(np.mean(r["losses"][-1])) for r in mine]
        spent = compute_of(mine[0])[-1] / 1e12
        print(
            f"| {size} | {mine[0]['parameters']:,} | {spent:.1f} | {len(mine)} | {np.mean(last):.5f} | "
            f"{min(last):.5f} - {max(last):.5f} |"
        )
    best = fit(*frontier(compute, losses.mean(axis=1)))
    rng, sims = np.random.default_rng(0), []
    for _ in range(DRAWS):
        sites = rng.integers(0, losses.shape[1], losses.shape[1])
        seeds = sorted({r["seed"] for r in rows})
        drawn = rng.choice(seeds, len(seeds))
        kept = np.concatenate([np.flatnonzero(seed_of(rows) == s) for s in drawn])
        sims.append(fit(*frontier(compute[kept], losses[kept][:, sites].mean(axis=1))))
    draws = np.array(sims)
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    print(f"\nloss = floor + a x (compute / TFLOP) ^ -b: floor {best[0]:.4f} [{low[0]:.4f}, {high[0]:.4f}], ", end="")
    print(f"a {best[1]:.4f} [{low[1]:.4f}, {high[1]:.4f}], b {best[2]:.2f} [{low[2]:.2f}, {high[2]:.2f}]")
    for times in AHEAD:
        at = compute.max() * times
        said = np.percentile([curve(d, at) for d in draws], [2.5, 97.5])
        print(f"{times} times the largest compute: {curve(best, at):.4f} [{said[0]:.4f}, {said[1]:.4f}]")
    if plot:
        draw(compute, losses.mean(axis=1), sizes, best, draws, plot)


def flattened(rows: list[dict[str, Any]]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return compute (P,), losses (P, sites) and sizes of all checks of all trainings."""
    compute = np.concatenate([compute_of(r) for r in rows])
    sizes = [r["size"] for r in rows for _ in r["steps"]]
    return compute, np.concatenate([np.array(r["losses"]) for r in rows]), sizes


def seed_of(rows: list[dict[str, Any]]) -> np.ndarray:
    """Return (P,) the seed of each check."""
    return np.array([r["seed"] for r in rows for _ in r["steps"]])


def compute_of(row: dict[str, Any]) -> np.ndarray:
    """Return FLOP spent up to each check."""
    return 6.0 * row["parameters"] * row["tokens_per_step"] * np.array(row["steps"], float)


def frontier(compute: np.ndarray, loss: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what was best at each compute: points that none with as little compute beats."""
    order = np.argsort(compute, kind="stable")
    lowest = np.minimum.accumulate(loss[order])
    kept = loss[order] <= lowest
    return compute[order][kept], loss[order][kept]


def fit(compute: np.ndarray, loss: np.ndarray) -> np.ndarray:
    """Return floor, a and b by least squares."""
    x = compute / 1e12
    start = np.array([loss.min() * 0.97, max(loss.max() - loss.min(), 1e-4), 0.5])
    bounds = ([0.0, 0.0, 0.01], [loss.min(), 0.1, 3.0])
    found = least_squares(lambda p: 1e3 * (p[0] + p[1] * x ** -p[2] - loss), start, bounds=bounds)
    return np.asarray(found.x)


def curve(parameters: np.ndarray, compute: np.ndarray | float) -> Any:
    """Return the loss that a fit expects."""
    return parameters[0] + parameters[1] * (np.asarray(compute) / 1e12) ** -parameters[2]


def draw(
    compute: np.ndarray, loss: np.ndarray, sizes: list[str], best: np.ndarray, draws: np.ndarray, path: Path
) -> None:
    """Draw loss against compute, a colour a size, with the fit and its 95 % band."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5, 4), layout="constrained")
    axes = figure.subplots()
    for size in dict.fromkeys(sizes):
        at = np.array([s == size for s in sizes])
        axes.plot(compute[at], loss[at], ".", label=size)
    x = np.geomspace(compute.min(), compute.max() * AHEAD[-1], 100)
    band = np.percentile([curve(d, x) for d in draws], [2.5, 97.5], axis=0)
    axes.fill_between(x, *band, alpha=0.2, label="95 % of fits (sites and seeds resampled)")
    axes.plot(x, curve(best, x), "k-", linewidth=1, label="floor + a C^-b")
    axes.set(xscale="log", xlabel="compute (FLOP)", ylabel="mean pinball, sites 2021 (real, not learned from)")
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()

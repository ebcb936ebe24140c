"""Claim: at the length that ships, class heads alone gain nothing by a tuned trunk, nor by the layer that they read.

    python -m benchmarks.classes.tuning --data ../shared/data --log rows.jsonl \
        [--tasks canopy,crop] [--folds 0,1] [--forms ...]
    python -m benchmarks.classes.tuning --data ../shared/data --log short.jsonl --histories short --seeds 0,1,2
    python -m benchmarks.classes.tuning --log rows.jsonl --report

The recipes of canopy and crop on their real sets, heads alone (no trees): states of the middle or the last layer,
the trunk frozen, changed by low rank or as a whole, the forecaster's weights or random ones. All forms take the same
steps of the same size at the same rate. With `--histories short` they also learn from histories that are cut, as the
models that ship do, and are judged on such alone: there a sequence model should beat features of months. Places are
judged out of fold; a task's table holds the folds that all its forms have. Intervals resample places, those of
differences the same ones for both forms. A line of the log is one form on one fold, with what it said of each row;
lines that are there are not measured again.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from core.bands import Floats
from core.settings import Settings
from models.checkpoint import load_network
from models.metrics.bootstrap import bootstrap, roc_auc
from models.metrics.forecast_scores import Interval
from models.network.earthpt import EarthPT
from models.registry import find_checkpoint
from training.class_examples import Pool, make_pool
from training.datasets import load_sets
from training.finetune import finetune, logits_of
from training.folds import FOLDS, folds_by_hash
from training.runs import RUNS, Run

Weights = NDArray[np.float64]
Codes = NDArray[np.int64]
Figure = Callable[[Codes, Floats, Weights], float]
"""Labels, probabilities and weights of rows -> how good they are."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """One row of the table."""

    trunk: Literal["forecaster", "random", "blank"] = "forecaster"
    """Its weights: the forecaster's, fresh ones, or zeros, which say nothing of any series."""
    layer: Literal["middle", "last"] = "last"
    tune: Literal["heads", "low-rank", "all"] = "heads"


@dataclass(frozen=True, kw_only=True)
class Judge:
    """One column of the table."""

    title: str
    task: str
    source: str
    """Set whose rows are judged."""
    figure: Figure


@dataclass(frozen=True, kw_only=True)
class Key:
    """What one line of the log is about."""

    task: str
    form: str
    fold: int
    seed: int
    steps: int
    batch: int
    """Series of each head in one step."""
    histories: Literal["whole", "short"] = "whole"
    """What is judged."""


REFERENCE = "last layer, heads"
FORMS = {
    REFERENCE: Form(),
    "middle layer, heads": Form(layer="middle"),
    "last layer, low rank": Form(tune="low-rank"),
    "last layer, whole trunk": Form(tune="all"),
    "random trunk, heads": Form(trunk="random"),
    "random trunk, whole trunk": Form(trunk="random", tune="all"),
    "no trunk, heads": Form(trunk="blank"),
}


def conifer_auc(labels: Codes, probability: Floats, weight: Weights) -> float:
    """Return the area under the ROC curve of conifer, against named others and those known only not to be it."""
    return roc_auc(labels == 1, probability[:, 1], weight)


def macro_f1(labels: Codes, probability: Floats, weight: Weights) -> float:
    """Return the mean F1 of the classes that occur in rows of positive weight, the most probable class called."""
    called = probability.argmax(axis=1)
    scores = []
    for code in np.unique(labels[weight > 0]):
        hit = weight @ ((labels == code) & (called == code))
        scores.append(2 * hit / (weight @ (labels == code) + weight @ (called == code)))
    return float(np.mean(scores))


JUDGES = (
    Judge(
        title="stand, west half: ROC-AUC of conifer", task="canopy", source="fordead_conifer_cube", figure=conifer_auc
    ),
    Judge(title="sites: macro-F1", task="canopy", source="hrvpp_s2_sites", figure=macro_f1),
    Judge(title="sites: ROC-AUC of conifer", task="canopy", source="hrvpp_s2_sites", figure=conifer_auc),
    Judge(title="points: ROC-AUC of crop", task="crop", source="worldcereal_points", figure=conifer_auc),
)
"""Code 1 is conifer in canopy, crop in crop."""


def main() -> None:
    """Measure what is missing in the log, or print the tables of what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--tasks", default="canopy,crop")
    parser.add_argument("--folds", default=",".join(map(str, range(FOLDS))))
    parser.add_argument("--forms", default=";".join(FORMS), help="separated by semicolons")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batch", type=int, default=32, help="series of each head in one step")
    parser.add_argument("--histories", choices=["whole", "short"], default="whole")
    parser.add_argument("--report", action="store_true")
    options = parser.parse_args()
    if options.report:
        print(report(read_log(options.log)))
        return
    if options.data is None:
        parser.error("--data is needed to measure")
    for task in options.tasks.split(","):
        run = recipe(task, options.steps, options.batch)
        pool = pool_of(run, options.data, task, options.histories)
        forecaster = load_network(find_checkpoint(run.trunk, "forecast", Settings()))
        wanted = [
            Key(
                task=task,
                form=form,
                fold=int(fold),
                seed=int(seed),
                steps=run.steps,
                batch=run.batch,
                histories=options.histories,
            )
            for seed in options.seeds.split(",")
            for fold in options.folds.split(",")
            for form in options.forms.split(";")
        ]
        measure_missing(wanted, run, forecaster, pool, options.log)


def pool_of(run: Run, data: Path, task: str, histories: str) -> Pool:
    """Return the rows to learn from: altered copies, and where short histories are judged, cut ones too."""
    return make_pool(
        load_sets(run.mixture, data),
        run.mixture,
        task,
        months=run.months,
        copies=run.copies,
        cuts=run.cuts if histories == "short" else 0,
        whole_cuts=run.whole_cuts,
        seed=0,
    )


def measure_missing(wanted: Sequence[Key], run: Run, forecaster: EarthPT, pool: Pool, log: Path) -> None:
    """Measure what the log does not hold."""
    for key in wanted:
        if asdict(key) not in [key_of(line) for line in read_log(log)]:
            measure(key, run, forecaster, pool, log)


def recipe(task: str, steps: int, batch: int) -> Run:
    """Return the recipe of the model that ships, on real sets, without trees."""
    run = RUNS[task]
    real = {name: share for name, share in run.mixture.items() if not name.startswith("simulated")}
    return replace(run, name="tuning", mixture=real, trees=0, steps=steps, batch=batch)


def measure(key: Key, run: Run, forecaster: EarthPT, pool: Pool, log: Path) -> None:
    """Learn from all folds but one, and add to the log what is said of that one."""
    form = FORMS[key.form]
    run = replace(run, layer=form.layer, tune=form.tune, seed=key.seed)
    is_held = folds_by_hash(pool.places) == key.fold
    judged = pool.copy == (0 if key.histories == "whole" else run.copies + 1)
    asked = pool.take(is_held & judged & np.isin(pool.sets, [j.source for j in JUDGES if j.task == run.task]))
    since = time.perf_counter()
    with TemporaryDirectory() as folder:
        own = Path(folder) / "log.jsonl"
        network = finetune(run, trunk_of(form, forecaster, key.seed), pool.take(~is_held), log=own, progress=silent)
        paces = [row["seconds_per_step"] for row in read_log(own)]
    line = {
        **asdict(key),
        "seconds": round(time.perf_counter() - since, 1),
        "seconds_per_step": float(np.median(paces)),
        "sets": asked.sets.tolist(),
        "places": asked.places.tolist(),
        "labels": asked.labels.tolist(),
        "logits": [[round(value, 4) for value in row] for row in logits_of(network, asked).tolist()],
    }
    with log.open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(line) + "\n")
    print(asdict(key), line["seconds"], line["seconds_per_step"], flush=True)


def trunk_of(form: Form, forecaster: EarthPT, seed: int) -> EarthPT:
    """Return a trunk of the forecaster's size."""
    if form.trunk == "forecaster":
        return forecaster
    torch.manual_seed(1000 + seed)
    fresh = EarthPT(forecaster.config)
    if form.trunk == "blank":
        fresh.load_state_dict({name: torch.zeros_like(value) for name, value in fresh.state_dict().items()})
    return fresh


def silent(_share: float) -> None:
    """Tell nobody how far it is."""


def read_log(log: Path) -> list[dict[str, Any]]:
    """Return the lines so far."""
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []


def key_of(line: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that say what a line is about."""
    return {name: line.get(name, "whole") for name in Key.__dataclass_fields__}


def report(lines: Sequence[dict[str, Any]]) -> str:
    """Return a table for each task, seed and length of training."""

    def part_of(line: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(value for name, value in key_of(line).items() if name not in ("form", "fold"))

    parts = dict.fromkeys(map(part_of, lines))
    return "\n\n".join(table([line for line in lines if part_of(line) == part]) for part in parts)


def table(lines: Sequence[dict[str, Any]]) -> str:
    """Return the table of one task: figures, and differences from the reference, on the folds that all forms have."""
    forms = [name for name in FORMS if any(line["form"] == name for line in lines)]
    folds = sorted(set.intersection(*({line["fold"] for line in lines if line["form"] == f} for f in forms)))
    if not folds:
        return f"{lines[0]['task']}: no fold yet that all of {', '.join(forms)} have"
    judges = [judge for judge in JUDGES if judge.task == lines[0]["task"]]
    kept = {f: [line for fold in folds for line in lines if (line["form"], line["fold"]) == (f, fold)] for f in forms}
    said = {(f, judge.title): rows_of(kept[f], judge.source) for f in forms for judge in judges}
    first = lines[0]
    out = [
        f"{first['task']}: folds {', '.join(map(str, folds))} of {FOLDS}, {first['steps']} steps of {first['batch']} "
        f"series for each head, seed {first['seed']}, {key_of(first)['histories']} histories",
        "",
        f"| form | s a step | {' | '.join(counted(j, said[forms[0], j.title]) for j in judges)} |",
        "|---|---|" + "---|" * len(judges),
    ]
    for form in forms:
        cells = [cell(judge, said[form, judge.title], said.get((REFERENCE, judge.title))) for judge in judges]
        pace = np.median([line["seconds_per_step"] for line in kept[form]])
        out.append(f"| {form} | {pace:.3f} | {' | '.join(cells)} |")
    return "\n".join(out)


@dataclass(frozen=True, kw_only=True)
class Said:
    """Rows of one set, out of fold."""

    labels: Codes
    places: NDArray[np.str_]
    probability: Floats
    """(N, K)."""


def rows_of(lines: Sequence[dict[str, Any]], source: str) -> Said:
    """Return the judged rows of a set."""
    sets = np.concatenate([line["sets"] for line in lines])
    logits = np.concatenate([line["logits"] for line in lines])[sets == source]
    return Said(
        labels=np.concatenate([line["labels"] for line in lines])[sets == source],
        places=np.concatenate([line["places"] for line in lines])[sets == source],
        probability=torch.softmax(torch.from_numpy(logits), dim=1).numpy(),
    )


def counted(judge: Judge, said: Said) -> str:
    """Return a judge's title with the number of its rows and places."""
    return f"{judge.title} ({len(said.labels):,} in {len(np.unique(said.places))} places)"


def cell(judge: Judge, mine: Said, reference: Said | None) -> str:
    """Return `figure [interval]`, and behind it the difference from the reference, from the same draws."""
    figure = bootstrap(lambda w: judge.figure(mine.labels, mine.probability, w), mine.places)
    text = shown(figure)
    if reference is None or reference is mine:
        return text
    np.testing.assert_array_equal(mine.labels, reference.labels)

    def gap(weight: Weights) -> float:
        one, two = (judge.figure(said.labels, said.probability, weight) for said in (mine, reference))
        return one - two

    return f"{text}; {shown(bootstrap(gap, mine.places), '+')}"


def shown(figure: Interval, sign: str = "") -> str:
    """Return a figure and its interval, three digits."""
    return f"{figure.value:{sign}.3f} [{figure.low:{sign}.3f}, {figure.high:{sign}.3f}]"


if __name__ == "__main__":
    main()

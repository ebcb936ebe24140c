"""Named runs: from the data folder to a checkpoint with card, log and loss plot. The loops are in other modules."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from core.checkpoint import Checkpoint
from core.errors import InvalidOption, UnknownModel
from core.progress import Progress
from core.settings import Settings
from core.timeline import parse_date, to_day
from core.version import software_version
from evaluation.validation.figures import Validation
from evaluation.validation.report import write_validation
from models.checkpoint import load_network, save_checkpoint
from models.registry import APPLICABILITY, CARD, REPORT, current_name, find_checkpoint, find_trunk
from models.training_set import TrainingSet
from training.class_run import train_class_model
from training.cross_validate import LOG, forget_folds
from training.datasets import load_sets
from training.distributed import is_first, ranks
from training.fit_calibration import Unlearned, calibrate
from training.held_out import hindcast_score
from training.resume import RESUME, ResumeFile, ResumePolicy
from training.runs import RUNS, Run
from training.train import train

TEST_YEAR = 2022
"""Year of the reference sites that forecasters are evaluated on, unless they have learned from it."""
CHOSEN = "not learned from, but choices were made while looking at this year: see docs/explanation/accuracy.md"
SHORT_DAYS = 365
"""Histories are whole and so short: both are to be covered as stated."""
UNSEEN, LAST_YEAR = "fordead_conifer_cube:whole", 2020
UNSEEN_ISSUES = ((2018, 1), (2018, 7), (2019, 1))
"""Set that calibrates a forecaster which learns from it, by one that does not; months that hindcasts are issued at."""


def train_named_run(
    name: str,
    *,
    data: Path,
    out: Path,
    settings: Settings,
    progress: Progress,
    resume: ResumePolicy = "if_possible",
    tune: str = "",
) -> Path:
    """Carry out a named run; among several ranks each trains, and rank 0 alone writes the checkpoint.

    Args:
        data: folder of the real data collection.
        out: the checkpoint is written to `out/name`.
        resume: whether to go on from what a killed run of the same entry saved in that folder.
        tune: what of the trunk a class model learns; empty = as the run has it.

    Returns:
        The path of the card.

    Raises:
        InvalidOption: there is no such run, or no such part of the trunk.
        InvalidTable: a set of its mixture is missing below `data`.
    """
    name = current_name(name)
    if name not in RUNS:
        raise InvalidOption("run", name, f"the runs are {', '.join(RUNS)}")
    run, folder = RUNS[name].with_tune(tune), out / name
    folder.mkdir(parents=True, exist_ok=True)
    sets = load_sets(run.mixture, data, seed=run.seed)
    trunk = None if run.task == "forecast" else find_trunk(run.trunk, _with(settings, out))
    file = ResumeFile(path=folder / RESUME, origin=_origin(sets, trunk), policy=resume)
    if trunk is None:
        path = _train_forecaster(run, sets, folder, progress, file, _with(settings, out))
    else:
        path = _train_classes(run, trunk, sets, folder, progress, file, ["--tune", tune] if tune else [])
    if is_first():
        _plot(folder / LOG, folder / "loss.png")
        file.remove()
    return path


def _train_forecaster(
    run: Run, sets: dict[str, TrainingSet], folder: Path, progress: Progress, resume: ResumeFile, settings: Settings
) -> Path:
    """Train a forecaster and write it with its card: split, calibration and accuracy."""
    network, held_out = train(run, sets, log=folder / LOG, progress=progress, resume=resume)
    if not is_first():
        return folder / CARD
    card = {**_card(run, sets), "split": _split(run), "held_out_loss": round(held_out, 5), "ranks": ranks()}
    if run.relies_on:
        card["calibration"] = forecast_calibration(run, sets, settings)
    path = save_checkpoint(network, folder, card)
    _add_accuracy(path, _forecaster_accuracy(run, sets, settings))
    return path


def _train_classes(
    run: Run,
    trunk: Checkpoint,
    sets: dict[str, TrainingSet],
    folder: Path,
    progress: Progress,
    resume: ResumeFile,
    options: Sequence[str],
) -> Path:
    """Train a class model and write it with its card, its area of applicability and its validation report."""
    model = train_class_model(run, load_network(trunk), sets, folder=folder, progress=progress, resume=resume)
    if not is_first():
        return folder / CARD
    model.applicability.save(folder / APPLICABILITY)
    card = {**_card(run, sets, options), "trunk_sha256": trunk.sha256, "ranks": ranks(), **model.card}
    path = save_checkpoint(model.network, folder, card)
    content = json.loads(path.read_text(encoding="utf-8"))
    write_validation(Validation(name=run.name, card=content, parts=model.parts), folder / REPORT)
    forget_folds(folder)
    return path


def evaluate(name: str, *, data: Path, settings: Settings, progress: Progress) -> dict[str, Any]:
    """Measure a checkpoint again on the data that its run kept from it.

    Returns:
        What the card says under `accuracy`, measured now.

    Raises:
        UnknownModel: no checkpoint of a known run has the name.
        InvalidTable: a set is missing below `data`.
    """
    name = current_name(name)
    if name not in RUNS:
        raise UnknownModel(name, RUNS)
    run = RUNS[name]
    checkpoint = find_checkpoint(name, run.task, settings)
    progress(0.1)
    if run.task == "forecast":
        if not run.before:
            reason = f"it has learned from every year of the reference sites; measure '{run.relies_on[-1]}' instead"
            raise InvalidOption("MODEL", name, reason)
        sets = load_sets({run.holdout: 1.0}, data)
        accuracy = {"test_year": forecast_accuracy(name, sets, settings)}
    else:
        accuracy = dict(checkpoint.card["accuracy"])
    progress(1.0)
    return accuracy


def forecast_accuracy(name: str, sets: dict[str, TrainingSet], settings: Settings) -> dict[str, Any]:
    """Score a forecaster on the test year of the reference sites, from the first of each month."""
    sites = sets["hrvpp_s2_sites"]
    issues = [to_day(date(TEST_YEAR, month, 1)) for month in range(1, 13)]
    checkpoint = find_checkpoint(name, "forecast", settings)
    score = hindcast_score(sites.series, sites.places, issues, to_day(date(TEST_YEAR + 1, 1, 1)), checkpoint)
    return {
        "data": f"{sites.name}, {TEST_YEAR}, real",
        "caution": CHOSEN,
        "targets": score.targets,
        "pinball": str(score.pinball),
        "pinball_phase_folding": str(score.baseline_pinball),
        "skill_against_phase_folding": str(score.skill),
        "coverage_50": round(score.coverage_50, 3),
        "coverage_90": round(score.coverage_90, 3),
        "median_absolute_error": round(score.median_absolute_error, 4),
    }


def forecast_calibration(run: Run, sets: dict[str, TrainingSet], settings: Settings) -> dict[str, Any]:
    """Fit a calibration on hindcasts of the runs that this one relies on, of what each had not seen.

    That is the year after its last on the reference sites; and, of the last of them, a set that it did not learn from.
    """
    held, names = [], []
    for earlier in (RUNS[name] for name in run.relies_on):
        year, checkpoint = parse_date(earlier.before).year, find_checkpoint(earlier.name, "forecast", settings)
        months = [(year, month) for month in range(1, 13)]
        whole = _unlearned(checkpoint, sets[earlier.holdout], months, year + 1)
        held += [whole, replace(whole, history_days=SHORT_DAYS)]
        names.append(f"{earlier.holdout}, {year}, whole histories and those of a year, by {earlier.name}")
    if UNSEEN in run.mixture:
        held.append(_unlearned(checkpoint, sets[UNSEEN], UNSEEN_ISSUES, LAST_YEAR))
        names.append(f"{UNSEEN}, by {earlier.name}")
    return {"fitted_on": names, **calibrate(held).to_json()}


def _unlearned(
    checkpoint: Checkpoint, source: TrainingSet, months: Sequence[tuple[int, int]], end_year: int
) -> Unlearned:
    issues = tuple(to_day(date(year, month, 1)) for year, month in months)
    return Unlearned(checkpoint=checkpoint, series=source.series, issues=issues, until=to_day(date(end_year, 1, 1)))


def _forecaster_accuracy(run: Run, sets: dict[str, TrainingSet], settings: Settings) -> dict[str, Any]:
    """Return the accuracy on the test year, of the run relied on where this one has learned from that year itself."""
    if run.before:
        return {"test_year": forecast_accuracy(run.name, sets, settings)}
    other = find_checkpoint(run.relies_on[-1], "forecast", settings)
    return {"measured_on": f"{other.name}, which has not learned from {TEST_YEAR}", **other.card["accuracy"]}


def _card(run: Run, sets: dict[str, TrainingSet], options: Sequence[str] = ()) -> dict[str, Any]:
    verb = "train" if run.task == "forecast" else "finetune"
    return {
        "name": run.name,
        "version": run.version,
        "task": run.task,
        "default": run.is_default,
        "classes": list(run.classes),
        "description": _description(run),
        "made_by": shlex.join(["landcast", verb, run.name, "--data", "DATA", "-o", "FOLDER", *options]),
        "made_on": date.today().isoformat(),
        "software_version": software_version(),
        "licence": "Apache-2.0; the data's own licences are listed under training_data",
        "training_data": [
            {"set": s.name, "series": len(s.series), "simulated": s.is_simulated, "licence": s.licence}
            for s in sets.values()
        ],
        "run": run.to_json(),
    }


def _description(run: Run) -> str:
    if run.task == "forecast":
        return "EarthPT forecaster of NDVI"
    return f"heads and trees for {run.task}, which read features of the months, beside EarthPT's trunk"


def _origin(sets: dict[str, TrainingSet], trunk: Checkpoint | None) -> dict[str, Any]:
    """Return what a saved run must have started from to be resumed, besides the same entry."""
    return {"series": {n: len(s.series) for n, s in sets.items()}, "trunk": trunk.sha256 if trunk else ""}


def _split(run: Run) -> str:
    if not run.before:
        return "none: everything visible trained; the accuracy names what it was measured on"
    stop = f"; observations until {run.holdout_until} chose when to stop" if run.holdout_until else ""
    return f"{run.holdout}: observations before {run.before} trained{stop}; other sets entirely trained"


def _with(settings: Settings, out: Path) -> Settings:
    return settings.but(models=out)


def _add_accuracy(card: Path, accuracy: dict[str, Any]) -> None:
    content = json.loads(card.read_text(encoding="utf-8"))
    card.write_text(
        json.dumps({**content, "accuracy": accuracy}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def _plot(log: Path, picture: Path) -> None:
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    figure = Figure(figsize=(6, 3.5), layout="constrained")
    axes = figure.subplots()
    for key in ("loss", "held_out"):
        axes.plot([r["step"] for r in rows], [r[key] for r in rows], label=key.replace("_", " "))
    axes.set(xlabel="step", ylabel="loss")
    axes.legend()
    figure.savefig(picture, dpi=110)

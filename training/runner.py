"""Learning: a named run from the data folder to a checkpoint with card, log and loss plot. The loop is in models."""

import hashlib
import json
import shlex
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from core.cube import Series
from core.errors import InvalidOption, UnknownModel
from core.product import Checkpoint, Progress
from core.settings import Settings
from core.timeline import parse_date, to_day
from core.version import software_version
from evaluation.validation.figures import Validation
from evaluation.validation.report import write_validation
from ingest.tables import read_series
from models.checkpoint import load_network, save_checkpoint
from models.registry import APPLICABILITY, CARD, REPORT, find_checkpoint
from models.training_set import TrainingSet
from training.cross_validate import forget_folds, learn_classes
from training.datasets import load_sets
from training.distributed import is_first, ranks
from training.fit_calibration import Unlearned, calibrate
from training.held_out import hindcast_score
from training.overrides import NO_CHOICES, Choices
from training.resume import RESUME, ResumeFile, Wish
from training.runs import RUNS, Run
from training.train import train

TEST_YEAR = 2022
"""Year of the reference sites that forecasters are judged on; one that has learned from it is not."""
CHOSEN = "not learned from, but choices were made while looking at this year: see docs/accuracy.md"
UNSEEN, LAST_YEAR = "fordead_conifer_cube:whole", 2020
UNSEEN_ISSUES = ((2018, 1), (2018, 7), (2019, 1))
"""Set that calibrates a forecaster which learns from it, by one that does not; first days of months asked from."""


def learn(
    name: str,
    *,
    data: Path,
    out: Path,
    settings: Settings,
    progress: Progress,
    wish: Wish = "if_possible",
    choices: Choices = NO_CHOICES,
    like: Path | None = None,
) -> Path:
    """Carry out a named run; among several ranks each learns, and rank 0 alone writes the checkpoint.

    Args:
        data: folder of the real data collection.
        out: the checkpoint is written to `out/name`.
        wish: whether to go on from what a killed run of the same entry saved in that folder.
        choices: what is changed of a run that learns classes.
        like: a table of series with weather of a region; labels of a like climate are drawn more often (classes).

    Returns:
        The path of the card.

    Raises:
        InvalidOption: there is no such run, or `like` shows no weather.
        InvalidTable: a set of its mixture is missing below `data`, or `like` cannot be read.
    """
    if name not in RUNS:
        raise InvalidOption("run", name, f"the runs are {', '.join(RUNS)}")
    run, folder = choices.of(RUNS[name]), out / name
    region = read_series(like) if like else None
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log.jsonl"
    sets = load_sets(run.mixture, data, seed=run.seed)
    trunk = None if run.task == "forecast" else _trunk(run, out, settings)
    resume = ResumeFile(path=folder / RESUME, origin=_origin(sets, trunk, like), wish=wish)
    words = [*choices.words, *(["--like", like.name] if like else [])]
    if trunk is not None:
        path = _learn_classes(run, trunk, sets, folder, progress, resume, region, words)
        if not is_first():
            return path
    else:
        network, held_out = train(run, sets, log=log, progress=progress, resume=resume)
        if not is_first():
            return folder / CARD
        card = {**_card(run, sets), "split": _split(run), "held_out_loss": round(held_out, 5), "ranks": ranks()}
        if run.relies_on:
            card["calibration"] = forecast_calibration(run, sets, _with(settings, out))
        path = save_checkpoint(network, folder, card)
        _add_accuracy(path, _forecaster_accuracy(run, sets, _with(settings, out)))
    _plot(log, folder / "loss.png")
    resume.remove()
    return path


def _learn_classes(
    run: Run,
    trunk: Checkpoint,
    sets: dict[str, TrainingSet],
    folder: Path,
    progress: Progress,
    resume: ResumeFile,
    region: Series | None,
    words: Sequence[str],
) -> Path:
    """Learn a class model and write it with its card, its area of applicability and its validation report."""
    found = learn_classes(run, load_network(trunk), sets, folder=folder, progress=progress, resume=resume, like=region)
    if not is_first():
        return folder / CARD
    found.applicability.save(folder / APPLICABILITY)
    card = {**_card(run, sets, words), "trunk_sha256": trunk.sha256, "ranks": ranks(), **found.card}
    path = save_checkpoint(found.network, folder, card)
    content = json.loads(path.read_text(encoding="utf-8"))
    write_validation(Validation(name=run.name, card=content, parts=found.parts), folder / REPORT)
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
    if name not in RUNS:
        raise UnknownModel(name, RUNS)
    run = RUNS[name]
    checkpoint = find_checkpoint(name, run.task, settings)
    progress(0.1)
    if run.task == "forecast":
        if not run.before:
            has = (
                f"it has learned from every year of the reference sites; '{run.relies_on[-1]}' was made to be measured"
            )
            raise InvalidOption("MODEL", name, has)
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
    for donor in (RUNS[name] for name in run.relies_on):
        year, checkpoint = parse_date(donor.before).year, find_checkpoint(donor.name, "forecast", settings)
        months = [(year, month) for month in range(1, 13)]
        held.append(_unlearned(checkpoint, sets[donor.holdout], months, year + 1))
        names.append(f"{donor.holdout}, {year}, by {donor.name}")
    if UNSEEN in run.mixture:
        held.append(_unlearned(checkpoint, sets[UNSEEN], UNSEEN_ISSUES, LAST_YEAR))
        names.append(f"{UNSEEN}, by {donor.name}")
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


def _card(run: Run, sets: dict[str, TrainingSet], words: Sequence[str] = ()) -> dict[str, Any]:
    verb = "train" if run.task == "forecast" else "finetune"
    return {
        "name": run.name,
        "task": run.task,
        "default": run.is_default,
        "classes": list(run.classes),
        "description": "EarthPT forecaster of NDVI" if run.task == "forecast" else f"EarthPT with a {run.task} head",
        "made_by": shlex.join(["landcast", verb, run.name, "--data", "DATA", "-o", "FOLDER", *words]),
        "made_on": date.today().isoformat(),
        "software_version": software_version(),
        "licence": "Apache-2.0; the data's own licences are listed under training_data",
        "training_data": [
            {"set": s.name, "series": len(s.series), "simulated": s.is_simulated, "licence": s.licence}
            for s in sets.values()
        ],
        "run": run.to_json(),
    }


def _origin(sets: dict[str, TrainingSet], trunk: Any, like: Path | None) -> dict[str, Any]:
    """Return what a saved run must have started from to be gone on with, besides the same entry."""
    region = {"like": hashlib.sha256(like.read_bytes()).hexdigest()} if like else {}
    return {"series": {n: len(s.series) for n, s in sets.items()}, "trunk": trunk.sha256 if trunk else "", **region}


def _split(run: Run) -> str:
    if not run.before:
        return "none: everything visible trained; what the accuracy was measured on is said there"
    stop = f"; observations until {run.holdout_until} chose when to stop" if run.holdout_until else ""
    return f"{run.holdout}: observations before {run.before} trained{stop}; other sets entirely trained"


def _trunk(run: Run, out: Path, settings: Settings) -> Any:
    return find_checkpoint(run.trunk, "forecast", _with(settings, out))


def _with(settings: Settings, out: Path) -> Settings:
    return settings.model_copy(update={"models": out})


def _add_accuracy(card: Path, accuracy: dict[str, Any]) -> None:
    content = json.loads(card.read_text(encoding="utf-8"))
    card.write_text(
        json.dumps({**content, "accuracy": accuracy}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def _plot(log: Path, picture: Path) -> None:
    from matplotlib.figure import Figure

    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    figure = Figure(figsize=(6, 3.5), layout="constrained")
    axes = figure.subplots()
    for key in ("loss", "held_out"):
        axes.plot([r["step"] for r in rows], [r[key] for r in rows], label=key.replace("_", " "))
    axes.set(xlabel="step", ylabel="loss")
    axes.legend()
    figure.savefig(picture, dpi=110)

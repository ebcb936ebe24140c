"""Learning: a named run from the data folder to a checkpoint with card, log and loss plot. The loop is in models."""

import json
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InvalidOption, UnknownModel
from core.product import Progress
from core.settings import Settings
from core.timeline import to_day
from core.version import software_version
from models.checkpoint import load_network, save_checkpoint
from models.evaluate import bootstrap, hindcast_score, roc_auc
from models.finetune import finetune, in_fold, judged_batch, probabilities
from models.registry import find_checkpoint
from models.runs import RUNS, Run
from models.train import train
from models.training_set import TrainingSet
from workers.training_sets import load_sets

TEST_YEAR = 2022
"""Year of the reference sites that no shipped forecaster has learned from."""


def learn(name: str, *, data: Path, out: Path, settings: Settings, progress: Progress) -> Path:
    """Carry out a named run.

    Args:
        data: folder of the real data collection.
        out: the checkpoint is written to `out/name`.

    Returns:
        The path of the card.

    Raises:
        InvalidOption: there is no such run.
        InvalidTable: a set of its mixture is missing below `data`.
    """
    if name not in RUNS:
        raise InvalidOption("run", name, f"the runs are {', '.join(RUNS)}")
    run, folder = RUNS[name], out / name
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log.jsonl"
    log.unlink(missing_ok=True)
    sets = load_sets(run.mixture, data, seed=run.seed)
    if run.task == "forecast":
        network, held_out = train(run, sets, log=log, progress=progress)
    else:
        trunk = _trunk(run, out, settings)
        network, held_out = finetune(run, load_network(trunk), sets, log=log, progress=progress)
    card = _card(run, sets, held_out)
    if run.task != "forecast":
        card["trunk_sha256"] = trunk.sha256
        card["accuracy"] = {"test_fold": class_accuracy(run, network, sets)}
    path = save_checkpoint(network, folder, card)
    if run.task == "forecast":
        _add_accuracy(path, {"test_year": forecast_accuracy(name, sets, _with(settings, out))})
    _plot(log, folder / "loss.png")
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
        sets = load_sets({run.holdout: 1.0}, data)
        accuracy = {"test_year": forecast_accuracy(name, sets, settings)}
    else:
        sets = load_sets({n: 1.0 for n in run.mixture if n != "simulated"}, data)
        accuracy = {"test_fold": class_accuracy(run, load_network(checkpoint), sets)}
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
        "targets": score.targets,
        "pinball": str(score.pinball),
        "pinball_phase_folding": str(score.rival_pinball),
        "skill_against_phase_folding": str(score.skill),
        "coverage_50": round(score.coverage_50, 3),
        "coverage_90": round(score.coverage_90, 3),
        "median_absolute_error": round(score.median_absolute_error, 4),
    }


def class_accuracy(run: Run, network: Any, sets: dict[str, TrainingSet]) -> dict[str, dict[str, Any]]:
    """Return ROC-AUC by set on the untouched fold of places, real and simulated apart, with intervals over places."""
    return {n: _auc(run, network, s) for n, s in sets.items() if run.task in s.labels and not s.is_simulated}


def _auc(run: Run, network: Any, judged: TrainingSet) -> dict[str, Any]:
    batch = judged_batch(run, judged, run.test_fold)
    kept = in_fold(judged.places, run.test_fold) & (judged.labels[run.task] != -1)
    places, share = judged.places[kept], probabilities(network, batch)
    out: dict[str, Any] = {"series": int(kept.sum())}
    for code, name in enumerate(run.classes):
        truth = batch.labels == code
        rest = (batch.labels >= 0) | (batch.labels == -2 - code)
        if not (truth & rest).any() or not (~truth & rest).any():
            continue
        rows = np.nonzero(rest)[0]
        out[f"roc_auc_{name}"] = str(bootstrap(partial(roc_auc, truth[rows], share[rows, code]), places[rows]))
    return out


def _card(run: Run, sets: dict[str, TrainingSet], held_out: float) -> dict[str, Any]:
    return {
        "name": run.name,
        "task": run.task,
        "default": not run.name.endswith("2021"),
        "classes": list(run.classes),
        "description": "EarthPT forecaster of NDVI" if run.task == "forecast" else f"EarthPT with a {run.task} head",
        "made_by": f"landcast {'train' if run.task == 'forecast' else 'finetune'} {run.name} --data DATA -o FOLDER",
        "made_on": date.today().isoformat(),
        "software_version": software_version(),
        "licence": "Apache-2.0; the data's own licences are listed under training_data",
        "training_data": [
            {"set": s.name, "series": len(s.series), "simulated": s.is_simulated, "licence": s.licence}
            for s in sets.values()
        ],
        "split": _split(run),
        "held_out_loss": round(held_out, 5),
        "run": run.to_json(),
    }


def _split(run: Run) -> str:
    if run.task != "forecast":
        return (
            f"places by hash in five folds: fold {run.stop_fold} chose when to stop, fold {run.test_fold} was only "
            "tested on, the rest trained; simulated series train only"
        )
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

"""What `landcast finetune canopy|crop --labels FILE` does with its options: check, read, learn, say what to use.

No terminal options here (cli_training.py), and no learning: that is in training/user_model/fit.py.
"""

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.progress import show_progress
from core.errors import InvalidOption
from core.product import Progress
from core.read_settings import read_settings
from core.settings import Settings
from core.text_table import text_table

if TYPE_CHECKING:
    from training.labels.class_mapping import ClassMap
    from training.labels.read_pixels import PixelSource
    from training.labels.sample_pixels import LabelledSet
    from training.resume import ResumePolicy

TASKS = ("canopy", "crop")
READ_SHARE = 0.2
"""Share of the work that reading is counted as."""
YEARS = (1985, 2100)
DEFAULTS = {"column": "class", "block_km": 10.0, "max_per_polygon": 50}


@dataclass(frozen=True, kw_only=True)
class OwnAsk:
    """One call of the command, as it was typed; texts are empty where nothing was given."""

    task: str
    labels: Path
    archive: str | None
    cube: Path | None
    column: str
    date_column: str
    year: int | None
    layer: str
    classes: str
    block_km: float
    max_per_polygon: int
    out: Path | None
    name: str
    resume: "ResumePolicy"
    tune: str = ""

    @property
    def command(self) -> str:
        """The call for the card: files without their folders."""
        words = ["landcast", "finetune", self.task, "--labels", self.labels.name]
        for option in ("archive", "cube", "column", "date_column", "year", "layer", "classes", "block_km"):
            words += self._option(option)
        for option in ("max_per_polygon", "name", "tune"):
            words += self._option(option)
        return shlex.join(words)

    def _option(self, name: str) -> list[str]:
        value = getattr(self, name)
        if not value or DEFAULTS.get(name) == value:
            return []
        is_path = isinstance(value, Path) or (name == "archive" and "://" not in value)
        return [f"--{name.replace('_', '-')}", Path(value).name if is_path else f"{value}"]


def carry_out_labels(ask: OwnAsk) -> None:
    """Learn from own labels, and print what came out and how to use it.

    Raises:
        RequestError: with one sentence; of a wrong input nothing is left behind.
    """
    classes = _check(ask)
    from models.registry import models_folder
    from training.user_model.files import ModelRequest, check_name
    from training.user_model.fit import fit_user_model

    settings = read_settings()
    folder = ask.out or models_folder(settings)
    name = ask.name or ask.labels.stem
    request = ModelRequest(name=name, folder=folder, command=ask.command, resume=ask.resume, tune=ask.tune)
    check_name(request.name, folder, ask.resume)
    with show_progress("finetune") as progress:
        found = _read(ask, classes, settings, lambda share: progress(READ_SHARE * share))
        card = fit_user_model(found, request, settings, lambda share: progress(READ_SHARE + (1 - READ_SHARE) * share))
    _tell(card, folder, models_folder(settings))


def _check(ask: OwnAsk) -> "ClassMap":
    """Refuse options that do not go together, before anything is read."""
    if ask.task not in TASKS:
        raise InvalidOption("RUN", ask.task, f"with --labels it is {' or '.join(TASKS)}")
    if ask.archive and ask.cube:
        raise InvalidOption("--cube", ask.cube, "it cannot be combined with --archive")
    if ask.year is not None and ask.date_column:
        raise InvalidOption("--year", ask.year, "it cannot be combined with --date-column")
    if ask.year is not None and not YEARS[0] <= ask.year <= YEARS[1]:
        raise InvalidOption("--year", ask.year, f"years are from {YEARS[0]} to {YEARS[1]}")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise InvalidOption("--labels", ask.labels.name, "own labels are learned from by one process, without torchrun")
    from training.labels.class_mapping import parse_classes

    return parse_classes(ask.classes, ask.task)


def _read(ask: OwnAsk, classes: "ClassMap", settings: Settings, progress: Progress) -> "LabelledSet":
    from training.labels.read_file import read_label_file
    from training.labels.read_pixels import LabelOptions, read_labelled

    source = _source(ask, settings)
    labels = read_label_file(
        ask.labels, column=ask.column, date_column=ask.date_column, layer=ask.layer, footprint=source.footprint
    )
    options = LabelOptions(
        task=ask.task,
        classes=classes,
        year=ask.year,
        block_km=ask.block_km,
        max_per_polygon=ask.max_per_polygon,
    )
    return read_labelled(labels, source, options, progress)


def _source(ask: OwnAsk, settings: Settings) -> "PixelSource":
    from ingest.build.cube import reader_from
    from ingest.registry import open_archive
    from products.catalogue import find_product
    from training.labels.read_pixels import ArchivePixels, CubePixels

    bands = find_product(ask.task).bands
    if ask.cube is not None:
        return CubePixels(ask.cube, bands, settings.tile_size)
    return ArchivePixels(open_archive(ask.archive or settings.archive, settings), bands, reader_from(settings))


def _scores_text(scores: dict[str, Any], before: dict[str, Any], start: str) -> str:
    """Return the scores as a table, with those of the model that the new one started from where they are known."""
    names = [name for name, text in scores.items() if isinstance(text, str)]
    heads = ("score", "new model", *([start] if before else []))
    rows = [(name, scores[name], *([before[name]] if before else [])) for name in names]
    return text_table([heads, *rows], left=len(heads))


def _tell(path: Path, folder: Path, where: Path) -> None:
    """Print warnings to stderr; counts, accuracy and the command that maps to stdout."""
    import json

    card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    own, scores = card["user_labels"], card["accuracy"]["out_of_fold"]
    before = card["accuracy"].get(f"before_{card['start']}", {})
    for caution in card["cautions"]:
        print(f"Warning: {caution}", file=sys.stderr)
    for name, count in own["classes"].items():
        print(f"{name}: {count['labels']} labels, {count['pixels']} pixels, {count['blocks']} blocks")
    for phrase in own["left_out"]:
        print(f"left out: {phrase}")
    print(f"dates of the labels: {own['dates']} ({own['dated_by']})")
    print(f"in blocks not learned from ({own['blocks']} of {own['block_km']:g} km, {scores['folds']} folds):")
    print(_scores_text(scores, before, card["start"]))
    print(path)
    is_elsewhere = folder.resolve() != where.resolve()
    prefix = f"LANDCAST_MODELS={shlex.quote(str(folder))} " if is_elsewhere else ""
    print(f"use it: {prefix}landcast {card['task']} INPUT --model {card['name']} -o OUT.tif")

"""`landcast finetune`: a canopy or crop model from user labels, or by one of the named runs.

torchrun may start a named run, once per GPU; one process learns from user labels.
"""

import json
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.progress import show_progress
from cli.read_as import say, with_own_crs, with_read_as
from cli.train import Resume, policy_of, run_training
from core.errors import InvalidOption
from core.progress import Progress
from core.read_settings import read_settings
from core.settings import Settings
from core.source import AS_STATED, ReadAs
from core.text_table import text_table
from ingest.build.reader import reader_from
from ingest.registry import open_archive
from ingest.source import open_cube
from ingest.vector_file import read_vector
from models.registry import models_folder
from products.catalogue import find_product
from training.labels.class_mapping import ClassMap, parse_classes
from training.labels.read_file import LabelFile, read_label_file
from training.labels.read_pixels import ArchivePixels, CubePixels, LabelOptions, PixelSource, read_labelled
from training.labels.sample_pixels import LabelledSet
from training.resume import ResumePolicy
from training.user_model.files import ModelRequest, check_name
from training.user_model.fit import fit_user_model

TASKS = ("canopy", "crop")
READ_SHARE = 0.2
"""Share of the work that reading is counted as."""
YEARS = (1985, 2100)
DEFAULTS = {"column": "class", "block_km": 10.0, "max_per_polygon": 50}


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of the command with --labels; texts are empty where nothing was given."""

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
    resume: ResumePolicy
    tune: str = ""
    read_as: ReadAs = AS_STATED

    @property
    def command(self) -> str:
        """The command for the card, with files but without their folders."""
        words = ["landcast", "finetune", self.task, "--labels", self.labels.name]
        for option in ("archive", "cube", "column", "date_column", "year", "layer", "classes", "block_km"):
            words += self._option(option)
        for option in ("max_per_polygon", "name", "tune"):
            words += self._option(option)
        stated = [word for pair in self.read_as.stated().items() for word in pair]
        return shlex.join([*words, *stated])

    def _option(self, name: str) -> list[str]:
        value = getattr(self, name)
        if not value or DEFAULTS.get(name) == value:
            return []
        is_path = isinstance(value, Path) or (name == "archive" and "://" not in value)
        return [f"--{name.replace('_', '-')}", Path(value).name if is_path else f"{value}"]


@with_read_as
def finetune(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="With --labels: canopy or crop. With --data: name of a run.")
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="FOLDER", help="Folder of the real data collection, for a named run.", file_okay=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FOLDER",
            help="Folder for models; default with --labels: the one where --model looks.",
            file_okay=False,
        ),
    ] = None,
    resume: Resume = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels", metavar="FILE", help="Your polygons or points: .gpkg, .geojson, .parquet, .shp; any CRS."
        ),
    ] = None,
    archive: Annotated[
        str | None,
        typer.Option(
            "--archive",
            metavar="NAME",
            help="With --labels: name, URL or path of the archive to read; default: sample.",
        ),
    ] = None,
    cube: Annotated[
        Path | None,
        typer.Option("--cube", metavar="FILE", help="With --labels: a cube (.nc, .zarr) instead of an archive."),
    ] = None,
    column: Annotated[
        str, typer.Option("--column", metavar="NAME", help="Column of the class, names or codes.")
    ] = "class",
    date_column: Annotated[
        str, typer.Option("--date-column", metavar="NAME", help="Column of each label's date, or of its year.")
    ] = "",
    year: Annotated[
        int | None, typer.Option("--year", help="Year of all labels; their date is its 31 December.")
    ] = None,
    layer: Annotated[str, typer.Option("--layer", metavar="NAME", help="Layer of the file, if it has several.")] = "",
    classes: Annotated[
        str,
        typer.Option(
            "--classes", metavar="VALUE=CLASS,...", help="Class of each value in the column; - leaves labels out."
        ),
    ] = "",
    block_km: Annotated[
        float,
        typer.Option(
            "--block-km",
            help="Edge of the blocks for testing: all labels of a block are in the same fold.",
            min=0.05,
            max=1000,
        ),
    ] = 10.0,
    max_per_polygon: Annotated[
        int, typer.Option("--max-per-polygon", help="Most pixels drawn from one polygon.", min=1, max=10_000)
    ] = 50,
    name: Annotated[
        str,
        typer.Option(
            "--name", metavar="NAME", help="Name of the model; default: that of the file.", show_default=False
        ),
    ] = "",
    tune: Annotated[
        str,
        typer.Option(
            "--tune",
            metavar="heads|low-rank|all",
            help="What learns: heads, also low-rank changes of a trunk that they read, or all of it; default: heads.",
        ),
    ] = "",
    *,
    read_as: ReadAs = AS_STATED,
) -> None:
    """Train a canopy or crop model: on your own labels, or with one of the named runs.

    With --labels, the model is tested on blocks of your polygons or points, and then trained on all of them; --model
    NAME uses it at once. With --data and the name of a run, a shipped model is trained again.
    """
    if labels is None:
        stated = {option.removeprefix("--"): value for option, value in read_as.stated().items()}
        _check_run(data=data, out=out, archive=archive, cube=cube, classes=classes, name=name, **stated)
        assert data is not None
        assert out is not None
        run_training(run, "class", data, out, resume, tune)
        return
    _check_labels(data=data)
    fit_labels(
        Call(
            task=run,
            labels=labels,
            archive=archive,
            cube=cube,
            column=column,
            date_column=date_column,
            year=year,
            layer=layer,
            classes=classes,
            block_km=block_km,
            max_per_polygon=max_per_polygon,
            out=out,
            name=name,
            resume=policy_of(resume),
            tune=tune,
            read_as=read_as,
        )
    )


def fit_labels(call: Call) -> None:
    """Train a model on user labels, and print its accuracy and how to use it.

    Raises:
        RequestError: one sentence about wrong input; no file is left behind.
    """
    classes = _check(call)
    settings = read_settings()
    folder = call.out or models_folder(settings)
    name = call.name or call.labels.stem
    request = ModelRequest(name=name, folder=folder, command=call.command, resume=call.resume, tune=call.tune)
    check_name(request.name, folder, call.resume)
    _, stated = with_own_crs(lambda read_as: _probe(call, read_as), call.read_as)
    source = _source(call, settings, stated)
    say(source.summary, call.read_as)
    labels = _labels(call, source, ReadAs(crs="" if stated.crs else call.read_as.crs))
    say(labels.summary, call.read_as)
    with show_progress("finetune") as progress:
        found = _read(call, classes, labels, source, lambda share: progress(READ_SHARE * share))
        card = fit_user_model(found, request, settings, lambda share: progress(READ_SHARE + (1 - READ_SHARE) * share))
    _print_result(card, folder, models_folder(settings))


def _check(call: Call) -> ClassMap:
    """Refuse options that do not fit together, before anything is read."""
    if call.task not in TASKS:
        raise InvalidOption("RUN", call.task, f"with --labels it is {' or '.join(TASKS)}")
    if call.archive and call.cube:
        raise InvalidOption("--cube", call.cube, "it cannot be combined with --archive")
    if call.year is not None and call.date_column:
        raise InvalidOption("--year", call.year, "it cannot be combined with --date-column")
    if call.year is not None and not YEARS[0] <= call.year <= YEARS[1]:
        raise InvalidOption("--year", call.year, f"years are from {YEARS[0]} to {YEARS[1]}")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise InvalidOption("--labels", call.labels.name, "one process learns from user labels, without torchrun")
    return parse_classes(call.classes, call.task)


def _probe(call: Call, read_as: ReadAs) -> None:
    """Read one label, which tells whether the file states its CRS; what else is wrong is said later."""
    if read_as.crs or call.read_as.crs:
        read_vector(call.labels, crs=read_as.crs, layer=call.layer, most=1)


def _labels(call: Call, source: PixelSource, read_as: ReadAs) -> LabelFile:
    return read_label_file(
        call.labels,
        column=call.column,
        date_column=call.date_column,
        layer=call.layer,
        footprint=source.footprint,
        read_as=read_as,
    )


def _read(call: Call, classes: ClassMap, labels: LabelFile, source: PixelSource, progress: Progress) -> LabelledSet:
    options = LabelOptions(
        task=call.task,
        classes=classes,
        year=call.year,
        block_km=call.block_km,
        max_per_polygon=call.max_per_polygon,
    )
    return read_labelled(labels, source, options, progress)


def _source(call: Call, settings: Settings, read_as: ReadAs) -> PixelSource:
    bands = find_product(call.task).bands
    if call.cube is not None:
        source = open_cube(call.cube, bands, settings, read_as=read_as)
        return CubePixels(source, settings.jobs.tile_size)
    archive = open_archive(call.archive or settings.archives.default, settings, read_as=read_as)
    return ArchivePixels(archive, bands, reader_from(settings))


def _scores_text(scores: dict[str, Any], before: dict[str, Any], start: str) -> str:
    """Return the scores as a table, with those of the model that training started from, where known."""
    names = [name for name, text in scores.items() if isinstance(text, str)]
    heads = ("score", "new model", *([start] if before else []))
    rows = [(name, scores[name], *([before[name]] if before else [])) for name in names]
    return text_table([heads, *rows], left=len(heads))


def _print_result(path: Path, folder: Path, where: Path) -> None:
    """Print warnings to stderr; counts, accuracy and the next command to stdout."""
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


def _check_labels(**others: object) -> None:
    """Refuse options that do not belong to user labels.

    Raises:
        InvalidOption: an option belongs to a named run.
    """
    for option, value in others.items():
        if value:
            raise InvalidOption(f"--{option}", value, "it belongs to a named run and cannot be combined with --labels")


def _check_run(*, data: Path | None, out: Path | None, **others: object) -> None:
    """Refuse options that do not belong to a named run, or miss one.

    Raises:
        InvalidOption: an option is missing, or belongs to user labels.
    """
    for option, value in others.items():
        if value:
            raise InvalidOption(f"--{option}", value, "it belongs to --labels, which is not given")
    if data is None:
        raise InvalidOption(
            "--data", "", "a named run needs the folder of the data, and user labels need --labels FILE"
        )
    if not data.is_dir():
        raise InvalidOption("--data", data, "there is no such folder")
    if out is None:
        raise InvalidOption("--out", "", "a named run needs a folder for models")

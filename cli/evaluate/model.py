"""`landcast evaluate model`: accuracy of a model on data that it was not trained on, or its validation report."""

import json
import shutil
from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import check_out
from cli.progress import show_progress
from core.errors import InvalidOption
from core.read_settings import read_settings
from models.registry import REPORT, find_named, report_of
from outputs.atomic import written_aside
from training.runner import evaluate as measure


def evaluate_model(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model of 'landcast models list'.")],
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="FOLDER", help="Folder of the real data collection.", exists=True, file_okay=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="FILE", help="Copy the validation report of a class model to this .html file."
        ),
    ] = None,
) -> None:
    """Measure the accuracy of a model on the held-out part of the real data collection; prints JSON.

    With -o, copies the report that was written when a class model was trained; that needs no data.
    """
    if data is None and out is None:
        raise InvalidOption(
            "--data", "", "give the folder of the real data collection, or -o FILE for the validation report"
        )
    if out is not None:
        copy_report(model, out)
    if data is None:
        return
    with show_progress(model) as progress:
        found = measure(model, data=data, settings=read_settings(), progress=progress)
    print(json.dumps(found, indent=2, ensure_ascii=False))


def copy_report(name: str, out: Path) -> None:
    """Copy the validation report of a model, and print the path of the copy.

    Raises:
        UnknownModel: there is no such model.
        InvalidOption: it has no report, or the file cannot be written.
    """
    check_out("--out", out, (".html",), None)
    report = report_of(find_named(name, read_settings()))
    if report is None:
        reason = f"there is no {REPORT} beside it: only class models have one, from their training"
        raise InvalidOption("MODEL", name, reason)
    with written_aside(out) as aside:
        shutil.copyfile(report, aside)
    print(out)

"""`landcast evaluate model` and `evaluate forecast`: options only. The work is done in training/ and forecast.py."""

import json
import shutil
from pathlib import Path
from typing import Annotated

import typer

from cli.evaluate.embeddings import evaluate_embeddings
from cli.evaluate.forecast import HindcastAsk, carry_out_hindcast
from cli.evaluate.map import evaluate_map, evaluate_sample
from cli.products import ArchiveName, Input, ModelName, Observations, RegionFile
from cli.progress import show_progress
from cli.run_product import HORIZON, check_out
from core.errors import InvalidOption
from core.read_settings import read_settings

evaluate = typer.Typer(
    help="Measure how good a model is: on the data that it was kept from, or on the past of your own data.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@evaluate.command("model")
def evaluate_model(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name of a model, see 'landcast models list'.")],
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Folder of the real data collection.", exists=True, file_okay=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Copy the validation report of a class model to this .html file."),
    ] = None,
) -> None:
    """Measure the accuracy of a model on the held-out part of the real data collection; prints JSON.

    With -o, the report that was written when a class model was made; it needs no data.
    """
    if data is None and out is None:
        raise InvalidOption("--data", "", "name the folder of the real data collection, or with -o a file for a report")
    if out is not None:
        copy_report(model, out)
    if data is None:
        return
    from training.runner import evaluate as measure

    with show_progress(model) as progress:
        found = measure(model, data=data, settings=read_settings(), progress=progress)
    print(json.dumps(found, indent=2, ensure_ascii=False))


def copy_report(name: str, out: Path) -> None:
    """Copy the validation report that lies beside a model, and print where it is now.

    Raises:
        UnknownModel: there is no such model.
        InvalidOption: it has no report, or the file cannot be written.
    """
    from models.registry import REPORT, find_named, report_of
    from outputs.atomic import written_aside

    check_out("--out", out, (".html",), None)
    report = report_of(find_named(name, read_settings()))
    if report is None:
        reason = f"there is no {REPORT} beside it: only class models have one, from when they were made"
        raise InvalidOption("MODEL", name, reason)
    with written_aside(out) as aside:
        shutil.copyfile(report, aside)
    print(out)


@evaluate.command("forecast")
def evaluate_forecast(
    source: Input = None,
    model: ModelName = "",
    issues: Annotated[
        str | None,
        typer.Option("--issues", metavar="D,D,...", help="Issue dates; default: the first of each month of --years."),
    ] = None,
    years: Annotated[
        int | None, typer.Option("--years", help="Past years to forecast again; default: 1.", min=1, max=50)
    ] = None,
    horizon: Annotated[str, typer.Option("--horizon", help="How far ahead.")] = HORIZON,
    max_series: Annotated[
        int, typer.Option("--max-series", help="Most series or pixels; of more, so many are drawn at random.", min=1)
    ] = 2000,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Write the report as well: .html or .json.", show_default=False)
    ] = None,
    fit: Annotated[
        Path | None, typer.Option("--fit", metavar="BLEND.json", help="Fit a blend for 'landcast forecast --blend'.")
    ] = None,
    region: RegionFile = None,
    archive: ArchiveName = None,
    period: Observations = None,
) -> None:
    """Forecast the past of your own data again and score it beside five simple baselines.

    Only observations before each issue date are used; every clear observation up to the horizon is a target. Prints
    tables by lead, and sentences that name the simple baselines that are better.
    """
    ask = HindcastAsk(
        source=source,
        region=region,
        archive=archive,
        period=period or "",
        model=model,
        issues=issues or "",
        years=years,
        horizon=horizon,
        max_series=max_series,
        out=out,
        fit=fit,
    )
    carry_out_hindcast(ask)


evaluate.command("embeddings")(evaluate_embeddings)
evaluate.command("map")(evaluate_map)
evaluate.command("sample")(evaluate_sample)

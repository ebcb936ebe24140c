"""`landcast evaluate model` and `evaluate forecast`: options only. The work is done in learn.py and cli_hindcast.py."""

import json
from pathlib import Path
from typing import Annotated

import typer

from service.cli_carry import HORIZON
from service.cli_hindcast import HindcastAsk, carry_out_hindcast
from service.cli_map_accuracy import evaluate_map, evaluate_sample
from service.cli_probe import evaluate_embeddings
from service.cli_products import ArchiveName, Input, ModelName, Observations, RegionFile
from service.cli_progress import show_progress
from service.cli_settings import read_settings
from service.cli_training import DataFolder

evaluate = typer.Typer(
    help="Measure how good a model is: on the data that it was kept from, or on the past of your own data.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@evaluate.command("model")
def evaluate_model(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name of a model, see 'landcast models list'.")],
    data: DataFolder,
) -> None:
    """Measure the accuracy of a model on the held-out part of the real data collection; prints JSON."""
    from workers.learn import evaluate as measure

    with show_progress(model) as progress:
        found = measure(model, data=data, settings=read_settings(), progress=progress)
    print(json.dumps(found, indent=2, ensure_ascii=False))


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
    """Forecast the past of your own data again and score it beside five simple rivals.

    Only observations before each issue date are used; every clear observation up to the horizon is a target. Prints
    tables by lead, and says in plain sentences where a simple rival is better.
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

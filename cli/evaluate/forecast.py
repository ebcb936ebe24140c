"""`landcast evaluate forecast`: forecast the past of a source again. evaluation/hindcast/run.py computes the scores."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import ArchiveName, Input, ModelName, Observations, RegionFile, check_out, check_source, source_of
from cli.progress import show_progress
from cli.read_as import with_read_as
from core.errors import InvalidOption
from core.read_settings import read_settings
from core.source import AS_STATED, ReadAs, Source
from core.timeline import Period, parse_date, parse_duration, parse_period, to_day
from evaluation.hindcast.report import render_text, write_blend, write_report
from evaluation.hindcast.result import HindcastResult
from evaluation.hindcast.run import Plan, run_hindcast
from evaluation.hindcast.sample import Sample, draw_sample
from models.registry import find_checkpoint
from products.forecast import HISTORY_DAYS, HORIZON, NdviForecast

REPORT_ENDINGS = (".html", ".json")
READ_SHARE = 0.1
"""Share of the work that reading is counted as."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of the command; texts are empty where nothing was given."""

    source: Path | None
    """A cube or a table; None = a region of an archive."""
    region: Path | None
    archive: str | None
    period: str
    model: str
    issues: str
    years: int | None
    horizon: str
    max_series: int
    out: Path | None
    """Report to write; None = it is only printed."""
    fit: Path | None
    """Blend to fit; None = none."""
    read_as: ReadAs = AS_STATED


@with_read_as
def evaluate_forecast(
    source: Input = None,
    model: ModelName = "",
    issues: Annotated[
        str | None,
        typer.Option("--issues", metavar="DATE,...", help="Issue dates; default: the first of each month of --years."),
    ] = None,
    years: Annotated[
        int | None, typer.Option("--years", help="Past years to forecast again; default: 1.", min=1, max=50)
    ] = None,
    horizon: Annotated[str, typer.Option("--horizon", metavar="DAYS", help="How far ahead to forecast.")] = HORIZON,
    max_series: Annotated[
        int, typer.Option("--max-series", help="Most series or pixels; of more, a random sample is used.", min=1)
    ] = 2000,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="FILE", help="Also write the report: .html or .json.", show_default=False),
    ] = None,
    fit: Annotated[
        Path | None, typer.Option("--fit", metavar="BLEND.json", help="Fit a blend for 'landcast forecast --blend'.")
    ] = None,
    region: RegionFile = None,
    archive: ArchiveName = None,
    period: Observations = None,
    *,
    read_as: ReadAs = AS_STATED,
) -> None:
    """Forecast the past of your own data again, and score the forecasts beside five simple baselines.

    Uses only observations before each issue date; every clear observation up to the horizon is a target. Prints tables
    by lead time, and names the baselines that score better than the model.
    """
    run_evaluation(
        Call(
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
            read_as=read_as,
        )
    )


def run_evaluation(call: Call) -> None:
    """Forecast the past again, print the report, and write the requested files.

    Raises:
        RequestError: one sentence about wrong input; no file is left behind.
    """
    _check(call)
    plan, settings = _plan(call), read_settings()
    checkpoint = find_checkpoint(call.model, "forecast", settings)
    source = source_of(
        call.source,
        region=call.region,
        archive=call.archive,
        bands=NdviForecast.bands,
        settings=settings,
        read_as=call.read_as,
    )
    with show_progress("hindcast") as progress:
        sample = _sample(source, call, plan)
        progress(READ_SHARE)
        result = run_hindcast(sample, checkpoint, plan, lambda share: progress(READ_SHARE + (1 - READ_SHARE) * share))
        _write(call, result)
    print(render_text(result))
    for path in (call.out, call.fit):
        if path is not None:
            print(path)


def _check(call: Call) -> None:
    check_source(call.source, call.region, call.archive)
    if call.issues and call.years:
        raise InvalidOption("--issues", call.issues, "it cannot be combined with --years")
    for option, path, endings in (("--out", call.out, REPORT_ENDINGS), ("--fit", call.fit, (".json",))):
        if path is not None:
            check_out(option, path, endings, call.source)
    if call.out is not None and call.fit is not None and call.out.resolve() == call.fit.resolve():
        raise InvalidOption("--fit", call.fit, "it is the report itself")


def _plan(call: Call) -> Plan:
    dates = [part.strip() for part in call.issues.split(",") if part.strip()]
    return Plan(
        issues=tuple(to_day(parse_date(d)) for d in dates),
        years=call.years or 1,
        horizon_days=parse_duration(call.horizon),
        is_blend_wanted=call.fit is not None,
    )


def _write(call: Call, result: HindcastResult) -> None:
    if call.fit is not None and result.blend is not None:
        write_blend(result.blend, call.fit)
    if call.out is not None:
        write_report(result, call.out)


def _sample(source: Source, call: Call, plan: Plan) -> Sample:
    period = parse_period(call.period) if call.period else _default_period(source, plan)
    return draw_sample(source, period, call.max_series)


def _default_period(source: Source, plan: Plan) -> Period:
    """Return the whole period of a file; for an archive, the years to forecast again and the history before them."""
    if source.kind != "region":
        return source.period
    first = source.period.end - timedelta(days=HISTORY_DAYS + 366 * plan.years)
    return Period(start=max(source.period.start, first), end=source.period.end)

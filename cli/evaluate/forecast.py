"""What `landcast evaluate forecast` does with its options: check them together, read, forecast again, write, print.

No terminal options here, and no scores: those are in evaluation/hindcast/run.py.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cli.cube import MAX_PIXELS
from cli.progress import show_progress
from cli.region_file import read_region_file
from cli.run_product import TABLE_ENDINGS, check_out, check_source
from core.errors import InvalidOption
from core.read_settings import read_settings
from core.region import parse_region
from core.settings import Settings
from core.timeline import Period, parse_date, parse_duration, parse_period, to_day

if TYPE_CHECKING:
    from core.cube import Cube
    from evaluation.hindcast.result import HindcastResult
    from evaluation.hindcast.run import Plan
    from evaluation.hindcast.sample import Sample

REPORT_ENDINGS = (".html", ".json")
READ_SHARE = 0.1
"""Share of the work that reading is counted as."""


@dataclass(frozen=True, kw_only=True)
class HindcastAsk:
    """One call of the command, as it was typed; texts are empty where nothing was given."""

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


def carry_out_hindcast(ask: HindcastAsk) -> None:
    """Forecast the past again, print the report, and write it and the blend where asked.

    Raises:
        RequestError: with one sentence; nothing is left behind.
    """
    _check(ask)
    from evaluation.hindcast.report import render_text
    from evaluation.hindcast.run import run_hindcast
    from models.registry import find_checkpoint

    plan, settings = _plan(ask), read_settings()
    checkpoint = find_checkpoint(ask.model, "forecast", settings)
    with show_progress("hindcast") as progress:
        sample = _sample(ask, plan, settings)
        progress(READ_SHARE)
        result = run_hindcast(sample, checkpoint, plan, lambda share: progress(READ_SHARE + (1 - READ_SHARE) * share))
        _write(ask, result)
    print(render_text(result))
    for path in (ask.out, ask.fit):
        if path is not None:
            print(path)


def _check(ask: HindcastAsk) -> None:
    check_source(ask.source, ask.region, ask.archive)
    if ask.issues and ask.years:
        raise InvalidOption("--issues", ask.issues, "it cannot be combined with --years")
    for option, path, endings in (("--out", ask.out, REPORT_ENDINGS), ("--fit", ask.fit, (".json",))):
        if path is not None:
            check_out(option, path, endings, ask.source)
    if ask.out is not None and ask.fit is not None and ask.out.resolve() == ask.fit.resolve():
        raise InvalidOption("--fit", ask.fit, "it is the report itself")


def _plan(ask: HindcastAsk) -> "Plan":
    from evaluation.hindcast.run import Plan

    dates = [part.strip() for part in ask.issues.split(",") if part.strip()]
    return Plan(
        issues=tuple(to_day(parse_date(d)) for d in dates),
        years=ask.years or 1,
        horizon_days=parse_duration(ask.horizon),
        is_blend_wanted=ask.fit is not None,
    )


def _write(ask: HindcastAsk, result: "HindcastResult") -> None:
    from evaluation.hindcast.report import write_blend, write_report

    if ask.fit is not None and result.blend is not None:
        write_blend(result.blend, ask.fit)
    if ask.out is not None:
        write_report(result, ask.out)


def _sample(ask: HindcastAsk, plan: "Plan", settings: Settings) -> "Sample":
    from workers.direct_tables import between

    from evaluation.hindcast.sample import sample_cube, sample_table
    from ingest.tables import read_series

    period = parse_period(ask.period) if ask.period else None
    if ask.source is not None and ask.source.suffix.lower() in TABLE_ENDINGS:
        return sample_table(between(read_series(ask.source), period), ask.source.name, ask.max_series)
    cube = _region_cube(ask, plan, settings) if ask.source is None else _file_cube(ask.source, period)
    return sample_cube(cube, ask.source.name if ask.source else f"region of {cube.archive}", ask.max_series)


def _file_cube(source: Path, period: Period | None) -> "Cube":
    from ingest.cubes.read import read_cube
    from products.forecast import NdviForecast
    from products.rows import require_ndvi

    cube = read_cube(source, bands=NdviForecast.bands)
    require_ndvi(cube)
    return cube if period is None else cube.between(period)


def _region_cube(ask: HindcastAsk, plan: "Plan", settings: Settings) -> "Cube":
    """Read the pixels of a region; by default as many years as are forecast again, and the history before them."""
    from ingest.build.cube import build_cube, check_region, reader_from
    from ingest.registry import open_archive
    from products.forecast import HISTORY_DAYS, NdviForecast

    assert ask.region is not None
    region = parse_region(read_region_file(ask.region))
    archive = open_archive(ask.archive or settings.archive, settings)
    check_region(archive, region)
    window = archive.grid(region).window(region)
    if window.shape_yx[0] * window.shape_yx[1] > MAX_PIXELS:
        size = f"{window.shape_yx[1]} x {window.shape_yx[0]} pixels"
        raise InvalidOption("--region", size, f"a hindcast reads up to {MAX_PIXELS}")
    first: date = archive.period.end - timedelta(days=HISTORY_DAYS + 366 * plan.years)
    period = Period(start=max(archive.period.start, first), end=archive.period.end)
    period = parse_period(ask.period) if ask.period else period
    reader = reader_from(settings)
    return build_cube(archive, window, period, NdviForecast.bands, reader=reader, wanted=window.mask(region))

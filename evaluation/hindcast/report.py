"""The report of a hindcast: its sentences, tables and picture, as text, page or JSON."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from evaluation.hindcast.plots import draw_skill
from evaluation.hindcast.result import Basis, HindcastResult
from models.baselines.blend import MODEL, Blend
from models.metrics.forecast_scores import Score
from outputs.provenance import SIMULATED
from outputs.reports import page, text
from outputs.reports.numbers import NOT_DEFINED
from outputs.reports.report import Cell, Picture, Report, Section, Table, interval_cell
from outputs.reports.write import json_text, write_form, write_text

SCORES: tuple[tuple[str, Callable[[Score], str]], ...] = (
    ("Mean pinball loss over five quantiles (NDVI; lower is better)", lambda s: f"{s.pinball:.4f}"),
    ("Median absolute error of the median (NDVI; lower is better)", lambda s: f"{s.median_absolute_error:.4f}"),
    ("Share of outcomes in the 50 % interval (best: 0.5)", lambda s: f"{s.coverage_50:.3f}"),
    ("Share of outcomes in the 90 % interval (best: 0.9)", lambda s: f"{s.coverage_90:.3f}"),
)
"""Tables by title, and what stands in a cell."""
SKILL = "Skill of {}: 1 - its pinball loss / that of the other"
SKILL_NOTE = "Above 0, {} is better. Each skill has its 95 % interval, from resampled places and issue dates."


def write_report(result: HindcastResult, out: Path) -> None:
    """Write a hindcast as a page or as JSON, by the ending; no file has the name before it is complete.

    Raises:
        InvalidOption: another ending.
    """
    write_form(out, {".html": lambda: render_page(result), ".json": lambda: render_json(result)})


def write_blend(blend: Blend, out: Path) -> None:
    """Write a blend as JSON; no file has the name before it is complete."""
    write_text(out, json_text(blend.to_json()))


def render_text(result: HindcastResult) -> str:
    """Return a hindcast for a terminal."""
    return text.render_text(hindcast_report(result))


def render_page(result: HindcastResult) -> str:
    """Return a hindcast as one HTML document."""
    return page.render_page(hindcast_report(result))


def render_json(result: HindcastResult) -> str:
    """Return all figures as a JSON document."""
    return json_text(result.to_json())


def hindcast_report(result: HindcastResult) -> Report:
    """Return the report of a hindcast."""
    skill = Picture(
        alt="Skill of landcast against each baseline by lead, with 95 % intervals",
        draw=partial(draw_skill, result.skills[MODEL], result.leads),
        caption="Skill of landcast against each baseline, with 95 % intervals; above 0, landcast is better.",
    )
    return Report(
        title=f"Hindcast of {result.basis.input}",
        basis=tuple(_basis(result.basis)),
        caution=SIMULATED if result.basis.is_simulated else "",
        findings=result.findings,
        sections=(
            Section(title="Skill by lead", pictures=(skill,), tables=tuple(_skill_tables(result))),
            Section(title="Scores by lead", tables=tuple(_score_tables(result))),
        ),
        provenance=_provenance(result.basis),
    )


def _basis(basis: Basis) -> Iterator[str]:
    """Yield what a reader must know before the figures."""
    first, last = basis.issue_dates[0], basis.issue_dates[-1]
    dates = f"{len(basis.issue_dates)} issue dates ({first} to {last})" if first != last else f"1 issue date ({first})"
    drawn = f" of {basis.total:,}" if basis.series < basis.total else ""
    blocks = f" in {basis.places:,} blocks of 10 x 10" if basis.unit == "pixels" else ""
    yield (
        f"{basis.input}: {basis.series:,}{drawn} {basis.unit}{blocks}, {dates}, {basis.targets:,} clear observations "
        f"1 to {basis.horizon_days} days ahead; model {basis.model}."
    )
    if basis.held_out is not None:
        where = "other places and earlier years" if basis.held_out.is_apart_in_place else "earlier dates of this place"
        yield (
            f"All figures describe the held-out part, issue dates from {basis.held_out.first_issue} on; the blend was "
            f"fitted on {where}."
        )
    if basis.unanswered:
        yield (
            f"The model gave no forecast for {basis.unanswered:,} other observations; they are left out for every "
            "method."
        )


def _score_tables(result: HindcastResult) -> Iterator[Table]:
    counts = next(iter(result.scores.values()))
    yield _table(result, "Targets by lead in days", {"targets": counts}, lambda s: f"{s.targets:,}")
    for title, cell in SCORES:
        yield _table(result, title, result.scores, cell)
    if result.blend is not None:
        weights = result.blend.to_json()["weights"]
        rows = [[name, *(f"{w:.3f}" for w in row)] for name, row in weights.items()]
        yield Table(title="Weights of the blend by lead in days", heads=("", *result.leads[1:]), rows=rows)


def _skill_tables(result: HindcastResult) -> Iterator[Table]:
    for method, baselines in result.skills.items():
        rows = {f"against {name}": row for name, row in baselines.items()}
        name = "landcast" if method == MODEL else f"the {method}"
        yield _table(result, SKILL.format(name), rows, interval_cell, note=SKILL_NOTE.format(name))


def _table(
    result: HindcastResult,
    title: str,
    rows: Mapping[str, Mapping[str, Any]],
    cell: Callable[[Any], str | Cell],
    *,
    note: str = "",
) -> Table:
    """Return a table of figures by name and lead; a lead without a figure has a dash."""
    lines = [[name, *(cell(row[k]) if k in row else NOT_DEFINED for k in result.leads)] for name, row in rows.items()]
    return Table(title=title, heads=("", *result.leads), rows=lines, note=note)


def _provenance(basis: Basis) -> tuple[tuple[str, str], ...]:
    return (
        ("Input", basis.input),
        ("Model", basis.model),
        ("sha256 of the model", basis.model_sha256),
        ("Issue dates", ", ".join(basis.issue_dates)),
        ("Horizon", f"{basis.horizon_days} days"),
    )

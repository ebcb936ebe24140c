"""The report of a map assessment: its sentences and tables, as text, page, JSON or CSV."""

import csv
import io
import math
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from core.version import software_version
from evaluation.map_accuracy.assess import MapAccuracy
from evaluation.map_accuracy.estimators import Estimate
from evaluation.map_accuracy.findings import findings
from outputs.provenance import SIMULATED
from outputs.reports import page, text
from outputs.reports.numbers import number, percent, plus_minus
from outputs.reports.report import Report, Section, Table
from outputs.reports.write import json_text, write_form
from products.evidence import evidence_line

WHOLE_HECTARES = 1000
"""Areas of a map so large are printed without decimals; files hold them all."""
MOST_NOTES = 5
"""Notes of the map in its report; those on the map as a whole come first, and JSON has all."""
SOURCE = (
    "Estimators: Olofsson et al. 2014 (doi:10.1016/j.rse.2014.02.015), equations 4 to 11; where strata are not the "
    "map's classes, Stehman 2014 (doi:10.1080/01431161.2014.930207)."
)
CONDITION = (
    "The figures are valid if the points were drawn at random within each stratum and labelled without knowing the "
    "map. From points that were chosen by hand, or that a model has learned from, they say nothing about the map."
)


def write_report(found: MapAccuracy, out: Path) -> None:
    """Write an assessment as JSON, page or CSV, by the ending; no file has the name before it is complete.

    Raises:
        InvalidOption: another ending.
    """
    forms = {".json": render_json, ".html": render_page, ".csv": render_csv}
    write_form(out, {ending: partial(render, found) for ending, render in forms.items()})


def render_text(found: MapAccuracy) -> str:
    """Return an assessment for a terminal."""
    return text.render_text(accuracy_report(found))


def render_page(found: MapAccuracy) -> str:
    """Return an assessment as one HTML document."""
    return page.render_page(accuracy_report(found))


def render_json(found: MapAccuracy) -> str:
    """Return all figures as a JSON document; null = not defined."""
    a, total = found.assessment, found.assessed_ha
    content = {
        "map": found.map,
        "band": found.band,
        "reference": found.reference,
        "software_version": software_version(),
        "is_simulated": found.is_simulated,
        "map_evidence": dict(found.evidence),
        "map_notes": list(found.notes),
        "points": found.points,
        "points_left_out": dict(found.left_out),
        "pixel_ha": found.pixel_ha,
        "mapped_ha": found.mapped_ha,
        "assessed_ha": total,
        "nodata_pixels": found.nodata_pixels,
        "overall_accuracy": _figures(a.overall),
        "classes": [_class_json(found, k) for k in range(len(found.classes))],
        "error_matrix_counts": a.counts.tolist(),
        "error_matrix_proportions": a.proportions.tolist(),
        "strata_are_map_classes": found.are_strata_classes,
        "strata": [{"name": s.name, "weight": s.weight, "points": s.points} for s in found.strata],
        "findings": findings(found),
    }
    return json_text(content)


def render_csv(found: MapAccuracy) -> str:
    """Return one row per class and one for the whole map; empty = not defined."""
    a, total = found.assessment, found.assessed_ha
    measures = ("users_accuracy", "producers_accuracy", "area_share", "area_ha", "overall_accuracy")
    heads = ["class", "code", "mapped_ha", "map_points", "reference_points"]
    heads += [f"{measure}{part}" for measure in measures for part in ("", "_half_width")]
    rows: list[list[Any]] = []
    for k, c in enumerate(found.classes):
        figures = [*_pair(a.users[k]), *_pair(a.producers[k]), *_pair(a.areas[k]), *_pair(a.areas[k], total), "", ""]
        counts = [int(a.counts[k].sum()), int(a.counts[:, k].sum())]
        rows.append([c.name, c.code, c.pixels * found.pixel_ha, *counts, *figures])
    rows.append(["(whole map)", "", found.mapped_ha, found.points, found.points, *[""] * 8, *_pair(a.overall)])
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([heads, *rows])
    return buffer.getvalue()


def accuracy_report(found: MapAccuracy) -> Report:
    """Return the report of an assessment."""
    return Report(
        title=f"Accuracy of {found.map}",
        basis=tuple(_basis(found)),
        caution=SIMULATED if found.is_simulated else "",
        findings=findings(found),
        sections=(
            Section(title="Accuracy and area", tables=(_overall(found), _accuracy(found), _areas(found))),
            Section(title="Error matrix", tables=tuple(_matrices(found))),
        ),
        provenance=(
            ("Map", f"{found.map}, {found.band}"),
            ("Reference", found.reference),
            ("Points", f"{found.points:,}"),
            ("Strata", ", ".join(f"{s.name} ({percent(s.weight, decimals=2)})" for s in found.strata)),
        ),
        source=SOURCE,
    )


def _basis(found: MapAccuracy) -> Iterator[str]:
    """Yield what a reader must know before the figures."""
    strata = "the classes of the map" if found.are_strata_classes else "those of the reference file"
    yield f"{found.map} ({found.band}) against {found.points:,} points of {found.reference}; strata are {strata}."
    if found.evidence:
        yield evidence_line(found.evidence)
    yield from found.notes[:MOST_NOTES]
    for reason, count in found.left_out.items():
        yield f"{count:,} points {reason} are left out."
    yield (
        f"Mapped area: {found.mapped_ha:,.2f} ha in pixels of {found.pixel_ha * 10_000:,.6g} m2; "
        f"{found.nodata_pixels:,} pixels are nodata. The number after ± is half the width of the 95 % interval."
    )
    yield CONDITION


def _overall(found: MapAccuracy) -> Table:
    row = ("whole map", str(found.points), _plus_minus(found.assessment.overall))
    return Table(title="Overall accuracy", heads=("", "points", "overall"), rows=(row,))


def _accuracy(found: MapAccuracy) -> Table:
    heads = ("class", "code", "points on map class", "points of reference", "user's", "producer's")
    a = found.assessment
    rows = [
        (
            c.name,
            str(c.code),
            str(a.counts[k].sum()),
            str(a.counts[:, k].sum()),
            _plus_minus(a.users[k]),
            _plus_minus(a.producers[k]),
        )
        for k, c in enumerate(found.classes)
    ]
    return Table(title="Accuracy of each class", heads=heads, rows=rows)


def _areas(found: MapAccuracy) -> Table:
    heads = ("class", "mapped ha", "estimated ha", "share of the area")
    total = found.assessed_ha
    rows = [
        (
            c.name,
            _hectares(found, c.pixels * found.pixel_ha),
            _plus_minus(area, lambda share: _hectares(found, share * total)),
            _plus_minus(area, lambda share: percent(share, decimals=2)),
        )
        for c, area in zip(found.classes, found.assessment.areas, strict=True)
    ]
    return Table(title="Area of each class", heads=heads, rows=rows)


def _matrices(found: MapAccuracy) -> Iterator[Table]:
    names, a = [c.name for c in found.classes], found.assessment
    heads = ("map \\ reference", *names, "all")
    yield Table(title="Error matrix: points", heads=heads, rows=_matrix(names, a.counts.tolist(), "{:,.0f}".format))
    shares = _matrix(names, a.proportions.tolist(), "{:.4f}".format)
    yield Table(title="Error matrix: estimated share of the area", heads=heads, rows=shares)


def _matrix(names: list[str], cells: list[list[float]], form: Callable[[float], str]) -> list[list[str]]:
    rows = [[name, *map(form, row), form(sum(row))] for name, row in zip(names, cells, strict=True)]
    totals = [sum(column) for column in zip(*cells, strict=True)]
    return [*rows, ["all", *map(form, totals), form(sum(totals))]]


def _hectares(found: MapAccuracy, area_ha: float) -> str:
    return f"{area_ha:,.0f}" if found.mapped_ha >= WHOLE_HECTARES else f"{area_ha:,.2f}"


def _plus_minus(estimate: Estimate, form: Callable[[float], str] = number) -> str:
    return plus_minus(estimate.value, estimate.half_width, form)


def _class_json(found: MapAccuracy, k: int) -> dict[str, Any]:
    a, c = found.assessment, found.classes[k]
    return {
        "code": c.code,
        "name": c.name,
        "mapped_pixels": c.pixels,
        "mapped_ha": c.pixels * found.pixel_ha,
        "map_points": int(a.counts[k].sum()),
        "reference_points": int(a.counts[:, k].sum()),
        "users_accuracy": _figures(a.users[k]),
        "producers_accuracy": _figures(a.producers[k]),
        "area_share": _figures(a.areas[k]),
        "area_ha": _figures(a.areas[k], found.assessed_ha),
    }


def _figures(estimate: Estimate, factor: float = 1.0) -> dict[str, float | None]:
    parts = {
        "value": estimate.value,
        "standard_error": estimate.standard_error,
        "half_width": estimate.half_width,
        "low": estimate.low,
        "high": estimate.high,
    }
    return {name: None if math.isnan(part) else part * factor for name, part in parts.items()}


def _pair(estimate: Estimate, factor: float = 1.0) -> list[float | str]:
    return ["" if math.isnan(part) else part * factor for part in (estimate.value, estimate.half_width)]

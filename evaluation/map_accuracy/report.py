"""How an assessment of a map is told: sentences and tables for the terminal, JSON, CSV and a page of its own."""

import csv
import io
import json
import math
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import Any

from core.errors import InvalidOption
from core.version import software_version
from evaluation.map_accuracy.assess import MapAccuracy
from evaluation.map_accuracy.estimators import Estimate
from outputs.atomic import written_aside
from outputs.provenance import SIMULATED

ENDINGS = (".json", ".html", ".csv")
NO_FIGURE = "-"
FEW_POINTS = 20
"""Below so many points in a class the normal approximation of its interval is poor (Cochran 1977, section 3.6)."""
WHOLE_HECTARES = 1000
"""Of a map of so many, areas are printed without decimals; files hold them all."""
SOURCE = (
    "Estimators: Olofsson et al. 2014 (doi:10.1016/j.rse.2014.02.015), equations 4 to 11; where strata are not the "
    "map's classes, Stehman 2014 (doi:10.1080/01431161.2014.930207)."
)
CONDITION = (
    "The figures hold if the points were drawn at random within each stratum and labelled without knowing the map; "
    "of points chosen by hand, or that a model has learned from, they say nothing about the map."
)
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2a24; max-width: 68rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1rem; margin: 1.8rem 0 .3rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .15rem .7rem; text-align: right; border-bottom: 1px solid #dde3df }
th:first-child, td:first-child { text-align: left }
.findings { background: #eef4ef; padding: .8rem 1rem }
"""
Table = tuple[str, list[str], list[list[str]]]
"""Title, heads, rows; the first cell of a row is its name."""


def write_report(found: MapAccuracy, out: Path) -> None:
    """Write an assessment as JSON, page or CSV, by the ending; nothing stands under the name until it is complete.

    Raises:
        InvalidOption: another ending.
    """
    render = {".json": render_json, ".html": render_page, ".csv": render_csv}.get(out.suffix)
    if render is None:
        raise InvalidOption("--out", out, f"it ends in {', '.join(ENDINGS)}")
    with written_aside(out) as aside:
        aside.write_text(render(found), encoding="utf-8")


def render_text(found: MapAccuracy) -> str:
    """Return an assessment for a terminal."""
    parts = ["\n".join(basis(found))]
    parts += [f"{title}\n{columns([heads, *rows])}" for title, heads, rows in tables(found)]
    return "\n\n".join([*parts, *(["\n".join(told)] if (told := findings(found)) else [])])


def render_page(found: MapAccuracy) -> str:
    """Return an assessment as one HTML document that needs nothing else."""
    title = escape(f"Accuracy of {found.map}")
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style></head><body>
<h1>{title}</h1>
{_paragraphs(basis(found))}
{f'<div class="findings">{_paragraphs(told)}</div>' if (told := findings(found)) else ""}
{"".join(_html_table(*table) for table in tables(found))}
<p>{escape(SOURCE)} landcast {escape(software_version())}.</p>
</body></html>
"""


def render_json(found: MapAccuracy) -> str:
    """Return all figures as a JSON document; null = not defined."""
    a, total = found.assessment, found.assessed_ha
    content = {
        "map": found.map,
        "band": found.band,
        "reference": found.reference,
        "software_version": software_version(),
        "is_simulated": found.is_simulated,
        "points": found.points,
        "points_left_out": dict(found.left_out),
        "pixel_ha": found.pixel_ha,
        "mapped_ha": found.mapped_ha,
        "assessed_ha": total,
        "nodata_pixels": found.nodata_pixels,
        "overall_accuracy": _figures(a.overall),
        "classes": [
            {
                "code": c.code,
                "name": c.name,
                "mapped_pixels": c.pixels,
                "mapped_ha": c.pixels * found.pixel_ha,
                "map_points": int(a.counts[k].sum()),
                "reference_points": int(a.counts[:, k].sum()),
                "users_accuracy": _figures(a.users[k]),
                "producers_accuracy": _figures(a.producers[k]),
                "area_share": _figures(a.areas[k]),
                "area_ha": _figures(a.areas[k], total),
            }
            for k, c in enumerate(found.classes)
        ],
        "error_matrix_counts": a.counts.tolist(),
        "error_matrix_proportions": a.proportions.tolist(),
        "strata_are_map_classes": found.are_strata_classes,
        "strata": [{"name": s.name, "weight": s.weight, "points": s.points} for s in found.strata],
        "findings": findings(found),
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


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


def basis(found: MapAccuracy) -> list[str]:
    """Return what a reader must know before the figures."""
    strata = "the classes of the map" if found.are_strata_classes else "those of the reference file"
    told = [
        f"{found.map} ({found.band}) against {found.points:,} points of {found.reference}; strata are {strata}.",
        *[f"{number:,} points {reason} are left out." for reason, number in found.left_out.items()],
        f"Mapped area: {found.mapped_ha:,.2f} ha in pixels of {found.pixel_ha * 10_000:,.6g} m2; "
        f"{found.nodata_pixels:,} pixels are nodata. ± and what follows it is the 95 % interval.",
        CONDITION,
    ]
    return [*told, SIMULATED] if found.is_simulated else told


def tables(found: MapAccuracy) -> Iterator[Table]:
    """Yield all tables; behind ± stand half-widths of 95 % intervals."""
    a, names = found.assessment, [c.name for c in found.classes]
    yield (
        "Overall accuracy",
        ["", "points", "overall"],
        [["whole map", str(found.points), _plus_minus(a.overall, _share)]],
    )
    heads = ["class", "code", "points on map class", "points of reference", "user's", "producer's"]
    yield "Accuracy of each class", heads, [_accuracy_row(found, k) for k in range(len(names))]
    heads = ["class", "mapped ha", "estimated ha", "share of the area"]
    yield "Area of each class", heads, [_area_row(found, k) for k in range(len(names))]
    heads = ["map \\ reference", *names, "all"]
    yield "Error matrix: points", heads, _matrix(names, a.counts.tolist(), lambda n: f"{n:,.0f}")
    yield "Error matrix: estimated share of the area", heads, _matrix(names, a.proportions.tolist(), "{:.4f}".format)


def findings(found: MapAccuracy) -> list[str]:
    """Return what stands in the way of an interval or makes it doubtful, in plain sentences."""
    return [*_strata_findings(found), *_class_findings(found), *_doubts(found)]


def columns(rows: list[list[str]]) -> str:
    """Return rows as text, the first column flush left, the others right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = (
        row[0].ljust(widths[0]) + "".join(f"  {c.rjust(w)}" for c, w in zip(row[1:], widths[1:], strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def _strata_findings(found: MapAccuracy) -> Iterator[str]:
    empty = [s for s in found.strata if not s.points]
    if found.assessment.covered < 1 - 1e-6:
        which = f"{', '.join(s.name for s in empty)}: no point in it" if empty else "the weights do not sum to 1"
        yield (
            f"All figures are of {found.assessment.covered:.2%} of the mapped area, {found.assessed_ha:,.2f} ha; the "
            f"rest has no interval and no estimate ({which}). Draw points there too."
        )
    for stratum in found.strata:
        if stratum.points == 1:
            yield (
                f"The stratum {stratum.name} has 1 point, so no interval is defined for what rests on it, "
                f"overall accuracy and areas among it; draw at least 2, better 50."
            )


def _class_findings(found: MapAccuracy) -> Iterator[str]:
    a = found.assessment
    for k, c in enumerate(found.classes):
        mapped, true = int(a.counts[k].sum()), int(a.counts[:, k].sum())
        if not mapped:
            why = "no point lies on it" if c.pixels else "no pixel is mapped as it"
            yield f"{c.name}: user's accuracy is not defined, {why}."
        elif mapped == 1 and a.users[k].standard_error >= 0:
            yield f"{c.name}: 1 point lies on it; trust no interval of its user's accuracy."
        elif a.users[k].standard_error == 0 and a.users[k].value == 1:
            yield (
                f"{c.name}: all {mapped} points on it agree, and an interval of width 0 is too narrow; a user's "
                f"accuracy down to about {0.025 ** (1 / mapped):.2f} is possible (exact 95 % interval)."
            )
        elif 1 < mapped < FEW_POINTS:
            yield f"{c.name}: {mapped} points lie on it; intervals from so few are rough."
        if not true:
            yield f"{c.name}: no point is of it, so producer's accuracy is not defined, and the area of 0 is a guess."


def _doubts(found: MapAccuracy) -> Iterator[str]:
    if found.shared:
        yield f"{found.shared:,} points lie in a pixel with another one; unless drawn so, intervals are too narrow."


def _accuracy_row(found: MapAccuracy, k: int) -> list[str]:
    a, c = found.assessment, found.classes[k]
    counts = [str(a.counts[k].sum()), str(a.counts[:, k].sum())]
    return [c.name, str(c.code), *counts, *(_plus_minus(e[k], _share) for e in (a.users, a.producers))]


def _area_row(found: MapAccuracy, k: int) -> list[str]:
    area, c = found.assessment.areas[k], found.classes[k]
    hectares = _plus_minus(area, lambda share: _hectares(found, share * found.assessed_ha))
    return [c.name, _hectares(found, c.pixels * found.pixel_ha), hectares, _plus_minus(area, _percent)]


def _hectares(found: MapAccuracy, area_ha: float) -> str:
    return f"{area_ha:,.0f}" if found.mapped_ha >= WHOLE_HECTARES else f"{area_ha:,.2f}"


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


def _plus_minus(estimate: Estimate, form: Callable[[float], str]) -> str:
    if math.isnan(estimate.value):
        return NO_FIGURE
    reach = "not defined" if math.isnan(estimate.half_width) else form(estimate.half_width)
    return f"{form(estimate.value)} ± {reach}"


def _share(value: float) -> str:
    return f"{value:.3f}"


def _percent(value: float) -> str:
    return f"{100 * value:.2f} %"


def _matrix(names: list[str], cells: list[list[float]], form: Callable[[float], str]) -> list[list[str]]:
    rows = [[name, *map(form, row), form(sum(row))] for name, row in zip(names, cells, strict=True)]
    totals = [sum(column) for column in zip(*cells, strict=True)]
    return [*rows, ["all", *map(form, totals), form(sum(totals))]]


def _paragraphs(sentences: list[str]) -> str:
    return "\n".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)


def _html_table(title: str, heads: list[str], rows: list[list[str]]) -> str:
    head = "".join(f"<th>{escape(h)}</th>" for h in heads)
    body = "\n".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in rows)
    return f"<h2>{escape(title)}</h2>\n<table><tr>{head}</tr>\n{body}</table>\n"

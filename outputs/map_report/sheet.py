"""A report as one A4 page in PDF, drawn by matplotlib. Texts are laid out first; the map gets the room they leave."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from outputs.map_report.content import MapReport
from outputs.map_report.facts import MapFacts
from outputs.map_report.letters import drawable, width_in, wrap
from outputs.map_report.picture import WIDTH_IN, Room, draw_map, map_height_in
from outputs.map_report.sureness import Rows
from outputs.plots.quicklook import FAINT
from outputs.reports.pictures import INK
from outputs.reports.report import Table

A4_IN = (8.27, 11.69)
MARGIN_IN, BETWEEN_IN, LEAST_MAP_IN = 0.6, 0.3, 2.0
TITLE, HEADING, BODY, SMALL = 16.0, 10.0, 8.0, 7.0
"""Sizes of letters in points."""
CAUTION = "#8a4500"
LEFT_SHARE = 0.56
"""Of the width, for areas and sentences; the rest is for how sure and where from."""
MOST_LINES = 4
"""Of one sentence."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a column: texts at their places, and the room it takes."""

    texts: tuple[tuple[float, str, str], ...]
    """Place from the left in inches, text, `left` or `right`."""
    size: float
    height_in: float
    is_bold: bool = False
    colour: str = INK
    is_ruled: bool = False
    """Whether a thin rule is drawn below it."""


def render_sheet(report: MapReport, facts: MapFacts) -> bytes:
    """Return the report as PDF; the same report gives the same bytes."""
    buffer = io.BytesIO()
    facts_of_file = {"Title": report.title, "Creator": "landcast", "CreationDate": None}
    draw_sheet(report, facts).savefig(buffer, format="pdf", metadata=facts_of_file)
    return buffer.getvalue()


def draw_sheet(report: MapReport, facts: MapFacts) -> Figure:
    """Return the report as a figure of one A4 page."""
    figure = Figure(figsize=A4_IN, facecolor="white")
    FigureCanvasPdf(figure)
    left_width = LEFT_SHARE * WIDTH_IN
    right_left, right_width = left_width + BETWEEN_IN, WIDTH_IN - left_width - BETWEEN_IN
    head, left, right = _head(report), _left(report, left_width), _right(report, right_width)
    below = max(_height(left), _height(right))
    top = A4_IN[1] - MARGIN_IN
    _draw(figure, head, 0, top, WIDTH_IN)
    top -= _height(head) + 0.1
    room = top - below - MARGIN_IN - 0.15
    height = max(LEAST_MAP_IN, min(map_height_in(facts, report.layers), room))
    draw_map(figure, Room(left=MARGIN_IN, bottom=top - height, width=WIDTH_IN, height=height), facts, report.layers)
    top -= height + 0.15
    _draw(figure, left, 0, top, left_width)
    _draw(figure, right, right_left, top, right_width)
    return figure


def _head(report: MapReport) -> list[Line]:
    lines = _paragraph(report.title, WIDTH_IN, size=TITLE, most=2, is_bold=True)
    lines += _paragraph(f"{report.when}.", WIDTH_IN, size=HEADING, most=2)
    lines += _paragraph(f"{_capital(report.where)}.", WIDTH_IN, size=BODY, most=2, colour=FAINT)
    return lines + (_paragraph(report.caution, WIDTH_IN, size=HEADING, most=2, is_bold=True, colour=CAUTION))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _left(report: MapReport, width: float) -> list[Line]:
    """Return how much, and where not."""
    lines = [_heading(report.amounts.title), *_table(report.amounts, width), _gap()]
    lines += [_heading("Where the map says nothing, and what to know")]
    for sentence in report.missing:
        lines += _paragraph(sentence, width)
    lines += [_gap(), _heading("Sources and licences")]
    for sentence in report.sources:
        lines += _paragraph(sentence, width)
    return lines


def _right(report: MapReport, width: float) -> list[Line]:
    """Return how sure, and where from."""
    lines = [_heading("How sure")]
    for part in report.sure:
        lines += [*_paragraph(part.heading, width, is_bold=True), *_pairs(part.rows, width), _gap(0.06)]
    for sentence in report.sure_notes:
        lines += _paragraph(sentence, width)
    lines += [_gap(), _heading("Provenance")]
    return lines + _facts(report.provenance, width)


def _heading(text: str) -> Line:
    return Line(texts=((0, drawable(text), "left"),), size=HEADING, height_in=0.23, is_bold=True, is_ruled=True)


def _gap(height_in: float = 0.12) -> Line:
    return Line(texts=(), size=BODY, height_in=height_in)


def _paragraph(
    text: str,
    width: float,
    *,
    size: float = BODY,
    most: int = MOST_LINES,
    is_bold: bool = False,
    colour: str = INK,
) -> list[Line]:
    lines = wrap(text, width, size, most=most, is_bold=is_bold)
    height = size * 1.35 / 72
    found = [Line(texts=((0, n, "left"),), size=size, height_in=height, is_bold=is_bold, colour=colour) for n in lines]
    return [*found, _gap(0.03)] if found else []


def _table(table: Table, width: float) -> list[Line]:
    """Return a table: the first column on the left, the others ending at even places."""
    cells = [[cell.text for cell in row] for row in table.cells]
    columns = len(table.heads) - 1
    each = [
        max(width_in(drawable(r[n + 1]), BODY, is_bold=True) for r in (table.heads, *cells)) for n in range(columns)
    ]
    ends = [width - sum(each[n + 1 :]) - 0.15 * (columns - n - 1) for n in range(columns)]
    room = ends[0] - each[0] - 0.1
    lines = _cells(table.heads, ends, room, is_bold=True)
    for row in cells:
        lines += _cells(row, ends, room)
    return [*lines, _gap(0.03), *_paragraph(table.note, width, size=SMALL, colour=FAINT)]


def _cells(row: Sequence[str], ends: Sequence[float], room: float, *, is_bold: bool = False) -> list[Line]:
    """Return a row; a long name is broken into two lines."""
    names = wrap(row[0], room, BODY, most=2, is_bold=is_bold) or [""]
    others = [(end, drawable(t), "right") for end, t in zip(ends, row[1:], strict=True)]
    texts = [((0.0, name, "left"), *(others if number == 0 else ())) for number, name in enumerate(names)]
    height = 0.165 if len(names) == 1 else 0.145
    return [Line(texts=tuple(t), size=BODY, height_in=height, is_bold=is_bold) for t in texts]


def _pairs(rows: Rows, width: float) -> list[Line]:
    return [
        Line(texts=((0, drawable(name), "left"), (width, text, "right")), size=BODY, height_in=0.155)
        for name, text in rows
    ]


def _facts(rows: Rows, width: float) -> list[Line]:
    """Return names and texts in two columns; long texts are broken."""
    left = 0.92
    lines = []
    for name, text in rows:
        parts = wrap(text, width - left, SMALL, most=3)
        for number, part in enumerate(parts):
            first = ((0.0, name, "left"),) if number == 0 else ()
            lines.append(Line(texts=(*first, (left, part, "left")), size=SMALL, height_in=0.135))
    return lines


def _height(lines: Sequence[Line]) -> float:
    return sum(line.height_in for line in lines)


def _draw(figure: Figure, lines: Sequence[Line], left: float, top: float, width: float) -> None:
    """Draw lines from a height in inches downwards."""
    for line in lines:
        for at, text, side in line.texts:
            place = ((MARGIN_IN + left + at) / A4_IN[0], (top - 0.5 * line.height_in) / A4_IN[1])
            weight = "bold" if line.is_bold else "normal"
            style = {"fontsize": line.size, "fontweight": weight, "color": line.colour, "parse_math": False}
            figure.text(*place, text, ha=side, va="center_baseline", **style)  # type: ignore[arg-type]
        top -= line.height_in
        if line.is_ruled:
            corner = ((MARGIN_IN + left) / A4_IN[0], (top + 0.01) / A4_IN[1])
            rule = Rectangle(corner, width / A4_IN[0], 0.008 / A4_IN[1], transform=figure.transFigure, facecolor=INK)
            figure.add_artist(rule)

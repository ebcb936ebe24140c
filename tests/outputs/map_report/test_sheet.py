"""The PDF: one page, nothing beyond its edges, whatever the map."""

import re
from pathlib import Path
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from outputs.map_report.content import compose
from outputs.map_report.facts import read_facts
from outputs.map_report.sheet import draw_sheet, render_sheet
from tests.outputs.map_report.maps import LONG, SOUTH, TINY, finished, many_classes

LONG_NOTE = "A sentence that goes on and on about clouds, shadows and snow. " * 5
CASES: dict[str, dict[str, Any]] = {
    "classes": {"product": "canopy", "has_gap": True, "notes": (LONG_NOTE,) * 5},
    "change": {"product": "canopy", "change": "2021-10-31/2022-10-31", "window": SOUTH, "notes": (LONG_NOTE,) * 3},
    "forecast": {"product": "ndvi-forecast", "horizon": "150d", "step": "5d", "issue_date": "2022-09-15"},
    "tiny": {"product": "crop", "window": TINY},
    "long": {"product": "crop", "window": LONG, "is_unseen": True},
}


def texts_beyond_the_edges(figure: Any) -> list[str]:
    FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    width, height = figure.bbox.width, figure.bbox.height
    boxes = {t.get_text(): t.get_window_extent() for t in figure.texts if t.get_text()}
    edge = 0.4 * figure.dpi
    inside = {t for t, b in boxes.items() if b.x0 > edge and b.x1 < width - edge and b.y0 > edge and b.y1 < height}
    return sorted(set(boxes) - inside)


@pytest.mark.parametrize("name", CASES)
def test_all_texts_lie_on_the_page(tmp_path: Path, name: str) -> None:
    given = dict(CASES[name])
    facts = read_facts(finished(tmp_path, given.pop("product"), **given))
    figure = draw_sheet(compose(facts, title="Title $\\frac$ <b> 森 " * 12), facts)
    assert texts_beyond_the_edges(figure) == []


def test_twenty_classes_with_long_names_lie_on_the_page(tmp_path: Path) -> None:
    facts = read_facts(many_classes(tmp_path, [f"a class with a very long name, number {n}" for n in range(20)]))
    assert texts_beyond_the_edges(draw_sheet(compose(facts), facts)) == []


def test_the_file_is_a_pdf_of_one_page_and_always_the_same(tmp_path: Path) -> None:
    facts = read_facts(finished(tmp_path, "canopy"))
    made = render_sheet(compose(facts), facts)
    assert made.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", made)) == 1
    assert b"(Tree canopy)" in made
    assert made == render_sheet(compose(facts), facts)


def test_the_page_has_all_parts_of_the_report(tmp_path: Path) -> None:
    facts = read_facts(finished(tmp_path, "canopy"))
    found = " ".join(t.get_text() for t in draw_sheet(compose(facts), facts).texts)
    for text in ("Area in hectares", "95 % interval", "How sure", "Where the map says nothing", "Sources and licences"):
        assert text in found
    assert facts.sha256 in found.replace(" ", "")

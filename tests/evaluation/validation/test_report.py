"""Validation reports: what is on the page and in the JSON, and that real and simulated data never meet."""

import base64
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core.errors import InvalidOption
from evaluation.validation.figures import PartFigures, Thumbnail, Validation, measure
from evaluation.validation.report import render_page, write_validation
from models.metrics.class_scores import score_classes
from outputs.provenance import SIMULATED
from tests.evaluation.validation.validations import CLASSES, part, validation


@pytest.fixture(scope="module")
def figures() -> tuple[PartFigures, ...]:
    return measure(validation())


@pytest.fixture(scope="module")
def page(figures: tuple[PartFigures, ...]) -> str:
    return render_page(validation(), figures)


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("report") / "report.json"
    write_validation(validation(), path)
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<(?!leaf)[^>]*>", " ", text))


class Balance(HTMLParser):
    """Counts open elements, and what is loaded from elsewhere."""

    VOID = ("meta", "img", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else(page: str) -> None:
    parser = Balance()
    parser.feed(page)
    assert parser.open == []
    assert len(parser.sources) == 3 + 2
    assert all(source.startswith("data:image/png;base64,") for source in parser.sources)
    sizes = [Image.open(io.BytesIO(base64.b64decode(s.split(",")[1]))).size for s in parser.sources]
    assert sum(width > 1000 for width, _ in sizes) == 3
    assert "broad&lt;leaf&gt;" in page
    assert "<leaf>" not in page


def test_the_page_has_the_facts_of_the_card(page: str) -> None:
    text = plain(page)
    for fact in (
        "canopy-x",
        "a" * 64,
        "b" * 64,
        "2026-01-02",
        "places by hash &amp; fold",
        "964,247",
        "lac, coverage 0.9",
    ):
        assert fact in text, fact
    assert "Learned from real data: sites (1,056 series)." in text
    assert "Learned from simulated data: waves (6,000 series)." in text


def test_real_and_simulated_data_share_no_section_and_no_table(page: str) -> None:
    head, real, rest = page.split("<h2>")[:3]
    simulated, provenance = rest, page.split("<h2>")[3]
    assert real.startswith("Real data")
    assert simulated.startswith("Simulated data")
    assert provenance.startswith("Provenance")
    assert "made waves" not in head + real
    assert "Waveland" not in head + real
    assert "simulated" not in plain(real)
    for name in ("real sites", "another real cube", "Parish"):
        assert name not in simulated
        assert name in real
    assert SIMULATED in simulated
    assert "made waves (simulated)" in simulated
    assert "Waveland (simulated)" in simulated
    for table in re.findall(r"<table.*?</table>", page, re.DOTALL):
        assert not ("sites" in table and "waves" in table)


def test_figures_of_the_page_are_those_of_the_rows(page: str) -> None:
    own = validation().parts[0]
    scores = score_classes(own.truth, own.probability, own.places)
    row = next(r for r in re.findall(r"<tr>.*?</tr>", page) if "real sites" in r)
    accuracy = scores.accuracy
    assert f"{accuracy.value:.3f} {accuracy.low:.3f} to {accuracy.high:.3f}" in plain(row)
    assert "150 24" in plain(row)
    cell = f"{scores.confusion[1, 1]:,} {100 * scores.shares[1][1].value:.1f} %"
    assert cell in plain(page)


def test_few_places_are_pointed_out(page: str) -> None:
    assert re.findall(r"do not rely on the intervals: (.*?)\.<", page) == ["another real cube (6)"]


def test_coverage_and_area_stand_where_they_are_known(page: str, figures: tuple[PartFigures, ...]) -> None:
    real = page.split("<h2>")[1]
    coverage = next(t for t in re.findall(r"<table.*?</table>", real, re.DOTALL) if "Prediction sets of" in t)
    assert coverage.count("all classes") == 2
    assert figures[0].coverage is not None
    assert f"{figures[0].coverage.by_place:.3f}" in coverage
    area = next(t for t in re.findall(r"<table.*?</table>", real, re.DOTALL) if "Area of" in t)
    assert "real sites" in area
    assert "another" not in area
    assert "0.900" in area


def test_json_holds_the_same_and_keeps_them_apart(content: dict[str, Any], figures: tuple[PartFigures, ...]) -> None:
    assert [p["title"] for p in content["real"]] == ["real sites", "another real cube"]
    assert [p["title"] for p in content["simulated"]] == ["made waves"]
    assert all(p["is_simulated"] for p in content["simulated"])
    first = content["real"][0]
    assert first["scores"]["accuracy"]["value"] == pytest.approx(figures[0].scores.accuracy.value, abs=1e-6)
    assert list(first["scores"]["classes"]) == list(CLASSES)
    assert np.sum(first["scores"]["confusion"]) == 150
    assert set(first["curves"]) == set(CLASSES)
    assert len(first["curves"]["none"]["roc"]["low"]) == 101
    assert first["area"]["inside"]["value"] == pytest.approx(0.9)
    assert content["real"][1]["area"] is None
    assert content["card"]["sha256"]["network.onnx"] == "b" * 64
    assert content["model"] == "canopy-x"


def test_a_figure_that_is_not_defined_is_a_dash(tmp_path: Path) -> None:
    crop = part("points", classes=("other", "crop"), rows=60, places=1)  # one place cannot be resampled
    write_validation(Validation(name="crop-x", card={}, parts=(crop,)), tmp_path / "deep" / "page.html")
    page = (tmp_path / "deep" / "page.html").read_text(encoding="utf-8")
    assert "Simulated data" not in page
    assert not re.search(r"\bnan\b", plain(page.split("<body>")[1]).lower())


def test_a_model_validated_on_simulated_data_alone_has_no_real_figures() -> None:
    given = Validation(name="x", card={}, parts=(part("waves", is_simulated=True, rows=40),))
    page = render_page(given, measure(given))
    assert "The model was not validated on such data." in page.split("<h2>")[1]
    assert "Learned from real data: none." in page


def test_the_same_figures_give_the_same_page(page: str, figures: tuple[PartFigures, ...]) -> None:
    assert render_page(validation(), figures) == page


def test_another_ending_or_a_thumbnail_that_is_no_png_is_refused_and_leaves_nothing_behind(tmp_path: Path) -> None:
    good = replace(validation(), parts=(part("points", rows=40),))
    gif = Thumbnail(title="t", png=b"GIF89a", is_simulated=False)
    with pytest.raises(InvalidOption, match=r"ends in \.html or \.json"):
        write_validation(good, tmp_path / "page.pdf")
    with pytest.raises(InvalidOption, match="every thumbnail is a PNG"):
        write_validation(replace(good, thumbnails=(gif,)), tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []

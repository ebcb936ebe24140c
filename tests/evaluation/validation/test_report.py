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
from evaluation.validation.figures import Judged, Thumbnail, Validation, ValidationPart, judge
from evaluation.validation.report import render_page, write_validation
from models.calibration.prediction_sets import fit
from models.metrics.class_scores import score_classes
from outputs.provenance import SIMULATED
from tests.models.outcomes import simulated_outcome

CLASSES = ("none", "conifer", "broad<leaf>")


def part(title: str, *, is_simulated: bool = False, classes: tuple[str, ...] = CLASSES, **asked: Any) -> ValidationPart:
    seed, rows = len(title), asked.pop("rows", 150)
    truth, p, places = simulated_outcome(classes=len(classes), rows=rows, places=asked.pop("places", 24), seed=seed)
    return ValidationPart(
        title=title, is_simulated=is_simulated, truth=truth, probability=p, places=places, classes=classes, **asked
    )


def png(red: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (5, 4), (red, 0, 0)).save(buffer, "png")
    return buffer.getvalue()


def card() -> dict[str, Any]:
    fitted = part("fitted on")
    return {
        "name": "canopy-x",
        "description": "A canopy head",
        "made_on": "2026-01-02",
        "split": "places by hash & fold",
        "parameters": 964247,
        "sha256": {"weights.safetensors": "a" * 64, "network.onnx": "b" * 64},
        "training_data": [
            {"set": "sites", "series": 1056, "simulated": False, "licence": "x"},
            {"set": "waves", "series": 6000, "simulated": True, "licence": "y"},
        ],
        "prediction_sets": fit(fitted.truth, fitted.probability, fitted.places).to_json(),
    }


def validation() -> Validation:
    return Validation(
        name="canopy-x",
        card=card(),
        parts=(
            part("real sites", is_inside=np.arange(150) % 10 > 0),
            part("made waves", is_simulated=True),
            part("another real cube", places=6),
        ),
        thumbnails=(
            Thumbnail(title="Parish", png=png(10), is_simulated=False),
            Thumbnail(title="Waveland", png=png(200), is_simulated=True),
        ),
    )


@pytest.fixture(scope="module")
def judged() -> tuple[Judged, ...]:
    return judge(validation())


@pytest.fixture(scope="module")
def page(judged: tuple[Judged, ...]) -> str:
    return render_page(validation(), judged)


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


def test_the_page_says_what_the_card_says(page: str) -> None:
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
    head, real, simulated = page.split("<h2>")
    assert real.startswith("Real data")
    assert simulated.startswith("Simulated data")
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
    assert re.findall(r"trust no interval: (.*?)\.<", page) == ["another real cube (6)"]


def test_coverage_and_area_stand_where_they_are_known(page: str, judged: tuple[Judged, ...]) -> None:
    real = page.split("<h2>")[1]
    coverage = next(t for t in re.findall(r"<table.*?</table>", real, re.DOTALL) if "Prediction sets of" in t)
    assert coverage.count("all classes") == 2
    assert judged[0].coverage is not None
    assert f"{judged[0].coverage.by_place:.3f}" in coverage
    area = next(t for t in re.findall(r"<table.*?</table>", real, re.DOTALL) if "Area of" in t)
    assert "real sites" in area
    assert "another" not in area
    assert "0.900" in area


def test_json_holds_the_same_and_keeps_them_apart(content: dict[str, Any], judged: tuple[Judged, ...]) -> None:
    assert [p["title"] for p in content["real"]] == ["real sites", "another real cube"]
    assert [p["title"] for p in content["simulated"]] == ["made waves"]
    assert all(p["is_simulated"] for p in content["simulated"])
    first = content["real"][0]
    assert first["scores"]["accuracy"]["value"] == pytest.approx(judged[0].scores.accuracy.value, abs=1e-6)
    assert list(first["scores"]["classes"]) == list(CLASSES)
    assert np.sum(first["scores"]["confusion"]) == 150
    assert set(first["curves"]) == set(CLASSES)
    assert len(first["curves"]["none"]["roc"]["low"]) == 101
    assert first["area"]["inside"]["value"] == pytest.approx(0.9)
    assert content["real"][1]["area"] is None
    assert content["card"]["sha256"]["network.onnx"] == "b" * 64
    assert content["model"] == "canopy-x"


def test_of_two_classes_the_second_is_drawn_and_sets_of_other_classes_are_left_out(tmp_path: Path) -> None:
    crop = part("points", classes=("other", "crop"), rows=60, places=1)
    by_class = card() | {"prediction_sets": {"coverage": 0.9, "kind": "lac", "threshold": [0.5, 0.5, 0.5]}}
    asked = Validation(name="crop-x", card=by_class, parts=(crop,))
    (found,) = judge(asked)
    assert [c.name for c in found.curves] == ["crop"]
    assert found.coverage is None
    write_validation(asked, tmp_path / "deep" / "page.html")
    page = (tmp_path / "deep" / "page.html").read_text(encoding="utf-8")
    assert "Simulated data" not in page
    assert "nan" not in plain(page.split("<body>")[1]).lower().replace("finance", "")
    write_validation(asked, tmp_path / "page.json")  # one place: no interval, which JSON says as null
    first = json.loads((tmp_path / "page.json").read_text(encoding="utf-8"))["real"][0]
    assert first["scores"]["accuracy"]["low"] is None


def test_a_model_judged_on_simulated_data_alone_says_so() -> None:
    asked = Validation(name="x", card={}, parts=(part("waves", is_simulated=True, rows=40),))
    page = render_page(asked, judge(asked))
    assert "The model was not judged on any." in page.split("<h2>")[1]
    assert "Learned from real data: none." in page


def test_the_same_figures_give_the_same_page(page: str, judged: tuple[Judged, ...]) -> None:
    assert render_page(validation(), judged) == page


def test_what_cannot_be_reported_is_refused_and_leaves_nothing_behind(tmp_path: Path) -> None:
    good = replace(validation(), parts=(part("points", rows=40),))
    wrong = [
        (good, "page.pdf", "ends in .html or .json"),
        (replace(good, parts=()), "page.html", "at least one data set"),
        (
            replace(good, parts=(replace(good.parts[0], classes=("a", "b")),)),
            "page.html",
            "'points' has probabilities of 3",
        ),
        (replace(good, parts=(replace(good.parts[0], is_inside=np.ones(3, bool)),)), "page.json", "each of 40 rows"),
        (replace(good, parts=(replace(good.parts[0], truth=np.ones(3, int)),)), "page.json", "each of the 40 rows"),
        (
            replace(good, thumbnails=(Thumbnail(title="t", png=b"GIF89a", is_simulated=False),)),
            "page.html",
            "every one is a PNG",
        ),
    ]
    for asked, name, sentence in wrong:
        with pytest.raises(InvalidOption, match=sentence):
            write_validation(asked, tmp_path / name)
    assert list(tmp_path.iterdir()) == []

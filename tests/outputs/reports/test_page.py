"""A report as an HTML page: complete, escaped, self-contained."""

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from core.version import software_version
from outputs.reports.page import render_page
from outputs.reports.report import Report
from tests.outputs.reports.reports import PNG, REPORT


class Elements(HTMLParser):
    """Checks that elements nest, and collects texts and links."""

    VOID = ("meta", "img", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.found.append((self.open[-1], data.strip()))


def parsed(report: Report) -> Elements:
    elements = Elements()
    elements.feed(render_page(report))
    assert elements.open == []
    return elements


def test_every_text_is_on_the_page_in_its_element() -> None:
    found = parsed(REPORT).found
    for element, text in (
        ("title", "Accuracy of <i>map</i>.tif"),
        ("h1", "Accuracy of <i>map</i>.tif"),
        ("p", "Five & six points."),
        ("p", "Simulated data: no satellite has measured this."),
        ("li", "Forest's interval is wide."),
        ("h2", "Figures"),
        ("p", "Few places."),
        ("h3", "Accuracy"),
        ("th", "figure"),
        ("td", "<b>wood</b>"),
        ("small", "0.7 to 0.9"),
        ("h3", "Part <one>"),
        ("figcaption", "Map of <b>A</b>"),
        ("p", "Each against <all>."),
        ("td", "ab" * 32),
        ("td", "<map>.tif"),
        ("p", "Olofsson et al. 2014"),
        ("p", f"Made with landcast {software_version()}."),
    ):
        assert (element, text) in found


def test_the_page_loads_nothing_from_elsewhere() -> None:
    links = parsed(REPORT).links
    assert [base64.b64decode(link.removeprefix("data:image/png;base64,")) for link in links] == [PNG, PNG]
    page = render_page(REPORT)
    assert "http" not in page
    assert "@import" not in page
    assert "url(" not in page


def test_the_style_is_part_of_the_page_with_rules_for_phones_and_paper() -> None:
    style = files("outputs.reports").joinpath("templates/style.css").read_text(encoding="utf-8")
    page = render_page(REPORT)
    assert style.strip() in page
    assert "@media print" in style
    assert "@media (max-width" in style
    assert 'name="viewport"' in page


def test_columns_of_names_and_shades_are_marked() -> None:
    page = render_page(REPORT)
    assert '<td class="name">&lt;b&gt;wood&lt;/b&gt;</td><td class="name">1</td><td style=' in page
    assert page.count("rgb(0 114 178 / 0.36)") == 1  # 0.45 of the shade


def test_a_report_without_caution_findings_and_source_has_no_empty_blocks() -> None:
    page = render_page(replace(REPORT, caution="", findings=(), source=""))
    body = page.split("<body>")[1]
    assert 'class="caution"' not in body
    assert "Findings" not in body
    assert not re.search(r"<(p|ul|div|section)[^>]*>\s*</", body)


@pytest.mark.parametrize("name", ["base.html", "blocks.html", "report.html", "style.css"])
def test_templates_are_part_of_the_package(name: str) -> None:
    assert files("outputs.reports").joinpath("templates", name).is_file()

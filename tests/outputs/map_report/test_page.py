"""The HTML page: complete, escaped, without anything from elsewhere."""

import re
from pathlib import Path

from outputs.map_report.content import compose
from outputs.map_report.facts import read_facts
from outputs.map_report.page import render_map_page
from tests.outputs.map_report.maps import finished, many_classes


def page(path: Path, title: str = "") -> str:
    facts = read_facts(path)
    return render_map_page(compose(facts, title=title), facts)


def test_the_page_has_all_parts_and_needs_nothing_else(tmp_path: Path) -> None:
    path = finished(tmp_path, "canopy", has_gap=True)
    found = page(path)
    for text in ("Area in hectares", "95 % interval", "How sure", "Where the map says nothing", "Sources and licences"):
        assert text in found
    assert read_facts(path).sha256 in found
    assert "Contains modified Copernicus Sentinel data" in found
    assert "<script" not in found
    assert re.findall(r'(?:src|href)="(?!data:image/png;base64,)', found) == []
    assert found.count("<img") == 1
    assert re.search(r'alt="Map: [^"]{20,}"', found)


def test_every_text_is_escaped(tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)>"
    found = page(finished(tmp_path, "canopy", notes=(evil,)), title=f'"{evil}')
    assert evil not in found
    assert found.count("&lt;img src=x") >= 3
    (tmp_path / "own").mkdir()
    assert evil not in page(many_classes(tmp_path / "own", [evil, "other"]))


def test_letters_of_all_scripts_are_kept(tmp_path: Path) -> None:
    assert "森林 2022" in page(finished(tmp_path, "canopy"), title="森林 2022")

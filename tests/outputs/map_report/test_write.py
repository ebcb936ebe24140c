from pathlib import Path

import pytest

from core.errors import InvalidOption
from outputs.map_report.facts import read_facts
from outputs.map_report.write import check_ending, write_map_report
from tests.outputs.map_report.maps import finished


@pytest.mark.parametrize(("name", "start"), [("a.html", b"<!doctype html>"), ("b.pdf", b"%PDF-"), ("c.PDF", b"%PDF-")])
def test_the_ending_chooses_the_form(tmp_path: Path, name: str, start: bytes) -> None:
    facts = read_facts(finished(tmp_path, "canopy"))
    write_map_report(facts, tmp_path / name, title="Our forest")
    assert (tmp_path / name).read_bytes().startswith(start)


def test_another_ending_is_refused_and_nothing_written(tmp_path: Path) -> None:
    facts = read_facts(finished(tmp_path, "canopy"))
    with pytest.raises(InvalidOption, match=r"\.html or \.pdf"):
        write_map_report(facts, tmp_path / "report.docx")
    assert not (tmp_path / "report.docx").exists()
    check_ending(Path("a.html"))

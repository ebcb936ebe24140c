"""Reports as files."""

from pathlib import Path

import pytest

from core.errors import InvalidOption
from outputs.reports.write import json_text, write_form, write_text


def fail() -> str:
    raise InvalidOption("MAP", "x", "it is broken")


def test_the_ending_chooses_the_form_and_no_other_is_made(tmp_path: Path) -> None:
    write_form(tmp_path / "new" / "report.csv", {".html": fail, ".csv": lambda: "größe,3\n"})
    assert (tmp_path / "new" / "report.csv").read_bytes() == "größe,3\n".encode()
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["report.csv"]


def test_another_ending_is_refused_with_the_name_of_the_option(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match=r"'path': it ends in \.html or \.json"):
        write_form(tmp_path / "report.pdf", {".html": fail, ".json": fail}, option="path")


def test_a_form_that_fails_leaves_the_old_file_as_it_was(tmp_path: Path) -> None:
    write_text(tmp_path / "report.html", "old")
    with pytest.raises(InvalidOption, match="it is broken"):
        write_form(tmp_path / "report.html", {".html": fail})
    assert (tmp_path / "report.html").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_json_keeps_letters_and_refuses_nan() -> None:
    assert json_text({"name": "Größe", "n": None}) == '{\n  "name": "Größe",\n  "n": null\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text({"n": float("nan")})

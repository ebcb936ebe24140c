"""A report as text."""

from dataclasses import replace

from outputs.reports.report import Report, Section, Table
from outputs.reports.text import render_text, table_text
from tests.outputs.reports.reports import REPORT


def test_a_report_is_its_basis_then_tables_then_findings() -> None:
    assert render_text(REPORT).split("\n\n") == [
        "Five & six points.\nA second sentence.\nSimulated data: no satellite has measured this.",
        "Few places.",
        "Accuracy\n"
        "class        code            figure\n"
        "<b>wood</b>  1     0.8 (0.7 to 0.9)\n"
        "all                           12.25",
        "name  share\nx         1",
        "Forest's interval is wide.",
    ]


def test_what_a_report_does_not_have_leaves_no_empty_lines() -> None:
    plain = Report(title="t", basis=("One.",), sections=(Section(title="a"),))
    assert render_text(plain) == "One."
    assert render_text(replace(plain, findings=("Two.",))) == "One.\n\nTwo."


def test_a_table_without_a_title_starts_with_its_headings() -> None:
    assert table_text(Table(heads=("", "n"), rows=(("all", "3"),))) == "     n\nall  3"

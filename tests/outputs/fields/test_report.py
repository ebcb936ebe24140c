import time
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd

from outputs.fields import report
from outputs.fields.report import render_report, write_report
from tests.outputs.fields.lines import answer


def test_every_text_of_the_user_is_escaped() -> None:
    page = render_report(answer())
    assert "<script" not in page
    assert "<b>" not in page
    assert page.count("&lt;script&gt;") == 3  # in the table, above the chart, in its label


def test_the_page_is_well_formed_and_loads_nothing() -> None:
    page = render_report(answer())
    body = page[page.index("<main>") : page.index("</main>") + len("</main>")]
    tree = ElementTree.fromstring(body)
    assert len(tree.findall(".//svg")) == 2
    assert len(tree.findall(".//tbody/tr")) == 3
    assert not [t for t in ("src=", "href=", "http:", "https:", "@import") if t in page]


def test_the_row_of_a_field_has_its_newest_value_forecast_classes_and_flags() -> None:
    page = render_report(answer())
    for text in ("0.50 on 2021-06-11", "0.40 (0.20 to 0.60) on 2021-07-11", "75 %", "too few clear dates to tell (1)"):
        assert text in page


def test_fields_beyond_the_most_have_no_chart_and_the_page_says_so() -> None:
    before, report.MOST_CHARTS = report.MOST_CHARTS, 1
    try:
        page = render_report(answer())
    finally:
        report.MOST_CHARTS = before
    assert page.count("<svg") == 1
    assert "2 further fields have no chart on this page" in page


def test_the_page_of_hundreds_of_fields_takes_milliseconds_of_each() -> None:
    """Data frames of each field took 11 ms of it; so 1,000 fields are a page in 3 s."""
    one, count = answer(), 300
    seen = one.table.iloc[:4]
    days = pd.concat([seen.assign(date=seen["date"] + pd.Timedelta(days=40 * n)) for n in range(25)])
    table = pd.concat([days.assign(parcel=f"f{n}") for n in range(count)], ignore_index=True)
    many = replace(one, table=table, positions=[n for n in range(count) for _ in range(len(days))])
    render_report(one)
    begun = time.process_time()
    page = render_report(many)
    assert time.process_time() - begun < 0.003 * count
    assert page.count("<svg") == count


def test_the_page_is_written(tmp_path: Path) -> None:
    write_report(answer(), tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == render_report(answer())

"""The nouns of a report."""

import base64

import pytest

from models.metrics.forecast_scores import Interval
from outputs.reports.report import Cell, Picture, Table, interval_cell


def test_every_cell_of_a_table_is_a_cell() -> None:
    shaded = Cell(text="2", shade=0.5)
    table = Table(heads=("a", "b"), rows=(("x", shaded), ("y", "3")))
    assert table.cells == [[Cell(text="x"), shaded], [Cell(text="y"), Cell(text="3")]]


def test_a_picture_is_drawn_when_it_is_needed_and_not_before() -> None:
    def refuse() -> bytes:
        raise AssertionError("drawn")

    picture = Picture(alt="skill", draw=refuse)
    with pytest.raises(AssertionError, match="drawn"):
        _ = picture.data_uri


def test_a_picture_in_a_page_holds_the_bytes_of_the_png() -> None:
    kind, data = Picture(alt="skill", draw=lambda: b"\x89PNG\x00\xff").data_uri.split(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(data) == b"\x89PNG\x00\xff"


def test_an_interval_stands_below_its_figure() -> None:
    assert interval_cell(Interval(value=0.5, low=0.25, high=0.75)) == Cell(text="0.500", detail="0.250 to 0.750")
    nan = float("nan")
    assert interval_cell(Interval(value=0.5, low=nan, high=nan)) == Cell(text="0.500")

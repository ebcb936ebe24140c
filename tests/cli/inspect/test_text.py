"""Lines about an input."""

from pathlib import Path

import pytest

from cli.inspect.look import inspect_cube, inspect_vectors
from cli.inspect.text import months_text, render
from core.settings import Settings
from core.source import AS_STATED
from tests.cli.cubes import write_cube
from tests.training.label_files import write_labels


@pytest.mark.parametrize(
    ("months", "text"),
    [
        ([], "no month"),
        (list(range(1, 13)), "all months"),
        ([3], "Mar"),
        ([1, 2, 3, 6, 11, 12], "Jan-Mar, Jun, Nov-Dec"),
    ],
)
def test_months_are_written_as_ranges(months: list[int], text: str) -> None:
    assert months_text(months) == text


def test_a_cube_has_a_line_for_each_fact_in_a_fixed_order(tmp_path: Path) -> None:
    found = inspect_cube(write_cube(tmp_path / "cube.nc"), Settings(home=tmp_path), AS_STATED)
    lines = [line for line in render(found).splitlines() if not line.startswith(" ")]
    heads = ["cube.nc", "extent", "band groups", "clear", "What each product makes of it"]
    assert [line.split(":")[0] for line in lines] == heads


def test_polygons_have_an_extent_and_uses(tmp_path: Path) -> None:
    text = render(inspect_vectors(write_labels(tmp_path / "l.gpkg", side=2), "class"))
    assert "extent: 15.0000 to 15.0011 degrees east" in text
    assert "  region to map (--region)" in text

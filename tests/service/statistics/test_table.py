"""Names of the lines of a table."""

from typing import Any

import pytest

from service.statistics.table import id_of


@pytest.mark.parametrize(
    ("feature", "name"),
    [
        ({"id": 0, "properties": {"id": "b"}}, "0"),
        ({"properties": {"id": "b", "name": "c"}}, "b"),
        ({"properties": {"id": "", "name": "c"}}, "c"),
        ({"properties": None}, "5"),
    ],
)
def test_a_line_has_the_id_of_its_feature_else_its_place(feature: dict[str, Any], name: str) -> None:
    assert id_of(feature, 5) == name

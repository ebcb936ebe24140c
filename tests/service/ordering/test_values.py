"""Values of orders, wrapped as the standard allows, and GeoJSON, which is a value itself."""

from typing import Any

import pytest

from core.errors import InvalidOption
from service.ordering.values import input_description, output_description, plain_values
from service.schemas import Execute

EMPTY: dict[str, Any] = {"type": "FeatureCollection", "features": []}


@pytest.mark.parametrize(
    "value",
    [
        EMPTY,
        {**EMPTY, "value": "a member of its own", "href": "another"},
        {"type": "Feature", "geometry": None, "value": 1},
        {"type": "GeometryCollection", "geometries": [], "href": "x"},
        {"type": "Point", "coordinates": [1, 2], "value": 1},
        [1, 2],
        "text",
        None,
    ],
)
def test_values_are_the_same_plain_and_wrapped(value: Any) -> None:
    for given in (value, {"value": value}, {"value": value, "mediaType": "application/geo+json"}):
        assert plain_values(Execute(inputs={"fields": given}), "fields", ["csv"]) == {"fields": value}


def test_references_and_outputs_that_there_are_not_are_refused() -> None:
    with pytest.raises(InvalidOption, match="by reference"):
        plain_values(Execute(inputs={"fields": {"href": "https://example.org/f.json"}}), "fields", ["csv"])
    with pytest.raises(InvalidOption, match="'fields' has csv, geojson"):
        plain_values(Execute.model_validate({"inputs": {}, "outputs": {"pdf": {}}}), "fields", ["csv", "geojson"])
    by_value = {"inputs": {}, "outputs": {"csv": {"transmissionMode": "value"}}}
    with pytest.raises(InvalidOption, match="results are links"):
        plain_values(Execute.model_validate(by_value), "fields", ["csv"])


def test_only_one_input_is_needed() -> None:
    assert input_description("fields", {"title": "Fields"}, needed="fields").minOccurs == 1
    assert input_description("id", {}, needed="fields").minOccurs == 0
    assert output_description("Lines", "text/csv").schema_["contentMediaType"] == "text/csv"

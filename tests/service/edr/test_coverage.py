"""CoverageJSON; what the whole service answers is checked in test_queries.py."""

import json
from typing import Any

import numpy as np
from covjson_pydantic.coverage import Coverage

from core.product import Layer, LegendEntry
from core.timeline import parse_period
from service.edr.coverage import coverage_json
from service.edr.times import day
from service.edr.values import Axes, Group, Values

CLASS = Layer(name="class", description="", legend=(LegendEntry(value=0, label="None", colour=(0, 0, 0)),))
SHARE = Layer(name="share", description="", unit="%")


def document(times: Any, **values: Any) -> dict[str, Any]:
    layers = {"class": CLASS, "share": SHARE}
    group = Group(
        times=times, layers={k: layers[k] for k in values}, values={k: np.array(v) for k, v in values.items()}
    )
    axes = Axes(crs="EPSG:32632", x=(5.0, 15.0), y=(25.0,))
    return coverage_json(Values(axes=axes, groups=(group,)), {"landcast:job": "j"}, "https://x")


def test_nan_is_null_and_zero_is_zero() -> None:
    found = document((day("2022-05-01"),), **{"class": [[[0.0, np.nan]]], "share": [[[np.nan, 0.0]]]})
    assert found["ranges"]["class"]["values"] == [0, None]
    assert found["ranges"]["share"]["values"] == [None, 0.0]
    Coverage.model_validate_json(json.dumps(found, allow_nan=False))


def test_a_period_is_its_last_day_with_bounds() -> None:
    axis = document((parse_period("2021-01-01/2021-12-31"),), share=[[[1.0, 2.0]]])["domain"]["axes"]["t"]
    assert axis["values"] == ["2021-12-31T00:00:00Z"]
    assert axis["bounds"] == ["2021-01-01T00:00:00Z", "2021-12-31T00:00:00Z"]


def test_metres_are_of_a_projected_crs() -> None:
    found = document((day("2022-05-01"),), share=[[[1.0, 2.0]]])
    assert found["domain"]["referencing"][0]["system"]["type"] == "ProjectedCRS"
    assert found["landcast:job"] == "j"

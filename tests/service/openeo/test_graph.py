"""Process graphs as orders."""

from copy import deepcopy
from typing import Any

import pytest

from core.errors import InvalidPeriod
from service.openeo.graph import read_graph
from service.openeo.refusals import Flaw

BOX = {"west": 10.342, "south": 48.023, "east": 10.345, "north": 48.025}


def graph(**changes: Any) -> dict[str, Any]:
    """Return a process graph of a canopy map; `load__id=...` changes an argument of a node."""
    nodes: dict[str, Any] = {
        "load": {
            "process_id": "load_collection",
            "arguments": {"id": "sample", "spatial_extent": BOX, "temporal_extent": ["2021-03-01", "2022-01-01"]},
        },
        "make": {"process_id": "landcast_canopy", "arguments": {"data": {"from_node": "load"}, "date": "2021-12-31"}},
        "save": {
            "process_id": "save_result",
            "arguments": {"data": {"from_node": "make"}, "format": "GTiff", "options": {}},
            "result": True,
        },
    }
    nodes = deepcopy(nodes)
    for path, value in changes.items():
        node, name = path.split("__")
        nodes[node]["arguments"][name] = value
    return nodes


def test_a_graph_of_one_product_is_its_order() -> None:
    found = read_graph({"process_graph": graph()})
    assert found.product == "canopy"
    assert found.inputs["archive"] == "sample"
    assert found.inputs["date"] == "2021-12-31"
    assert found.inputs["region"]["coordinates"][0][0] == [10.342, 48.023]


def test_the_end_of_a_temporal_extent_does_not_belong_to_it() -> None:
    assert read_graph({"process_graph": graph()}).inputs["period"] == "2021-03-01/2021-12-31"


def test_the_default_archive_and_all_days_are_left_to_the_order() -> None:
    found = read_graph({"process_graph": graph(load__id="default", load__temporal_extent=None)})
    assert {"archive", "period"}.isdisjoint(found.inputs)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"load__bands": ["B04"]}, "ProcessArgumentUnsupported"),
        ({"load__properties": {"eo:cloud_cover": {}}}, "ProcessArgumentUnsupported"),
        ({"load__resolution": 10}, "ProcessArgumentUnsupported"),
        ({"load__spatial_extent": None}, "ProcessArgumentRequired"),
        ({"load__spatial_extent": {"west": 1}}, "ProcessArgumentInvalid"),
        ({"load__spatial_extent": {**BOX, "west": BOX["east"], "east": BOX["west"]}}, "ProcessArgumentInvalid"),
        ({"load__spatial_extent": {**BOX, "south": BOX["north"], "north": BOX["south"]}}, "ProcessArgumentInvalid"),
        ({"load__spatial_extent": {**BOX, "east": "nan"}}, "ProcessArgumentInvalid"),
        ({"load__spatial_extent": {**BOX, "crs": 32632}}, "ProcessArgumentInvalid"),
        ({"load__temporal_extent": ["2021-03-01", None]}, "ProcessArgumentInvalid"),
        ({"load__temporal_extent": ["2021-03-01T12:00:00Z", "2021-04-01"]}, "ProcessArgumentInvalid"),
        ({"load__temporal_extent": ["2021-03-01", "2021-03-01"]}, "TemporalExtentEmpty"),
        ({"make__region": {}}, "ProcessArgumentUnsupported"),
        ({"make__archive": "/etc"}, "ProcessArgumentUnsupported"),
        ({"make__data": None}, "ProcessGraphInvalid"),
        ({"save__format": "netCDF"}, "FormatUnsupported"),
        ({"save__options": {"tiled": True}}, "ProcessArgumentUnsupported"),
    ],
)
def test_what_is_not_supported_is_refused_with_a_code_of_openeo(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Flaw) as refused:
        read_graph({"process_graph": graph(**changes)})
    assert refused.value.code == code
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    "process", [None, {}, {"process_graph": 5}, {"process_graph": {"a": 5}}, {"process_graph": {}}]
)
def test_what_is_no_graph_is_refused(process: Any) -> None:
    with pytest.raises(Flaw, match="load_collection"):
        read_graph(process)


def test_a_process_of_another_kind_is_not_supported() -> None:
    nodes = graph()
    nodes["make"]["process_id"] = "ndvi"
    with pytest.raises(Flaw, match="'ndvi'") as refused:
        read_graph({"process_graph": nodes})
    assert refused.value.code == "ProcessUnsupported"


def test_more_nodes_than_three_are_refused() -> None:
    nodes = graph()
    nodes["other"] = nodes["load"]
    with pytest.raises(Flaw, match="4 nodes"):
        read_graph({"process_graph": nodes})


def test_a_day_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidPeriod):
        read_graph({"process_graph": graph(load__temporal_extent=["2021-02-30", "2021-04-01"])})

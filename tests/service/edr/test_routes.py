"""Landing page, collections and instances, checked as another project has written the standard down."""

from typing import Any

import httpx
import pytest
from edr_pydantic.capabilities import LandingPageModel
from edr_pydantic.collections import Collection, Collections, Instances

from products.catalogue import PRODUCTS
from tests.service import scene

COLLECTIONS = [*PRODUCTS, "ndvi-observed"]


def test_the_landing_page_leads_to_all_else(client: httpx.Client) -> None:
    answer = client.get("/edr")
    LandingPageModel.model_validate_json(answer.text)
    links = {x["rel"]: x["href"] for x in answer.json()["links"]}
    assert {"self", "service-desc", "service-doc", "conformance", "data"} <= set(links)
    for rel in ("service-desc", "conformance", "data"):
        assert client.get(links[rel]).status_code == 200
    conforms = client.get(links["conformance"]).json()["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-edr-1/1.1/conf/core" in conforms
    assert any(x["href"] == f"{client.base_url}/edr" for x in client.get("/?f=json").json()["links"])


def test_every_product_is_a_collection(client: httpx.Client) -> None:
    answer = client.get("/edr/collections")
    Collections.model_validate_json(answer.text)
    assert [c["id"] for c in answer.json()["collections"]] == COLLECTIONS


@pytest.mark.parametrize("name", COLLECTIONS)
def test_a_collection_states_what_can_be_asked_for(client: httpx.Client, name: str) -> None:
    answer = client.get(f"/edr/collections/{name}")
    Collection.model_validate_json(answer.text)
    found = answer.json()
    assert found["output_formats"] == ["CoverageJSON", "CSV"]
    assert found["crs"][0] == "CRS84"
    for kind, query in found["data_queries"].items():
        assert query["link"]["href"].endswith(f"/edr/collections/{name}/{kind}")
        assert query["link"]["variables"]["query_type"] == kind
    assert {x["rel"] for x in found["links"]} >= {"self", "data", "instances"}
    assert all(x["type"] for x in found["links"])
    for key, parameter in found["parameter_names"].items():
        assert (parameter["id"], parameter["type"]) == (key, "Parameter")
        assert ("unit" in parameter) != ("categoryEncoding" in parameter)


def test_the_extent_of_a_collection_is_that_of_its_results(client: httpx.Client) -> None:
    found = client.get("/edr/collections/ndvi-forecast").json()["extent"]
    west, south, east, north = found["spatial"]["bbox"][0]
    assert (round(west, 3), round(south, 4), round(east, 4), round(north, 4)) == (10.342, 48.0231, 10.3458, 48.0251)
    assert found["temporal"]["interval"] == [["2022-11-01T00:00:00Z", "2022-11-11T00:00:00Z"]]
    assert set(client.get("/edr/collections/ndvi-anomaly").json()["extent"]) == {"spatial"}


def test_finished_jobs_are_instances(client: httpx.Client) -> None:
    answer = client.get("/edr/collections/canopy/instances")
    Instances.model_validate_json(answer.text)
    assert [i["id"] for i in answer.json()["instances"]] == ["canopy1"]
    one = client.get("/edr/collections/canopy/instances/canopy1")
    Collection.model_validate_json(one.text)
    assert one.json() == answer.json()["instances"][0]
    assert one.json()["crs"] == ["CRS84", "EPSG:32632"]
    assert one.json()["extent"]["temporal"]["values"] == ["2021-12-31T00:00:00Z"]
    assert "2021-12-31" in one.json()["parameter_names"]["class"]["description"]


def test_instances_come_in_pages(client: httpx.Client) -> None:
    seen, url = [], f"{client.base_url}/edr/collections/ndvi-observed/instances?limit=2"
    while url:
        page: Any = client.get(url).json()
        seen += [i["id"] for i in page["instances"]]
        url = next((x["href"] for x in page["links"] if x["rel"] == "next"), "")
    assert sorted(seen) == ["canopy1", "crop1", "forecast1"]
    scene.problem_of(client.get("/edr/collections/canopy/instances?token=x"), 400)


@pytest.mark.parametrize(
    "path", ["rain", "rain/instances", "rain/instances/canopy1", "crop/instances/canopy1", "canopy/instances/none"]
)
def test_what_does_not_exist_is_not_found(client: httpx.Client, path: str) -> None:
    scene.problem_of(client.get(f"/edr/collections/{path}"), 404)

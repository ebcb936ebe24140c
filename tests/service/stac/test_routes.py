"""The STAC API over finished results: catalogue, collections, items, search and its pages."""

from typing import Any

import httpx
import pystac
import pytest

from products.catalogue import PRODUCTS
from service.stac.search_request import read_box, read_interval
from tests.service import scene
from tests.service.conftest import Front
from tests.service.scene import problem_of

WHOLE = [10.0, 48.0, 11.0, 48.1]
FAR = [20.0, 48.0, 21.0, 48.1]
ALL = ["canopy1", "forecast1", "crop1"]


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [f["id"] for f in answer.json()["features"]]


def test_the_landing_page_is_a_valid_catalogue_that_names_its_abilities(client: httpx.Client) -> None:
    landing = client.get("/stac").json()
    assert pystac.Catalog.from_dict(landing).validate()
    assert "https://api.stacspec.org/v1.0.0/item-search" in landing["conformsTo"]
    links = {(x["rel"], x.get("method", "GET")) for x in landing["links"]}
    assert {("search", "GET"), ("search", "POST"), ("data", "GET"), ("conformance", "GET")} <= links
    for link in landing["links"]:
        assert client.request(link.get("method", "GET"), link["href"], json={}).status_code == 200


@pytest.mark.parametrize("product", PRODUCTS)
def test_every_product_has_a_valid_collection(client: httpx.Client, product: str) -> None:
    collection = pystac.Collection.from_dict(client.get(f"/stac/collections/{product}").json())
    assert collection.validate()
    west, south, east, north = collection.extent.spatial.bboxes[0]
    assert 10.34 < west < east < 10.35
    assert 48.02 < south < north < 48.03


def test_a_collection_without_items_is_valid_too(own: Front) -> None:
    listed = own.client.get("/stac/collections").json()["collections"]
    assert [c["id"] for c in listed] == list(PRODUCTS)
    for collection in listed:
        assert collection["extent"]["temporal"]["interval"] == [[None, None]]
        assert pystac.Collection.from_dict(collection).validate()


def test_items_are_valid_and_their_files_can_be_fetched(client: httpx.Client) -> None:
    for feature in client.get("/stac/search").json()["features"]:
        without_extensions = {**feature, "stac_extensions": []}  # their schemas are not on this machine
        assert pystac.Item.from_dict(without_extensions).validate()
        for asset in feature["assets"].values():
            assert asset["href"].startswith(str(client.base_url))
            assert client.head(asset["href"]).status_code == 200
        for link in feature["links"]:
            assert client.get(link["href"]).status_code == 200


def test_only_successful_jobs_have_items(client: httpx.Client) -> None:
    assert ids(client.get("/stac/search")) == ALL


SEARCHES: list[tuple[dict[str, Any], list[str]]] = [
    ({"collections": ["crop"]}, ["crop1"]),
    ({"collections": ["crop", "canopy"]}, ["canopy1", "crop1"]),
    ({"ids": ["crop1", "nothing"]}, ["crop1"]),
    ({"bbox": WHOLE}, ALL),
    ({"bbox": [10.0, 48.0, 0, 11.0, 48.1, 900]}, ALL),
    ({"bbox": FAR}, []),
    ({"bbox": [170, -10, 11, 80]}, ALL),
    ({"datetime": "2020-01-01/.."}, ALL),
    ({"datetime": "../2020-01-01T00:00:00Z"}, []),
    ({"datetime": "2022-06-01T12:00:00+02:00"}, ["crop1"]),
    ({"datetime": "2021-12-31"}, ["canopy1", "crop1"]),
    ({"datetime": "2022-11-05"}, ["forecast1"]),
    ({"datetime": "2022-01-01/2022-03-01", "collections": ["canopy"]}, []),
]


@pytest.mark.parametrize(("search", "expected"), SEARCHES)
def test_a_search_finds_the_same_by_get_and_post(client: httpx.Client, search: Any, expected: list[str]) -> None:
    assert ids(client.post("/stac/search", json=search)) == expected
    query = {k: ",".join(map(str, v)) if isinstance(v, list) else v for k, v in search.items()}
    assert ids(client.get("/stac/search", params=query)) == expected


def test_a_search_by_geometry(client: httpx.Client) -> None:
    far = {"type": "Point", "coordinates": [20, 48]}
    for geometry, expected in [(scene.REGION, ALL), (far, [])]:
        assert ids(client.post("/stac/search", json={"intersects": geometry})) == expected


def test_a_search_is_given_in_pages(client: httpx.Client) -> None:
    seen: list[str] = []
    url = "/stac/search?limit=1&bbox=10,48,11,48.1"
    while url:
        answer = client.get(url)
        assert answer.json()["numberMatched"] == 3
        seen += ids(answer)
        url = next((x["href"] for x in answer.json()["links"] if x["rel"] == "next"), "")
    assert seen == ALL


def test_a_posted_search_is_given_in_pages(client: httpx.Client) -> None:
    seen: list[str] = []
    body: dict[str, Any] | None = {"limit": 2, "bbox": WHOLE}
    while body:
        answer = client.post("/stac/search", json=body)
        seen += ids(answer)
        following = [x for x in answer.json()["links"] if x["rel"] == "next"]
        assert all(x["merge"] and x["method"] == "POST" for x in following)
        body = {**body, **following[0]["body"]} if following else None
    assert seen == ALL


@pytest.mark.parametrize(
    ("search", "part"),
    [
        ({"bbox": [1, 2, 3]}, "bbox"),
        ({"bbox": [1, 50, 2, 40]}, "bbox"),
        ({"bbox": [1, 2, 3, 95]}, "bbox"),
        ({"bbox": [1, 2, 3, 4, 5]}, "bbox"),
        ({"bbox": WHOLE, "intersects": scene.REGION}, "either"),
        ({"intersects": {"type": "Polygon", "coordinates": [[[1, 2]]]}}, "intersects"),
        ({"datetime": "yesterday"}, "datetime"),
        ({"datetime": "../.."}, "datetime"),
        ({"datetime": "2022-01-02/2022-01-01"}, "datetime"),
        ({"datetime": "2022-01-01/2022-01-02/2022-01-03"}, "datetime"),
        ({"limit": 0}, "limit"),
        ({"token": "nothing"}, "token"),
        ({"sortby": "date"}, "sortby"),
    ],
)
def test_a_wrong_search_is_refused(client: httpx.Client, search: dict[str, Any], part: str) -> None:
    assert part in problem_of(client.post("/stac/search", json=search), 400)["detail"]


@pytest.mark.parametrize("query", ["bbox=1,2,3,x", "limit=many", "intersects=%7Bno", "bbox=nan,0,1,1", "datetime=/"])
def test_a_wrong_query_is_refused(client: httpx.Client, query: str) -> None:
    problem_of(client.get(f"/stac/search?{query}"), 400)


def test_items_of_a_collection_can_be_listed_and_read(client: httpx.Client) -> None:
    listed = client.get("/stac/collections/crop/items?limit=1").json()
    assert listed["numberReturned"] == 1
    assert client.get("/stac/collections/crop/items/crop1").json() == listed["features"][0]


@pytest.mark.parametrize(
    "path",
    ["/collections/gold", "/collections/gold/items", "/collections/crop/items/no", "/collections/crop/items/canopy1"],
)
def test_what_is_not_there_is_not_found(client: httpx.Client, path: str) -> None:
    problem_of(client.get(f"/stac{path}"), 404)


def test_a_new_result_appears_at_once(own: Front) -> None:
    assert ids(own.client.get("/stac/search")) == []
    scene.finished(own.settings, "crop", "new1")
    assert ids(own.client.get("/stac/search")) == ["new1"]


def test_a_box_over_the_180th_meridian_has_two_parts() -> None:
    both = read_box([170, -10, -170, 10])
    assert both.area == pytest.approx(400)
    assert both.bounds == (-180, -10, 180, 10)


def test_a_date_means_the_whole_day() -> None:
    start, end = read_interval("2022-05-01")
    assert start is not None
    assert end is not None
    assert (start.hour, end.hour) == (0, 23)

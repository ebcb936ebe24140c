"""The STAC API over finished results: catalogue, collections, items, search and its pages."""

import sys
from pathlib import Path
from typing import Any

import httpx
import pystac
import pytest

from products.catalogue import PRODUCTS
from tests.service import scene
from tests.service.conftest import Front
from tests.service.scene import problem_of

WHOLE = [10.0, 48.0, 11.0, 48.1]
FAR = [20.0, 48.0, 21.0, 48.1]
ALL = ["canopy1", "forecast1", "crop1"]


@pytest.fixture(scope="module")
def opened() -> list[str]:
    """Paths of the files that this process opens or lists, from now on."""
    paths: list[str] = []

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("open", "os.listdir", "os.scandir") and isinstance(arguments[0], str | Path):
            paths.append(str(arguments[0]))

    sys.addaudithook(note)  # cannot be removed again; it is cheap
    return paths


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
        assert link["title"]
        answer = client.request(link.get("method", "GET"), link["href"], json={})
        assert answer.status_code == 200
        assert answer.headers["content-type"].replace("; charset=utf-8", "") == link["type"]


@pytest.mark.parametrize("product", ["ndvi-forecast", "canopy", "crop"])
def test_every_product_with_results_has_a_valid_collection(client: httpx.Client, product: str) -> None:
    collection = pystac.Collection.from_dict(client.get(f"/stac/collections/{product}").json())
    assert collection.validate()
    assert collection.extra_fields["itemType"] == "feature"
    assert all(link.title for link in collection.links)
    assert [p.url for p in collection.providers or []] == [f"{str(client.base_url).rstrip('/')}/"]
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
    ({"datetime": "2020-01-01T00:00:00Z/.."}, ALL),
    ({"datetime": "../2020-01-01T00:00:00Z"}, []),
    ({"datetime": "2022-06-01T12:00:00+02:00"}, ["crop1"]),
    ({"datetime": "2021-12-31T00:00:00Z/2021-12-31T23:59:59Z"}, ["canopy1", "crop1"]),
    ({"datetime": "2022-11-05T00:00:00Z"}, ["forecast1"]),
    ({"datetime": "2022-01-01T00:00:00Z/2022-03-01T00:00:00Z", "collections": ["canopy"]}, []),
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
        ({"datetime": "2022-01-01"}, "datetime"),
        ({"datetime": "2022-01-01T00:00:00"}, "datetime"),
        ({"bbox": [True, False, True, True]}, "bbox"),
        ({"bbox": ["1", "2", "3", "4"]}, "bbox"),
        ({"limit": 0}, "limit"),
        ({"limit": True}, "limit"),
        ({"token": "nothing"}, "token"),
        ({"sortby": "date"}, "sortby"),
    ],
)
def test_a_wrong_search_is_refused(client: httpx.Client, search: dict[str, Any], part: str) -> None:
    assert part in problem_of(client.post("/stac/search", json=search), 400)["detail"]


@pytest.mark.parametrize(
    "query",
    ["bbox=1,2,3,x", "limit=many", "intersects=%7Bno", "bbox=nan,0,1,1", "datetime=/", "sortby=date", "limit=0"],
)
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


def test_searches_collections_and_items_open_no_file_of_a_job(own: Front, opened: list[str]) -> None:
    scene.finished(own.settings, "crop", "new1")
    opened.clear()
    for path in (
        "/stac/search",
        "/stac/search?bbox=10,48,11,48.1",
        "/stac/collections",
        "/stac/collections/crop",
        "/stac/collections/crop/items",
        "/stac/collections/crop/items/new1",
    ):
        assert own.client.get(path).status_code == 200
    jobs = str(own.settings.home / "jobs")
    assert [path for path in opened if path.startswith(jobs)] == []
    assert own.client.get("/files/new1/crop.json").status_code == 200
    assert [Path(path).name for path in opened if path.startswith(jobs)], "the counter counts"


def test_a_page_begins_after_a_result_that_was_withdrawn_meanwhile(own: Front) -> None:
    for name in ("old1", "old2"):
        scene.finished(own.settings, "crop", name)
    first = own.client.get("/stac/search?limit=1").json()
    assert [f["id"] for f in first["features"]] == ["old2"]
    own.client.delete("/jobs/old2")
    following = next(x["href"] for x in first["links"] if x["rel"] == "next")
    assert ids(own.client.get(following)) == ["old1"]


@pytest.mark.parametrize("item_id", ["..%2Fcrop1", "%00", "a%20b"])
def test_an_id_that_no_job_can_have_is_not_found(client: httpx.Client, item_id: str) -> None:
    problem_of(client.get(f"/stac/collections/crop/items/{item_id}"), 404)


def test_items_and_pages_of_them_are_geojson(client: httpx.Client) -> None:
    for answer in (
        client.get("/stac/search"),
        client.post("/stac/search", json={}),
        client.get("/stac/collections/crop/items"),
        client.get("/stac/collections/crop/items/crop1"),
    ):
        assert answer.headers["content-type"] == "application/geo+json"


def test_a_limit_above_the_most_allowed_is_lowered_to_it(client: httpx.Client) -> None:
    for answer in (
        client.get("/stac/search?limit=100000"),
        client.post("/stac/search", json={"limit": 100_000}),
        client.get("/stac/collections/crop/items?limit=100000"),
    ):
        assert answer.status_code == 200


def test_every_page_links_to_itself(client: httpx.Client) -> None:
    for path in ("/stac/search?limit=1&bbox=10,48,11,48.1", "/stac/collections/crop/items?limit=1"):
        page = client.get(path).json()
        (own,) = [x["href"] for x in page["links"] if x["rel"] == "self"]
        assert client.get(own).json() == page
    page = client.post("/stac/search", json={"limit": 1, "collections": ["crop"]}).json()
    (link,) = [x for x in page["links"] if x["rel"] == "self"]
    assert link["method"] == "POST"
    assert client.post(link["href"], json=link["body"]).json() == page


def test_pystac_client_pages_through_items_and_filters_them(client: httpx.Client) -> None:
    pystac_client: Any = pytest.importorskip("pystac_client")
    catalog = pystac_client.Client.open(str(client.base_url.join("/stac")))
    for method in ("GET", "POST"):
        found = catalog.search(limit=1, method=method, bbox=WHOLE, datetime="2020-01-01/..")
        assert [item.id for item in found.items()] == ALL
        assert found.matched() == len(ALL)
    assert [item.id for item in catalog.get_collection("crop").get_items()] == ["crop1"]
    for method in ("GET", "POST"):
        with pytest.warns(pystac_client.warnings.DoesNotConformTo, match="SORT"):
            search = catalog.search(sortby="-properties.datetime", method=method)
        with pytest.raises(pystac_client.exceptions.APIError, match="sortby"):
            list(search.items())

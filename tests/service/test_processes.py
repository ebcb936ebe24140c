"""Ordering over REST: what can be ordered, what an order takes, and every way in which it can be wrong."""

from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from core.job import FIELDS
from core.settings import Settings
from products.catalogue import PRODUCTS
from tests.service import scene
from tests.service.conftest import Front
from tests.service.scene import CROSSED, ELSEWHERE, REGION, order, problem_of, served
from workers.queue.ledger import open_ledger
from workers.queue.limits.parts import NAMES


def test_every_product_is_listed_and_described(client: httpx.Client) -> None:
    listed = client.get("/processes").json()["processes"]
    assert [p["id"] for p in listed] == [*PRODUCTS, FIELDS]
    for summary in listed[:-1]:
        assert summary["jobControlOptions"] == ["async-execute", "dismiss"]
        described = client.get(summary["links"][0]["href"]).json()
        assert {**described, **summary} == described
        assert {"region", "period", "archive", "model"} <= described["inputs"].keys()
        assert PRODUCTS[summary["id"]].options.schemas().keys() <= described["inputs"].keys()


@pytest.mark.parametrize("product", PRODUCTS)
def test_input_schemas_are_json_schemas_and_only_the_region_is_needed(client: httpx.Client, product: str) -> None:
    inputs = client.get(f"/processes/{product}").json()["inputs"]
    for name, described in inputs.items():
        jsonschema.Draft202012Validator.check_schema(described["schema"])
        # The standard's own schema of schemas is OpenAPI 3.0's: there they are booleans.
        assert not {"exclusiveMinimum", "exclusiveMaximum", "const", "examples"} & described["schema"].keys()
        assert described["minOccurs"] == (1 if name == "region" else 0)


def test_only_the_forecast_has_a_plot(client: httpx.Client) -> None:
    assert "plot" in client.get("/processes/ndvi-forecast").json()["outputs"]
    assert "plot" not in client.get("/processes/crop").json()["outputs"]


@pytest.mark.parametrize("product", PRODUCTS)
def test_an_order_becomes_a_job(own: Front, product: str) -> None:
    answer = own.client.post(f"/processes/{product}/execution", json=order())
    assert answer.status_code == 201, answer.text
    info = answer.json()
    assert info["status"] == "accepted"
    assert info["processID"] == product
    assert answer.headers["location"] == f"{own.client.base_url}/jobs/{info['jobID']}".replace("//jobs", "/jobs")
    assert own.client.get(answer.headers["location"]).json()["inputs"]["region"]["type"] == "Polygon"


@pytest.mark.parametrize(
    "region",
    [
        {"value": REGION},
        {"value": REGION, "mediaType": "application/geo+json"},
        {"type": "Feature", "properties": {}, "geometry": REGION},
        {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": REGION}]},
    ],
)
def test_a_region_may_be_wrapped(own: Front, region: dict[str, Any]) -> None:
    assert own.client.post("/processes/crop/execution", json=order(region)).status_code == 201


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"inputs": {}}, "region"),
        (order({"type": "Polygon", "coordinates": []}), "empty"),
        (order(CROSSED), "crosses itself"),
        (order({"type": "Point", "coordinates": [1, 2]}), "Point"),
        (order({"type": "Polygon", "coordinates": [[[1, 2], [3, None], [1, 2]]]}), "region"),
        (order({"href": "https://example.org/region.json"}), "by reference"),
        (order("somewhere"), "region"),
        (order(ELSEWHERE), "outside the archive"),
        (order(period="2022-05-01/2021-05-01"), "ends before it starts"),
        (order(period="yesterday"), "yesterday"),
        (order(period=7), "period"),
        (order(archive="/etc"), "archive"),
        (order(archive=["sample"]), "archive"),
        (order(model="best"), "best"),
        (order(colour="red"), "colour"),
        ({**order(), "outputs": {"video": {}}}, "video"),
        ({**order(), "outputs": {"geotiff": {"format": {"mediaType": "image/png"}}}}, "image/png"),
        ({**order(), "outputs": {"quicklook": {"format": ["image/tiff"]}}}, "image/png"),
    ],
)
@pytest.mark.parametrize("what", ["execution", "estimate"])
def test_a_wrong_order_is_refused_and_leaves_nothing(front: Front, what: str, body: dict[str, Any], part: str) -> None:
    before = open_ledger(front.settings).count()
    detail = problem_of(front.client.post(f"/processes/crop/{what}", json=body), 400)["detail"]
    assert part in detail
    assert open_ledger(front.settings).count() == before


@pytest.mark.parametrize("what", ["execution", "estimate"])
def test_an_unknown_product_is_not_found(client: httpx.Client, what: str) -> None:
    found = problem_of(client.post(f"/processes/gold/{what}", json=order()), 404)
    assert found["type"].endswith("no-such-process")
    assert "canopy" in found["detail"]


@pytest.mark.parametrize("what", ["execution", "estimate"])
def test_an_unknown_product_is_not_found_without_a_body_either(client: httpx.Client, what: str) -> None:
    problem_of(client.post(f"/processes/gold/{what}"), 404)
    problem_of(client.post(f"/processes/gold/{what}", json=[]), 404)


def test_results_list_the_outputs_that_were_ordered(own: Front) -> None:
    body = {**order(), "outputs": {"geotiff": {"format": {"mediaType": "image/TIFF; x=1"}}, "item": {"format": {}}}}
    job = own.client.post("/processes/crop/execution", json=body).json()["jobID"]
    scene.end(own.settings, job)
    assert own.client.get(f"/jobs/{job}/results").json().keys() == {"geotiff", "item"}


def test_results_are_links_and_nothing_else(client: httpx.Client) -> None:
    body = {**order(), "outputs": {"geotiff": {"transmissionMode": "value"}}}
    assert "links" in problem_of(client.post("/processes/crop/execution", json=body), 400)["detail"]


def test_the_same_key_with_other_outputs_is_a_conflict(own: Front) -> None:
    headers = {"Idempotency-Key": "once"}
    own.client.post("/processes/crop/execution", json=order(), headers=headers)
    body = {**order(), "outputs": {"item": {}}}
    problem_of(own.client.post("/processes/crop/execution", json=body, headers=headers), 409)


def test_an_estimate_says_what_an_order_takes_and_orders_nothing(front: Front) -> None:
    before = open_ledger(front.settings).count()
    found = front.client.post("/processes/crop/estimate", json=order()).json()
    reads = {"scenes", "scene_reads", "read_bytes"}
    assert found.keys() == {"tiles", "pixels", "area_km2", "archive_share", "seconds"} | reads
    assert found["tiles"] == 6
    assert found["pixels"] == pytest.approx(found["area_km2"] * 1e4, rel=0.01)
    assert found["scenes"] > 10
    assert found["scene_reads"] == found["tiles"] * found["scenes"]
    limit = {name: found[name] for name in NAMES if name in found}
    assert front.client.post("/processes/crop/estimate", json=order(max_cost=limit)).json() == found
    assert open_ledger(front.settings).count() == before


def test_without_redis_an_order_is_refused_and_not_kept(archive_folder: Path, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", archive=str(archive_folder / "archives" / "fields.nc"))
    with served(settings) as client:
        problem_of(client.post("/processes/crop/execution", json=order()), 503)
        assert client.get("/jobs").json()["jobs"] == []


def test_the_same_key_and_order_give_the_same_job(own: Front) -> None:
    headers = {"Idempotency-Key": "once"}
    first = own.client.post("/processes/crop/execution", json=order(), headers=headers).json()
    again = own.client.post("/processes/crop/execution", json=order(), headers=headers)
    assert again.status_code == 201
    assert again.json()["jobID"] == first["jobID"]
    assert open_ledger(own.settings).count() == 1


def test_the_same_key_with_another_order_is_a_conflict(own: Front) -> None:
    headers = {"Idempotency-Key": "once"}
    own.client.post("/processes/crop/execution", json=order(), headers=headers)
    for path, body in [("crop", order(period="2021-03-01/2021-12-31")), ("canopy", order())]:
        answer = own.client.post(f"/processes/{path}/execution", json=body, headers=headers)
        assert "once" in problem_of(answer, 409)["detail"]
    assert open_ledger(own.settings).count() == 1


def test_a_refused_order_does_not_use_up_its_key(own: Front) -> None:
    headers = {"Idempotency-Key": "once"}
    problem_of(own.client.post("/processes/crop/execution", json=order(CROSSED), headers=headers), 400)
    assert own.client.post("/processes/crop/execution", json=order(), headers=headers).status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "x" * 300])
def test_an_unusable_key_is_refused(client: httpx.Client, key: str) -> None:
    answer = client.post("/processes/crop/execution", json=order(), headers={"Idempotency-Key": key})
    assert "idempotency-key" in problem_of(answer, 400)["detail"].lower()

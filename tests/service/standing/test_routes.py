"""Standing orders over REST: made, listed, removed, run by the service's own thread, and their series."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from core.settings import Settings
from service.standing.routes import read_days
from tests.service import scene
from tests.service.access.keyed import Keyed, keyed
from tests.service.conftest import Front
from tests.service.scene import REGION, problem_of
from tests.workers.conftest import wait_for
from workers.queue.ledger import open_ledger
from workers.standing.store import NewStandingOrder, StandingOrders


def wanted(process: str = "crop", **changes: Any) -> dict[str, Any]:
    return {"processID": process, "inputs": {"region": REGION}, **changes}


def forecast(**inputs: Any) -> dict[str, Any]:
    return wanted("ndvi-forecast", inputs={"region": REGION, **inputs})


def test_days_that_may_still_bring_scenes_are_accepted(own: Front) -> None:
    season = {"region": REGION, "period": "2021-03-01/2022-02-28"}  # scenes of it may still arrive
    for body in (forecast(issue_date="2022-11-15"), forecast(), wanted(inputs=season)):
        made = own.client.post("/standing-orders", json=body)
        assert made.status_code == 201, made.text
    path = f"/standing-orders/{made.json()['id']}"
    assert "the archive already reaches to" in problem_of(own.client.patch(path, json={"every": "5d"}), 400)["detail"]


def test_an_order_is_made_shown_listed_and_removed(own: Front) -> None:
    made = own.client.post("/standing-orders", json=wanted(title=" Crops  of the valley ", ends="2099-12-31"))
    assert made.status_code == 201, made.text
    document = made.json()
    assert made.headers["Location"].endswith(f"/standing-orders/{document['id']}")
    assert (document["title"], document["ends"], document["runs"]) == ("Crops of the valley", "2099-12-31", 0)
    assert document["inputs"] == {"region": REGION}
    assert "every" not in document
    path = f"/standing-orders/{document['id']}"
    assert own.client.get(path).json() == document
    (listed,) = own.client.get("/standing-orders").json()["standingOrders"]
    assert listed == {name: value for name, value in document.items() if name != "inputs"}
    assert own.client.delete(path).json()["id"] == document["id"]
    assert "no standing order" in problem_of(own.client.get(path), 404)["detail"]
    assert "no standing order" in problem_of(own.client.delete(path), 404)["detail"]
    assert own.client.get("/standing-orders").json()["standingOrders"] == []


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"inputs": {}}, 400, "processID"),
        (wanted("potatoes"), 404, "no product 'potatoes'"),
        (wanted(inputs={}), 400, "region"),
        (wanted(inputs={"region": scene.ELSEWHERE}), 400, "outside the archive"),
        (wanted(inputs={"region": REGION, "colour": "red"}), 400, "'colour'"),
        (wanted(outputs={"song": {}}), 400, "'song'"),
        (wanted(every="often"), 400, "as 10d"),
        (wanted(every="400d"), 400, "1 to 366 days"),
        (wanted(ends="2020-01-01"), 400, "it has passed"),
        (wanted(ends="soon"), 400, "no date"),
        (forecast(issue_date="2022-06-01"), 400, "each run would use the same days, up to 2022-05-31, and the archive"),
        (forecast(issue_date="2022-06-01"), 400, "'issue_date'"),
        (wanted(inputs={"region": REGION, "period": "2021-03-01/2022-02-28"}, every="5d"), 400, "leave out every"),
        (wanted(title="x" * 300), 400, "title"),
        (wanted(colour="red"), 400, "colour"),
    ],
)
def test_a_wrong_one_is_refused_at_once(own: Front, body: dict[str, Any], status: int, sentence: str) -> None:
    assert sentence in problem_of(own.client.post("/standing-orders", json=body), status)["detail"]
    assert own.client.get("/standing-orders").json()["standingOrders"] == []


def test_an_order_is_paused_changed_and_resumed(own: Front) -> None:
    path = f"/standing-orders/{own.client.post('/standing-orders', json=wanted()).json()['id']}"
    paused = own.client.patch(path, json={"paused": True}).json()
    assert (paused["paused"], paused["message"]) == (True, "paused")
    assert "nextLook" not in paused
    changed = own.client.patch(path, json={"every": "10d", "title": " New  title ", "ends": "2099-12-31"}).json()
    assert (changed["every"], changed["title"], changed["ends"]) == ("10d", "New title", "2099-12-31")
    assert changed["paused"] is True
    again = own.client.patch(path, json={"paused": False, "every": None, "ends": ""}).json()
    assert again["paused"] is False
    assert not {"every", "ends"} & set(again)
    assert "nextLook" in again
    other = own.client.patch(path, json={"inputs": {"region": REGION, "threshold": 0.7}}).json()
    assert other["inputs"]["threshold"] == 0.7
    assert own.client.get(path).json() == other


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({}, 400, "name what changes: paused, title"),
        ({"every": "often"}, 400, "as 10d"),
        ({"ends": "2020-01-01"}, 400, "it has passed"),
        ({"inputs": {"region": scene.ELSEWHERE}}, 400, "outside the archive"),
        ({"inputs": {"region": REGION, "colour": "red"}}, 400, "'colour'"),
        ({"outputs": {"song": {}}}, 400, "'song'"),
        ({"processID": "canopy"}, 400, "processID"),
        ({"paused": "perhaps"}, 400, "paused"),
        ({"subscriber": {"successUri": "http://127.0.0.1/x"}}, 400, "https"),
    ],
)
def test_a_wrong_change_is_refused_and_changes_nothing(
    own: Front, body: dict[str, Any], status: int, sentence: str
) -> None:
    made = own.client.post("/standing-orders", json=wanted()).json()
    path = f"/standing-orders/{made['id']}"
    assert sentence in problem_of(own.client.patch(path, json=body), status)["detail"]
    assert own.client.get(path).json() == made
    assert problem_of(own.client.patch("/standing-orders/standing-0", json={"paused": True}), 404)


def test_inputs_that_could_never_be_shown_are_refused(own: Front) -> None:
    nested: Any = REGION
    for _ in range(400):
        nested = {"type": "GeometryCollection", "geometries": [nested]}
    deep = {"region": nested}
    assert (
        "nested too deeply" in problem_of(own.client.post("/standing-orders", json=wanted(inputs=deep)), 400)["detail"]
    )
    made = own.client.post("/standing-orders", json=wanted()).json()
    path = f"/standing-orders/{made['id']}"
    assert "nested too deeply" in problem_of(own.client.patch(path, json={"inputs": deep}), 400)["detail"]
    assert own.client.get("/standing-orders").json()["standingOrders"][0]["id"] == made["id"]


@pytest.mark.parametrize(("text", "days"), [(None, 0), ("", 0), ("10d", 10), ("P7D", 7), ("366", 366)])
def test_days_are_read_as_durations(text: str | None, days: int) -> None:
    assert read_days(text) == days


def test_lists_have_pages(own: Front) -> None:
    orders = StandingOrders(open_ledger(own.settings).engine)
    ids = [orders.add(NewStandingOrder(product="crop", inputs={})).id for _ in range(3)]
    first = own.client.get("/standing-orders?limit=2").json()
    (following,) = [x["href"] for x in first["links"] if x["rel"] == "next"]
    rest = own.client.get(following).json()
    shown = [o["id"] for page in (first, rest) for o in page["standingOrders"]]
    assert sorted(shown) == sorted(ids)


def test_the_service_runs_it_and_its_results_are_a_series(
    archive_folder: Path, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.background.start.PAUSE_S", 0.05)
    archive = str(archive_folder / "archives" / "fields.nc")
    settings = Settings(home=tmp_path / "home", archive=archive, redis_url=redis_url, tile_size=16)
    with scene.served(settings, reconcile=True) as client:
        order = client.post("/standing-orders", json=wanted(title="Crops")).json()
        path = f"/standing-orders/{order['id']}"
        wait_for(lambda: client.get(path).json()["runs"] == 1)
        found = client.get(path).json()
        assert found["message"].startswith(f"job {order['id']}-1 was ordered")
        assert client.get(f"/jobs/{found['lastJob']}").json()["status"] == "accepted"
        scene.end(settings, found["lastJob"])
        check_series(client, order["id"], found["lastJob"])
        assert client.delete(path).status_code == 200
        assert problem_of(client.get(f"/stac/collections/{order['id']}"), 404)
        assert client.get(f"/stac/collections/crop/items/{found['lastJob']}").status_code == 200


def check_series(client: httpx.Client, order_id: str, job_id: str) -> None:
    collection = client.get(f"/stac/collections/{order_id}").json()
    assert (collection["id"], collection["title"]) == (order_id, "Crops")
    assert collection["extent"]["spatial"]["bbox"][0][0] == pytest.approx(10.342, abs=0.01)
    assert order_id in [c["id"] for c in client.get("/stac/collections").json()["collections"]]
    (items,) = [x["href"] for x in collection["links"] if x["rel"] == "items"]
    (item,) = client.get(items).json()["features"]
    assert (item["id"], item["collection"]) == (job_id, order_id)
    (own,) = [x["href"] for x in item["links"] if x["rel"] == "self"]
    assert client.get(own).json() == item
    for found in (
        client.get(f"/stac/search?collections={order_id}"),
        client.post("/stac/search", json={"collections": [order_id]}),
    ):
        assert [i["id"] for i in found.json()["features"]] == [job_id]
    assert client.get("/stac/search?collections=standing-0").json()["features"] == []


@pytest.fixture
def guarded(archive_folder: Path, redis_url: str, tmp_path: Path) -> Any:
    archive = str(archive_folder / "archives" / "fields.nc")
    with keyed(Settings(home=tmp_path / "home", archive=archive, redis_url=redis_url, tile_size=16)) as found:
        yield found


def test_other_parties_neither_see_nor_remove_it_and_readers_make_none(guarded: Keyed) -> None:
    assert guarded.ask("reader", "POST", "/standing-orders", json=wanted()).status_code == 403
    order = guarded.ask("forest", "POST", "/standing-orders", json=wanted()).json()["id"]
    for method, path in (
        ("GET", f"/standing-orders/{order}"),
        ("DELETE", f"/standing-orders/{order}"),
        ("PATCH", f"/standing-orders/{order}"),
        ("GET", f"/stac/collections/{order}"),
        ("GET", f"/stac/collections/{order}/items"),
    ):
        further = {"json": {"paused": True}} if method == "PATCH" else {}
        assert guarded.ask("farm", method, path, **further).status_code == 404
    assert guarded.ask("farm", "GET", "/standing-orders").json()["standingOrders"] == []
    assert order not in guarded.ask("farm", "GET", "/stac/collections").text
    assert guarded.ask("reader", "GET", f"/standing-orders/{order}").status_code == 200
    assert guarded.ask("reader", "PATCH", f"/standing-orders/{order}", json={"paused": True}).status_code == 403
    assert guarded.ask("forest", "PATCH", f"/standing-orders/{order}", json={"paused": True}).status_code == 200
    assert guarded.ask("reader", "DELETE", f"/standing-orders/{order}").status_code == 403
    assert guarded.ask("forest", "DELETE", f"/standing-orders/{order}").status_code == 200
    audit = (guarded.settings.home / "logs" / "audit.log").read_text()
    assert '"action": "standing-order", ' in audit
    assert '"action": "standing-order-change", ' in audit
    assert audit.count(order) == 3

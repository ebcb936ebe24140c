"""The application as a whole: what importing it loads, its links behind a proxy, what it does in the background."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from core.settings import Settings
from service.app import create_app
from tests.service import scene
from tests.service.access.keyed import bearer, make_key
from tests.service.conftest import Front
from tests.service.scene import order, served
from tests.workers.conftest import wait_for
from workers.queue.ledger import open_ledger

HEAVY = ("torch", "onnxruntime", "rasterio", "matplotlib", "PIL")


def test_importing_the_application_loads_nothing_heavy() -> None:
    code = f"import sys, service.app; print([m for m in {HEAVY} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_making_the_application_writes_nothing(tmp_path: Path) -> None:
    create_app(Settings(home=tmp_path / "home"))
    assert list(tmp_path.iterdir()) == []


def hrefs(found: object) -> list[str]:
    """Return every `href` and `Location` in an answer."""
    if isinstance(found, dict):
        own = [found["href"]] if isinstance(found.get("href"), str) else []
        return own + [h for value in found.values() for h in hrefs(value)]
    return [h for value in found for h in hrefs(value)] if isinstance(found, list) else []


PATHS = ("/", "/processes", "/processes/crop", "/jobs", "/jobs/crop1", "/jobs/crop1/results", "/stac", "/stac/search")


def test_links_carry_the_public_url(own: Front) -> None:
    settings = own.settings.but(public_url="https://eo.example.org/landcast/")
    scene.finished(own.settings, "crop", "crop1")
    with served(settings) as client:
        client.headers.update(bearer(make_key(settings, "of a public address", party="")))
        for path in PATHS:
            links = hrefs(client.get(path).json())
            assert links
            assert all(h.startswith("https://eo.example.org/landcast/") for h in links)
        location = client.post("/processes/crop/execution", json=order()).headers["location"]
        assert location.startswith("https://eo.example.org/landcast/jobs/")


def test_links_carry_the_root_path_of_a_proxy(front: Front) -> None:
    with served(front.settings, prefix="/landcast") as client:
        for path in PATHS:
            links = hrefs(client.get(f"/landcast{path}").json())
            assert links
            assert all(h.startswith(f"{client.base_url}/landcast/".replace("//landcast", "/landcast")) for h in links)


def test_the_reconciler_runs_while_the_service_does(own: Front) -> None:
    scene.accepted(own.settings, "crop", "lost")
    ledger = open_ledger(own.settings)
    key = ledger.tiles("lost")[0].tile_key
    assert ledger.claim_tile("lost", key, "gone", lease_s=-1.0)
    with served(own.settings, reconcile=True):
        wait_for(lambda: ledger.tiles("lost")[0].state == "open", seconds=10)


def test_results_of_a_ledger_without_items_are_published_when_the_service_starts(own: Front) -> None:
    scene.finished(own.settings, "crop", "old1")
    with open_ledger(own.settings).engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM items")
    assert own.client.get("/stac/search").json()["features"] == []
    with served(own.settings) as client:
        wait_for(lambda: [f["id"] for f in client.get("/stac/search").json()["features"]] == ["old1"])


@pytest.mark.parametrize(
    "path",
    [
        "/jobs",
        "/jobs/crop1/log",
        "/jobs/crop1/plan",
        "/standing-orders",
        "/openeo/jobs",
        "/stac/search",
        "/stac/collections/crop/items",
        "/edr/collections/crop/instances",
    ],
)
def test_a_list_gives_as_much_as_it_may_where_more_is_wanted(client: httpx.Client, path: str) -> None:
    assert client.get(path, params={"limit": 10**20}).json().keys() == client.get(path).json().keys()
    assert client.get(path, params={"limit": 0}).status_code == 400

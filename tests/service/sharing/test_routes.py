"""Share links over HTTP: they open files and pictures of one job, and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.settings import Settings
from tests.service import scene
from tests.service.access.keyed import Keyed, keyed, make_key
from tests.service.conftest import Front
from tests.service.scene import problem_of


@pytest.fixture(scope="module")
def guarded(archive_folder: Path, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    """A service with jobs of two parties."""
    archive = str(archive_folder / "archives" / "fields.nc")
    home = tmp_path_factory.mktemp("shared") / "home"
    with keyed(Settings(home=home, archive=archive, redis_url=redis_url, tile_size=16)) as found:
        yield found


@pytest.fixture(scope="module")
def shared(guarded: Keyed) -> dict[str, str]:
    """Links of a job of party `forest` by their last parts, without the address of the service."""
    answer = guarded.ask("reader", "POST", "/jobs/crop1/share", json={"seconds": 600})
    assert answer.status_code == 200, answer.text
    base = str(guarded.client.base_url).rstrip("/")
    assert all(entry["href"].startswith(base) for entry in answer.json()["links"])
    urls = [entry["href"].removeprefix(base) for entry in answer.json()["links"]]
    return {url.split("?")[0].rsplit("/", 1)[-1]: url for url in urls}


def test_whoever_has_the_link_reads_files_and_pictures(guarded: Keyed, shared: dict[str, str]) -> None:
    files = {"crop.tif", "crop.json", "crop.png", "crop.qml", "crop.qlr", "crop.tif.aux.xml"}
    assert set(shared) == {*files, "preview.png", "tilejson.json", "wmts"}
    for url in shared.values():
        assert guarded.client.get(url).status_code == 200
    assert guarded.client.head(shared["crop.tif"]).status_code == 200
    assert guarded.client.get(shared["crop.tif"], headers={"Range": "bytes=0-9"}).status_code == 206


def test_the_link_opens_nothing_else(guarded: Keyed, shared: dict[str, str]) -> None:
    query = shared["crop.tif"].split("?")[1]
    for path in ("/files/canopy1/canopy.tif", "/files/farm1/crop.tif", "/jobs/canopy1/preview.png"):
        problem_of(guarded.client.get(f"{path}?{query}"), 401)
    for method, path in [
        ("GET", "/jobs"),
        ("GET", "/jobs/crop1"),
        ("DELETE", "/jobs/crop1"),
        ("GET", "/stac/search"),
        ("POST", "/jobs/crop1/share"),
        ("POST", "/jobs/crop1/retry"),
        ("DELETE", "/files/crop1/crop.tif"),
    ]:
        problem_of(guarded.client.request(method, f"{path}?{query}"), 401)
    assert problem_of(guarded.client.get(f"/files/crop1/crop.tif?{query}x"), 401)["detail"].startswith("The share link")


def test_a_wrong_key_is_refused_though_the_link_is_right(guarded: Keyed, shared: dict[str, str]) -> None:
    problem_of(guarded.ask("wrong", "GET", shared["crop.tif"]), 401)


def test_jobs_of_others_and_unfinished_ones_are_not_shared(guarded: Keyed) -> None:
    problem_of(guarded.ask("farm", "POST", "/jobs/crop1/share"), 404)
    problem_of(guarded.ask("forest", "POST", "/jobs/running1/share"), 404)
    problem_of(guarded.ask("orderer", "POST", "/jobs/crop1/share"), 403)
    for wrong in ({"seconds": 1}, {"seconds": 10**9}, {"days": 3}):
        problem_of(guarded.ask("forest", "POST", "/jobs/crop1/share", json=wrong), 400)


def test_the_link_ends_with_its_key_and_with_its_job(guarded: Keyed) -> None:
    settings = guarded.settings
    scene.finished(settings, "crop", "mine1")
    key = make_key(settings, "short", party="")
    url = guarded.ask(key, "POST", "/jobs/mine1/share").json()["links"][0]["href"]
    stays = make_key(settings, "long", party="")
    other = guarded.ask(stays, "POST", "/jobs/mine1/share").json()["links"][0]["href"]
    assert httpx.get(url, trust_env=False).status_code == 200
    guarded.store().revoke("short")
    assert httpx.get(url, trust_env=False).status_code == 401
    assert httpx.get(other, trust_env=False).status_code == 200
    assert guarded.ask(stays, "DELETE", "/jobs/mine1").status_code == 200
    assert httpx.get(other, trust_env=False).status_code == 404


def test_on_this_machine_links_are_made_without_a_key_and_hold_where_keys_are_needed(own: Front) -> None:
    scene.finished(own.settings, "crop", "mine1")
    made = own.client.post("/jobs/mine1/share", json={}).json()
    assert made["expires"].endswith("Z")
    path = f"/files/mine1/crop.tif?{made['query']}"
    with scene.served(own.settings.but(keys="required")) as client:
        assert client.get(path).status_code == 200
        assert client.get("/files/mine1/crop.tif").status_code == 401

"""Every refusal is a problem document with one sentence, and nothing of ours shows in it."""

import http.client
import json
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from core import errors
from core.settings import Settings
from service.bodies import MAX_BYTES
from service.errors import MAX_DETAIL, STATUS, problem, status_of
from tests.service import scene
from tests.service.conftest import Front
from tests.service.scene import problem_of
from workers.queue.ledger import open_ledger


def all_errors(root: type[errors.LandcastError] = errors.LandcastError) -> list[type[errors.LandcastError]]:
    return [root, *(e for child in root.__subclasses__() for e in all_errors(child))]


@pytest.mark.parametrize("error", [e for e in all_errors() if e.__module__ == "core.errors"])
def test_every_error_has_a_status(error: type[errors.LandcastError]) -> None:
    assert error in STATUS
    if issubclass(error, errors.RequestError):
        assert 400 <= STATUS[error] < 500
    else:
        assert STATUS[error] >= 500


def test_an_error_of_another_room_has_the_status_of_its_kind() -> None:
    class Odd(errors.InvalidRegion):
        pass

    assert status_of(Odd) == 400


def test_a_long_detail_is_cut_in_the_middle() -> None:
    detail = json.loads(problem(400, "Long", "a" * 5000 + "z").body)["detail"]
    assert len(detail) < MAX_DETAIL + 10
    assert detail.startswith("aaa")
    assert detail.endswith("az")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/page/nothing.js", 404),
        ("GET", "/jobs/nothing", 404),
        ("GET", "/jobs/..%2F..%2Fetc", 404),
        ("GET", "/jobs/%00", 404),
        ("GET", "/jobs/a%20b/results", 404),
        ("PUT", "/jobs", 405),
        ("DELETE", "/processes/crop", 405),
        ("GET", "/processes/nothing", 404),
        ("GET", "/jobs?limit=many", 400),
        ("GET", "/jobs?offset=-1", 400),
        ("GET", "/jobs?offset=99999999999999999999", 400),
        ("GET", "/?f=xml", 400),
    ],
)
def test_refusals_are_problem_documents(client: httpx.Client, method: str, path: str, status: int) -> None:
    assert problem_of(client.request(method, path), status)["detail"].endswith(".")


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (b"{oops", "not valid JSON"),
        (b"[1, 2]", "not a JSON object"),
        (b"", "not a JSON object"),
        (b"\xff\xfe", "body"),
        (b"[" * 100_000, "body"),
        (b'{"inputs": 3}', "inputs"),
        (b'{"inputs": {}, "colour": "red"}', "colour"),
        (b'{"inputs": {}, "response": "raw"}', "response"),
    ],
)
def test_a_malformed_body_is_refused_with_one_sentence(client: httpx.Client, body: bytes, part: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client.post("/processes/crop/execution", content=body, headers=headers)
    assert part in problem_of(answer, 400)["detail"]


def test_text_that_is_no_unicode_comes_back_without_breaking_the_answer(client: httpx.Client) -> None:
    body = b'{"inputs": {"region": {"type": "\\ud800"}}}'
    answer = client.post("/processes/crop/execution", content=body, headers={"Content-Type": "application/json"})
    problem_of(answer, 400)


def test_a_body_declared_too_large_is_refused_before_it_is_read(client: httpx.Client) -> None:
    address = urlsplit(str(client.base_url)).netloc
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.putrequest("POST", "/processes/crop/execution")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(MAX_BYTES + 1))
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, answer.headers["content-type"]) == (413, "application/problem+json")
    assert "4 MiB" in json.load(answer)["detail"]
    connection.close()


def test_a_body_that_grows_too_large_is_refused(client: httpx.Client) -> None:
    chunks = (b" " * 2**20 for _ in range(MAX_BYTES // 2**20 + 2))
    answer = client.post("/stac/search", content=chunks, headers={"Content-Type": "application/json"})
    assert "4 MiB" in problem_of(answer, 413)["detail"]


def test_an_unexpected_error_shows_nothing_of_ours(own: Front) -> None:
    scene.finished(own.settings, "crop", "broken1")
    secret = own.settings.home / "jobs" / "broken1" / "crop.tif"
    secret.write_text("no raster")
    detail = problem_of(own.client.get("/jobs/broken1/preview.png"), 500)["detail"]
    assert str(secret) not in detail
    assert "log" in detail


def test_a_ledger_out_of_reach_is_a_503(tmp_path: Path, archive_folder: Path) -> None:
    settings = Settings(home=tmp_path / "home", archive=str(archive_folder / "archives" / "fields.nc"))
    with scene.served(settings) as client:
        open_ledger(settings).engine.dispose()
        settings.home.rename(tmp_path / "gone")
        assert "ledger" in problem_of(client.get("/jobs"), 503)["detail"]

"""Orders that wait for their results."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from core.job import JobState
from core.settings import Settings
from service.answers import wait
from tests.service.conftest import Front
from tests.service.scene import order, problem_of
from workers.queue.ledger import open_ledger

URL = "/processes/crop/execution"


def end_jobs(settings: Settings, stop: threading.Event, state: JobState) -> None:
    """End every job as soon as it is there, as a very quick worker does."""
    ledger = open_ledger(settings)
    while not stop.wait(0.05):
        for job in ledger.jobs(state=JobState.ACCEPTED):
            for task in ledger.tiles(job.id):
                assert ledger.claim_tile(job.id, task.tile_key, "w", 60.0)
                assert ledger.finish_tile(job.id, task.tile_key, "w")
            folder = settings.home / "jobs" / job.id
            folder.mkdir(parents=True)
            (folder / "crop.tif").write_bytes(b"map")
            ledger.close_job(job.id, state, "no clear observation")


def answered(front: Front, prefer: str, state: JobState = JobState.SUCCESSFUL) -> httpx.Response:
    """Order while a worker is there."""
    stop = threading.Event()
    worker = threading.Thread(target=end_jobs, args=(front.settings, stop, state))
    worker.start()
    try:
        return front.client.post(URL, json=order(), headers={"Prefer": prefer})
    finally:
        stop.set()
        worker.join()


def test_a_small_order_is_answered_by_its_results(own: Front) -> None:
    answer = answered(own, "wait=20")
    assert answer.status_code == 200
    assert answer.headers["preference-applied"] == "wait=20"
    job = own.client.get(answer.headers["location"]).json()
    assert job["status"] == "successful"
    assert answer.json() == own.client.get(f"/jobs/{job['jobID']}/results").json()
    assert own.client.get(answer.json()["geotiff"]["href"]).content == b"map"


def test_a_job_that_fails_in_time_is_answered_by_its_reason(own: Front) -> None:
    answer = answered(own, "respond-async, wait=20", JobState.FAILED)
    assert "no clear observation" in problem_of(answer, 500)["detail"]
    assert answer.headers["preference-applied"] == "wait=20"


def test_a_job_that_takes_longer_is_answered_by_its_state(own: Front) -> None:
    start = time.monotonic()
    answer = own.client.post(URL, json=order(), headers={"Prefer": "wait=1"})
    assert (answer.status_code, answer.json()["status"]) == (201, "accepted")
    assert time.monotonic() - start >= 1
    assert "preference-applied" not in answer.headers
    assert answer.headers["location"].endswith(answer.json()["jobID"])


@pytest.mark.parametrize(("prefer", "applied"), [(None, None), ("respond-async", "respond-async"), ("x=1", None)])
def test_only_what_was_met_is_named(own: Front, prefer: str | None, applied: str | None) -> None:
    answer = own.client.post(URL, json=order(), headers={"Prefer": prefer} if prefer else {})
    assert (answer.status_code, answer.headers.get("preference-applied")) == (201, applied)


def test_a_large_region_is_not_waited_for(own: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "MAX_PIXELS", 5)
    start = time.monotonic()
    assert own.client.post(URL, json=order(), headers={"Prefer": "wait=30"}).status_code == 201
    assert time.monotonic() - start < 15


def test_a_wrong_order_is_refused_at_once(own: Front) -> None:
    problem_of(own.client.post(URL, json={"inputs": {}}, headers={"Prefer": "wait=30"}), 400)


def test_orders_that_wait_keep_no_other_request_waiting(own: Front) -> None:
    url = str(own.client.base_url)
    with ThreadPoolExecutor(4) as pool:
        waiting = [
            pool.submit(
                httpx.post, f"{url}{URL}", json=order(), headers={"Prefer": "wait=8"}, timeout=30, trust_env=False
            )
            for _ in range(4)
        ]
        time.sleep(1)
        start = time.monotonic()
        assert own.client.post("/processes/crop/estimate", json=order()).status_code == 200
        assert time.monotonic() - start < 5
        assert [w.result().status_code for w in waiting] == [201] * 4

from pathlib import Path

import pytest
from pydantic import SecretStr

from core.errors import WorkerUnavailable
from core.settings import Settings
from service import health
from service.health import ping_redis
from tests.service.conftest import Front
from tests.service.scene import problem_of, served
from tests.workers.conftest import wait_for
from workers.queue.broker import redis_of
from workers.queue.ledger import open_ledger
from workers.queue.liveness import worker_name
from workers.queue.presence import beat

PARTS = {"ledger", "queue", "reconciler", "worker", "disk", "store"}


def test_a_service_with_all_its_parts_is_alive_and_ready(front: Front) -> None:
    client = front.client
    beat(front.settings, worker_name())
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok", "checks": dict.fromkeys(PARTS, "ok")}
    assert client.get("/version").json()["version"]


def test_a_service_without_redis_is_alive_but_not_ready(tmp_path: Path) -> None:
    nowhere = f"redis+socket://{tmp_path}/none.sock"
    with served(Settings(home=tmp_path / "home", redis_url=nowhere)) as client:
        assert client.get("/healthz").status_code == 200
        found = problem_of(client.get("/readyz"), 503)
        assert "Redis" in found["detail"]
        assert str(tmp_path) not in found["detail"]
        assert {name for name, state in found["checks"].items() if state != "ok"} == {"queue", "worker"}


def test_a_service_without_a_worker_is_not_ready(own: Front) -> None:
    with redis_of(own.settings) as redis:
        redis.flushall()
    found = problem_of(own.client.get("/readyz"), 503)
    assert found["checks"]["worker"] == "no worker has given a sign of life lately"
    assert found["detail"] == "Jobs cannot be carried out now: worker: no worker has given a sign of life lately."


def test_a_service_whose_ledger_fails_says_so_and_is_ready_again_by_itself(own: Front) -> None:
    ledger = open_ledger(own.settings)
    with served(own.settings, reconcile=True) as client:
        beat(own.settings, worker_name())
        with ledger.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE jobs RENAME TO jobs_away")
        wait_for(lambda: "OperationalError" in client.get("/readyz").json()["checks"]["reconciler"])
        assert "cannot be reached" in problem_of(client.get("/readyz"), 503)["checks"]["ledger"]
        assert "try again later" in problem_of(client.get("/jobs"), 503)["detail"]
        with ledger.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE jobs_away RENAME TO jobs")
        wait_for(lambda: client.get("/readyz").status_code == 200, seconds=10)


def test_a_full_disk_is_not_ready(own: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "free_bytes", lambda _: 5 * 1024**2)
    beat(own.settings, worker_name())
    found = problem_of(own.client.get("/readyz"), 503)
    assert found["checks"]["disk"] == "the disk of the home folder is full, 5 MiB are free"


def test_settings_without_a_redis_say_how_to_start_one() -> None:
    with pytest.raises(WorkerUnavailable, match="landcast serve"):
        ping_redis(Settings())


def test_a_redis_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(WorkerUnavailable, match="ConnectionError") as caught:
        ping_redis(Settings(redis_url=SecretStr("redis://:secret@127.0.0.1:9/0")))
    assert "secret" not in str(caught.value)


def test_a_redis_that_answers_is_enough(redis_url: str) -> None:
    ping_redis(Settings(redis_url=SecretStr(redis_url)))

from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from core.errors import WorkerUnavailable
from core.settings import Settings
from service.health import ping_redis
from tests.service.scene import problem_of, served


def test_a_service_with_ledger_and_redis_is_alive_and_ready(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok"}
    assert client.get("/version").json()["version"]


def test_a_service_without_redis_is_alive_but_not_ready(tmp_path: Path) -> None:
    nowhere = f"redis+socket://{tmp_path}/none.sock"
    with served(Settings(home=tmp_path / "home", redis_url=nowhere)) as client:
        assert client.get("/healthz").status_code == 200
        detail = problem_of(client.get("/readyz"), 503)["detail"]
        assert "Redis" in detail
        assert str(tmp_path) not in detail


def test_settings_without_a_redis_say_how_to_start_one() -> None:
    with pytest.raises(WorkerUnavailable, match="landcast serve"):
        ping_redis(Settings())


def test_a_redis_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(WorkerUnavailable, match="ConnectionError") as caught:
        ping_redis(Settings(redis_url=SecretStr("redis://:secret@127.0.0.1:9/0")))
    assert "secret" not in str(caught.value)


def test_a_redis_that_answers_is_enough(redis_url: str) -> None:
    ping_redis(Settings(redis_url=SecretStr(redis_url)))

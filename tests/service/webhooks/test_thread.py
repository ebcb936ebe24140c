"""Webhooks from the order to the receiver: real service, real receiver, real ledger."""

import logging
import time
from pathlib import Path
from typing import Any

import pytest

from core.errors import StoreUnavailable
from core.settings import Settings
from service.webhooks import thread as sending
from service.webhooks.thread import Sender
from tests.service import scene
from tests.service.access.keyed import keyed
from tests.service.webhooks.receiver import HERE, Receiver, receiving
from tests.workers.conftest import wait_for
from workers.queue.dispatch import dismiss
from workers.queue.ledger import open_ledger


@pytest.fixture
def settings(archive_folder: Path, redis_url: str, tmp_path: Path) -> Settings:
    archive = str(archive_folder / "archives" / "fields.nc")
    home = tmp_path / "home"
    return Settings(home=home, archive=archive, redis_url=redis_url, tile_size=16, webhook_networks=HERE)


def uris(receiver: Receiver) -> dict[str, str]:
    names = {"successUri": "done", "inProgressUri": "running", "failedUri": "failed"}
    return {name: f"{receiver.url}/{path}?token=hidden" for name, path in names.items()}


def ordered(client: Any, receiver: Receiver, headers: dict[str, str] | None = None) -> str:
    body = {**scene.order(), "subscriber": uris(receiver)}
    answer = client.post("/processes/crop/execution", json=body, headers=headers or {})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["jobID"])


def test_a_receiver_is_told_of_progress_and_end_by_the_service_itself(settings: Settings) -> None:
    with receiving() as receiver, scene.served(settings, reconcile=True) as client:
        job_id = ordered(client, receiver)
        ledger = open_ledger(settings)
        scene.planned(settings, job_id)
        key = ledger.tiles(job_id)[0].tile_key
        assert ledger.claim_tile(job_id, key, "w", 600.0)
        wait_for(lambda: len(receiver.received) == 1)
        assert client.get(f"/jobs/{job_id}").json()["webhook"] == {"pending": True, "attempts": 0}
        ledger.finish_tile(job_id, key, "w")
        end_rest(settings, job_id)
        wait_for(lambda: len(receiver.received) == 2)
        wait_for(lambda: not client.get(f"/jobs/{job_id}").json()["webhook"]["pending"])
        secret = client.get("/webhooks/secret").json()["secret"]
        running, done = receiver.received
        assert (running.path, done.path) == ("/running?token=hidden", "/done?token=hidden")
        assert (running.document["jobID"], running.document["status"]) == (job_id, "running")
        assert done.document.keys() == client.get(f"/jobs/{job_id}/results").json().keys()
        assert all(m.is_signed_by(secret) for m in receiver.received)
        assert abs(time.time() - int(done.headers["webhook-timestamp"])) < 100
        assert done.headers["webhook-id"].startswith(f"{job_id}.")
        base = str(client.base_url).rstrip("/")
        assert client.get(done.document["geotiff"]["href"].replace("http://testserver", base)).status_code == 200


def end_rest(settings: Settings, job_id: str) -> None:
    """Write the files of a job some of whose tiles are done, and end it."""
    ledger = open_ledger(settings)
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE tiles SET state = 'open' WHERE job_id = '{job_id}'")
    scene.end(settings, job_id)


def make_due(settings: Settings) -> None:
    with open_ledger(settings).engine.begin() as connection:
        connection.exec_driver_sql("UPDATE webhooks SET due = 0 WHERE due IS NOT NULL")


def test_failures_are_tried_again_and_secrets_are_in_no_log(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with receiving() as receiver, scene.served(settings) as client:
        job_id = ordered(client, receiver)
        dismiss(job_id, settings)
        receiver.answers.append((500, {}))
        sender = Sender(open_ledger(settings), settings)
        assert sender.send_one()
        assert not sender.send_one(), "there is a pause"
        state = client.get(f"/jobs/{job_id}").json()["webhook"]
        assert state == {"pending": True, "attempts": 1, "error": "it answered with HTTP 500"}
        make_due(settings)
        assert Sender(open_ledger(settings), settings).send_one()
        first, second = receiver.received
        assert (first.document["status"], first.body) == ("dismissed", second.body)
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        secret = client.get("/webhooks/secret").json()["secret"]
    assert "webhook not sent" in caplog.text
    assert "webhook sent" in caplog.text
    ours = "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith("httpx"))
    for word in ("hidden", secret, secret.removeprefix("whsec_"), "/failed"):
        assert word not in ours


def test_messages_are_signed_by_the_secret_of_the_key_that_ordered(settings: Settings) -> None:
    with receiving() as receiver, keyed(settings) as found:
        forest = {"Authorization": f"Bearer {found.keys['forest']}"}
        job_id = ordered(found.client, receiver, forest)
        dismiss(job_id, found.settings)
        assert Sender(open_ledger(found.settings), found.settings).send_one()
        secrets = {
            n: found.ask(n, "GET", "/webhooks/secret").json().get("secret", "whsec_") for n in ("forest", "farm")
        }
    (message,) = receiver.received
    assert message.is_signed_by(secrets["forest"])
    assert not message.is_signed_by(secrets["farm"])


def test_a_message_that_cannot_be_made_now_is_sent_later(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> bytes:
        raise StoreUnavailable("it does not answer")

    with receiving() as receiver, scene.served(settings) as client:
        job_id = ordered(client, receiver)
        dismiss(job_id, settings)
        sender = Sender(open_ledger(settings), settings)
        with monkeypatch.context() as broken:
            broken.setattr(sending, "message_body", away)
            assert sender.send_one()
        assert receiver.received == []
        make_due(settings)
        assert sender.send_one()
        assert len(receiver.received) == 1


def test_a_message_that_is_too_large_is_given_up(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.webhooks.send.MAX_BODY", 10)
    with receiving() as receiver, scene.served(settings) as client:
        job_id = ordered(client, receiver)
        dismiss(job_id, settings)
        assert Sender(open_ledger(settings), settings).send_one()
        state = client.get(f"/jobs/{job_id}").json()["webhook"]
    assert (state["pending"], receiver.received) == (False, [])
    assert "is not sent" in state["error"]


def test_without_a_setting_nothing_of_this_machine_is_told(settings: Settings) -> None:
    private = settings.but(webhook_networks="")
    with receiving() as receiver, scene.served(settings) as client:
        job_id = ordered(client, receiver)
        dismiss(job_id, settings)
        assert Sender(open_ledger(private), private).send_one()
        assert "not public" in client.get(f"/jobs/{job_id}").json()["webhook"]["error"]
    assert receiver.connections == 0

"""Share links: what they open, what ends them, and what cannot be made of them."""

import base64
import json
from pathlib import Path

import pytest
from sqlalchemy import Engine

from service.access.caller import Scope
from service.access.keys import KeyStore
from service.access.shares import Shares, token_of
from tests.workers.queue.ledger_parts import ORDER, TILES
from workers.queue.ledger import Ledger
from workers.queue.schema import create_tables, open_engine


@pytest.fixture(autouse=True)
def jobs(database_url: str, engine: Engine) -> None:
    """Two jobs of party `forest`."""
    ledger = Ledger(database_url)
    for job_id in ("j1", "j2"):
        ledger.add_job(ORDER, TILES, job_id, party="forest")
    ledger.close()


def test_a_token_opens_its_job_for_every_process_of_the_service(engine: Engine) -> None:
    token, _ = Shares(engine).make("j1", key_id="", seconds=60)
    caller = Shares(engine).read(token, "j1")
    assert caller is not None
    assert (caller.party, caller.job_id, caller.scopes, caller.sees_all) == ("forest", "j1", {Scope.READ}, False)
    assert Shares(engine).read(token, "j2") is None


def test_a_changed_token_opens_nothing(engine: Engine) -> None:
    shares = Shares(engine)
    token, end = shares.make("j1", key_id="", seconds=60)
    payload, _, signature = token.partition(".")
    document = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert document["end"] == end
    forged = [document | change for change in ({"job": "j2"}, {"end": end + 9}, {"key": "x"})]
    for changed in forged:
        text = base64.urlsafe_b64encode(json.dumps(changed).encode()).decode().rstrip("=")
        assert shares.read(f"{text}.{signature}", changed["job"]) is None
    for wrong in ("", ".", payload, f"{payload}.", f".{signature}", token[:-1], f"{token}A", "ü.ü", "A" * 5000):
        assert shares.read(wrong, "j1") is None


def test_what_can_be_read_in_a_token_is_the_job_the_public_part_of_the_key_and_the_end(engine: Engine) -> None:
    key, secret = KeyStore(engine).create("of a customer", scopes=frozenset({Scope.READ}), party="forest")
    token, end = Shares(engine).make("j1", key_id=key.id, seconds=60)
    payload, _, signature = token.partition(".")
    assert json.loads(base64.urlsafe_b64decode(payload + "==")) == {"job": "j1", "key": key.id, "end": end}
    assert f"landcast_{key.id}_" in secret
    assert len(base64.urlsafe_b64decode(signature + "=")) == 32


def test_a_token_of_a_job_that_is_not_there_opens_nothing(engine: Engine) -> None:
    token, _ = Shares(engine).make("j9", key_id="", seconds=60)
    assert Shares(engine).read(token, "j9") is None


def test_a_token_of_another_service_opens_nothing(engine: Engine, tmp_path: Path) -> None:
    other = open_engine(f"sqlite:///{tmp_path}/other.sqlite")
    create_tables(other)
    token, _ = Shares(other).make("j1", key_id="", seconds=60)
    other.dispose()
    assert Shares(engine).read(token, "j1") is None


def test_a_token_ends_with_its_time_and_with_its_key(engine: Engine) -> None:
    shares, store = Shares(engine), KeyStore(engine)
    key, _ = store.create("alice", scopes=frozenset({Scope.READ}), party="forest")
    over, _ = shares.make("j1", key_id=key.id, seconds=0)
    assert shares.read(over, "j1") is None
    token, _ = shares.make("j1", key_id=key.id, seconds=60)
    assert shares.read(token, "j1") is not None
    store.revoke("alice")
    assert shares.read(token, "j1") is None


def test_the_token_is_read_from_the_query() -> None:
    assert token_of({"query_string": b"layer=a&share=x.y"}) == "x.y"
    assert token_of({"query_string": b"shared=x"}) == token_of({}) == ""

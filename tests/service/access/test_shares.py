"""Share links: what they open, what ends them, and what cannot be made of them."""

import base64
import json
from pathlib import Path

from sqlalchemy import Engine

from service.access.caller import Scope
from service.access.keys import KeyStore
from service.access.shares import Shares, token_of
from workers.queue.schema import create_tables, open_engine


def test_a_token_opens_its_job_for_every_process_of_the_service(engine: Engine) -> None:
    token, _ = Shares(engine).make("j1", party="forest", key_id="", seconds=60)
    caller = Shares(engine).read(token, "j1")
    assert caller is not None
    assert (caller.party, caller.job_id, caller.scopes, caller.sees_all) == ("forest", "j1", {Scope.READ}, False)
    assert Shares(engine).read(token, "j2") is None


def test_a_changed_token_opens_nothing(engine: Engine) -> None:
    shares = Shares(engine)
    token, end = shares.make("j1", party="forest", key_id="", seconds=60)
    payload, _, signature = token.partition(".")
    document = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert document["end"] == end
    forged = [document | change for change in ({"job": "j2"}, {"end": end + 9}, {"party": "farm"}, {"key": "x"})]
    for changed in forged:
        text = base64.urlsafe_b64encode(json.dumps(changed).encode()).decode().rstrip("=")
        assert shares.read(f"{text}.{signature}", changed["job"]) is None
    for wrong in ("", ".", payload, f"{payload}.", f".{signature}", token[:-1], f"{token}A", "ü.ü", "A" * 5000):
        assert shares.read(wrong, "j1") is None


def test_a_token_of_another_service_opens_nothing(engine: Engine, tmp_path: Path) -> None:
    other = open_engine(f"sqlite:///{tmp_path}/other.sqlite")
    create_tables(other)
    token, _ = Shares(other).make("j1", party="forest", key_id="", seconds=60)
    other.dispose()
    assert Shares(engine).read(token, "j1") is None


def test_a_token_ends_with_its_time_and_with_its_key(engine: Engine) -> None:
    shares, store = Shares(engine), KeyStore(engine)
    key, _ = store.create("alice", scopes=frozenset({Scope.READ}), party="forest")
    over, _ = shares.make("j1", party="forest", key_id=key.id, seconds=0)
    assert shares.read(over, "j1") is None
    token, _ = shares.make("j1", party="forest", key_id=key.id, seconds=60)
    assert shares.read(token, "j1") is not None
    store.revoke("alice")
    assert shares.read(token, "j1") is None


def test_the_token_is_read_from_the_query() -> None:
    assert token_of({"query_string": b"layer=a&share=x.y"}) == "x.y"
    assert token_of({"query_string": b"shared=x"}) == token_of({}) == ""

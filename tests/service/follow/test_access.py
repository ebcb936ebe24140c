"""Streams of events end with the access of who reads them."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from core.settings import Settings
from service.access.caller import LOCAL, Caller, Scope
from service.access.check import Access
from service.access.keys import KeyStore
from service.access.quotas import Quotas
from service.access.shares import Shares
from service.app import create_app, end_streams
from tests.service import scene
from tests.service.access.keyed import bearer, give, make_key
from tests.service.follow.sse import messages
from workers.queue.ledger import open_ledger


@pytest.fixture
def settings(archive_folder: Path, redis_url: str, tmp_path: Path) -> Settings:
    archive = str(archive_folder / "archives" / "fields.nc")
    home = tmp_path / "home"
    return Settings(home=home, archive=archive, redis_url=redis_url, tile_size=16, keys="required")


@pytest.fixture
def client(settings: Settings) -> Iterator[httpx.Client]:
    """A service whose streams look at keys often."""
    scene.half_done(settings, "crop", "running")
    give(settings, "running", "forest")
    app = create_app(settings, reconcile=False)
    with scene.serving(app) as found:
        app.state.streams.poll_s = app.state.streams.check_s = 0.05
        yield found
        end_streams(app)


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_a_stream_ends_soon_after_its_key_is_revoked_or_has_expired(
    settings: Settings, client: httpx.Client, how: str
) -> None:
    ending, staying = (make_key(settings, name, party="forest", expires="90") for name in ("ending", "staying"))
    with (
        client.stream("GET", "/jobs/running/events", headers=bearer(ending)) as first,
        client.stream("GET", "/jobs/running/events", headers=bearer(staying)) as second,
    ):
        stream, other = messages(first), messages(second)
        assert next(stream).data["event"] == next(other).data["event"] == "accepted"
        ledger = open_ledger(settings)
        if how == "revoked":
            KeyStore(ledger.engine).revoke("ending")
        else:
            with ledger.engine.begin() as connection:
                connection.exec_driver_sql("UPDATE access_keys SET expires = 1 WHERE name = 'ending'")
        began = time.monotonic()
        assert "status" not in [m.name for m in list(stream)[2:]], "the stream ends, and the job runs"
        assert time.monotonic() - began < 20
        ledger.dismiss("running")
        assert [m.data["status"] for m in other if m.name == "status"][-1] == "dismissed"


def test_who_may_still_read(settings: Settings) -> None:
    engine = open_ledger(settings).engine
    access = Access(engine, settings, shares=Shares(engine), quotas=Quotas(engine, settings))
    key, _ = KeyStore(engine).create("k", scopes=frozenset(Scope), party="forest")
    token = Caller(id="oidc a", party="forest", ends=time.time() + 60)
    assert access.is_welcome(key.caller())
    assert access.is_welcome(token)
    assert access.is_welcome(LOCAL)
    assert not access.is_welcome(replace(token, ends=time.time() - 1))
    KeyStore(engine).revoke("k")
    assert not access.is_welcome(key.caller())

"""Addresses as users write them, and real servers behind them: TLS with certificates made here, and Sentinel."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.errors import InvalidOption, WorkerUnavailable
from core.settings import Settings
from service.health import ping_redis
from tests.workers.conftest import CeleryWorker, assert_successful, carry_out, end_of, order, wait_for
from tests.workers.queue.addresses.redis_servers import PASSWORD, Guarded, TlsRedis, guarded_redis, tls_redis
from workers.queue.addresses.redis_address import redis_address
from workers.queue.broker import TILE, backlog, celery_settings, send
from workers.queue.ledger import open_ledger
from workers.queue.presence import living_workers

Start = Callable[..., CeleryWorker]


def given(url: str) -> Settings:
    return Settings(redis_url=SecretStr(url))


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[TlsRedis]:
    with tls_redis(tmp_path / "tls") as found:
        yield found


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Guarded]:
    with guarded_redis(tmp_path / "watched") as found:
        yield found


@pytest.mark.parametrize(
    "url",
    [
        "sentinel://ann:p%40ss@one:26379,two/3?master=name",
        "sentinel://ann:p%40ss@one:26379;sentinel://two:26379/3?master=name",
    ],
)
def test_both_ways_to_write_sentinels_say_the_same(url: str) -> None:
    found = redis_address(given(url))
    assert found.url == "sentinel://ann:p%40ss@one:26379/3;sentinel://ann:p%40ss@two:26379/3"
    assert found.sentinels == (("one", 26379), ("two", 26379))
    assert (found.master, found.user, found.database) == ("name", {"username": "ann", "password": "p@ss"}, 3)
    assert celery_settings(given(url))["broker_transport_options"]["master_name"] == "name"


def test_certificates_are_checked_unless_the_address_says_otherwise() -> None:
    checked = {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
    assert redis_address(given("rediss://host:6379/0")).tls == checked
    assert redis_address(given("sentinel://host/0?master=m&tls=true")).tls == checked
    assert redis_address(given("sentinel://host/0?master=m")).tls is None
    open_ = redis_address(given("rediss://host:6379/0?ssl_cert_reqs=none")).tls
    assert open_ == {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    assert celery_settings(given("rediss://host:6379/0"))["broker_use_ssl"] == checked


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sentinel://:secret@host:26379", r"say which primary"),
        ("sentinel://:secret@host:26379/zero?master=m", r"has the form sentinel://"),
        ("sentinel://:secret@host:secret/0?master=m", r"no number as its port"),
        ("sentinel://:secret@/0?master=m", r"has the form sentinel://"),
        ("sentinel://host/0?master=m&password=secret", r"an option of it is unknown"),
        ("rediss://:secret@host/0?ssl_cert_reqs=secret", r"required, optional or none"),
        ("rediss://:secret@host/0?verify=secret", r"an option of it is unknown; it may have ssl_ca_certs"),
        ("rediss+cluster://:secret@host", r"Redis Cluster.*name one primary.*or Sentinel"),
    ],
)
def test_an_incomplete_address_is_refused_without_telling_its_password(url: str, reason: str) -> None:
    with pytest.raises(InvalidOption, match=f"LANDCAST_REDIS_URL.*{reason}") as caught:
        redis_address(given(url))
    assert "secret" not in str(caught.value)
    with pytest.raises(InvalidOption):
        celery_settings(given(url))


def test_no_password_is_in_the_description_of_an_address() -> None:
    found = redis_address(given("sentinel://:secret@host/0?master=m&sentinel_password=secret"))
    assert "secret" not in repr(found)


def test_messages_go_over_tls_and_no_other_certificate_is_taken(secured: TlsRedis) -> None:
    settings = given(secured.url(secured.ca))
    ping_redis(settings)
    send(settings, TILE, "job", "tile")
    assert backlog(settings) == 1
    for url in (
        secured.url(secured.other_ca),
        secured.url(secured.ca, "localhost"),
        f"redis://127.0.0.1:{secured.port}",
    ):
        for attempt in (ping_redis, backlog):
            with pytest.raises(WorkerUnavailable) as caught:
                attempt(given(url))
            assert PASSWORD not in str(caught.value)
            assert str(secured.other_ca) not in str(caught.value)


def test_a_wrong_password_is_not_told(secured: TlsRedis) -> None:
    wrong = given(secured.url(secured.ca).replace("tls-Secret", "another-Secret"))
    for attempt in (ping_redis, backlog):
        with pytest.raises(WorkerUnavailable) as caught:
            attempt(wrong)
        assert "Secret" not in str(caught.value)


def test_a_job_is_carried_out_over_tls(shop: Settings, secured: TlsRedis, start_worker: Start) -> None:
    settings = shop.but(redis_url=secured.url(secured.ca))
    worker = start_worker(settings)
    job = order(settings)
    assert_successful(end_of(settings, job.id))
    assert PASSWORD not in worker.log.read_text()


def test_without_an_answer_of_any_sentinel_redis_is_away() -> None:
    away = given("sentinel://:secret@127.0.0.1:1,127.0.0.1:2/0?master=m")
    for attempt in (ping_redis, backlog):
        with pytest.raises(WorkerUnavailable) as caught:
            attempt(away)
        assert "secret" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_job_survives_the_primary_and_has_the_same_bytes(
    shop: Settings, lonely: Settings, watched: Guarded, start_worker: Start
) -> None:
    settings = shop.but(redis_url=watched.url)
    ledger, before = open_ledger(settings), watched.primary()
    worker = start_worker(settings)
    wait_for(lambda: len(living_workers(settings)) == 1)
    job = order(settings, pause_s=0.5)
    wait_for(lambda: ledger.job(job.id).tiles_done >= 1)
    watched.kill_primary()
    wait_for(lambda: watched.primary() != before)
    done = end_of(settings, job.id, seconds=150)
    assert_successful(done)
    ping_redis(settings)
    assert {t.attempts for t in ledger.tiles(job.id)} <= {1, 2}
    alone = carry_out(lonely, pause_s=0.5)
    folders = [home.home / "jobs" / one.id for home, one in ((settings, done), (lonely, alone))]
    assert (folders[0] / "fake-map.tif").read_bytes() == (folders[1] / "fake-map.tif").read_bytes()
    assert PASSWORD not in worker.log.read_text()

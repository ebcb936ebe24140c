"""Which Redis is used, as its address says."""

import pytest
from pydantic import SecretStr

from core.errors import InvalidOption, WorkerUnavailable
from core.settings import Settings
from workers.queue.broker import HARD_LIMIT_S, TILE, VISIBILITY_S, backlog, broker_url, celery_settings, send


def with_redis(url: str) -> Settings:
    return Settings(redis_url=SecretStr(url))


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("redis://:secret@host:6379/1", "redis://:secret@host:6379/1"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock"),
        ("sentinel://host:26379/1?master=one", "sentinel://host:26379/1"),
    ],
)
def test_a_redis_is_named_by_its_address(given: str, taken: str) -> None:
    assert broker_url(with_redis(given)) == taken


@pytest.mark.parametrize("url", ["redis+cluster://:secret@host", "amqp://:secret@host", "memory://"])
def test_an_address_that_cannot_serve_is_refused_without_telling_its_password(url: str) -> None:
    with pytest.raises(InvalidOption, match="LANDCAST_REDIS_URL") as caught:
        broker_url(with_redis(url))
    assert "secret" not in str(caught.value)


def test_a_cluster_is_refused_with_what_to_do_instead() -> None:
    with pytest.raises(InvalidOption, match=r"Redis Cluster.*name one primary.*or Sentinel"):
        broker_url(with_redis("redis+cluster://host"))


def test_without_a_redis_there_are_no_jobs(settings: Settings) -> None:
    with pytest.raises(WorkerUnavailable, match="no Redis is named"):
        celery_settings(settings)


def test_a_message_that_was_sent_waits_for_a_worker(redis_url: str) -> None:
    settings = with_redis(redis_url)
    before = backlog(settings)
    send(settings, TILE, "job", "tile")
    assert backlog(settings) == before + 1


def test_a_redis_that_is_away_is_noticed_at_once() -> None:
    settings = with_redis("redis+socket:///nowhere")
    for attempt in (lambda: send(settings, TILE, "job", "tile"), lambda: backlog(settings)):
        with pytest.raises(WorkerUnavailable, match="Redis cannot be reached"):
            attempt()


def test_no_message_is_handed_out_again_while_its_tile_may_still_be_running(redis_url: str) -> None:
    found = celery_settings(with_redis(redis_url))
    assert found["task_time_limit"] == HARD_LIMIT_S < VISIBILITY_S
    assert found["broker_transport_options"]["visibility_timeout"] == VISIBILITY_S

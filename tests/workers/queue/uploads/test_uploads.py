"""What was sent with orders, on SQLite and PostgreSQL: there exactly as long as its job may need it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from core.job import FIELDS, JobState
from tests.workers.queue.ledger_parts import KEY, ORDER, TILES
from workers.fields.stopped import stop_tile
from workers.queue.ledger import Ledger
from workers.queue.planning import Planning
from workers.queue.uploads.uploads import add_upload, upload_of

CONTENT = b'{"type": "FeatureCollection"}' * 1000


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    found = Ledger(database_url)
    found.create_schema()
    for job_id in ("a", "b"):
        assert Planning(found).add(replace(ORDER, product=FIELDS), job_id, pixels=1, upload=CONTENT)
    assert Planning(found).add(ORDER, "map", pixels=1)
    yield found
    found.close()


def test_what_was_sent_is_found_by_its_job(ledger: Ledger) -> None:
    assert upload_of(ledger.engine, "a") == CONTENT
    assert upload_of(ledger.engine, "map") is None
    assert upload_of(ledger.engine, "none") is None


def test_a_job_that_is_kept_out_leaves_nothing(ledger: Ledger) -> None:
    def full(*_: object) -> None:
        raise ValueError("full")

    with pytest.raises(ValueError, match="full"):
        Planning(ledger).add(replace(ORDER, product=FIELDS), "c", pixels=1, admit=full, upload=CONTENT)
    assert upload_of(ledger.engine, "c") is None
    assert not Planning(ledger).add(replace(ORDER, product=FIELDS), "a", pixels=1, upload=b"other")
    assert upload_of(ledger.engine, "a") == CONTENT


def test_it_is_gone_with_a_dismissal_and_with_success_but_not_with_a_failure(ledger: Ledger) -> None:
    ledger.dismiss("a")
    assert upload_of(ledger.engine, "a") is None
    ledger.close_job("b", JobState.FAILED, "x")
    assert upload_of(ledger.engine, "b") == CONTENT
    ledger.retry("b")
    ledger.close_job("b", JobState.SUCCESSFUL, "done")
    assert upload_of(ledger.engine, "b") is None


def test_it_stays_after_a_success_that_left_something_out(ledger: Ledger) -> None:
    ledger.add_job(replace(ORDER, product=FIELDS), TILES[:1], "d")
    with ledger.engine.begin() as connection:
        add_upload(connection, "d", CONTENT)
    assert ledger.claim_tile("d", KEY, "w", 60)
    assert stop_tile(ledger, "d", KEY, "w", reason="enough", pixels=5, has_some=True)
    ledger.close_job("d", JobState.SUCCESSFUL, "done with gaps")
    assert upload_of(ledger.engine, "d") == CONTENT

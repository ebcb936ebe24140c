"""Filling the items table of an older ledger from the files of its finished jobs."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.job import JobState
from core.settings import Settings
from tests.workers.queue.ledger_parts import SQUARE, TILES, add, finish_all, item
from workers.queue import publish as publish_module
from workers.queue.items import Items, ItemSearch
from workers.queue.ledger import Ledger
from workers.queue.publish import publish_missing

Old = tuple[Ledger, Settings]


@pytest.fixture
def old(database_url: str, tmp_path: Path) -> Iterator[Old]:
    """A ledger of five jobs that ended before there was a table of items, and their files; one is broken, one gone."""
    ledger, settings = Ledger(database_url), Settings(home=tmp_path / "home")
    ledger.create_schema()
    for name in "abcde":
        add(ledger, name, TILES[:1])
        finish_all(ledger, name)
        assert ledger.close_job(name, JobState.SUCCESSFUL, "done")
        path = item_path(settings, name)
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(item(SQUARE)))
    item_path(settings, "b").write_text('{"type": "Feat')
    item_path(settings, "d").unlink()
    add(ledger, "running")
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM items")  # as the upgrade of such a ledger leaves it
    yield ledger, settings
    ledger.close()


def item_path(settings: Settings, job_id: str) -> Path:
    return settings.home / "jobs" / job_id / "crop.json"


def published(ledger: Ledger) -> set[str]:
    return {found["id"] for found in Items(ledger.engine).search(ItemSearch(), limit=10).items}


def test_results_of_an_older_ledger_are_published_once(old: Old) -> None:
    ledger, settings = old
    assert publish_missing(ledger.engine, settings) == 3
    assert published(ledger) == {"a", "c", "e"}
    assert publish_missing(ledger.engine, settings) == 0


def test_a_broken_item_is_logged_with_its_file_and_stops_nothing(old: Old, caplog: pytest.LogCaptureFixture) -> None:
    ledger, settings = old
    with caplog.at_level(logging.WARNING):
        publish_missing(ledger.engine, settings)
    assert [("job=b" in text, "job=d" in text) for text in caplog.messages] in (
        [(True, False), (False, True)],
        [(False, True), (True, False)],
    )
    assert caplog.text.count("file=crop.json") == 2


def test_a_fill_that_was_broken_off_continues(old: Old, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, settings = old
    monkeypatch.setattr(publish_module, "BATCH", 2)
    stops = iter([False, False, True])
    assert publish_missing(ledger.engine, settings, lambda: next(stops)) < 3
    before = published(ledger)
    assert len(before) == 1
    publish_missing(ledger.engine, settings)
    assert published(ledger) == {"a", "c", "e"}


def test_a_job_that_was_dismissed_is_not_published(old: Old) -> None:
    ledger, settings = old
    ledger.dismiss("a")
    publish_missing(ledger.engine, settings)
    assert published(ledger) == {"c", "e"}

"""Handing jobs to the workers: what is sent, what is kept, what is removed."""

import pytest

from core.errors import UnknownJob, WorkerUnavailable
from core.job import Job, JobState
from core.settings import Settings
from tests.fakes import FAKE_DEPENDENCIES, SMALL, rectangle
from tests.workers.conftest import order, submit_planned, worker_here
from workers.accept import accept, check
from workers.queue.broker import LATER, backlog, redis_of
from workers.queue.dispatch import (
    AHEAD,
    dismiss,
    feed,
    retry,
    scratch_folder,
    send_plan,
    submit,
)
from workers.queue.ledger import open_ledger
from workers.queue.planning import Planning
from workers.tasks import carry_out_tile

PRIORITY_SEPARATOR = "\x06\x16"
"""Of kombu, between the name of a queue and a priority that is not the first."""


def test_a_large_job_does_not_fill_the_queue(shop: Settings) -> None:
    settings = shop.but(tile_size=16, home=shop.home / "fine")
    accepted, _, tiles = accept(
        "fake-map", {"region": rectangle(11.001, 48.001, 11.019, 48.011)}, settings, FAKE_DEPENDENCIES
    )
    assert len(tiles) > 2 * AHEAD
    before = backlog(settings)
    job = submit_planned(accepted, tiles, settings)
    assert backlog(settings) == before + AHEAD
    dismiss(job.id, settings)


def submitted(settings: Settings) -> Job:
    found = check("fake-map", {"region": SMALL}, settings, FAKE_DEPENDENCIES)
    return submit(found.order, settings, pixels=found.pixels, job_id="chosen")


def test_an_order_becomes_a_job_with_the_id_it_was_given(shop: Settings) -> None:
    assert submitted(shop).id == "chosen"
    assert submitted(shop).id == "chosen"
    assert open_ledger(shop).count() == 1
    assert backlog(shop) == 1
    dismiss("chosen", shop)


def test_a_plan_goes_before_tiles_that_wait_already(shop: Settings) -> None:
    job = order(shop)
    submitted(shop)
    with redis_of(shop) as client:
        waiting = {name.decode(): client.llen(name) for name in client.keys("landcast*")}
    assert waiting == {"landcast.ingest": 1, f"landcast.ingest{PRIORITY_SEPARATOR}{LATER}": job.tiles_total}
    assert backlog(shop) == 1 + job.tiles_total
    for job_id in (job.id, "chosen"):
        dismiss(job_id, shop)


def test_an_order_is_kept_while_redis_is_away_and_its_plan_is_sent_later(lonely: Settings, redis_url: str) -> None:
    assert submitted(lonely).state is JobState.ACCEPTED
    back, ledger = lonely.but(redis_url=redis_url), open_ledger(lonely)
    assert send_plan(ledger, back, "chosen") == 0, "nobody knows yet that it was not sent"
    assert Planning(ledger).forget_sent(older_than_s=-1) == 1
    assert send_plan(ledger, back, "chosen") == 1
    assert backlog(back) == 1


def test_the_planning_of_a_failed_job_is_sent_again_by_a_retry(shop: Settings) -> None:
    submitted(shop)
    planning = Planning(open_ledger(shop))
    assert planning.claim("chosen", "w", 10)
    planning.fail("chosen", "w", "The archive is gone.", for_good=True)
    before = backlog(shop)
    assert retry("chosen", shop).state is JobState.ACCEPTED
    assert backlog(shop) == before + 1


def test_without_a_redis_nothing_is_written(settings: Settings) -> None:
    nowhere = settings.but(archive="fake://plain", tile_size=32)
    with pytest.raises(WorkerUnavailable, match="no Redis"):
        submitted(nowhere)
    assert open_ledger(nowhere).count() == 0


def test_after_the_last_tile_the_closing_is_sent_once(lonely: Settings, redis_url: str) -> None:
    job, worker = order(lonely, region=SMALL), worker_here(lonely)
    for task in worker.ledger.tiles(job.id):
        carry_out_tile(worker, job.id, task.tile_key)
    worker.ledger.forget_sent(older_than_s=-1)
    back = lonely.but(redis_url=redis_url)
    assert feed(worker.ledger, back, job.id) == 1
    assert feed(worker.ledger, back, job.id) == 0


def test_dismissing_removes_the_files_of_a_job_and_of_its_workers(lonely: Settings) -> None:
    job = order(lonely, region=SMALL)
    for folder in (lonely.home / "jobs" / job.id, scratch_folder(lonely, job.id)):
        folder.mkdir(parents=True)
        (folder / "half.tif").touch()
    assert dismiss(job.id, lonely).state is JobState.DISMISSED
    assert not (lonely.home / "jobs" / job.id).exists()
    assert not scratch_folder(lonely, job.id).exists()


def test_dismissing_an_unknown_job_is_an_error(lonely: Settings) -> None:
    with pytest.raises(UnknownJob, match="nothing"):
        dismiss("nothing", lonely)

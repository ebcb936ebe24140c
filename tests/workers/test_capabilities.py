"""Workers that read, compute and write apart: real processes with homes of their own, and one store for all."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
from pydantic import SecretStr

from core.errors import InternalError
from core.groups.queues import Capability
from core.job import Job, JobState
from core.settings import Settings
from tests.fakes import FAKE_DEPENDENCIES, REGION, SMALL
from tests.s3_server import URL
from tests.workers.conftest import (
    CeleryWorker,
    assert_successful,
    carry_out,
    end_of,
    order,
    wait_for,
    worker_here,
)
from workers.accept import check
from workers.queue.dispatch import dismiss, submit
from workers.queue.events.log import EventKind, events_after
from workers.queue.ledger import open_ledger
from workers.queue.reconcile import reconcile
from workers.store.open_store import open_store
from workers.stored_cubes import cube_key
from workers.tasks import Worker, carry_out_tile, close_job

INGEST, COMPUTE, POST = Capability
Start = Callable[..., CeleryWorker]


@pytest.fixture(params=["folder", "s3"])
def hosts(request: pytest.FixtureRequest, shop: Settings, tmp_path: Path) -> Iterator[list[Settings]]:
    """A service, a machine that reads and writes, and two that compute; they share Redis, ledger and store."""
    if request.param == "s3":
        request.getfixturevalue("s3")
        shared = {"store": URL, "database_url": SecretStr(request.getfixturevalue("empty_postgres_url"))}
    else:
        shared = {"store": str(tmp_path / "store"), "database_url": SecretStr(f"sqlite:///{tmp_path / 'ledger'}")}
    queues = {"service": "ingest,compute,post", "cheap": "ingest,post", "card": "compute", "second": "compute"}
    found = [shop.but(home=tmp_path / name, queues=served, **shared) for name, served in queues.items()]
    open_ledger(found[0]).create_schema()
    yield found
    for settings in found:
        open_ledger(settings).close()


def map_of(settings: Settings, job: Job) -> bytes:
    file = open_store(settings).files(f"jobs/{job.id}")["fake-map.tif"]
    return b"".join(file.pieces(0, file.size))


def left_over(settings: Settings, job: Job) -> bool:
    return job.id in open_store(settings).leftovers()


def test_a_map_read_here_and_computed_there_has_the_bytes_of_one_worker(
    hosts: list[Settings], start_worker: Start, lonely: Settings
) -> None:
    service, cheap, card, _ = hosts
    ledger, reads, computes = open_ledger(service), start_worker(cheap), start_worker(card)
    found = check("fake-map", {"region": REGION}, service, FAKE_DEPENDENCIES)
    done = end_of(service, submit(found.order, service, pixels=found.pixels).id)
    assert_successful(done)
    assert done.tiles_total > 3
    assert map_of(service, done) == map_of(lonely, carry_out(lonely))
    assert {t.attempts for t in ledger.tiles(done.id)} == {2}, "each tile is read once and computed once"
    assert reads.log.read_text().count("tile read") == computes.log.read_text().count("tile done") == done.tiles_total
    assert "tile done" not in reads.log.read_text()
    assert "planning done" in reads.log.read_text()
    assert "closing done" in reads.log.read_text()
    assert not list(card.home.rglob("scene-tiles")), "who computes opens no archive"
    assert not left_over(service, done)


@pytest.mark.slow
def test_a_card_that_dies_in_a_tile_is_replaced_by_another(
    hosts: list[Settings], start_worker: Start, lonely: Settings
) -> None:
    service, cheap, card, second = hosts
    ledger = open_ledger(service)
    start_worker(cheap)
    killed = start_worker(card)
    job = order(service, pause_s=0.6)
    wait_for(lambda: ledger.job(job.id).tiles_done >= 1)
    wait_for(lambda: any(t.state == "running" and t.progress > 0.2 for t in ledger.tiles(job.id)))
    killed.kill()
    start_worker(second)
    done = end_of(service, job.id)
    assert_successful(done)
    assert map_of(service, done) == map_of(lonely, carry_out(lonely, pause_s=0.6))
    assert {t.attempts for t in ledger.tiles(job.id)} == {2, 3}, "one tile was computed twice, none read twice"
    kinds = [e.kind for e in events_after(ledger.engine, job.id, 0, limit=999)]
    assert kinds.count(EventKind.TILE_READ) == done.tiles_total


@pytest.mark.slow
def test_a_tile_that_kills_each_card_leaves_a_gap(hosts: list[Settings], start_worker: Start) -> None:
    service, cheap, card, _ = hosts
    ledger = open_ledger(service)
    probe = order(service)
    window = ledger.lattice(probe.id)[1].window
    dismiss(probe.id, service)
    start_worker(cheap)
    start_worker(card)
    job = order(service, poison_at=f"{window.bounds[0]:.0f} {window.bounds[3]:.0f}")
    done = end_of(service, job.id)
    assert (done.state, done.tiles_failed) == (JobState.SUCCESSFUL, 1)
    assert done.tiles_done == done.tiles_total - 1
    (given_up,) = (t for t in ledger.tiles(job.id) if t.state == "failed")
    assert given_up.attempts == 4, "read once, computed three times"
    assert not left_over(service, done)


def test_with_nobody_who_computes_the_job_says_so_and_goes_on_when_somebody_does(
    hosts: list[Settings], start_worker: Start
) -> None:
    service, cheap, card, _ = hosts
    ledger = open_ledger(service)
    start_worker(cheap)
    job = order(service)

    def message() -> str:
        reconcile(ledger, service, wait_s=1.0)
        return ledger.job(job.id).message

    wait_for(lambda: message() == "waiting: no worker serves the queue compute")
    assert 0 < ledger.job(job.id).progress < 0.2
    start_worker(card)
    wait_for(lambda: message() != "waiting: no worker serves the queue compute")
    assert_successful(end_of(service, job.id))


def test_a_job_that_is_dismissed_between_reading_and_computing_leaves_nothing(hosts: list[Settings]) -> None:
    service, cheap, *_ = hosts
    job = order(service, region=SMALL)
    read(cheap, job)
    (tile,) = open_ledger(service).lattice(job.id)
    dismiss(job.id, service)
    assert open_store(service).fetch(cube_key(tile, job.id), service.home) is None
    assert not (cheap.home / "work" / job.id / f"{tile.key}.cube").exists()


def test_one_worker_of_all_queues_stores_no_cube(hosts: list[Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    service, *_ = hosts
    monkeypatch.setattr("workers.tasks.store_cube", refuse)
    done = carry_out(service)
    assert_successful(done)
    assert {t.attempts for t in open_ledger(service).tiles(done.id)} == {1}


def test_who_computes_opens_no_archive_and_reads_no_scene(hosts: list[Settings]) -> None:
    service, cheap, card, _ = hosts
    job = order(service, region=SMALL)
    read(cheap, job)
    (key,) = (t.tile_key for t in open_ledger(service).tiles(job.id))
    carry_out_tile(computing(card), job.id, key, COMPUTE)
    close_job(only(cheap), job.id)
    assert_successful(open_ledger(service).job(job.id))


def test_a_cube_that_was_damaged_on_its_way_is_read_again(hosts: list[Settings], tmp_path: Path) -> None:
    service, cheap, card, _ = hosts
    ledger, job = open_ledger(service), order(service, region=SMALL)
    read(cheap, job)
    (tile,) = ledger.lattice(job.id)
    bad = tmp_path / "bad.cube"
    bad.write_bytes(b"PK")
    open_store(service).put(bad, cube_key(tile, job.id))
    carry_out_tile(computing(card), job.id, tile.key, COMPUTE)
    (task,) = ledger.tiles(job.id)
    assert (task.state, task.error) == ("open", "its stored cube is damaged, so it is read again")
    read(cheap, job)
    carry_out_tile(computing(card), job.id, tile.key, COMPUTE)
    close_job(only(cheap), job.id)
    assert_successful(ledger.job(job.id))


def only(settings: Settings) -> Worker:
    """Return a worker in this process that serves the queues of its settings."""
    return replace(worker_here(settings), queues=settings.workers.capabilities)


def computing(settings: Settings) -> Worker:
    """Return one that has no way to any archive."""
    return replace(only(settings), dependencies=replace(FAKE_DEPENDENCIES, open_archive=refuse, build_cube=refuse))


def read(settings: Settings, job: Job) -> None:
    for task in open_ledger(settings).tiles(job.id):
        carry_out_tile(only(settings), job.id, task.tile_key)


def refuse(*_: object, **__: object) -> NoReturn:
    raise InternalError("nobody may ask for this here.")

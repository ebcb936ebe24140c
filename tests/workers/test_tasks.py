"""Jobs carried out by real Celery workers over a real Redis, disturbed in every way that is known to happen."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import psutil
import pytest
import redis
from pydantic import SecretStr

from core.errors import ArchiveUnavailable
from core.job import Job, JobState
from core.settings import Settings
from ingest.archive import Archive
from tests.fakes import FAKE_DEPENDENCIES, REGION, SMALL
from tests.workers.conftest import (
    CeleryWorker,
    Postgres,
    assert_successful,
    carry_out,
    end_of,
    files_of,
    order,
    until_running,
    wait_for,
    worker_here,
    workshop,
)
from workers.accept import check
from workers.plan_rows import open_plan, pages
from workers.queue.broker import backlog
from workers.queue.dispatch import dismiss, submit
from workers.queue.ledger import DIED, open_ledger
from workers.queue.planning import Planning
from workers.queue.reconcile import reconcile
from workers.queue.redis_server import private_redis
from workers.tasks import plan_job

Start = Callable[..., CeleryWorker]
Shop = tuple[Settings, CeleryWorker]


@pytest.fixture(scope="module")
def open_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A workshop with one worker, for all tests that leave its main process alive."""
    folder = tmp_path_factory.mktemp("shop")
    with private_redis() as url:
        settings = workshop(folder / "home", url)
        worker = CeleryWorker(settings, folder / "worker.log")
        yield settings, worker
        worker.end()


FILES_OF_A_MAP = [f"fake-map.{ending}" for ending in ("json", "png", "qlr", "qml", "tif", "tif.aux.xml")]


def map_of(settings: Settings, job: Job) -> bytes:
    return (settings.home / "jobs" / job.id / "fake-map.tif").read_bytes()


def test_a_job_goes_from_order_to_files(open_shop: Shop) -> None:
    shop, _ = open_shop
    job = order(shop)
    assert (job.state, job.message) == (JobState.ACCEPTED, "waiting for a worker")
    done = end_of(shop, job.id)
    assert_successful(done)
    assert (done.tiles_done, done.progress) == (done.tiles_total, 1.0)
    assert files_of(shop, done) == FILES_OF_A_MAP
    wait_for(lambda: not (shop.home / "work" / job.id).exists())


def unplanned(settings: Settings, **inputs: object) -> Job:
    found = check("fake-map", {"region": REGION, **inputs}, settings, FAKE_DEPENDENCIES)
    return submit(found.order, settings, pixels=found.pixels)


def test_an_order_is_planned_by_a_worker_and_carried_out(open_shop: Shop) -> None:
    shop, _ = open_shop
    job = unplanned(shop)
    assert (job.state, job.tiles_total, job.message) == (JobState.ACCEPTED, 0, "waiting to be planned")
    done = end_of(shop, job.id)
    assert_successful(done)
    assert done.tiles_done == done.tiles_total == len(open_ledger(shop).lattice(job.id)) > 1


def test_an_order_whose_planner_died_is_planned_by_another_worker(open_shop: Shop, lonely: Settings) -> None:
    shop, _ = open_shop
    before = lonely.but(home=shop.home)  # its message is lost
    job = unplanned(before)
    assert Planning(open_ledger(shop)).claim(job.id, "elsewhere:1:1", 0.5)
    assert_successful(end_of(shop, job.id))


def test_a_planner_killed_between_two_pages_is_followed_by_one_that_goes_on(lonely: Settings) -> None:
    fine = lonely.but(tile_size=16)
    job, worker = unplanned(fine), replace(worker_here(fine), settings=fine)
    planning, lattice = Planning(worker.ledger), open_plan(worker.ledger.job(job.id).order, fine, FAKE_DEPENDENCIES)
    first, *others = pages(lattice.rows(), 3)
    assert planning.claim(job.id, "elsewhere:1:1", -1.0)
    assert planning.add_page(job.id, "elsewhere:1:1", first)
    reconcile(worker.ledger, fine)
    plan_job(worker, job.id)
    planned = worker.ledger.lattice(job.id)
    assert [t.key for t in planned] == [t.key for page in (first, *others) for t in page]
    assert worker.ledger.job(job.id).tiles_total == len(planned)


def test_what_is_wrong_with_a_plan_becomes_the_failure_of_its_job(lonely: Settings) -> None:
    job, worker = unplanned(lonely), worker_here(lonely)
    plan_job(replace(worker, settings=lonely.but(max_tiles=2)), job.id)
    failed = worker.ledger.job(job.id)
    assert failed.state is JobState.FAILED
    assert failed.message.startswith("The region is not usable: it takes more than 2 tiles, the most of one job.")
    assert worker.ledger.retry(job.id).state is JobState.ACCEPTED
    plan_job(worker, job.id)
    assert worker.ledger.job(job.id).is_planned


def test_a_plan_that_fails_by_chance_is_tried_again(lonely: Settings) -> None:
    job, worker = unplanned(lonely), worker_here(lonely)

    def fails(spec: str, settings: Settings) -> Archive:
        raise ArchiveUnavailable(spec, "it does not answer")

    for attempt in range(3):
        assert worker.ledger.job(job.id).state is JobState.ACCEPTED, attempt
        plan_job(replace(worker, dependencies=replace(FAKE_DEPENDENCIES, open_archive=fails)), job.id)
    assert worker.ledger.job(job.id).message.startswith("Planning failed 3 times, at last because ")


def test_a_job_is_carried_out_over_postgresql(shop: Settings, empty_postgres_url: str, start_worker: Start) -> None:
    settings = shop.but(database_url=SecretStr(empty_postgres_url))
    open_ledger(settings).create_schema()
    start_worker(settings)
    done = end_of(settings, order(settings, "fake-forecast").id)
    assert_successful(done)
    endings = [".json", ".nc", ".png", ".qlr", ".qml", ".tif", "_pixel.png"]
    assert files_of(settings, done) == [f"fake-forecast{ending}" for ending in endings]


@pytest.mark.slow
def test_jobs_outlive_a_database_that_is_away_for_eight_seconds(
    shop: Settings, postgres: Postgres, start_worker: Start
) -> None:
    settings = shop.but(database_url=SecretStr(postgres.url), lease_seconds=60.0)
    worker, ledger = start_worker(settings), open_ledger(settings)
    jobs = [order(settings, pause_s=0.5), *(order(settings, region=SMALL) for _ in range(5))]
    until_running(ledger, jobs[0].id)
    before = backlog(settings)
    postgres.stop()
    time.sleep(8)
    assert backlog(settings) >= before - 1, "messages wait"
    postgres.start()
    for job in jobs:
        assert_successful(end_of(settings, job.id))
    assert {t.attempts for job in jobs for t in ledger.tiles(job.id)} == {1}
    assert worker.log.read_text().count("the ledger is away") <= 2
    ledger.close()


@pytest.mark.slow
def test_jobs_outlive_a_ledger_that_cannot_be_written_for_a_moment(shop: Settings, start_worker: Start) -> None:
    worker, ledger = start_worker(shop), open_ledger(shop)
    job = order(shop, pause_s=0.3)
    until_running(ledger, job.id)
    for child in worker.children():
        child.rlimit(psutil.RLIMIT_FSIZE, (0, -1))  # every write to a file fails, as on a full disk
    time.sleep(5)
    assert not ledger.job(job.id).state.is_final
    for child in worker.children():
        child.rlimit(psutil.RLIMIT_FSIZE, (-1, -1))
    assert_successful(end_of(shop, job.id))


@pytest.mark.slow
@pytest.mark.parametrize("shift_s", [-120.0, 120.0])
def test_a_worker_whose_clock_is_off_works_like_any_other(
    shop: Settings, database_url: str, start_worker: Start, shift_s: float
) -> None:
    settings = shop.but(database_url=SecretStr(database_url), lease_seconds=20.0)
    ledger = open_ledger(settings)
    ledger.create_schema()
    start_worker(settings, shift_s=shift_s)
    job = order(settings, pause_s=0.5)
    assert_successful(end_of(settings, job.id, seconds=80))
    assert {t.attempts for t in ledger.tiles(job.id)} == {1}
    done = ledger.job(job.id)
    assert done.created <= done.started <= done.finished
    ledger.close()


def test_a_killed_child_costs_nothing_but_time(open_shop: Shop, lonely: Settings) -> None:
    shop, worker = open_shop
    job = order(shop, pause_s=0.3)
    until_running(open_ledger(shop), job.id)
    worker.children()[0].send_signal(signal.SIGKILL)
    done = end_of(shop, job.id)
    assert_successful(done)
    assert max(t.attempts for t in open_ledger(shop).tiles(job.id)) == 2
    assert map_of(shop, done) == map_of(lonely, carry_out(lonely))


def test_a_killed_worker_is_replaced_by_the_next(shop: Settings, start_worker: Start, lonely: Settings) -> None:
    first = start_worker(shop)
    job = order(shop, pause_s=0.3)
    until_running(open_ledger(shop), job.id)
    first.kill()
    start_worker(shop)
    done = end_of(shop, job.id)
    assert_successful(done)
    assert map_of(shop, done) == map_of(lonely, carry_out(lonely))


def test_a_tile_that_kills_every_worker_ends_its_job_and_no_other(open_shop: Shop) -> None:
    shop, _ = open_shop
    poison, good = order(shop, region=SMALL, poison=True), order(shop, region=SMALL)
    failed = end_of(shop, poison.id)
    assert failed.state is JobState.FAILED
    assert failed.message.startswith("Tile 32632_10m_32_c")
    assert failed.message.endswith(f" failed 3 times, at last because {DIED}.")
    assert files_of(shop, failed) == []
    assert_successful(end_of(shop, good.id))


def test_a_tile_that_kills_every_worker_is_a_gap_in_its_map(open_shop: Shop) -> None:
    shop, _ = open_shop
    tile = open_ledger(shop).lattice(order(shop).id)[1]
    job = order(shop, poison_at=f"{tile.window.bounds[0]:.0f} {tile.window.bounds[3]:.0f}")
    done = end_of(shop, job.id)
    assert (done.state, done.tiles_done, done.tiles_failed) == (JobState.SUCCESSFUL, done.tiles_total - 1, 1)
    assert [t.error for t in open_ledger(shop).tiles(job.id) if t.state == "failed"] == [DIED]
    assert files_of(shop, done) == FILES_OF_A_MAP


def test_a_dismissed_job_stops_within_a_tile(open_shop: Shop) -> None:
    shop, _ = open_shop
    ledger, job = open_ledger(shop), order(shop, pause_s=100.0)
    until_running(ledger, job.id)
    assert dismiss(job.id, shop).state is JobState.DISMISSED
    other = order(shop, region=SMALL)
    assert_successful(end_of(shop, other.id))  # the worker is free again long before the tile would have been done
    assert ledger.job(job.id).state is JobState.DISMISSED
    wait_for(lambda: not (shop.home / "work" / job.id).exists())
    assert files_of(shop, job) == []


def test_messages_that_redis_lost_are_sent_again(open_shop: Shop) -> None:
    shop, _ = open_shop
    assert shop.jobs.redis_url
    path = shop.jobs.redis_url.get_secret_value().removeprefix("redis+socket://")
    blocker, lost = order(shop, region=SMALL, pause_s=1.0), order(shop, region=SMALL)
    until_running(open_ledger(shop), blocker.id)
    with redis.Redis(unix_socket_path=path) as client:
        client.delete("landcast")
    assert_successful(end_of(shop, lost.id, grace_s=1.0))
    assert_successful(end_of(shop, blocker.id))


def test_importing_the_worker_loads_no_model_and_reads_no_settings() -> None:
    words = "import sys, workers.tasks; print([m for m in ('torch', 'onnxruntime', 'sklearn') if m in sys.modules])"
    environment = os.environ | {"LANDCAST_TILE_SIZE": "nonsense"}
    found = subprocess.run([sys.executable, "-c", words], env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
    assert multiprocessing.active_children() == []

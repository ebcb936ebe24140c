"""Two hosts that share Redis, the database and the store, and nothing else: homes and processes are their own."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr
from shapely.affinity import scale
from shapely.geometry import mapping, shape

from core.job import Job
from core.settings import Settings
from ingest.simulate.archive import sample_region
from outputs.cog import open_cog
from tests.fakes import SMALL
from tests.s3_server import KEY, SECRET, URL, S3Server
from tests.workers.conftest import (
    CeleryWorker,
    assert_successful,
    carry_out,
    end_of,
    order,
    until_running,
    wait_for,
    worker_here,
)
from tests.workers.test_tile import DAMAGES
from workers.accept import check
from workers.queue.broker import backlog
from workers.queue.dispatch import dismiss, submit
from workers.queue.ledger import open_ledger
from workers.store.open_store import open_store
from workers.tasks import carry_out_tile, close_job

REAL_APP = "workers.tasks"
Start = Callable[..., CeleryWorker]


@pytest.fixture
def hosts(shop: Settings, s3: S3Server, empty_postgres_url: str, tmp_path: Path) -> Iterator[list[Settings]]:
    """Settings of three hosts: a service and two workers; skipped without PostgreSQL, as SQLite is one host's."""
    shared = {"database_url": SecretStr(empty_postgres_url), "store": URL}
    found = [shop.but(home=tmp_path / name, **shared) for name in ("service", "first", "second")]
    open_ledger(found[0]).create_schema()
    yield found
    for settings in found:
        open_ledger(settings).close()


def result(settings: Settings, job: Job) -> dict[str, bytes]:
    """Return the files of a result as a host reads them, by name."""
    files = open_store(settings).files(f"jobs/{job.id}")
    return {name: b"".join(f.pieces(0, f.size)) for name, f in files.items()}


@pytest.mark.slow
def test_what_one_host_leaves_the_other_ends_with_the_same_bytes(
    hosts: list[Settings], start_worker: Start, lonely: Settings, s3: S3Server
) -> None:
    service, first, second = hosts
    ledger, killed = open_ledger(service), start_worker(first)
    job = order(service, pause_s=0.3)
    wait_for(lambda: ledger.job(job.id).tiles_done >= 2)
    until_running(ledger, job.id)
    killed.kill()
    other = start_worker(second)
    done = end_of(service, job.id)
    assert_successful(done)
    assert {t.attempts for t in ledger.tiles(job.id)} <= {1, 2}
    alone = carry_out(lonely, pause_s=0.3)
    folder = lonely.home / "jobs" / alone.id
    for name in ("fake-map.tif", "fake-map.png"):
        assert result(service, done)[name] == (folder / name).read_bytes()
    assert "tile done" in killed.log.read_text()
    assert "tile done" in other.log.read_text()
    assert not list(second.home.rglob("jobs/*")), "no result lies on a host"
    wait_for(lambda: not (second.home / "work" / job.id).exists())
    for log in (killed.log, other.log):
        assert not [word for word in (SECRET, KEY) if word in log.read_text()]
    document = json.dumps([done.message, json.loads(result(service, done)["fake-map.json"])])
    assert not [word for word in (SECRET, KEY, "127.0.0.1", "s3://", str(second.home)) if word in document]
    assert dismiss(job.id, service)
    assert [key for key in s3.keys("") if job.id in key] == []


def test_tiles_of_one_host_are_not_rendered_by_the_other(hosts: list[Settings], s3: S3Server) -> None:
    service, first, second = hosts
    one = carry_out(first)
    tiles = s3.keys("cache/tiles/")
    two = carry_out(second)
    assert s3.keys("cache/tiles/") == tiles
    assert len(tiles) == one.tiles_total
    assert result(service, one)["fake-map.tif"] == result(service, two)["fake-map.tif"]


def test_a_tile_with_gaps_goes_from_host_to_host_with_its_job_alone(hosts: list[Settings], s3: S3Server) -> None:
    service, first, second = (host.but(archive="fake://gaps") for host in hosts)
    job = order(service)
    for task in open_ledger(service).tiles(job.id):
        carry_out_tile(worker_here(first), job.id, task.tile_key)
    assert len([k for k in s3.keys(f"work/{job.id}") if k.endswith(".tif")]) == job.tiles_total
    (second.home).mkdir()
    close_job(worker_here(second), job.id)
    assert_successful(open_ledger(service).job(job.id))
    assert s3.keys("cache/tiles") == s3.keys("work") == []


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_tile_damaged_in_the_store_is_rendered_again(
    hosts: list[Settings], s3: S3Server, damage: Callable[[bytes], bytes]
) -> None:
    service, first, second = hosts
    one = carry_out(first, region=SMALL)
    (key,) = s3.keys("cache/tiles")
    good = s3.content(key)
    s3.write(key, damage(good))
    two = carry_out(second, region=SMALL)
    assert_successful(two)
    assert s3.content(key) == good
    assert result(service, one)["fake-map.tif"] == result(service, two)["fake-map.tif"]


@pytest.mark.slow
def test_while_the_store_is_away_messages_wait_and_nothing_is_lost(
    hosts: list[Settings], start_worker: Start, s3: S3Server
) -> None:
    service, first, _ = hosts
    worker, ledger = start_worker(first), open_ledger(service)
    jobs = [order(service, pause_s=0.3), order(service, region=SMALL)]
    until_running(ledger, jobs[0].id)
    s3.pause()
    try:
        wait_for(lambda: "the store is away" in worker.log.read_text(), seconds=120)
        assert backlog(service) > 0
        assert not [job for job in jobs if ledger.job(job.id).state.is_final]
    finally:
        s3.resume()
    for job in jobs:
        assert_successful(end_of(service, job.id))
        assert {t.attempts for t in ledger.tiles(job.id)} == {1}


def test_a_service_reads_maps_of_the_store_from_a_copy_of_its_own(hosts: list[Settings]) -> None:
    service, first, _ = hosts
    job = carry_out(first)
    path = open_store(service).files(f"jobs/{job.id}")["fake-map.tif"].local()
    assert path.is_relative_to(service.home / "cache" / "results")
    assert set(np.unique(open_cog(path).read("class"))) == {0, 1, 255}
    assert path.stat().st_size == len(result(service, job)["fake-map.tif"])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_canopy_map_is_the_same_whichever_host_ends_it(
    hosts: list[Settings], start_worker: Start, sample_home: Path, tmp_path: Path, s3: S3Server
) -> None:
    archive = str(sample_home / "archives" / "sample")
    service, first, second, alone = (
        host.but(archive=archive, tile_size=32, lease_seconds=5.0)
        for host in (*hosts, hosts[0].but(home=tmp_path / "alone", store="", database_url=None))
    )
    middle = scale(shape(sample_region()), 0.2, 0.2)
    found = check("canopy", {"region": dict(mapping(middle))}, service)
    ledger, killed = open_ledger(service), start_worker(first, app=REAL_APP)
    job = submit(found.order, service, pixels=found.pixels)
    wait_for(lambda: ledger.job(job.id).tiles_done >= 2)
    until_running(ledger, job.id)
    killed.kill()
    other = start_worker(second, app=REAL_APP)
    done = end_of(service, job.id, seconds=250)
    assert_successful(done)
    other.kill()  # or it would take the messages of the next job, whose ledger it does not know
    clean = submit(found.order, alone, pixels=found.pixels)
    start_worker(alone, app=REAL_APP)
    assert_successful(end_of(alone, clean.id, seconds=250))
    assert result(service, done)["canopy.tif"] == result(alone, clean)["canopy.tif"]
    assert len(s3.keys("cache/tiles")) == done.tiles_total
    assert s3.keys("cache/scene-tiles") == [], "the sample archive is on this machine: its scenes are not kept"

"""Quotas: requests a minute, running jobs, pixels a day; also with several processes at once, on both databases."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, func, select, update

from core.errors import OverQuota
from core.settings import Settings
from service.access.caller import LOCAL, Caller, Limits
from service.access.quotas import Quotas
from service.access.tables import key_requests
from tests.conftest import ROOT
from tests.service import scene
from tests.service.access.keyed import bearer, give, make_key
from tests.service.scene import order, problem_of
from workers.accept import accept
from workers.queue.ledger import Ledger, open_ledger
from workers.queue.schema import database_now, jobs

ALICE = Caller(id="a1", party="forest", limits=Limits(requests_per_minute=3, running_jobs=2, pixels_per_day=5000))


@pytest.fixture
def settings(archive_folder: Path, tmp_path: Path, redis_url: str) -> Settings:
    archive = str(archive_folder / "archives" / "fields.nc")
    return Settings(home=tmp_path / "home", archive=archive, redis_url=redis_url, tile_size=16)


@pytest.fixture
def ledger(settings: Settings) -> Ledger:
    return open_ledger(settings)


@pytest.fixture
def quotas(ledger: Ledger, settings: Settings) -> Quotas:
    return Quotas(ledger.engine, settings)


def test_a_key_has_its_own_quotas_or_those_of_the_settings(ledger: Ledger, settings: Settings) -> None:
    found = Quotas(ledger.engine, settings.but(quota_running_jobs=7, quota_pixels_per_day=9)).of(
        Caller(id="b", limits=Limits(running_jobs=0))
    )
    assert (found.running_jobs, found.pixels_per_day, found.requests_per_minute) == (0, 9, 1200)


def test_where_no_key_is_needed_nothing_is_counted(quotas: Quotas, ledger: Ledger) -> None:
    assert quotas.count_request(LOCAL) == 0
    with ledger.engine.begin() as connection:
        assert connection.scalar(select(func.count()).select_from(key_requests)) == 0


def test_requests_beyond_those_of_a_minute_wait_for_the_next(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    quotas = Quotas(engine, settings)
    now = [6_000_010.0]
    monkeypatch.setattr("service.access.quotas.database_now", lambda _: now[0])
    assert [quotas.count_request(ALICE) for _ in range(5)] == [0, 0, 0, 50, 50]
    assert quotas.count_request(Caller(id="b1", limits=ALICE.limits)) == 0, "another key has its own minute"
    now[0] += 50
    assert quotas.count_request(ALICE) == 0
    with engine.begin() as connection:
        kept = connection.execute(select(key_requests.c.minute).where(key_requests.c.caller == "a1")).all()
    assert len(kept) == 1, "earlier minutes are removed"


COUNT = """
import sys
from core.settings import Settings
from service.access.caller import Caller, Limits
from service.access.quotas import Quotas
from workers.queue.ledger import open_ledger
settings = Settings(home=sys.argv[1])
quotas = Quotas(open_ledger(settings).engine, settings)
caller = Caller(id="a1", limits=Limits(requests_per_minute=30))
print(sum(quotas.count_request(caller) == 0 for _ in range(25)))
"""


def test_several_processes_count_together(quotas: Quotas, settings: Settings, ledger: Ledger) -> None:
    """The minute may change once between them, so that twice as many may go on; without counting it would be 75."""
    command = [sys.executable, "-c", COUNT, str(settings.home)]
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    allowed = sum(int(process.communicate(timeout=100)[0]) for process in running)
    assert allowed in range(30, 61)
    with ledger.engine.begin() as connection:
        latest = connection.scalar(select(func.max(key_requests.c.count)))
    assert (allowed == 30) == (latest == 75)


def submit(settings: Settings, quotas: Quotas, job_id: str, caller: Caller = ALICE) -> None:
    accepted, _, tiles = accept("crop", {"region": scene.REGION}, settings)
    open_ledger(settings).add_job(accepted, tiles, job_id, party=caller.party, admit=quotas.admit(caller))


def test_a_party_has_so_many_running_jobs_and_no_more(quotas: Quotas, settings: Settings, ledger: Ledger) -> None:
    submit(settings, quotas, "j1")
    submit(settings, quotas, "j2")
    with pytest.raises(OverQuota, match="2 jobs of 'forest' wait or run, and it may have 2") as caught:
        submit(settings, quotas, "j3")
    assert caught.value.retry_after_s == 30
    submit(settings, quotas, "j2")  # the same again is no further job
    submit(settings, quotas, "k1", Caller(id="b1", party="farm", limits=ALICE.limits))
    with pytest.raises(OverQuota):
        quotas.check_running(ALICE)
    ledger.dismiss("j1")
    submit(settings, quotas, "j3")
    assert {j.id for j in ledger.jobs()} == {"j1", "j2", "j3", "k1"}


def test_a_party_has_so_many_pixels_in_a_day(quotas: Quotas, settings: Settings, ledger: Ledger) -> None:
    submit(settings, quotas, "j1")  # 6 tiles of 16 x 16 pixels
    limits = Limits(pixels_per_day=3000, running_jobs=0)
    caller = Caller(id="a1", party="forest", limits=limits)
    with ledger.engine.begin() as connection:
        assert connection.scalar(select(jobs.c.pixels)) == 6 * 256
    with pytest.raises(OverQuota, match="has ordered 1,536 of 3,000 in 24 hours") as caught:
        submit(settings, quotas, "j2", caller)
    assert 86_000 < caught.value.retry_after_s <= 86_402
    with ledger.engine.begin() as connection:
        connection.execute(update(jobs).values(created=database_now(connection) - 86_401))
    submit(settings, quotas, "j2", caller)


def test_orders_at_the_same_time_do_not_slip_past_a_quota(settings: Settings, database_url: str) -> None:
    settings = settings.but(database_url=database_url)
    ledger = open_ledger(settings)
    ledger.create_schema()
    quotas = Quotas(ledger.engine, settings)

    def try_one(number: int) -> bool:
        try:
            submit(settings, quotas, f"j{number}")
        except OverQuota:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_one, range(16))) == 2
    assert ledger.count() == 2
    ledger.close()


@pytest.fixture
def client(settings: Settings) -> Iterator[httpx.Client]:
    required = settings.but(keys="required", quota_running_jobs=1)
    with scene.served(required) as client:
        client.headers.update(bearer(make_key(required, "alice")))
        yield client


def test_an_order_over_the_quota_is_429_with_the_time_to_wait_and_keeps_nothing(
    client: httpx.Client, ledger: Ledger
) -> None:
    assert client.post("/processes/crop/execution", json=order()).status_code == 201
    answer = client.post("/processes/crop/execution", json=order())
    assert "1 jobs of 'alice'" in problem_of(answer, 429)["detail"]
    assert answer.headers["retry-after"] == "30"
    assert ledger.count() == 1


def test_a_retry_counts_as_a_running_job(client: httpx.Client, settings: Settings) -> None:
    scene.failed(settings, "crop", "failed1", "No.")
    give(settings, "failed1", "alice")
    assert client.post("/processes/crop/execution", json=order()).status_code == 201
    problem_of(client.post("/jobs/failed1/retry"), 429)


def test_too_many_requests_are_429_with_the_time_to_wait(settings: Settings) -> None:
    required = settings.but(keys="required", quota_requests_per_minute=5)
    with scene.served(required) as client:
        client.headers.update(bearer(make_key(required, "alice")))
        answers = [client.get("/version") for _ in range(20)]
        refused = [a for a in answers if a.status_code == 429]
        assert 10 <= len(refused) <= 15
        assert all(1 <= int(a.headers["retry-after"]) <= 60 for a in refused)
        assert client.get("/healthz").status_code == 200

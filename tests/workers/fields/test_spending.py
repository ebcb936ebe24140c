"""Limits within a job of fields: what is answered is kept, what is left out says why, and a retry goes on with it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.job import Job, JobState
from core.settings import Settings
from outputs.fields.files import FILES
from tests.workers.conftest import CeleryWorker, end_of, files_of
from tests.workers.fields.jobs import (
    FIELDS,
    GROUPS,
    break_off,
    carried_out,
    collection,
    feature,
    ordered,
    settings_for,
    square,
    worker_of,
)
from workers.fields.job import FieldWork
from workers.queue.cost.costs import cost_of
from workers.queue.cost.limit import stop_spent
from workers.queue.dispatch import dismiss, retry
from workers.queue.events.log import EventKind, events_after
from workers.queue.ledger import open_ledger
from workers.queue.sweep import sweep_ended
from workers.queue.uploads.uploads import upload_of
from workers.tasks import carry_out_tile, close_job

PIXELS = 36
"""Of each of the fields."""
LIMIT = {"pixels": 2 * PIXELS}
REASON = "the order's limit of 72 pixels (max_cost) was reached before it was begun"


@pytest.fixture
def shop(tmp_path: Path) -> Settings:
    return settings_for(tmp_path)


def lines_of(settings: Settings, job: Job) -> pd.DataFrame:
    return pd.read_csv(settings.home / "jobs" / job.id / "fields.csv")


def flags_of(settings: Settings, job: Job) -> list[str]:
    found = lines_of(settings, job)
    return found.drop_duplicates(found.columns[0])["flags"].tolist()


def go_on(settings: Settings, job: Job) -> Job:
    retry(job.id, settings)
    worker = worker_of(settings)
    for task in worker.ledger.tiles(job.id):
        carry_out_tile(worker, job.id, task.tile_key)
    close_job(worker, job.id)
    return worker.ledger.job(job.id)


def test_fields_that_are_done_are_delivered_and_the_others_say_why_they_are_left_out(shop: Settings) -> None:
    whole = lines_of(shop, carried_out(shop, ordered(shop)))
    done = carried_out(shop, ordered(shop, max_cost=LIMIT))
    assert (done.state, done.is_complete, done.tiles_done, done.tiles_failed) == (JobState.SUCCESSFUL, False, 0, 1)
    assert done.message == (
        f"done with gaps: 2 of 4 fields are left out, as {REASON}; POST /jobs/{done.id}/retry goes on with them"
    )
    assert files_of(shop, done) == sorted(FILES.values())
    found, per_field = lines_of(shop, done), len(whole) // GROUPS
    pd.testing.assert_frame_equal(found[: 2 * per_field], whole[: 2 * per_field], check_dtype=False)
    assert found["flags"].tolist()[2 * per_field :] == [f"left out: {REASON}"] * 2
    assert found["id"].drop_duplicates().tolist() == [100, 99, 98, 97]
    assert found.iloc[-1][["ndvi_mean", "q50", "clear_share"]].isna().all()
    assert cost_of(open_ledger(shop).engine, done.id).pixels == pytest.approx(2 * PIXELS, abs=2)
    origin = json.loads((shop.home / "jobs" / done.id / FILES["provenance"]).read_text())
    assert origin["left_out"] == {"fields": 2, "reason": REASON}
    events = events_after(open_ledger(shop).engine, done.id, 0, limit=99)
    assert [e.reason for e in events if e.kind is EventKind.STOPPED] == [f"fields are left out: {REASON}"]
    assert REASON in (shop.home / "jobs" / done.id / "fields.html").read_text().replace("&#39;", "'")


def test_a_retry_answers_the_others_and_repeats_nothing(shop: Settings) -> None:
    clean = carried_out(shop, ordered(shop))
    job = carried_out(shop, ordered(shop, max_cost={"pixels": PIXELS}))
    assert job.message.startswith("done with gaps: 3 of 4 fields are left out")
    assert sweep_ended(open_ledger(shop), shop) == 0
    assert upload_of(open_ledger(shop).engine, job.id) is not None
    kept = {p: p.stat().st_mtime_ns for p in (shop.home / "work" / job.id).glob("[0-9a-f]*.parquet")}
    assert len(kept) == 1
    again = go_on(shop, job)
    assert again.message.startswith("done with gaps: 2 of 4 fields are left out")
    assert {p: p.stat().st_mtime_ns for p in kept} == kept
    for _ in range(2):
        again = go_on(shop, job)
    assert (again.state, again.message, again.is_complete) == (JobState.SUCCESSFUL, "done", True)
    for name in ("fields.csv", "fields.geojson", "fields.parquet", "fields.gpkg"):
        if name != "fields.gpkg":  # states when it was written
            folder = shop.home / "jobs"
            assert (folder / job.id / name).read_bytes() == (folder / clean.id / name).read_bytes(), name
    assert cost_of(open_ledger(shop).engine, job.id).pixels == pytest.approx(4 * PIXELS, abs=4)
    assert not (shop.home / "work" / job.id).exists()
    assert upload_of(open_ledger(shop).engine, job.id) is None
    origin = json.loads((shop.home / "jobs" / job.id / FILES["provenance"]).read_text())
    assert (origin["reads"], "left_out" in origin) == (41 * GROUPS, False)


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ({"scene_reads": 41}, "41 reads of scenes"),
        ({"read_bytes": 1000}, "1,000 bytes read"),
        ({"pixels": 1e9, "scene_reads": 40.5}, "40.5 reads of scenes"),
    ],
)
def test_what_is_read_counts_while_the_work_goes_on(shop: Settings, limit: dict[str, float], words: str) -> None:
    done = carried_out(shop, ordered(shop, max_cost=limit))
    assert [f for f in flags_of(shop, done) if f.startswith("left out")] == [
        f"left out: the order's limit of {words} (max_cost) was reached before it was begun"
    ] * (GROUPS - 1)


def test_seconds_count_while_the_work_goes_on(shop: Settings) -> None:
    done = carried_out(shop, ordered(shop, max_seconds=0.0001))
    # not one group can be begun: there is nothing to deliver
    assert done.state is JobState.FAILED
    assert done.message == (
        "All fields are left out: the order's limit of 0.0001 seconds of workers (max_cost) was reached before it was "
        "begun."
    )
    assert carried_out(shop, ordered(shop, max_seconds=1e6)).message == "done"


def test_fields_that_cannot_be_measured_keep_their_own_reason(shop: Settings) -> None:
    features = [*FIELDS["features"], feature(None, id=1), feature(square(9000, 4), id=2)]
    done = carried_out(shop, ordered(shop, collection(features), max_cost=LIMIT))
    assert flags_of(shop, done)[4:] == ["not measured: it has no geometry", "outside 'long'"]
    assert "2 of 6 fields are left out" in done.message


def test_what_an_attempt_kept_that_was_broken_off_is_delivered(shop: Settings) -> None:
    job, engine = ordered(shop, max_cost={"pixels": 3 * PIXELS}), open_ledger(shop).engine
    break_off(job, shop)
    ledger = open_ledger(shop)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO job_costs VALUES ('{job.id}', 1, {3 * PIXELS}, 0, 0, 0)")
    assert stop_spent(engine, ledger.clock) == 0
    done = carried_out(shop, job)
    assert "2 of 4 fields are left out" in done.message


def test_a_table_that_the_store_has_lost_is_made_again_without_a_further_group(shop: Settings) -> None:
    job, worker = ordered(shop, max_cost=LIMIT), worker_of(shop)
    done = carried_out(shop, job)
    (shop.home / "work" / job.id / "part.parquet").unlink()
    first = (shop.home / "jobs" / job.id / "fields.csv").read_bytes()

    class Wanted:
        def progress(self, share: float) -> None:
            return

        check = staticmethod(lambda: None)

    work = FieldWork(job=worker.ledger.job(job.id), settings=shop, engine=worker.ledger.engine)
    assert work.finish(Wanted(), lambda _: None) == done.message
    assert (shop.home / "jobs" / job.id / "fields.csv").read_bytes() == first


def test_what_is_kept_goes_with_the_job(shop: Settings) -> None:
    job = carried_out(shop, ordered(shop, max_cost=LIMIT))
    assert (shop.home / "work" / job.id).is_dir()
    dismiss(job.id, shop)
    assert not (shop.home / "work" / job.id).exists()
    assert upload_of(open_ledger(shop).engine, job.id) is None


@pytest.mark.timeout(300)
def test_a_real_worker_stops_at_the_limit_and_goes_on_with_a_retry(
    tmp_path: Path, redis_url: str, start_worker: Callable[..., CeleryWorker]
) -> None:
    settings = settings_for(tmp_path, redis_url=redis_url)
    start_worker(settings, app="workers.tasks")
    given: dict[str, Any] = {"max_cost": {"pixels": 3 * PIXELS}}
    job = ordered(settings, **given)
    done = end_of(settings, job.id, seconds=150)
    assert done.message.startswith("done with gaps: 1 of 4 fields are left out")
    retry(job.id, settings)
    assert end_of(settings, job.id, seconds=90).message == "done"

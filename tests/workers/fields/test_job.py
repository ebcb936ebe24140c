"""Jobs of fields: from order to files, and through kills, dismissals, lost stores and archives that do not answer."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import geopandas
import pandas as pd
import pytest

from cli.main import run_command
from core.job import JobState
from core.settings import Settings
from outputs.fields.files import FILES
from tests.s3_server import URL, S3Server
from tests.workers.conftest import CeleryWorker, end_of, files_of, until_running, wait_for
from tests.workers.fields.jobs import (
    FIELDS,
    GROUPS,
    break_off,
    carried_out,
    collection,
    crossed,
    feature,
    ordered,
    settings_for,
    square,
    worker_of,
    write_archive,
)
from workers.fields.job import FieldWork
from workers.queue.dispatch import dismiss, retry
from workers.queue.ledger import open_ledger
from workers.queue.publish import publish_missing
from workers.queue.reconcile import reconcile
from workers.queue.uploads.uploads import upload_of
from workers.tasks import carry_out_tile, plan_job


@pytest.fixture
def shop_of_fields(tmp_path: Path) -> Settings:
    return settings_for(tmp_path)


def lines_of(settings: Settings, job_id: str) -> pd.DataFrame:
    return pd.read_csv(settings.home / "jobs" / job_id / "fields.csv")


def test_a_job_writes_what_the_command_line_writes(shop_of_fields: Settings, tmp_path: Path) -> None:
    done = carried_out(shop_of_fields, ordered(shop_of_fields, id="plot"))
    assert (done.state, done.message, done.progress) == (JobState.SUCCESSFUL, "done", 1.0)
    assert (done.tiles_total, done.is_complete) == (1, True)
    assert files_of(shop_of_fields, done) == sorted(FILES.values())
    (tmp_path / "f.geojson").write_text(json.dumps(FIELDS))
    chosen = ["--id", "plot", "--products", "ndvi-forecast", "--dates", "2022-11-15"]
    for ending in (".csv", ".geojson", ".parquet"):
        out = tmp_path / f"out{ending}"
        where = ["--archive", shop_of_fields.archives.default]
        assert run_command(["fields", str(tmp_path / "f.geojson"), "-o", str(out), *where, *chosen]) == 0
        ours = shop_of_fields.home / "jobs" / done.id / f"fields{ending}"
        if ending == ".parquet":
            pd.testing.assert_frame_equal(geopandas.read_parquet(ours), geopandas.read_parquet(out))
        else:
            assert ours.read_bytes() == out.read_bytes()
    assert lines_of(shop_of_fields, done.id)["plot"].drop_duplicates().tolist() == [f"field {n}" for n in range(4)]


def test_the_provenance_names_order_models_scenes_and_files(shop_of_fields: Settings) -> None:
    done = carried_out(shop_of_fields, ordered(shop_of_fields))
    found = json.loads((shop_of_fields.home / "jobs" / done.id / FILES["provenance"]).read_text())
    assert (found["job"], found["simulated"], found["failed_reads"]) == (done.id, True, 0)
    assert found["order"]["fields"] == done.order.params["fields"]
    assert [m["product"] for m in found["models"]] == ["ndvi-forecast"]
    assert len(found["models"][0]["sha256"]) == 64
    assert (found["scenes"]["count"], found["reads"]) == (41, 41 * GROUPS)
    assert set(found["files"]) == set(FILES.values()) - {FILES["provenance"]}
    assert "CC0" in found["attribution"]


def test_only_the_files_that_an_order_names_are_written(shop_of_fields: Settings) -> None:
    job = ordered(shop_of_fields, collection([FIELDS["features"][0]]))
    worker = worker_of(shop_of_fields)
    plan_job(worker, job.id)
    wanted = replace(job, order=replace(job.order, outputs=("csv",)))
    work = FieldWork(job=wanted, settings=shop_of_fields, engine=worker.ledger.engine)

    class Wanted:
        def progress(self, share: float) -> None:
            return

        check = staticmethod(lambda: None)

    assert work.finish(Wanted(), lambda _: None) == "done"
    assert files_of(shop_of_fields, job) == ["fields.csv", FILES["provenance"]]


def test_what_was_sent_is_kept_until_the_job_succeeds_or_is_dismissed(shop_of_fields: Settings) -> None:
    engine = open_ledger(shop_of_fields).engine
    done, dropped = ordered(shop_of_fields), ordered(shop_of_fields)
    assert upload_of(engine, done.id) == upload_of(engine, dropped.id)
    carried_out(shop_of_fields, done)
    assert upload_of(engine, done.id) is None
    dismiss(dropped.id, shop_of_fields)
    assert upload_of(engine, dropped.id) is None
    dismiss(done.id, shop_of_fields)
    assert files_of(shop_of_fields, done) == []
    assert not any((shop_of_fields.home / "work").glob("*"))


def test_an_attempt_goes_on_where_the_last_one_was_broken_off(shop_of_fields: Settings) -> None:
    whole = lines_of(shop_of_fields, carried_out(shop_of_fields, ordered(shop_of_fields)).id)
    job = ordered(shop_of_fields)
    break_off(job, shop_of_fields)
    assert len(list((shop_of_fields.home / "work" / job.id).glob("*.parquet"))) == 2
    done = carried_out(shop_of_fields, job)
    assert done.state is JobState.SUCCESSFUL
    pd.testing.assert_frame_equal(lines_of(shop_of_fields, done.id), whole)
    origin = json.loads((shop_of_fields.home / "jobs" / done.id / FILES["provenance"]).read_text())
    assert origin["reads"] == 41 * GROUPS


def test_lines_that_were_kept_and_damaged_are_made_again(shop_of_fields: Settings) -> None:
    job, worker = ordered(shop_of_fields), worker_of(shop_of_fields)
    plan_job(worker, job.id)
    (task,) = worker.ledger.tiles(job.id)
    carry_out_tile(worker, job.id, task.tile_key)
    kept = list((shop_of_fields.home / "work" / job.id).glob("*.parquet"))
    assert len(kept) == GROUPS + 1
    for path in kept:
        path.write_bytes(path.read_bytes()[:100])
    done = carried_out(shop_of_fields, job)
    assert done.message == "done"
    assert len(lines_of(shop_of_fields, job.id)) == GROUPS * 42


def test_a_job_whose_scenes_cannot_be_read_fails_with_the_reason_and_can_be_retried(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, max_attempts=1)
    job, archive = ordered(settings), Path(settings.archives.default)
    content = archive.read_bytes()
    archive.write_bytes(b"\x89HDF" + b"\x00" * 100)
    failed = carried_out(settings, job)
    assert failed.state is JobState.FAILED
    assert "long.nc" in failed.message
    assert upload_of(open_ledger(settings).engine, job.id) is not None
    archive.write_bytes(content)
    retry(job.id, settings)
    assert carried_out(settings, job).message == "done"


def test_a_job_whose_fields_are_gone_says_so(shop_of_fields: Settings) -> None:
    job = ordered(shop_of_fields)
    with open_ledger(shop_of_fields).engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM job_uploads")
    failed = carried_out(shop_of_fields, job)
    assert (failed.state, failed.message.endswith("order them again")) == (JobState.FAILED, True)


def test_a_job_of_fields_has_no_item_and_no_gaps(shop_of_fields: Settings) -> None:
    done = carried_out(shop_of_fields, ordered(shop_of_fields))
    ledger = open_ledger(shop_of_fields)
    assert publish_missing(ledger.engine, shop_of_fields) == 0
    with ledger.engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM items").scalar() == 0
    assert done.order.is_of_fields


def test_every_kind_of_rubbish_beside_a_good_field_ends_in_lines(shop_of_fields: Settings) -> None:
    fiji = {"type": "Polygon", "coordinates": [[[179.999, -17], [180.001, -17], [180.001, -16.999], [179.999, -17]]]}
    features = [
        feature(square(10, 4), plot="a", fid=1, geometry="x"),
        feature(square(10, 4), plot="a"),
        feature(None, plot="\ud800\x00"),
        feature(crossed(), plot=7),
        feature({"type": "Point", "coordinates": [10, 48]}, plot=None),
        feature(fiji, plot="<script>"),
        feature(square(478, 4), plot="edge"),
    ]
    done = carried_out(shop_of_fields, ordered(shop_of_fields, collection(features), id="plot"))
    assert done.message == "done"
    found = lines_of(shop_of_fields, done.id).drop_duplicates(["plot", "flags"])
    flags = dict(zip(found["plot"], found["flags"], strict=True))
    assert list(flags) == ["a", "??", "7", "5", "<script>", "edge"]
    assert "its id occurs 2 times" in flags["a"]
    assert flags["??"] == "not measured: it has no geometry"
    assert "crosses itself" in flags["7"]
    assert flags["5"] == "not measured: it is a Point, and only polygons have pixels"
    assert flags["<script>"] == "outside 'long'"
    assert "% of it lies in 'long'" in flags["edge"]
    assert found.loc[found["plot"] == "edge", ["p_crop", "p_conifer"]].isna().all(axis=None)
    assert "<script>" not in (shop_of_fields.home / "jobs" / done.id / "fields.html").read_text()


def test_a_job_goes_through_a_store_of_objects(tmp_path: Path, s3: S3Server) -> None:
    settings = settings_for(tmp_path, store=URL)
    done = carried_out(settings, ordered(settings))
    assert done.message == "done"
    assert len([k for k in s3.keys(f"jobs/{done.id}") if k.endswith(tuple(FILES.values()))]) == len(FILES)
    assert s3.keys("work") == []
    dismiss(done.id, settings)
    assert s3.keys(f"jobs/{done.id}") == []


@pytest.mark.timeout(300)
def test_a_worker_killed_in_mid_job_is_followed_by_one_that_goes_on(
    tmp_path: Path, redis_url: str, start_worker: Callable[..., CeleryWorker]
) -> None:
    settings = settings_for(tmp_path, redis_url=redis_url)
    write_archive(Path(settings.archives.default))
    first = start_worker(settings, app="workers.tasks")
    job, ledger = ordered(settings), open_ledger(settings)
    until_running(ledger, job.id)
    work = settings.home / "work" / job.id
    wait_for(lambda: any(work.glob("*.parquet")), seconds=120)
    first.kill()
    kept = {p.name: p.stat().st_mtime_ns for p in work.glob("[0-9a-f]*.parquet")}
    assert not ledger.job(job.id).state.is_final
    start_worker(settings, app="workers.tasks")
    stamps: dict[str, int] = {}

    def same() -> bool:
        reconcile(ledger, settings)  # as the service does
        stamps.update({p.name: p.stat().st_mtime_ns for p in work.glob("*.parquet") if p.name in kept})
        return ledger.job(job.id).tiles_done == 1

    wait_for(same, seconds=150)
    done = end_of(settings, job.id)
    assert (done.state, done.message) == (JobState.SUCCESSFUL, "done")
    assert {name: stamps.get(name, stamp) for name, stamp in kept.items()} == kept
    assert len(lines_of(settings, job.id)) == GROUPS * 42

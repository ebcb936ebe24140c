"""Maps with gaps: delivered, honest about what is missing, and completed by a retry."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import shape

from core.job import Job, JobState
from core.region import parse_region
from core.settings import Settings
from outputs.cog import open_cog
from tests.fakes import REGION, WEST, rectangle
from tests.workers.conftest import assert_successful, carry_out, files_of, order, worker_here
from workers.gaps import end_sentence, gaps_of
from workers.queue.dispatch import retry
from workers.queue.ledger import open_ledger
from workers.tasks import carry_out_tile, close_job


def corner(settings: Settings) -> tuple[str, str]:
    """Return key and corner of the second tile of an order."""
    tile = open_ledger(settings).lattice(order(settings).id)[1]
    return tile.key, f"{tile.window.bounds[0]:.0f} {tile.window.bounds[3]:.0f}"


def work_on(settings: Settings, job: Job) -> Job:
    """Try every open tile three times, and close the job."""
    worker = worker_here(settings)
    for task in worker.ledger.tiles(job.id):
        for _ in range(3):
            carry_out_tile(worker, job.id, task.tile_key)
    close_job(worker, job.id)
    return worker.ledger.job(job.id)


@pytest.mark.parametrize("product", ["fake-map", "fake-forecast"])
def test_a_map_is_delivered_with_a_gap(lonely: Settings, product: str) -> None:
    key, place = corner(lonely)
    job = work_on(lonely, order(lonely, product, fault_at=place))
    assert (job.state, job.tiles_failed, job.is_complete) == (JobState.SUCCESSFUL, 1, False)
    assert job.message.startswith(f"done with gaps: 1 of {job.tiles_total} tiles could not be made")
    (gap,) = gaps_of(open_ledger(lonely), job)
    assert (gap.tile_key, "fails as ordered" in gap.reason) == (key, True)
    region = parse_region(REGION).geometry
    assert shape(gap.geometry).within(region.buffer(1e-9))
    item = json.loads((lonely.home / "jobs" / job.id / f"{product}.json").read_text())
    properties = item["properties"]
    assert properties["landcast:complete"] is False
    assert properties["landcast:gaps"] == [json.loads(json.dumps(gap.to_geojson()))]
    assert properties["landcast:clear_share"] == pytest.approx(1 - shape(gap.geometry).area / region.area, abs=0.02)
    assert f"1 of {job.tiles_total} tiles could not be made" in properties["landcast:notes"][0]


def test_pixels_of_a_gap_are_nodata_and_all_others_as_ever(lonely: Settings) -> None:
    key, place = corner(lonely)
    whole = open_cog(lonely.home / "jobs" / carry_out(lonely).id / "fake-map.tif")
    job = work_on(lonely, order(lonely, fault_at=place))
    gappy = open_cog(lonely.home / "jobs" / job.id / "fake-map.tif")
    tile = next(t for t in open_ledger(lonely).lattice(job.id) if t.key == key)
    row, column = tile.window.offset_in(gappy.window)
    is_gap = np.zeros(gappy.window.shape_yx, bool)
    is_gap[max(row, 0) : row + 32, max(column, 0) : column + 32] = True
    assert gappy.window == whole.window
    np.testing.assert_array_equal(gappy.read("class"), np.where(is_gap, 255, whole.read("class")))


def test_a_retry_completes_the_map_in_one_rename(lonely: Settings, tmp_path: Path) -> None:
    cure = tmp_path / "cure"
    _, place = corner(lonely)
    job = work_on(lonely, order(lonely, fault_at=place, healed_by=str(cure)))
    folder = lonely.home / "jobs" / job.id
    before, unseen, stop = (folder / "fake-map.tif").stat().st_ino, [], threading.Event()

    def look() -> None:
        while not stop.is_set():
            unseen.extend([1] if not (folder / "fake-map.tif").exists() else [])

    watcher = threading.Thread(target=look)
    watcher.start()
    assert retry(job.id, lonely).has_result
    cure.touch()
    done = work_on(lonely, job)
    stop.set()
    watcher.join()
    assert_successful(done)
    assert (done.is_complete, unseen) == (True, [])
    assert (folder / "fake-map.tif").stat().st_ino != before
    assert json.loads((folder / "fake-map.json").read_text())["properties"]["landcast:complete"] is True
    assert len(list(folder.iterdir())) == 6
    plain = carry_out(lonely)
    whole = open_cog(lonely.home / "jobs" / plain.id / "fake-map.tif")
    np.testing.assert_array_equal(open_cog(folder / "fake-map.tif").read("class"), whole.read("class"))


def test_a_retry_that_fails_again_leaves_the_map_with_its_gap(lonely: Settings) -> None:
    _, place = corner(lonely)
    job = work_on(lonely, order(lonely, fault_at=place))
    retry(job.id, lonely)
    again = work_on(lonely, job)
    assert (again.state, again.tiles_failed) == (JobState.SUCCESSFUL, 1)
    assert "fake-map.tif" in files_of(lonely, again)


def test_who_wants_all_or_nothing_gets_nothing(lonely: Settings) -> None:
    _, place = corner(lonely)
    job = work_on(lonely, order(lonely, fault_at=place, fail_on_gaps=True))
    assert (job.state, files_of(lonely, job)) == (JobState.FAILED, [])
    assert "failed 3 times" in job.message


def test_a_job_says_that_its_region_lies_partly_outside_the_archive(lonely: Settings) -> None:
    job = work_on(lonely, order(lonely, region=rectangle(WEST - 0.004, 48.0021, WEST + 0.001, 48.0041)))
    assert job.message == "done. The archive covers 20 % of the region."
    item = json.loads((lonely.home / "jobs" / job.id / "fake-map.json").read_text())
    classes = open_cog(lonely.home / "jobs" / job.id / "fake-map.tif").read("class")
    pixels = parse_region(job.order.region).area_km2 * 1e4
    assert item["properties"]["landcast:clear_share"] == pytest.approx((classes != 255).sum() / pixels, rel=0.01)


def test_the_end_of_a_job_is_said_in_one_line() -> None:
    assert end_sentence(0, 4, "j", "") == "done"
    assert end_sentence(1, 4, "j", "The archive covers 9 % of the region.").startswith("done with gaps: 1 of 4 tiles")

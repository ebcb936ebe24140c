import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from core.grid import Grid
from core.job import JobState, TileState
from tests.workers.queue.ledger_parts import GRID, ORDER, TILES
from workers.queue.ledger_rows import grid_of, job_of, job_row, listed_job_of, tile_row, tile_task


def stored(**changes: Any) -> Any:
    """Return the row of a job of four tiles as a query gives it."""
    sums = {
        "tiles_done": 3,
        "tiles_failed": 0,
        "progress": 0.8,
        "tiles_updated": 9.25,
        "started": 7.0,
        "finished": None,
    }
    return SimpleNamespace(**{**job_row(ORDER, TILES, "a", 5.5), **sums, **changes})


def test_an_order_and_its_grid_come_back_from_a_row() -> None:
    row = job_row(ORDER, TILES, "a", 5.5)
    assert grid_of(row["grid"]) == GRID
    assert job_of(stored()).order == ORDER


def test_a_job_was_updated_when_its_row_or_one_of_its_tiles_was() -> None:
    assert job_of(stored()).updated == "1970-01-01T00:00:09.250Z"
    assert job_of(stored(updated=11.0)).updated == "1970-01-01T00:00:11.000Z"


def test_a_job_of_a_list_has_the_label_of_its_order() -> None:
    whole, listed = job_of(stored()), listed_job_of(stored())
    assert listed.order.region == {}
    assert listed.label == whole.label
    assert job_of(stored(label="")).label.subject == whole.label.subject  # of a ledger of before
    assert listed_job_of(stored(label="")).label.subject == ""


def test_a_time_that_has_not_come_is_empty() -> None:
    job = job_of(stored())
    assert (job.started, job.finished) == ("1970-01-01T00:00:07.000Z", "")


def test_a_job_without_a_message_tells_its_tiles() -> None:
    assert job_of(stored(message="")).message == "3 of 4 tiles"
    assert job_of(stored(message="writing the map")).message == "writing the map"


def test_a_successful_job_is_done_whatever_its_tiles_say() -> None:
    assert job_of(stored(state=JobState.SUCCESSFUL)).progress == 1.0
    assert job_of(stored()).progress == 0.8


def test_tiles_of_two_grids_are_no_job() -> None:
    other = Grid(crs="EPSG:32633", tile_size=32).tile(1, 2)
    with pytest.raises(ValueError, match="2 tiles of 2 grids"):
        job_row(ORDER, [TILES[0], other], "a", 5.5)


def test_a_tile_comes_back_with_its_column_and_row() -> None:
    row = {**tile_row(TILES[1], 1, "a", 5.5), "attempts": 2, "progress": 0.5, "error": "no"}
    task = tile_task(SimpleNamespace(**row))  # type: ignore[arg-type]
    assert (task.column, task.row, task.state) == (TILES[1].column, TILES[1].row, TileState.OPEN)
    assert (task.attempts, task.progress, task.error) == (2, 0.5, "no")


def test_what_an_archive_was_taken_for_comes_back_and_older_rows_have_none() -> None:
    order = replace(ORDER, input=("a.nc: cube", "bands: B04"))
    row = SimpleNamespace(**{**vars(stored()), **job_row(order, TILES, "a", 5.5)})
    assert job_of(row).order == order  # type: ignore[arg-type]
    document = {name: value for name, value in json.loads(row.document).items() if name != "input"}
    assert job_of(stored(document=json.dumps(document))).order == ORDER

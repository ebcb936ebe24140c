from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely.geometry import Polygon, box

from tests.workers.queue.ledger_parts import SQUARE, item
from workers.queue.item_rows import item_row, parse_time, read_item, times_of
from workers.queue.publish import UNUSABLE
from workers.store.folder import FolderStore


def row_of(found: dict[str, Any]) -> dict[str, Any]:
    return item_row(found, job_id="j", product="crop", created=5.0)


def bbox(row: dict[str, Any]) -> tuple[float, ...]:
    return tuple(row[side] for side in ("west", "south", "east", "north"))


def test_a_row_holds_box_times_and_geometry_of_its_item() -> None:
    row = row_of(item(SQUARE, "2021-03-01", "2021-10-31"))
    assert bbox(row) == (10.0, 48.0, 10.5, 48.25)
    assert datetime.fromtimestamp(row["start_time"], UTC) == datetime(2021, 3, 1, tzinfo=UTC)
    assert datetime.fromtimestamp(row["end_time"], UTC) == datetime(2021, 10, 31, tzinfo=UTC)
    assert shapely.from_wkb(row["geometry"]).equals(SQUARE)
    assert (row["job_id"], row["collection"], row["created"]) == ("j", "crop", 5.0)


def test_the_document_has_the_id_of_its_job_and_its_collection() -> None:
    document = row_of(item(SQUARE))["document"]
    assert '"id": "j"' in document
    assert '"collection": "crop"' in document


def test_the_box_of_an_item_across_180_degrees_goes_on_to_the_east() -> None:
    west, _, east, _ = bbox(row_of(item(box(179.0, -20.0, 181.5, -19.0))))
    assert (west, east) == (179.0, 181.5)


def test_an_item_with_one_time_begins_and_ends_then() -> None:
    found = {"properties": {"datetime": "2022-06-01T12:00:00+02:00", "start_datetime": None}}
    assert times_of(found) == (datetime(2022, 6, 1, 10, tzinfo=UTC),) * 2


def test_a_time_without_a_zone_is_utc() -> None:
    assert parse_time("2022-06-01T12:00:00") == datetime(2022, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "change",
    [
        {"geometry": None},
        {"geometry": {"type": "Polygon", "coordinates": [[[1, 2]]]}},
        {"geometry": {"type": "Polygon", "coordinates": []}},
        {"geometry": {"type": "Sphere"}},
        {"properties": {}},
        {"properties": None},
        {"properties": {"datetime": "yesterday"}},
    ],
)
def test_what_is_no_item_raises_an_error_that_a_fill_expects(change: dict[str, Any]) -> None:
    with pytest.raises(UNUSABLE):
        row_of({**item(SQUARE), **change})


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "Expecting"), (b"{", "Expecting"), (b"[1]", "not a JSON object"), (b"null", "object"), (b"\xff", "decode")],
)
def test_a_file_without_a_json_object_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "jobs" / "j" / "crop.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=reason):
        read_item(FolderStore(tmp_path), "j", "crop")


def test_a_result_without_an_item_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"job j has no file crop\.json"):
        read_item(FolderStore(tmp_path), "j", "crop")


def test_a_geometry_with_a_hole_keeps_it() -> None:
    ring = Polygon(SQUARE.exterior.coords, [[(10.1, 48.1), (10.2, 48.1), (10.2, 48.2), (10.1, 48.1)]])
    assert shapely.from_wkb(row_of(item(ring))["geometry"]).equals(ring)

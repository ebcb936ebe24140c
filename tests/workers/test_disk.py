import shutil
from pathlib import Path

import pytest

from workers.disk import MIN_FREE_BYTES, await_room, free_bytes


def test_the_room_is_that_of_the_disk_of_the_nearest_folder(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "not" / "yet") == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.1)


def test_work_waits_for_room_on_the_disk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    found, pauses = iter([0, 0, 10, MIN_FREE_BYTES - 1, MIN_FREE_BYTES]), []
    await_room(tmp_path, free=lambda _: next(found), pause=pauses.append)
    assert len(pauses) == 2
    assert len(caplog.records) == 2, "one line when the wait begins and one when it ends"


def test_work_begins_at_once_where_there_is_room(tmp_path: Path) -> None:
    await_room(tmp_path, free=lambda _: MIN_FREE_BYTES, pause=lambda _: pytest.fail("it waited"))

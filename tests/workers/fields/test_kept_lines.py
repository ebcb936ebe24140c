"""Lines of groups kept between attempts: the same when they are read again, and not kept if scenes failed."""

from pathlib import Path

import pandas as pd
import pytest

from core.cube import Cube, SceneRecord
from tests.outputs.fields.lines import answer
from tests.products.fields.squares import WINDOW
from workers.fields.group import Group
from workers.fields.kept_lines import KeptLines
from workers.store.folder import FolderStore

GROUP = Group(numbers=(0, 1), shapes=(), window=WINDOW)


@pytest.fixture
def kept(tmp_path: Path) -> KeptLines:
    return again(tmp_path)


def again(folder: Path) -> KeptLines:
    (folder / "scratch").mkdir(exist_ok=True)
    return KeptLines(store=FolderStore(folder), key="work/job", scratch=folder / "scratch")


def table() -> pd.DataFrame:
    found = answer().table
    found.index = pd.Index([4, 4, 4, 4, 7, 9])
    return found


def cube(*failures: str) -> Cube:
    scenes = tuple(
        SceneRecord(scene_id=f"s{n}", time="2021-06-01T10:00:00Z", failure=f, mask="SCL")
        for n, f in enumerate(failures)
    )
    return Cube(data=pd.DataFrame().to_xarray(), window=WINDOW, archive="a", scenes=scenes)


def never() -> pd.DataFrame:
    raise AssertionError("it is made again")


def test_the_lines_of_a_group_are_made_once(kept: KeptLines, tmp_path: Path) -> None:
    def make() -> pd.DataFrame:
        kept.look(cube("", ""))
        return table()

    first, other = kept.of_group(GROUP, make), again(tmp_path)
    pd.testing.assert_frame_equal(other.of_group(GROUP, never), first)
    assert other.reads == kept.reads
    assert (kept.reads.count, kept.reads.failed, kept.reads.masks) == (2, 0, {"s0": "SCL", "s1": "SCL"})


def test_lines_with_scenes_that_failed_are_made_again(kept: KeptLines, tmp_path: Path) -> None:
    def make() -> pd.DataFrame:
        kept.look(cube("", "it ends early"))
        return table()

    kept.of_group(GROUP, make)
    assert (kept.reads.failed, kept.reads.failures[0]["reason"]) == (1, "it ends early")
    with pytest.raises(AssertionError, match="made again"):
        again(tmp_path).of_group(GROUP, never)


def test_another_group_has_lines_of_its_own(kept: KeptLines) -> None:
    kept.of_group(GROUP, table)
    with pytest.raises(AssertionError, match="made again"):
        kept.of_group(Group(numbers=(0, 2), shapes=(), window=WINDOW), never)


def test_all_lines_are_kept_with_what_was_read(kept: KeptLines, tmp_path: Path) -> None:
    assert kept.whole() is None
    kept.look(cube("", ""))
    kept.of_group(GROUP, lambda: (kept.look(cube("", "gone")), table())[1])
    kept.keep_whole(table())
    other = again(tmp_path)
    found = other.whole()
    assert found is not None
    pd.testing.assert_frame_equal(found, table())
    assert other.reads == kept.reads
    assert found.attrs == {}


def test_damaged_lines_count_as_none(kept: KeptLines, tmp_path: Path) -> None:
    kept.keep_whole(table())
    (path,) = (tmp_path / "work" / "job").iterdir()
    path.write_bytes(b"PAR1 no more")
    assert kept.whole() is None

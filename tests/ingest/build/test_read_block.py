"""Read blocks: which archive each is read from, and what is read again."""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from affine import Affine

from core.errors import ArchivesDisagree, ArchiveUnavailable
from core.grid import Window
from core.timeline import Period
from ingest.archive import Reading, Scene
from ingest.build.cache import SceneTileCache
from ingest.build.cube import build_cube
from ingest.build.reader import Reader
from ingest.preference import PreferredArchives
from ingest.preprocess.prepare import Preparation
from tests.ingest.fake_archive import APRIL, EXTENT, FakeArchive

BANDS = ("B04", "B08")


@dataclass
class Kept(FakeArchive):
    """A fake archive whose scenes are kept in the cache; may be away, or show other numbers."""

    is_cached: bool = True
    is_away: bool = False
    shift: float = 0.0

    def search(self, window: Window, period: Period) -> list[Scene]:
        if self.is_away:
            raise ArchiveUnavailable(self.name, "it does not answer")
        return [replace(s, version="1") for s in super().search(window, period)]

    def read(self, scene: Scene, window: Window, bands: tuple[str, ...]) -> Reading:
        found = super().read(scene, window, bands)
        return Reading(values={b: v + np.float32(self.shift) for b, v in found.values.items()}, is_masked=True)


def reader(folder: Path, block_size: int = 64) -> Reader:
    cache = SceneTileCache(folder / "scene-tiles", limit_bytes=10**9)
    return Reader(preparation=Preparation(), cache=cache, block_size=block_size)


def part(rows: slice, columns: slice) -> Window:
    moved = EXTENT.transform * Affine.translation(columns.start, rows.start)
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    return replace(EXTENT, transform=moved, shape_yx=shape)


def test_two_overlapping_orders_read_once(tmp_path: Path) -> None:
    archive = Kept()
    build_cube(archive, part(slice(0, 20), slice(0, 30)), APRIL, BANDS, reader=reader(tmp_path, 512))
    count = len(archive.reads)
    build_cube(archive, part(slice(10, 40), slice(5, 60)), APRIL, ("B04",), reader=reader(tmp_path, 512))
    assert len(archive.reads) == count == 4


def test_a_longer_period_reads_only_its_new_scenes(tmp_path: Path) -> None:
    archive = Kept()
    early = Period(start=date(2021, 4, 1), end=date(2021, 4, 12))
    build_cube(archive, EXTENT, early, BANDS, reader=reader(tmp_path, 512))
    archive.reads.clear()
    build_cube(archive, EXTENT, APRIL, BANDS, reader=reader(tmp_path, 512))
    assert archive.reads == ["c"]


def test_a_failed_read_is_not_kept_and_tried_again_by_the_next_order(tmp_path: Path) -> None:
    archive = Kept(failing=frozenset({"c"}))
    assert len(build_cube(archive, EXTENT, APRIL, BANDS, reader=reader(tmp_path, 512)).failures) == 1
    archive.failing = frozenset()
    archive.reads.clear()
    assert not build_cube(archive, EXTENT, APRIL, BANDS, reader=reader(tmp_path, 512)).failures
    assert archive.reads == ["c"]


@pytest.mark.parametrize("block_size", [16, 17, 512])
def test_a_cube_from_read_blocks_equals_one_read_at_once(tmp_path: Path, block_size: int) -> None:
    whole = build_cube(Kept(), EXTENT, APRIL, ("B04", "B08", "VV"))
    blocks = build_cube(Kept(), EXTENT, APRIL, ("B04", "B08", "VV"), reader=reader(tmp_path, block_size))
    for band in ("B04", "B08", "VV"):
        np.testing.assert_allclose(blocks.data[band], whole.data[band], atol=6e-5)


def test_a_large_cube_is_read_when_indexed_and_holds_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = np.zeros(EXTENT.shape_yx, bool)
    wanted[3:20, 7:50] = True
    small = build_cube(Kept(), EXTENT, APRIL, ("B04", "B08", "VV"), reader=reader(tmp_path), wanted=wanted)
    monkeypatch.setattr("ingest.build.cube.EAGER_BYTES", 0)
    large = build_cube(Kept(), EXTENT, APRIL, ("B04", "B08", "VV"), reader=reader(tmp_path), wanted=wanted)
    for band in ("B04", "VV"):
        np.testing.assert_array_equal(large.data[band].values, small.data[band].values)
        np.testing.assert_array_equal(
            large.data[band].isel(y=slice(4, 9), x=8).values, small.data[band].values[:, 4:9, 8]
        )
    np.testing.assert_array_equal(large.series(slice(2, 6)).values, small.series(slice(2, 6)).values)


def test_the_next_archive_takes_the_place_of_one_that_does_not_answer(tmp_path: Path) -> None:
    away, there = Kept(name="away"), Kept(name="there")
    away.is_away = True
    cube = build_cube(PreferredArchives([away, there]), EXTENT, APRIL, BANDS, reader=reader(tmp_path, 512))
    assert cube.archive == "there"
    assert all("away" in " ".join(s.notes) and s.archive == "there" for s in cube.scenes)


def test_the_next_archive_takes_the_place_of_one_that_fails_if_both_agree(tmp_path: Path) -> None:
    first, second = Kept(name="first", failing=frozenset({"c"})), Kept(name="second")
    cube = build_cube(PreferredArchives([first, second]), EXTENT, APRIL, BANDS, reader=reader(tmp_path, 512))
    assert cube.archive == "second"
    assert not cube.failures


def test_archives_that_disagree_are_not_mixed(tmp_path: Path) -> None:
    first, second = Kept(name="first", failing=frozenset({"c"})), Kept(name="second")
    second.shift = 0.1
    with pytest.raises(ArchivesDisagree, match="first"):
        build_cube(PreferredArchives([first, second]), EXTENT, APRIL, BANDS, reader=reader(tmp_path, 512))


def test_the_first_archive_is_used_where_none_has_everything(tmp_path: Path) -> None:
    first, second = Kept(name="first", failing=frozenset({"c"})), Kept(name="second", failing=frozenset({"a", "b"}))
    cube = build_cube(PreferredArchives([first, second]), EXTENT, APRIL, BANDS, reader=reader(tmp_path, 512))
    assert cube.archive == "first"
    assert [s.scene_id for s in cube.failures] == ["c"]


def test_no_archive_at_all_is_an_error(tmp_path: Path) -> None:
    away = Kept()
    away.is_away = True
    with pytest.raises(ArchiveUnavailable):
        build_cube(away, EXTENT, APRIL, BANDS, reader=reader(tmp_path))

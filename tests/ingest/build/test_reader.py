"""How scenes are read: from the settings, on blocks of a lattice that all windows share."""

from pathlib import Path

import pytest
from affine import Affine

from core.grid import Window
from core.settings import Settings
from ingest.build.cache import SceneTileCache
from ingest.build.reader import Reader, read_blocks, reader_from
from tests.ingest.fake_archive import EXTENT, FakeArchive


def moved(columns: int, rows: int) -> Window:
    """Return the extent of the archive, moved east and south by pixels."""
    return Window(crs=EXTENT.crs, transform=EXTENT.transform * Affine.translation(columns, rows), shape_yx=(20, 30))


def test_windows_share_the_blocks_that_they_touch(tmp_path: Path) -> None:
    archive = FakeArchive()
    archive.is_cached = True
    reader = Reader(cache=SceneTileCache(tmp_path, limit_bytes=10**6), block_size=16)
    here, there = (read_blocks(archive, moved(*step), reader) for step in ((0, 0), (16, 0)))
    keys = [{block.tile.key for block in blocks if block.tile} for blocks in (here, there)]
    assert len(keys[0] & keys[1]) >= 2
    assert all(block.window.shape_yx == (16, 16) for block in (*here, *there))


def test_without_a_cache_the_window_is_the_block(tmp_path: Path) -> None:
    assert [b.window for b in read_blocks(FakeArchive(), EXTENT, Reader())] == [EXTENT]


@pytest.mark.parametrize("size_gb", [0.0, 1.0])
def test_a_cache_of_no_size_is_no_cache(tmp_path: Path, size_gb: float) -> None:
    reader = reader_from(Settings(home=tmp_path).but(cache_gb=size_gb))
    assert (reader.cache is None) == (size_gb == 0)

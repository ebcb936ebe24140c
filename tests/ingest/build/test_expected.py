"""What is expected to be read is what is read, where nothing is in the cache."""

from pathlib import Path

import pytest

from core.grid import Window
from ingest.build.cache import SceneTileCache
from ingest.build.cube import build_cube
from ingest.build.expected import expected_reads
from ingest.build.reader import Reader
from ingest.io.meter import METER
from tests.ingest.fake_archive import APRIL, EXTENT, FakeArchive

ALL = ("B04", "B08", "VV", "temperature_2m")


def parts(window: Window) -> list[Window]:
    """Return the upper and the lower half of a window, which lie in one block where blocks are kept."""
    rows, columns = window.shape_yx
    lower = window.transform * window.transform.translation(0, rows // 2)
    return [
        Window(crs=window.crs, transform=window.transform, shape_yx=(rows // 2, columns)),
        Window(crs=window.crs, transform=lower, shape_yx=(rows - rows // 2, columns)),
    ]


@pytest.mark.parametrize("bands", [ALL, ("B04", "B08"), ("VH",), ("B11",)])
@pytest.mark.parametrize("is_kept", [False, True])
def test_reads_and_bytes_are_those_of_the_cubes(tmp_path: Path, bands: tuple[str, ...], is_kept: bool) -> None:
    archive = FakeArchive(is_cached=is_kept)
    cache = SceneTileCache(tmp_path, limit_bytes=10**9) if is_kept else None
    reader, windows = Reader(cache=cache), parts(EXTENT)
    expected = expected_reads(archive, windows, archive.search(EXTENT, APRIL), bands, reader)
    before = METER.spent()
    for window in windows:
        build_cube(archive, window, APRIL, bands, reader=reader)
    spent = METER.spent().since(before)
    assert (expected.scene_reads, expected.read_bytes) == (spent.scene_reads, spent.read_bytes)
    assert (spent.scene_reads > 0) == (bands != ("VH",) and bands != ("B11",))

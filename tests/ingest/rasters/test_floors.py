"""The darkest values of scenes."""

from pathlib import Path

import numpy as np
import pytest

from core.source import AS_STATED
from ingest.rasters import floors
from ingest.rasters.floors import read_floors, visible_floors
from ingest.rasters.item import RasterItem
from tests.ingest.rasters.test_offsets import SUMMER, open_folder, write_scenes


@pytest.fixture
def items(tmp_path: Path) -> list[RasterItem]:
    archive = open_folder(write_scenes(tmp_path / "a", SUMMER[:4], shifts={SUMMER[1]: 1000}), AS_STATED)
    return [archive._items[s] for s in sorted(archive._items)]


def test_one_band_settles_scenes_that_are_all_dark(items: list[RasterItem], monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(read_floors([items[0], *items[2:]])) == ["B02"]
    monkeypatch.setattr(floors, "MOST_COMPARED", 1)
    found = read_floors(items)
    assert list(found) == ["B02", "B03", "B04", "B08"]
    assert np.isfinite(found["B08"]).tolist() == [True, True, False, False]


def test_a_file_that_cannot_be_read_tells_nothing(items: list[RasterItem]) -> None:
    Path(items[2].sources["B02"].href).write_bytes(b"II*")
    found = visible_floors(read_floors(items))
    assert np.isnan(found[2]).all()
    assert np.isfinite(found[[0, 1, 3]]).all()


def test_a_dark_band_settles_the_visible_ones() -> None:
    dark = visible_floors({"B02": np.array([0.2], np.float32), "B12": np.array([0.03], np.float32)})
    np.testing.assert_allclose(dark, [[0.03, 0.03, 0.03]])

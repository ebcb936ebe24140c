"""Scene tiles that another machine has read."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from ingest.build.cache import SceneTileCache
from ingest.build.shared_tiles import pack, unpack
from tests.ingest.build.test_cache import ALL, prepared, window


class Place:
    """A folder that two caches share. Implements SharedTiles."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.given = folder, 0
        folder.mkdir()

    def fetch(self, name: str, path: Path) -> bool:
        file = self._folder / name
        if file.exists():
            path.write_bytes(file.read_bytes())
        return file.exists()

    def share(self, file: Path, name: str) -> None:
        self.given += 1
        file.replace(self._folder / name)

    def spoil(self) -> None:
        for file in self._folder.iterdir():
            file.write_bytes(b"no zip file")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "place")


def cache_of(folder: Path, place: Place) -> SceneTileCache:
    return SceneTileCache(folder, limit_bytes=10**9, shared=place)


def test_what_one_machine_has_read_the_other_finds(tmp_path: Path, place: Place) -> None:
    mine, other = cache_of(tmp_path / "a", place), cache_of(tmp_path / "b", place)
    assert other.find("x", ("B08", "B04")) is None
    stored = mine.put("x", prepared(), window())
    mine.put("x", prepared(), window())
    assert place.given == 1
    found = other.find("x", ("B08", "B04"))
    assert found is not None
    np.testing.assert_array_equal(found.read(["B04", "B08"], *ALL), stored.read(["B04", "B08"], *ALL))
    assert (found.notes, found.window, other.size_bytes()) == (("seen",), window(), mine.size_bytes())
    assert not list((tmp_path / "b" / "aside").iterdir())


def test_what_cannot_be_unpacked_counts_as_none(tmp_path: Path, place: Place) -> None:
    cache_of(tmp_path / "a", place).put("x", prepared(), window())
    place.spoil()
    other = cache_of(tmp_path / "b", place)
    assert other.find("x", ("B04", "B08")) is None
    assert other.size_bytes() == 0


def test_a_folder_is_packed_and_unpacked(tmp_path: Path) -> None:
    (tmp_path / "a" / "c").mkdir(parents=True)
    (tmp_path / "a" / "c" / "0").write_bytes(b"pixels")
    pack(tmp_path / "a", tmp_path / "a.zip")
    unpack(tmp_path / "a.zip", tmp_path / "b")
    assert (tmp_path / "b" / "c" / "0").read_bytes() == b"pixels"
    (tmp_path / "a.zip").write_bytes(b"")
    with pytest.raises(zipfile.BadZipFile):
        unpack(tmp_path / "a.zip", tmp_path / "c")

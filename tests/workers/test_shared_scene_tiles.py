"""Scene tiles in the store: read from the archive by one machine, and by no other."""

import logging
from pathlib import Path

import pytest

from core.errors import StoreUnavailable
from core.settings import Settings
from tests.s3_server import URL, S3Server
from workers.shared_scene_tiles import PAUSE_S, StoredSceneTiles, shared_scene_tiles
from workers.store.folder import FolderStore
from workers.store.open_store import open_store
from workers.store.store import Store


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    request.getfixturevalue("s3")
    return open_store(Settings(home=tmp_path / "home", store=URL))


def shared(store: Store, folder: Path) -> StoredSceneTiles:
    return StoredSceneTiles(lambda: store, folder / "scratch")


def file_in(folder: Path, content: bytes = b"pixels") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "t.zip").write_bytes(content)
    return folder / "t.zip"


def test_a_scene_tile_is_fetched_as_it_was_shared_and_leaves_no_copy(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "got.zip"
    assert not shared(store, tmp_path).fetch("abc", path)
    shared(store, tmp_path).share(file_in(tmp_path / "a"), "abc")
    assert shared(store, tmp_path).fetch("abc", path)
    assert path.read_bytes() == b"pixels"
    assert not list((tmp_path / "scratch").iterdir())


def test_a_damaged_one_counts_as_none_and_is_removed(s3: S3Server, tmp_path: Path) -> None:
    store = open_store(Settings(home=tmp_path / "home", store=URL))
    shared(store, tmp_path).share(file_in(tmp_path / "a"), "abc")
    (key,) = s3.keys("cache")
    s3.write(key, s3.content(key)[:-9])
    assert not shared(store, tmp_path).fetch("abc", tmp_path / "got.zip")
    assert (s3.keys("cache"), (tmp_path / "got.zip").exists()) == ([], False)


def test_a_store_that_is_away_costs_one_try_a_minute(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    now, asked = [0.0], []

    def away() -> Store:
        asked.append(now[0])
        raise StoreUnavailable("it does not answer")

    tiles = StoredSceneTiles(away, tmp_path / "scratch", lambda: now[0])
    with caplog.at_level(logging.WARNING):
        for _ in range(50):
            assert not tiles.fetch("abc", tmp_path / "got.zip")
            tiles.share(file_in(tmp_path / "a"), "abc")
    assert len(caplog.records) == 1
    now[0] = PAUSE_S + 1
    tiles.fetch("abc", tmp_path / "got.zip")
    assert asked == [0.0, PAUSE_S + 1]


def test_where_the_home_folder_is_the_store_nothing_is_shared(settings: Settings, tmp_path: Path) -> None:
    assert shared_scene_tiles(settings) is None
    assert shared_scene_tiles(settings.but(store=str(tmp_path))) is shared_scene_tiles(
        settings.but(store=str(tmp_path))
    )

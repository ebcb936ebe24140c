"""A folder as a store: read in place, also on another disk than the home folder's."""

import errno
from pathlib import Path

import pytest

from core.errors import StoreUnavailable
from workers.store import folder
from workers.store.folder import FolderStore


def test_nothing_is_copied(tmp_path: Path) -> None:
    store, file = FolderStore(tmp_path / "store"), tmp_path / "t.tif"
    file.write_bytes(b"x")
    number = file.stat().st_ino
    assert store.put(file, "cache/tiles/t.tif") == tmp_path / "store/cache/tiles/t.tif"
    found = store.fetch("cache/tiles/t.tif", tmp_path / "copies")
    assert found is not None
    assert (found.stat().st_ino, (tmp_path / "copies").exists()) == (number, False)


@pytest.mark.parametrize("is_folder", [True, False])
def test_a_file_from_another_disk_appears_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_folder: bool
) -> None:
    def other_disk(aside: Path, path: Path) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(folder, "replace", other_disk)
    made, store = tmp_path / "made", FolderStore(tmp_path / "store")
    if is_folder:
        made.mkdir()
        (made / "a.tif").write_bytes(b"x")
        store.put_result(made, "jobs/a", lambda: None)
        assert list(store.files("jobs/a")) == ["a.tif"]
    else:
        made.write_bytes(b"x")
        assert store.put(made, "work/a/t.tif").read_bytes() == b"x"
    assert not made.exists()
    assert not list((tmp_path / "store").rglob(".*"))


def test_links_and_hidden_files_are_no_files_of_a_result(tmp_path: Path) -> None:
    result = tmp_path / "jobs" / "a"
    result.mkdir(parents=True)
    (result / "map.tif").touch()
    (result / ".half.tif").touch()
    (result / "link.tif").symlink_to("/etc/hostname")
    assert list(FolderStore(tmp_path).files("jobs/a")) == ["map.tif"]


def test_a_folder_that_cannot_be_made_is_not_available(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match=r"its folder cannot be reached \(.*\)\.") as caught:
        FolderStore(tmp_path / "file" / "store").check()
    assert str(tmp_path) not in str(caught.value)

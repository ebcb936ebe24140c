"""What both kinds of store promise."""

from pathlib import Path

import pytest

from core.settings import Settings
from workers.store.open_store import open_store
from workers.store.store import Store, result_key, work_key


def made(folder: Path, **files: bytes) -> Path:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / f"{name}.txt").write_bytes(content)
    return folder


def contents(store: Store, key: str = "jobs/a") -> dict[str, bytes]:
    return {name: b"".join(f.pieces(0, f.size)) for name, f in store.files(key).items()}


def nothing() -> None:
    pass


def test_a_file_is_read_on_every_machine_as_it_was_stored(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "one" / "new.tif"
    file.parent.mkdir()
    file.write_bytes(b"pixels")
    here = store.put(file, "cache/tiles/ab/abc.tif")
    assert (here.read_bytes(), here.suffix, file.exists()) == (b"pixels", ".tif", False)
    there = store.fetch("cache/tiles/ab/abc.tif", tmp_path / "two")
    assert there is not None
    assert there.read_bytes() == b"pixels"
    assert store.fetch("cache/tiles/ab/none.tif", tmp_path / "two") is None


def test_a_file_that_is_replaced_is_never_read_from_an_old_copy(store: Store, tmp_path: Path) -> None:
    for content in (b"old", b"new"):
        file = tmp_path / "note.path"
        file.write_bytes(content)
        store.put(file, "work/a/tile.path")
        found = store.fetch("work/a/tile.path", tmp_path / "copies")
        assert found is not None
        assert found.read_bytes() == content


def test_a_result_is_replaced_as_a_whole(store: Store, tmp_path: Path) -> None:
    assert store.files("jobs/a") == {}
    store.put_result(made(tmp_path / "1", map=b"1", item=b"one"), "jobs/a", nothing)
    assert contents(store) == {"map.txt": b"1", "item.txt": b"one"}
    store.put_result(made(tmp_path / "2", map=b"22"), "jobs/a", nothing)
    assert contents(store) == {"map.txt": b"22"}
    assert store.files("jobs") == {}, "other keys than those of results have no files"


def test_a_result_that_is_no_longer_wanted_leaves_the_old_one(store: Store, tmp_path: Path) -> None:
    def unwanted() -> None:
        raise TimeoutError("the lease is lost")

    store.put_result(made(tmp_path / "1", map=b"1"), "jobs/a", nothing)
    with pytest.raises(TimeoutError):
        store.put_result(made(tmp_path / "2", map=b"22"), "jobs/a", unwanted)
    assert contents(store) == {"map.txt": b"1"}


def test_a_file_of_a_result_is_read_in_part_and_copied_whole(store: Store, tmp_path: Path) -> None:
    content = bytes(range(256)) * 40_000  # 10 MB: several pieces
    store.put_result(made(tmp_path / "1", map=content), "jobs/a", nothing)
    (file,) = store.files("jobs/a").values()
    assert (file.name, file.size) == ("map.txt", len(content))
    assert b"".join(file.pieces(5_000_000, 9_000_001)) == content[5_000_000:9_000_001]
    assert b"".join(file.pieces(7, 7)) == b""
    assert max(len(piece) for piece in file.pieces(0, file.size)) <= 4 * 1024**2
    assert file.local().read_bytes() == content
    assert file.local() == file.local()


def test_another_content_has_another_etag(store: Store, tmp_path: Path) -> None:
    tags = []
    for number, content in enumerate((b"1", b"22")):
        store.put_result(made(tmp_path / str(number), map=content), "jobs/a", nothing)
        (file,) = store.files("jobs/a").values()
        assert file.etag == store.files("jobs/a")["map.txt"].etag
        assert file.etag.startswith('"')
        assert file.modified > 1.7e9
        tags.append(file.etag)
    assert tags[0] != tags[1]


@pytest.mark.parametrize("key", ["work/a/t.tif", "work/a"])
def test_what_is_removed_is_gone_and_its_neighbours_stay(store: Store, tmp_path: Path, key: str) -> None:
    for number, kept in enumerate(("work/a/t.tif", "work/ab/t.tif")):
        file = tmp_path / str(number)
        file.write_bytes(b"x")
        store.put(file, kept)
    store.remove(key)
    store.remove("work/none")
    assert store.fetch("work/a/t.tif", tmp_path / "c") is None
    assert store.fetch("work/ab/t.tif", tmp_path / "c") is not None


def test_a_result_that_is_removed_has_no_files(store: Store, tmp_path: Path) -> None:
    for name in ("a", "ab"):
        store.put_result(made(tmp_path / name, map=b"1"), result_key(name), nothing)
    copy = store.files("jobs/a")["map.txt"].local()
    store.remove("jobs/a")
    assert (store.files("jobs/a"), copy.exists()) == ({}, False)
    assert list(store.files("jobs/ab")) == ["map.txt"]


def test_jobs_with_files_of_their_own_are_listed(stored: Settings, tmp_path: Path) -> None:
    assert open_store(stored).leftovers() == []
    file = tmp_path / "t.tif"
    file.write_bytes(b"x")
    fresh = open_store(stored.but(home=tmp_path / "other"))
    fresh.put(file, f"{work_key('a')}/t.tif")
    assert fresh.leftovers() == ["a"]


def test_a_store_that_answers_is_ready(store: Store) -> None:
    store.check()

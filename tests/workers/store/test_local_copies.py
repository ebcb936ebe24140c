"""Local copies: fetched once, whole, within their limit."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from workers.store.local_copies import LocalCopies


def writer(content: bytes, calls: list[bytes]) -> object:
    def fetch(path: Path) -> None:
        calls.append(content)
        time.sleep(0.05)
        path.write_bytes(content)

    return fetch


def aged(path: Path, seconds: float) -> None:
    os.utime(path, (time.time() - seconds,) * 2)


def test_a_copy_is_fetched_once_however_many_ask(tmp_path: Path) -> None:
    copies, calls = LocalCopies(tmp_path, limit_bytes=100), []

    def get(_: int) -> bytes:
        return copies.get("a/1/map.tif", writer(b"x", calls)).read_bytes()  # type: ignore[arg-type]

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(get, range(16))) == {b"x"}
    assert calls == [b"x"]


def test_a_fetch_that_fails_leaves_no_copy(tmp_path: Path) -> None:
    def half(path: Path) -> None:
        path.write_bytes(b"ha")
        raise OSError("the answer ended early")

    copies = LocalCopies(tmp_path, limit_bytes=100)
    with pytest.raises(OSError, match="early"):
        copies.get("a/map.tif", half)
    assert copies.get("a/map.tif", lambda path: path.write_bytes(b"whole") and None).read_bytes() == b"whole"


def test_what_was_used_longest_ago_is_removed_first_and_nothing_in_use(tmp_path: Path) -> None:
    copies = LocalCopies(tmp_path, limit_bytes=25)
    paths = [copies.get(name, lambda path: path.write_bytes(bytes(10)) and None) for name in "abc"]
    assert all(p.exists() for p in paths), "all are in use"
    for path, age in zip(paths, (300, 900, 600), strict=True):
        aged(path, age)
    copies.get("a", lambda path: None)
    copies.get("d", lambda path: path.write_bytes(bytes(10)) and None)
    assert [p.exists() for p in paths] == [True, False, False]


def test_all_copies_below_a_name_are_removed(tmp_path: Path) -> None:
    copies = LocalCopies(tmp_path, limit_bytes=25)
    path = copies.get("a/1/map.tif", lambda path: path.write_bytes(b"x") and None)
    copies.remove("a")
    copies.remove("a")
    assert not path.exists()

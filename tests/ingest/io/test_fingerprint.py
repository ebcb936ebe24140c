"""Fingerprints of files on disk."""

import os
from pathlib import Path

from ingest.io.fingerprint import file_fingerprint, fingerprint


def test_a_fingerprint_follows_size_time_and_name_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"abc")
    os.utime(path, ns=(5, 5))
    before = fingerprint(path), file_fingerprint(path)
    assert (fingerprint(path), file_fingerprint(path)) == before
    os.utime(path, ns=(6, 6))
    assert fingerprint(path) != before[0]
    assert file_fingerprint(path) != before[1]
    os.utime(path, ns=(5, 5))
    renamed = path.rename(tmp_path / "b.bin")
    assert fingerprint(renamed) != before[0]
    assert file_fingerprint(renamed) == before[1]


def test_the_fingerprint_of_a_folder_covers_all_files_below_it(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.bin").write_bytes(b"abc")
    before = fingerprint(tmp_path)
    (tmp_path / "deep" / "b.bin").write_bytes(b"")
    assert fingerprint(tmp_path) != before


def test_a_missing_file_has_an_empty_fingerprint(tmp_path: Path) -> None:
    assert file_fingerprint(tmp_path / "gone.bin") == ""

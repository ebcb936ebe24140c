"""Files that appear whole or not at all: written beside their place, flushed to the disk, renamed. No formats here."""

import contextlib
import ctypes
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def written_aside(path: Path, folder: Path | None = None) -> Iterator[Path]:
    """Yield a path to write to; rename it to `path` at the end, remove it after an error.

    Args:
        path: of the finished file or folder; one that is there already is replaced.
        folder: where the file is written meanwhile, on the same disk as `path`; None = beside `path`. Its name begins
            with a dot and keeps the ending.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with aside_in(folder or path.parent, path.name) as aside:
        yield aside
        flush(aside)
        replace(aside, path)


@contextlib.contextmanager
def aside_in(folder: Path, name: str) -> Iterator[Path]:
    """Yield an unused path in a folder, its name beginning with a dot; what is still there at the end is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{uuid.uuid4().hex[:12]}-{name}"
    try:
        yield aside
    finally:
        remove(aside)


def replace(aside: Path, path: Path) -> None:
    """Rename a finished file or folder to its place; what is there already is replaced in one step.

    Where the system cannot swap two folders, there is none for a moment, and the earlier one lies beside it.
    """
    if not path.is_dir():
        aside.replace(path)
    elif _swap(aside, path):
        remove(aside)
    else:
        before = aside.with_name(f"{aside.name}.before")
        path.rename(before)
        aside.rename(path)
        remove(before)


def _swap(one: Path, other: Path) -> bool:
    """Swap two names in one step (renameat2 of Linux); False if the system or the disk cannot."""
    at_folder, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    return rename is not None and rename(at_folder, os.fsencode(one), at_folder, os.fsencode(other), exchange) == 0


def flush(path: Path) -> None:
    """Flush a file, or all files of a folder, to the disk."""
    files = [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path]
    for file in files:
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove(path: Path) -> None:
    """Remove a file or folder if it is there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)

"""What workers and the service need of a store: files under keys, and results that are replaced in one step.

A key is a path with slashes, below the root of the store. Nothing here says where that is: folder.py and
object_storage.py do.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

TILES, RESULTS, WORK, MODELS = "cache/tiles", "jobs", "work", "models"
"""Tiles that all jobs share; results; what belongs to one job until it ends; and models."""


class StoredFile(Protocol):
    """One file of a result."""

    @property
    def name(self) -> str:
        """Without folders."""
        ...

    @property
    def size(self) -> int:
        """Bytes."""
        ...

    @property
    def path(self) -> Path | None:
        """The file itself, where the store is a folder; None = it has to be fetched."""
        ...

    @property
    def etag(self) -> str:
        """Names the content, in quotes; another content has another."""
        ...

    @property
    def modified(self) -> float:
        """When it was written, in seconds since 1970."""
        ...

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield bytes start to stop - 1, in pieces of bounded size.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        ...

    def local(self) -> Path:
        """Return a file of this machine with the same content, for readers that need one.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        ...


class Store(Protocol):
    """A store. Its methods may be called from several threads and processes, and all may raise StoreUnavailable."""

    def check(self) -> None:
        """Return if the store answers."""
        ...

    def fetch(self, key: str, scratch: Path) -> Path | None:
        """Return a file of this machine with the content of a key, None if the store has no such key.

        Args:
            key: of one file.
            scratch: folder for a copy, where one is needed; a copy of the same content that is there already is used.
        """
        ...

    def put(self, file: Path, key: str) -> Path:
        """Store a finished file under a key, whole or not at all; return where its content can be read here.

        The file is moved away, in the folder where it lies or into the store. One that the key has is replaced.
        """
        ...

    def put_result(self, folder: Path, key: str, check: Callable[[], None]) -> None:
        """Make the files of a folder those of a result, in one step: readers see all of the old ones or all new ones.

        Args:
            folder: of finished files; moved away, or left to the caller.
            key: of the result.
            check: called just before the step that readers notice; if it raises, the old files stay.
        """
        ...

    def files(self, key: str) -> Mapping[str, StoredFile]:
        """Return the files of a result by name; none if there is no result."""
        ...

    def remove(self, key: str) -> None:
        """Remove a file, or a result, or all keys below one; nothing happens if there are none."""
        ...

    def leftovers(self) -> list[str]:
        """Return the jobs that have files below WORK."""
        ...


def result_key(job_id: str) -> str:
    """Return the key of a job's result."""
    return f"{RESULTS}/{job_id}"


def work_key(job_id: str) -> str:
    """Return the key below which lies what belongs to a job until it ends."""
    return f"{WORK}/{job_id}"

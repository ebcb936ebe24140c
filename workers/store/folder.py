"""A store that is a folder: of this machine, or of a network disk that all machines have at the same path."""

import errno
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import StoreUnavailable
from outputs.atomic import flush, remove, replace, written_aside
from workers.store.store import WORK

PIECE_BYTES = 1024**2


@dataclass(frozen=True, kw_only=True)
class FileInFolder:
    """One file of a result. Implements `StoredFile`."""

    path: Path

    @property
    def name(self) -> str:
        """Without folders."""
        return self.path.name

    @property
    def size(self) -> int:
        """Bytes."""
        return self.path.stat().st_size

    @property
    def etag(self) -> str:
        """Time and size: a result is replaced by new files."""
        found = self.path.stat()
        return f'"{found.st_mtime_ns:x}-{found.st_size:x}"'

    @property
    def modified(self) -> float:
        """When it was written, in seconds since 1970."""
        return self.path.stat().st_mtime

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield bytes start to stop - 1."""
        with self.path.open("rb") as file:
            file.seek(start)
            while start < stop and (piece := file.read(min(PIECE_BYTES, stop - start))):
                start += len(piece)
                yield piece

    def local(self) -> Path:
        """Return the file itself."""
        return self.path


class FolderStore:
    """Files below one folder. Implements `Store`; what is read is read in place, and no copy is made."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def check(self) -> None:
        """Return if the folder is there, or can be made.

        Raises:
            StoreUnavailable: it cannot.
        """
        try:
            self._root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(f"its folder cannot be reached ({error.strerror})") from None

    def fetch(self, key: str, scratch: Path) -> Path | None:
        """Return the file of a key, None if there is none."""
        path = self._root / key
        return path if path.is_file() else None

    def put(self, file: Path, key: str) -> Path:
        """Move a finished file to its key; return its path."""
        path = self._root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        self._move(file, path)
        return path

    def put_result(self, folder: Path, key: str, check: Callable[[], None]) -> None:
        """Move a folder of finished files to its key, in one rename."""
        path = self._root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        self._move(folder, path, check)

    def files(self, key: str) -> Mapping[str, FileInFolder]:
        """Return the files of a result by name."""
        folder = self._root / key
        if not folder.is_dir():
            return {}
        found = [p for p in folder.iterdir() if p.is_file() and not p.is_symlink() and not p.name.startswith(".")]
        return {p.name: FileInFolder(path=p) for p in found}

    def remove(self, key: str) -> None:
        """Remove a file or a folder if it is there."""
        remove(self._root / key)

    def leftovers(self) -> list[str]:
        """Return the jobs that have a folder below WORK."""
        folder = self._root / WORK
        return [p.name for p in folder.iterdir()] if folder.is_dir() else []

    def _move(self, made: Path, path: Path, check: Callable[[], None] = lambda: None) -> None:
        """Flush and rename; from another disk than the store's, a copy of it is renamed."""
        flush(made)
        check()
        try:
            replace(made, path)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            with written_aside(path) as aside:
                shutil.copytree(made, aside) if made.is_dir() else shutil.copyfile(made, aside)
                flush(aside)
                check()
            remove(made)

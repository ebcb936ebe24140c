"""Scene tiles as single files, so that machines can share what one of them has read. Where the files lie: workers."""

import zipfile
from pathlib import Path
from typing import Protocol


class SharedTiles(Protocol):
    """A place of files by name, which several machines reach. Its methods raise nothing: sharing only saves time."""

    def fetch(self, name: str, path: Path) -> bool:
        """Write a file of the place to a path; False if it has none that is whole, or does not answer."""
        ...

    def share(self, file: Path, name: str) -> None:
        """Give a finished file to the place, if it answers; the file is moved away or left."""
        ...


def pack(folder: Path, path: Path) -> None:
    """Write the files of a scene tile into one file; they are compressed already."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        for part in sorted(p for p in folder.rglob("*") if p.is_file()):
            file.write(part, part.relative_to(folder).as_posix())


def unpack(path: Path, folder: Path) -> None:
    """Write the files of a scene tile into a new folder.

    Raises:
        OSError, zipfile.BadZipFile: it is not one.
    """
    with zipfile.ZipFile(path) as file:
        file.extractall(folder)

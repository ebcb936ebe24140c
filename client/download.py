"""Result files of a job, and their download, which goes on where an earlier one broke off."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from client.connection import Connection
from core.errors import InternalError

CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class ResultFile:
    """One result file."""

    name: str
    """Key in the results document: `geotiff`, `item`, `quicklook`, ..."""
    url: str
    media_type: str
    title: str = ""

    @property
    def file_name(self) -> str:
        """Last part of the address; never one that leads out of a folder."""
        name = urlsplit(self.url).path.rsplit("/", 1)[-1]
        if name in ("", ".", ".."):
            raise InternalError(f"The service names no file for '{self.name}'.")
        return name


def download(connection: Connection, file: ResultFile, path: Path) -> Path:
    """Download a file; it appears under its name only when complete.

    An interrupted download, of this call or an earlier one, continues if the ETag is still the same.

    Raises:
        RequestError, InternalError: the service refuses it, or failed.
        WorkerUnavailable: the connection breaks off again and again.
    """
    connection.again(lambda: _fetch(connection, file, path))
    return path


def _fetch(connection: Connection, file: ResultFile, path: Path) -> None:
    part, tag_file = path.with_name(path.name + ".part"), path.with_name(path.name + ".part.etag")
    with connection.stream(file.url, _resume(part, tag_file)) as answer:
        if answer.status_code != httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            tag_file.write_text(answer.headers.get("ETag", ""))
            _append(answer, part)
    part.replace(path)
    tag_file.unlink(missing_ok=True)


def _resume(part: Path, tag_file: Path) -> dict[str, str]:
    """Return the headers that request the rest of an interrupted download; the whole file without a strong ETag."""
    plain = {"Accept-Encoding": "identity"}
    tag = tag_file.read_text() if tag_file.exists() else ""
    if not part.exists() or not tag or tag.startswith("W/"):
        return plain
    return {**plain, "Range": f"bytes={part.stat().st_size}-", "If-Range": tag}


def _append(answer: httpx.Response, part: Path) -> None:
    mode = "ab" if answer.status_code == httpx.codes.PARTIAL_CONTENT else "wb"
    with part.open(mode) as file:
        for chunk in answer.iter_bytes(CHUNK_BYTES):
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())

"""A store on object storage that speaks S3: a bucket and a prefix, reached as the AWS_ variables say.

Objects appear whole or not at all. A result is a set of objects under a version of its own and one small object,
`current`, that names the version: writing that object replaces the result, and no reader sees a mixture. The version
before stays until the next one, for readers that began with it.

Archives are read by ingest/object_store.py, with keys of their own (LANDCAST_S3_...): their buckets belong to others.
"""

import hashlib
import json
import logging
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from core.errors import StoreUnavailable
from outputs.atomic import aside_in
from workers.store.local_copies import LocalCopies
from workers.store.store import RESULTS, WORK

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

logger = logging.getLogger(__name__)

PIECE_BYTES = 4 * 1024**2
"""Read at once when a file is passed on; S3 answers such a range in about a tenth of a second."""
TIMEOUT_S, TRIES = 20, 4
"""Of one request; of one call, within a minute. Who can wait longer calls again."""
CURRENT = "current"
"""Name of the object that says which version of a result holds."""
STALE = timedelta(days=1)
"""A version that is neither named nor so young was left behind by a worker that was killed."""
LEFTOVERS_S = 300.0
"""Shortest time between two listings of what jobs have left: each is a request."""

REASONS = {
    "PermissionDeniedError": "access was denied",
    "UnauthenticatedError": "its keys are missing or wrong",
}
"""By the kind of an error."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One file as `current` describes it."""

    name: str
    size: int
    sha256: str
    modified: float


@dataclass(frozen=True, kw_only=True)
class FileInBucket:
    """One file of a version of a result. Implements `StoredFile`."""

    entry: Entry
    key: str
    store: "ObjectStorage" = field(repr=False)
    path: None = None

    @property
    def name(self) -> str:
        """Without folders."""
        return self.entry.name

    @property
    def size(self) -> int:
        """Bytes."""
        return self.entry.size

    @property
    def etag(self) -> str:
        """The content's hash: the same from whichever machine it is served."""
        return f'"{self.entry.sha256[:32]}"'

    @property
    def modified(self) -> float:
        """When it was written, in seconds since 1970."""
        return self.entry.modified

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield bytes start to stop - 1, requested piece by piece: each is tried again by itself."""
        while start < stop:
            end = min(stop, start + PIECE_BYTES)
            yield self.store.read(self.key, start, end)
            start = end

    def local(self) -> Path:
        """Return a local copy; see LocalCopies."""
        return self.store.copies.get(_below_results(self.key), partial(self.store.download, self.key, self.size))


class ObjectStorage:
    """Objects below a prefix of a bucket. Implements `Store`."""

    def __init__(self, url: str, copies: LocalCopies) -> None:
        """Prepare; sends no request.

        Args:
            url: `s3://bucket/prefix`.
            copies: of files of results, for readers that need files.

        Raises:
            StoreUnavailable: the AWS_ variables cannot be used.
        """
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        self._store = _open_bucket(bucket, prefix.strip("/"))
        self._listed = -LEFTOVERS_S
        self.copies = copies

    def check(self) -> None:
        """Return if the bucket can be listed."""
        with _named_errors():
            obstore.list_with_delimiter(self._store, f"{WORK}/none")

    def fetch(self, key: str, scratch: Path) -> Path | None:
        """Return a copy of an object in a scratch folder, None if there is none; a copy of this content is used again.

        Raises:
            StoreUnavailable: the store does not answer, or the answer ends early.
        """
        try:
            with _named_errors():
                head = obstore.head(self._store, key)
        except FileNotFoundError:
            return None
        local = scratch / _copy_name(key, head["e_tag"])
        if not local.is_file():
            with aside_in(scratch, local.name) as aside:
                self.download(key, head["size"], aside)
                aside.replace(local)
        return local

    def put(self, file: Path, key: str) -> Path:
        """Upload a file; it becomes the copy that `fetch` finds in the folder where it lies."""
        etag = self._put(key, file)
        return file.replace(file.with_name(_copy_name(key, etag)))

    def put_result(self, folder: Path, key: str, check: Callable[[], None]) -> None:
        """Upload the files of a folder under a new version, then name it; see above."""
        version = uuid.uuid4().hex[:12]
        entries = [_entry(path) for path in sorted(folder.iterdir()) if path.is_file()]
        for entry in entries:
            self._put(f"{key}/{version}/{entry.name}", folder / entry.name)
        check()
        before = self._current(key)
        now = {"version": version, "before": before.get("version", ""), "files": [asdict(e) for e in entries]}
        self._put(f"{key}/{CURRENT}", json.dumps(now).encode())
        self._remove_old(key, {version, now["before"]}, before.get("before", ""))

    def files(self, key: str) -> Mapping[str, FileInBucket]:
        """Return the files of a result by name."""
        found = self._current(key)
        entries = [Entry(**entry) for entry in found.get("files", ())]
        version = f"{key}/{found.get('version')}"
        return {e.name: FileInBucket(entry=e, key=f"{version}/{e.name}", store=self) for e in entries}

    def remove(self, key: str) -> None:
        """Remove an object and all below its key, and local copies of a result; `current` goes first."""
        if key.startswith(f"{RESULTS}/"):
            self.copies.remove(_below_results(key))
        with _named_errors():
            for first in (key, f"{key}/{CURRENT}"):
                self._delete([first])
            for page in obstore.list(self._store, prefix=key):
                self._delete([str(o["path"]) for o in page])

    def leftovers(self) -> list[str]:
        """Return the jobs that have objects below WORK; none if they have been listed lately."""
        if time.monotonic() - self._listed < LEFTOVERS_S:
            return []
        with _named_errors():
            found = obstore.list_with_delimiter(self._store, WORK)["common_prefixes"]
        self._listed = time.monotonic()
        return [str(prefix).rsplit("/", 1)[-1] for prefix in found]

    def read(self, key: str, start: int, stop: int) -> bytes:
        """Return bytes start to stop - 1 of an object.

        Raises:
            StoreUnavailable: the store does not answer, or the object is gone.
        """
        try:
            with _named_errors():
                return bytes(obstore.get_range(self._store, key, start=start, end=stop))
        except FileNotFoundError:
            raise StoreUnavailable("a file was removed while it was read") from None

    def download(self, key: str, size: int, path: Path) -> None:
        """Write an object of a size in bytes to a file, piece by piece.

        Raises:
            StoreUnavailable: the store does not answer, or the object is gone or shorter.
        """
        with path.open("wb") as file:
            for start in range(0, size, PIECE_BYTES):
                file.write(self.read(key, start, min(size, start + PIECE_BYTES)))
        if path.stat().st_size != size:
            raise StoreUnavailable("its answer ended early")

    def _put(self, key: str, content: Path | bytes) -> str | None:
        try:
            with _named_errors():
                return obstore.put(self._store, key, content)["e_tag"]
        except FileNotFoundError:
            if isinstance(content, Path) and not content.exists():
                raise
            raise StoreUnavailable("there is no such bucket") from None

    def _current(self, key: str) -> dict[str, Any]:
        try:
            with _named_errors():
                found: dict[str, Any] = json.loads(bytes(obstore.get(self._store, f"{key}/{CURRENT}").bytes()))
        except FileNotFoundError:
            return {}
        return found

    def _remove_old(self, key: str, kept: set[str], old: str) -> None:
        """Remove the version before the last, and what killed workers have left; what fails is left for the next time.

        Another worker may be uploading a version at this moment: only old ones are taken for left behind.
        """
        try:
            with _named_errors():
                for page in obstore.list(self._store, prefix=key):
                    gone = [o["path"] for o in page if _is_old(o, key, kept, old)]
                    self._delete(gone)
        except StoreUnavailable as error:
            logger.info("old version of a result not removed key=%s reason=%s", key, error.reason)

    def _delete(self, paths: list[str]) -> None:
        try:
            if paths:
                obstore.delete(self._store, paths)
        except FileNotFoundError:
            pass


def _open_bucket(bucket: str, prefix: str) -> S3Store:
    """Return the store of a bucket; region, endpoint and keys are those of the AWS_ variables or the machine's role."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    client: ClientConfig = {
        "timeout": f"{TIMEOUT_S}s",
        "connect_timeout": "5s",
        "allow_http": endpoint.startswith("http://"),
    }
    retries: RetryConfig = {"max_retries": TRIES - 1, "retry_timeout": timedelta(seconds=TIMEOUT_S)}
    try:
        return S3Store(bucket, prefix=prefix or None, client_options=client, retry_config=retries)
    except BaseError:
        raise StoreUnavailable("the AWS_ variables are incomplete, or one has a wrong value") from None


@contextmanager
def _named_errors() -> Iterator[None]:
    """Turn errors of the store into StoreUnavailable: their own texts hold addresses, and may hold signatures.

    Raises:
        FileNotFoundError: there is no such object, or no such bucket.
    """
    try:
        yield
    except BaseError as error:
        raise StoreUnavailable(REASONS.get(type(error).__name__, "it does not answer as it should")) from None


def _below_results(key: str) -> str:
    return key.removeprefix(f"{RESULTS}/")


def _is_old(found: Any, key: str, kept: set[str], old: str) -> bool:
    version, is_file, _ = str(found["path"]).removeprefix(f"{key}/").partition("/")
    if not is_file or version in kept:
        return False
    return version == old or time.time() - found["last_modified"].timestamp() > STALE.total_seconds()


def _entry(path: Path) -> Entry:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Entry(name=path.name, size=path.stat().st_size, sha256=sha256, modified=path.stat().st_mtime)


def _copy_name(key: str, etag: str | None) -> str:
    """Return the name of a copy: that of its content and key, with the ending that readers expect."""
    return hashlib.sha256(f"{key} {etag}".encode()).hexdigest()[:32] + Path(key).suffix

"""The store that the settings name."""

import os
from functools import lru_cache
from pathlib import Path

from core.settings import Settings
from workers.store.folder import FolderStore
from workers.store.local_copies import LocalCopies
from workers.store.store import Store


def open_store(settings: Settings) -> Store:
    """Return the store; sends no request and makes no folder.

    Raises:
        StoreUnavailable: the AWS_ variables cannot be used.
    """
    if not settings.store.startswith("s3://"):
        return FolderStore(Path(settings.store) if settings.store else settings.home)
    aws = tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_")))
    return _open_bucket(settings.store, settings.home.absolute(), settings.cache.store_gb, os.getpid(), aws)


@lru_cache(maxsize=4)
def _open_bucket(url: str, home: Path, limit_gb: float, _pid: int, _aws: tuple[tuple[str, str], ...]) -> Store:
    """Return one store for all threads of a process, which share its connections; a forked process has its own."""
    from workers.store.object_storage import ObjectStorage  # obstore is loaded where it is used

    return ObjectStorage(url, LocalCopies(home / "cache" / "results", limit_bytes=int(limit_gb * 1e9)))

"""The store as workers use it: a call waits while the store is away, as calls on the ledger do."""

from collections.abc import Callable, Mapping
from pathlib import Path

from core.settings import Settings
from workers.queue.patience import patiently
from workers.store.open_store import open_store
from workers.store.store import Store, StoredFile


class PatientStore:
    """A store whose calls are made again until it answers. Implements `Store`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def check(self) -> None:
        """Return once the store answers."""
        patiently(self._store.check)

    def fetch(self, key: str, scratch: Path) -> Path | None:
        """Return a file with the content of a key, None if there is none."""
        return patiently(lambda: self._store.fetch(key, scratch))

    def put(self, file: Path, key: str) -> Path:
        """Store a finished file under a key."""
        return patiently(lambda: self._store.put(file, key))

    def put_result(self, folder: Path, key: str, check: Callable[[], None]) -> None:
        """Make the files of a folder those of a result."""
        patiently(lambda: self._store.put_result(folder, key, check))

    def files(self, key: str) -> Mapping[str, StoredFile]:
        """Return the files of a result by name."""
        return patiently(lambda: self._store.files(key))

    def remove(self, key: str) -> None:
        """Remove a file, or all keys below one."""
        patiently(lambda: self._store.remove(key))

    def leftovers(self) -> list[str]:
        """Return the jobs that have files below WORK."""
        return patiently(self._store.leftovers)


def patient_store(settings: Settings) -> Store:
    """Return the store that the settings name, for work that waits until it answers."""
    return PatientStore(open_store(settings))

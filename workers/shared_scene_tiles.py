"""Scene tiles in the store: what one machine has read from an archive, the others need not read again."""

import logging
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

from core.errors import StoreUnavailable
from core.settings import Settings
from outputs.sealed import damage_of, seal, unseal
from workers.store.open_store import open_store
from workers.store.store import Store

logger = logging.getLogger(__name__)

SCENE_TILES = "cache/scene-tiles"
PAUSE_S = 60.0
"""For so long after a failure the store is not asked: the archive answers as well."""


class StoredSceneTiles:
    """Sealed files below one key of the store. Implements `ingest.build.shared_tiles.SharedTiles`."""

    def __init__(
        self, find_store: Callable[[], Store], scratch: Path, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Prepare.

        Args:
            find_store: returns the store that machines share.
            scratch: folder of this machine for temporary files.
            clock: gives seconds and never goes back.
        """
        self._find_store, self._scratch, self._clock = find_store, scratch, clock
        self._asked_again = clock()

    def fetch(self, name: str, path: Path) -> bool:
        """Write a scene tile's file to a path; a damaged one is removed from the store, and counts as none."""
        found: list[bool] = []
        self._attempt(lambda folder: found.append(self._fetch(_key(name), path, folder)))
        return found == [True]

    def share(self, file: Path, name: str) -> None:
        """Seal and store a scene tile's file."""

        def put(folder: Path) -> None:
            sealed = file.replace(folder / file.name)
            seal(sealed)
            self._find_store().put(sealed, _key(name))

        self._attempt(put)

    def _fetch(self, key: str, path: Path, folder: Path) -> bool:
        store = self._find_store()
        found = store.fetch(key, folder)
        if found is None:
            return False
        damage = damage_of(found)
        if damage:
            logger.warning("scene tile in the store damaged, read again key=%s reason=%s", key, damage)
            store.remove(key)
            return False
        shutil.copyfile(found, path)
        unseal(path)
        return True

    def _attempt(self, use: Callable[[Path], None]) -> None:
        """Use the store with a temporary folder, unless it was away a moment ago."""
        if self._clock() < self._asked_again:
            return
        self._scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="shared-", dir=self._scratch) as folder:
            try:
                use(Path(folder))
            except (StoreUnavailable, OSError) as error:
                self._asked_again = self._clock() + PAUSE_S
                logger.warning("scene tiles are not shared for %d s reason=%s", PAUSE_S, error)


def shared_scene_tiles(settings: Settings) -> StoredSceneTiles | None:
    """Return the scene tiles of the store; None where the store is the home folder, which has them already."""
    return _shared(settings) if settings.store else None


@lru_cache(maxsize=4)
def _shared(settings: Settings) -> StoredSceneTiles:
    return StoredSceneTiles(partial(open_store, settings), settings.home / "cache" / "scene-tiles" / "aside")


def _key(name: str) -> str:
    return f"{SCENE_TILES}/{name[:2]}/{name}.zip"

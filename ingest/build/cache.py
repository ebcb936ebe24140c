"""Cache of scene tiles: Zarr v3 arrays named by the hash of what determines their pixels, and an index of their use.

A scene tile is written to a temporary folder and renamed, so that no reader sees half of it. Removing it starts with a
rename too: a reader checks after reading that the scene tile still exists, and so never takes the missing chunks of a
half-removed array for unseen pixels.

A scene tile that is cut or incomplete shows by its size when it is found; one that was changed shows by the checksums
of its chunks when it is read. Either is removed, so that the next attempt reads the scene from its archive again.
"""

import hashlib
import json
import logging
import os
import shutil
import sqlite3
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine

from core.bands import RADAR_NAMES, WEATHER_NAMES, Floats
from core.errors import ReadFailed
from core.grid import Tile, Window
from ingest.archive import Archive, Scene
from ingest.build.shared_tiles import SharedTiles, pack, unpack
from ingest.preprocess.prepare import Preparation, Prepared

logger = logging.getLogger(__name__)

FORMAT = 3
"""Raised whenever the stored form or its names change, so that older scene tiles are ignored."""
SCALE, FILL = 1e-4, -32768
"""Reflectance and NDVI are stored as integers of 1e-4, the precision of Sentinel-2's own numbers."""
CHUNK = 128
"""Edge of a chunk in pixels: one default tile reads one chunk of a band, and all chunks share one file."""
EVICT_TO = 0.9
"""Share of the limit that is left when scene tiles are removed, so that not every new scene tile removes one."""
STALE_SECONDS = 24 * 3600.0
"""A temporary folder of this age was left behind by a process that was killed."""
TOUCH_SECONDS = 60.0
"""Shortest time between two updates of a scene tile's last use."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS scene_tiles (
    key TEXT PRIMARY KEY, scene TEXT NOT NULL, bands TEXT NOT NULL, bytes INTEGER NOT NULL, used REAL NOT NULL);
CREATE INDEX IF NOT EXISTS scene_tiles_scene ON scene_tiles (scene);
"""


def scene_key(archive: Archive, scene: Scene, block: Tile, preparation: Preparation) -> str:
    """Return the sha256 (hex) of all that determines a scene's pixels in a read block, except the bands."""
    facts = {
        "format": FORMAT,
        "archive": archive.name,
        "scene": scene.scene_id,
        "version": scene.version or archive.fingerprint,
        "block": block.key,
        "preparation": preparation.key(),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


@dataclass
class StoredSceneTile:
    """A scene tile on disk. Implements `ingest.build.scene_tile.SceneTile`."""

    path: Path
    window: Window
    bands: tuple[str, ...]
    notes: tuple[str, ...]
    mask: str
    _array: Any = field(repr=False, default=None)
    _discard: Callable[[], None] = field(repr=False, default=lambda: None)

    def read(self, bands: Sequence[str], rows: slice, columns: slice) -> Floats:
        """Return (C, Y, X) of some bands, rows and columns; NaN = unseen or not clear.

        Raises:
            ReadFailed: the scene tile was damaged, or removed to make room.
        """
        at = [self.bands.index(b) for b in bands]
        try:
            first, last = min(at), max(at) + 1
            stored = np.asarray(self._array[first:last, rows, columns])[[a - first for a in at]]
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            if not isinstance(error, OSError):  # which says nothing of what the file holds
                self._discard()
            raise ReadFailed(self.path.stem, f"its copy in the cache is damaged ({type(error).__name__})") from error
        if not self.path.exists():
            raise ReadFailed(self.path.stem, "its copy in the cache was removed to make room; raise LANDCAST_CACHE_GB")
        return _unpacked(stored)


class SceneTileCache:
    """Scene tiles below one folder, shared by all processes. Methods may be called from several threads at once."""

    def __init__(self, folder: Path, *, limit_bytes: int, shared: SharedTiles | None = None) -> None:
        """Prepare the folder; what it lacks may be in `shared`, which gets what is new."""
        self._folder, self._shared = folder, shared
        self._aside = folder / "aside"
        self._limit_bytes = limit_bytes
        self._aside.mkdir(parents=True, exist_ok=True)
        with self._index() as index:
            index.executescript(_SCHEMA)
        self._sweep()

    def find(self, scene: str, bands: Sequence[str]) -> StoredSceneTile | None:
        """Return the scene tile of a scene key that holds all of some bands, None if there is none or it is damaged.

        Of those that other machines share, one that holds exactly these bands is found.
        """
        with self._index() as index:
            query = "SELECT key, bands, used, bytes FROM scene_tiles WHERE scene = ?"
            rows = index.execute(query, (scene,)).fetchall()
        for key, held, used, size in rows:
            if set(bands) <= set(held.split()):
                found = self._open(key, size)
                if found is not None:
                    self._touch(key, used)
                    return found
        return self._fetch(scene, tuple(sorted(bands)))

    def put(self, scene: str, prepared: Prepared, window: Window) -> StoredSceneTile:
        """Store a scene's pixels; if another process has stored them first, its scene tile is returned."""
        bands = tuple(sorted(prepared.values))
        key = _key(scene, bands)
        path = self._path(key)
        is_new = not path.exists()
        if is_new:
            aside = self._aside / uuid.uuid4().hex
            _write(aside, {b: prepared.values[b] for b in bands}, prepared, window)
            path.parent.mkdir(exist_ok=True)
            _rename(aside, path)
        self._enter(key, scene, bands, path)
        found = self._open(key, _size(path))
        if found is None:
            raise ReadFailed(scene[:12], "its copy in the cache could not be read back")
        if is_new:
            self._share(key)
        return found

    def size_bytes(self) -> int:
        """Return the size of all scene tiles together."""
        with self._index() as index:
            return int(index.execute("SELECT COALESCE(SUM(bytes), 0) FROM scene_tiles").fetchone()[0])

    def _fetch(self, scene: str, bands: tuple[str, ...]) -> StoredSceneTile | None:
        """Return the scene tile of another machine, None if there is none."""
        key, aside = _key(scene, bands), self._aside / uuid.uuid4().hex
        packed = aside.with_suffix(".zip")
        if self._shared is None or not self._shared.fetch(key, packed):
            return None
        try:
            unpack(packed, aside)
        except (OSError, zipfile.BadZipFile) as error:
            logger.warning("scene_tile_left_out key=%s reason=%s", key[:12], type(error).__name__)
            return None
        finally:
            packed.unlink(missing_ok=True)
        self._path(key).parent.mkdir(exist_ok=True)
        _rename(aside, self._path(key))
        self._enter(key, scene, bands, self._path(key))
        return self._open(key, _size(self._path(key)))

    def _share(self, key: str) -> None:
        if self._shared is None:
            return
        packed = self._aside / f"{uuid.uuid4().hex}.zip"
        try:
            pack(self._path(key), packed)
            self._shared.share(packed, key)
        except OSError as error:  # another process has removed it to make room
            logger.info("scene_tile_not_shared key=%s reason=%s", key[:12], type(error).__name__)
        finally:
            packed.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.zarr"

    def _open(self, key: str, size: int) -> StoredSceneTile | None:
        import zarr  # loaded where pixels are read: a service looks up alone

        path = self._path(key)
        try:
            if _size(path) != size:
                raise ValueError("incomplete")
            array = zarr.open_array(path, mode="r")
            facts: dict[str, Any] = dict(array.attrs)
            rows, columns = array.shape[1:]
            window = Window(crs=str(facts["crs"]), transform=Affine(*facts["transform"]), shape_yx=(rows, columns))
            notes, mask = tuple(facts["notes"]), str(facts.get("mask", ""))
            bands = tuple(facts["bands"])
            return StoredSceneTile(path, window, bands, notes, mask, array, lambda: self._remove(key))
        except (OSError, ValueError, KeyError, TypeError) as error:
            logger.warning("scene_tile_left_out key=%s reason=%s", key[:12], type(error).__name__)
            self._remove(key)
            return None

    def _touch(self, key: str, used: float) -> None:
        if time.time() - used > TOUCH_SECONDS:
            with self._index() as index:
                index.execute("UPDATE scene_tiles SET used = ? WHERE key = ?", (time.time(), key))

    def _enter(self, key: str, scene: str, bands: Sequence[str], path: Path) -> None:
        row = (key, scene, " ".join(bands), _size(path), time.time())
        with self._index() as index:
            index.execute("INSERT OR REPLACE INTO scene_tiles VALUES (?, ?, ?, ?, ?)", row)
        self._evict(keep=key)

    def _evict(self, *, keep: str) -> None:
        """Remove the least recently used scene tiles if all together exceed the limit."""
        excess = self.size_bytes() - self._limit_bytes
        if excess <= 0:
            return
        excess += int((1 - EVICT_TO) * self._limit_bytes)
        with self._index() as index:
            rows = index.execute("SELECT key, bytes FROM scene_tiles WHERE key != ? ORDER BY used", (keep,)).fetchall()
        for key, size in rows:
            if excess <= 0:
                return
            self._remove(key)
            excess -= size

    def _remove(self, key: str) -> None:
        with self._index() as index:
            index.execute("DELETE FROM scene_tiles WHERE key = ?", (key,))
        aside = self._aside / uuid.uuid4().hex
        try:
            self._path(key).rename(aside)
        except OSError:  # another process was faster
            return
        shutil.rmtree(aside, ignore_errors=True)

    def _sweep(self) -> None:
        for left in self._aside.iterdir():
            try:
                is_old = time.time() - left.stat().st_mtime > STALE_SECONDS
            except OSError:
                continue
            if is_old:
                shutil.rmtree(left, ignore_errors=True)

    @contextmanager
    def _index(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self._folder / "index.sqlite", timeout=60)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            with connection:
                yield connection
        finally:
            connection.close()


def _size(path: Path) -> int:
    return sum(f.stat().st_size for f in path.rglob("*") if f.is_file())


def _key(scene: str, bands: Sequence[str]) -> str:
    return hashlib.sha256(f"{scene} {' '.join(bands)}".encode()).hexdigest()


def _write(path: Path, values: Mapping[str, Floats], prepared: Prepared, window: Window) -> None:
    """Write bands as one Zarr v3 array (C, Y, X) with one shard, and make sure that it is on the disk."""
    import zarr
    from zarr.codecs import BloscCodec, Crc32cCodec

    stored = _packed(values)
    chunk = (1, min(CHUNK, stored.shape[1]), min(CHUNK, stored.shape[2]))
    shard = (len(stored), *(-(-n // c) * c for n, c in zip(stored.shape[1:], chunk[1:], strict=True)))
    array = zarr.create_array(
        path,
        shape=stored.shape,
        dtype=stored.dtype,
        chunks=chunk,
        shards=shard,
        compressors=(BloscCodec(cname="lz4", clevel=5, shuffle="bitshuffle"), Crc32cCodec()),
        fill_value=FILL if stored.dtype == np.int16 else float("nan"),
        dimension_names=("band", "y", "x"),
        attributes={
            "bands": list(values),
            "crs": window.crs,
            "transform": list(window.transform)[:6],
            "notes": list(prepared.notes),
            "mask": prepared.mask,
            "scale_factor": SCALE if stored.dtype == np.int16 else 1.0,
        },
        config={"write_empty_chunks": True},
    )
    array[:] = stored
    for file in path.rglob("*"):
        if file.is_file():
            _sync(file)


def _packed(values: Mapping[str, Floats]) -> Any:
    stacked = np.stack(list(values.values()))
    if set(values) & {*RADAR_NAMES, *WEATHER_NAMES}:
        return stacked.astype(np.float32)
    steps = np.rint(stacked / np.float32(SCALE))
    return np.where(np.isfinite(steps), np.clip(steps, -32767, 32767), FILL).astype(np.int16)


def _unpacked(stored: Any) -> Floats:
    if stored.dtype != np.int16:
        return np.asarray(stored, np.float32)
    values = stored.astype(np.float32) * np.float32(SCALE)
    values[stored == FILL] = np.nan
    return np.asarray(values, np.float32)


def _rename(aside: Path, path: Path) -> None:
    """Move a scene tile to its final path; if another process has done so first, drop this copy."""
    try:
        aside.rename(path)
    except OSError:
        shutil.rmtree(aside, ignore_errors=True)
        if not path.exists():
            raise


def _sync(file: Path) -> None:
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

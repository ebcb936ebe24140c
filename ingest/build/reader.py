"""How scenes become scene tiles: preparation, cache and blocks of the fixed lattice. Nothing is read here."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from core.grid import Tile, Window, lattice
from core.settings import Settings
from ingest.archive import Archive, Scene
from ingest.build.cache import SceneTileCache
from ingest.build.shared_tiles import SharedTiles
from ingest.preference import choices
from ingest.preprocess.prepare import Preparation, margin_pixels


@dataclass(frozen=True, kw_only=True)
class ReadBlock:
    """Window that is read and kept in one piece, 512 x 512 pixels by default."""

    window: Window
    tile: Tile | None = None
    """Its place on the fixed lattice; None = any window, not kept in the cache."""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """How scenes become scene tiles: their preparation, their cache and the size of read blocks."""

    preparation: Preparation = field(default_factory=Preparation)
    cache: SceneTileCache | None = None
    """None = scene tiles are held in memory, and the window is the only read block."""
    block_size: int = 512
    """Edge of a read block in pixels."""


def reader_from(settings: Settings, shared: SharedTiles | None = None) -> Reader:
    """Return the reader that the settings describe; scene tiles of other machines are taken from `shared`."""
    limit_bytes, folder = int(settings.cache.size_gb * 1e9), settings.home / "cache" / "scene-tiles"
    cache = SceneTileCache(folder, limit_bytes=limit_bytes, shared=shared) if limit_bytes else None
    return Reader(preparation=Preparation.from_settings(settings), cache=cache, block_size=settings.cache.block_size)


def read_blocks(archive: Archive, window: Window, reader: Reader) -> list[ReadBlock]:
    """Return the blocks that are read for a window: those of the fixed lattice where scenes are kept, else itself."""
    is_kept = reader.cache is not None and any(a.is_cached for a in choices(archive))
    return list(_blocks(window, reader.block_size)) if is_kept else [ReadBlock(window=window)]


def _blocks(window: Window, size: int) -> Iterator[ReadBlock]:
    """Yield the read blocks of the fixed lattice that a window touches, from north to south and west to east."""
    step = window.resolution_m
    west, south, east, north = window.bounds
    grid = lattice(window, tile_size=size)
    x0, y0 = grid.origin_xy
    first, last = ((round((v - x0) / step)) for v in (west, east))
    low, high = ((round((v - y0) / step)) for v in (south, north))
    for row in reversed(range(low // size, (high - 1) // size + 1)):
        for column in range(first // size, (last - 1) // size + 1):
            tile = grid.tile(column, row)
            yield ReadBlock(window=tile.window, tile=tile)


def choose_bands(archive: Archive, bands: Sequence[str]) -> tuple[str, ...]:
    """Return the bands that are read of an archive where some are wanted."""
    wanted = set(bands)
    if "B08" in wanted and "B08" not in archive.bands:
        wanted.add("B8A")
    if "B04" not in archive.bands or not {"B08", "B8A"} & set(archive.bands):
        wanted.add("NDVI")
    return tuple(b for b in archive.bands if b in wanted)


def margin_of(archive: Archive, scene: Scene, window: Window, preparation: Preparation) -> int:
    """Return how many pixels around a window are read with it."""
    has_margin = scene.sensor != "weather" and bool(archive.is_cached or archive.abilities.masks)
    return margin_pixels(preparation, window.resolution_m) if has_margin else 0

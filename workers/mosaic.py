"""Mosaic: the tiles of a job on one grid, cut to the region, one tile in memory at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window as PixelWindow

from core.cube import SceneRecord
from core.grid import Tile, Window
from core.product import Layer
from core.progress import Progress
from core.region import Region
from outputs.cog import plain_raster
from products.evidence import SeenCounts
from workers.tile import pixel_kind, read_backend, read_tile

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Mosaic:
    """What a mosaic holds."""

    region_pixels: int
    """Pixels of the region in the window."""
    seen_pixels: int
    """Of these, pixels that are not nodata."""
    scenes: dict[str, tuple[SceneRecord, ...]]
    """Scenes of each tile by its key."""
    backends: tuple[str, ...]
    """What ran the network for the tiles, sorted; empty for a product without a model."""
    seen: SeenCounts
    """What the mapped pixels rest on; nothing is counted for a product that states no evidence."""


def mosaic(
    tiles: Sequence[tuple[Tile, Path]],
    region: Region,
    window: Window,
    layers: Sequence[Layer],
    path: Path,
    progress: Progress,
    *,
    missing: Sequence[Tile] = (),
) -> Mosaic:
    """Write the tiles into one plain GeoTIFF; pixels outside the region, and of missing tiles, are nodata.

    Args:
        tiles: with the files that `run_tile` returned.
        window: place of the result, on the lattice of the tiles.
        path: of the new file.
        missing: tiles that could not be made; their pixels count as those of the region.
    """
    dtype, nodata = pixel_kind(layers)
    counts, scenes, seen, backends = np.zeros(2, np.int64), {}, SeenCounts(), set()
    with plain_raster(path, layers, window, dtype=dtype, nodata=nodata) as out:
        for number, (tile, file) in enumerate(tiles):
            pixels, scenes[tile.key] = read_tile(file)
            backends.add(read_backend(file))
            part, place = _overlap(tile.window, window)
            cut, mask = pixels[:, part[0], part[1]], tile.window.mask(region)[part]
            out.write(np.where(mask, cut[: len(layers)], np.array(nodata, dtype)), window=place)
            is_mapped = mask & ~_is_nodata(cut[0], nodata)
            counts += mask.sum(), is_mapped.sum()
            seen = seen.plus(cut[len(layers) :], is_mapped) if len(cut) > len(layers) else seen
            progress((number + 1) / len(tiles))
    for tile in missing:
        counts[0] += tile.window.mask(region)[_overlap(tile.window, window)[0]].sum()
    ran = tuple(sorted(backends - {""}))
    return Mosaic(region_pixels=int(counts[0]), seen_pixels=int(counts[1]), scenes=scenes, backends=ran, seen=seen)


def _overlap(tile: Window, window: Window) -> tuple[tuple[slice, slice], PixelWindow]:
    """Return rows and columns of a tile that lie in a window, and their place in the window."""
    row, column = tile.offset_in(window)
    first, left = max(0, -row), max(0, -column)
    last = max(first, min(tile.shape_yx[0], window.shape_yx[0] - row))
    right = max(left, min(tile.shape_yx[1], window.shape_yx[1] - column))
    return (slice(first, last), slice(left, right)), PixelWindow(column + left, row + first, right - left, last - first)


def _is_nodata(pixels: NDArray[Any], nodata: float) -> Mask:
    return np.asarray(np.isnan(pixels) if np.isnan(nodata) else pixels == nodata)

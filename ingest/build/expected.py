"""What building cubes is expected to read, for estimates: no pixel is read."""

from collections.abc import Iterable, Sequence

import numpy as np

from core.grid import Window
from ingest.archive import SENSOR_BANDS, Archive, Scene, Sensor
from ingest.build.reader import Reader, choose_bands, margin_of, read_blocks
from ingest.io.meter import Spent
from ingest.preference import choices
from ingest.preprocess.datatakes import one_per_datatake

BAND_BYTES = np.dtype(np.float32).itemsize


def expected_reads(
    archive: Archive, windows: Iterable[Window], scenes: Sequence[Scene], bands: Sequence[str], reader: Reader
) -> Spent:
    """Return the reads of scenes and their bytes, at most: nothing is in the cache, each scene shows each window.

    Args:
        archive: of several in order of preference, the first.
        windows: that are built, on one lattice; a block of scenes that several need is read once where it is kept.
        scenes: that are listed for all of them.
        bands: wanted.
        reader: how they will be read.
    """
    first = choices(archive)[0]
    blocks = {block.window.bounds: block.window for window in windows for block in read_blocks(first, window, reader)}
    chosen, count, size = choose_bands(first, bands), 0, 0
    pixels: dict[Sensor, int] = {}
    for scene in one_per_datatake(scenes)[0]:
        mine = [band for band in chosen if band in SENSOR_BANDS[scene.sensor]]
        if not mine:
            continue
        count += len(blocks)
        depth = len({*mine, *reader.preparation.extra_bands(scene)})
        if scene.sensor not in pixels:  # margins depend on nothing else of a scene
            pixels[scene.sensor] = sum(_pixels(first, scene, window, reader) for window in blocks.values())
        size += depth * BAND_BYTES * pixels[scene.sensor]
    return Spent(scene_reads=count, read_bytes=size)


def _pixels(archive: Archive, scene: Scene, window: Window, reader: Reader) -> int:
    margin = 2 * margin_of(archive, scene, window, reader.preparation)
    rows, columns = window.shape_yx
    return (rows + margin) * (columns + margin)

"""Whether the numbers of masks are of the unit that their names promise, on sparse samples of some scenes."""

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.io import DatasetReader

from core.errors import InvalidArchive, ReadFailed
from ingest.io.raster_files import LOCAL, Access, environment, use_file
from ingest.rasters.item import MASK_KINDS, BandSource, RasterItem
from ingest.rasters.sample import choose_spread, read_spread
from ingest.rules.masks import FoundMask

MOST_SAMPLED = 12
"""Scenes, spread over the archive: the highest numbers stand where there are clouds."""
READ_THREADS = 8


def check_masks(where: object, items: Sequence[RasterItem], access: Access = LOCAL) -> None:
    """Refuse masks in another unit than that of their name.

    Raises:
        InvalidArchive: one is; names the option that states the unit.
    """
    by_mask: dict[FoundMask, list[BandSource]] = defaultdict(list)
    for source in (i.sources[m] for i in items for m in MASK_KINDS if m in i.sources):
        if source.mask is not None and source.mask.rule.unit and not source.mask.is_stated:
            by_mask[source.mask].append(source)
    for mask, sources in by_mask.items():
        some = sources[:: -(-len(sources) // MOST_SAMPLED)]
        with ThreadPoolExecutor(READ_THREADS) as pool:
            samples = list(pool.map(lambda s: _sample(s, access), some))
        if reason := mask.doubt(np.concatenate(samples)):
            raise InvalidArchive(where, reason)


def _sample(source: BandSource, access: Access) -> NDArray[Any]:
    """Return some stored numbers of a mask; none where its file cannot be read."""

    def look(raster: DatasetReader) -> NDArray[Any]:
        numbers = read_spread(raster, source.index, choose_spread(raster, source.index)).ravel()
        nodata = raster.nodatavals[source.index - 1]
        return numbers if nodata is None else numbers[numbers != nodata]

    try:
        with environment(access.s3):
            return use_file(source.href, source.href, access, look)
    except ReadFailed:
        return np.zeros(0, np.uint8)

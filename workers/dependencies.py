"""Functions of other rooms that the workers call, in one object, so that tests can replace them with fakes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.checkpoint import Checkpoint
from core.cube import Cube
from core.errors import InvalidOption, UnknownArchive
from core.grid import Window
from core.product import Product
from core.region import Region
from core.settings import Settings
from core.timeline import Period
from ingest.archive import Archive, check_region
from ingest.build.reader import reader_from
from ingest.registry import open_archive
from products.catalogue import find_product
from workers.shared_scene_tiles import shared_scene_tiles
from workers.store.shared_models import find_shared_checkpoint

Mask = NDArray[np.bool_]


def _build_cube(
    archive: Archive, window: Window, period: Period, bands: Sequence[str], wanted: Mask | None, settings: Settings
) -> Cube:
    from ingest.build.cube import build_cube  # xarray and zarr are loaded where a cube is built

    return build_cube(
        archive, window, period, bands, reader=reader_from(settings, shared_scene_tiles(settings)), wanted=wanted
    )


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """Functions of products, models and ingest; by default the real ones."""

    find_product: Callable[[str], Product[Any]] = find_product
    """Product id -> product; raises UnknownProduct."""
    find_checkpoint: Callable[[str, str, Settings], Checkpoint] = find_shared_checkpoint
    """Name (empty = default), task, settings -> checkpoint; raises UnknownModel."""
    open_archive: Callable[[str, Settings], Archive] = open_archive
    """Specification, settings -> archive; raises UnknownArchive, InvalidCube."""
    check_region: Callable[[Archive, Region], None] = check_region
    """Raises RegionOutsideArchive."""
    build_cube: Callable[[Archive, Window, Period, Sequence[str], Mask | None, Settings], Cube] = _build_cube
    """Archive, window, period, bands, wanted pixels (None = all), settings -> cube."""


REAL = Dependencies()


def open_ordered(dependencies: Dependencies, spec: str, settings: Settings) -> Archive:
    """Open the archive of an order, which the caller may name; the names of others are not the caller's business.

    Raises:
        InvalidOption: it was moved or removed.
        LandcastError: it cannot be read, or does not answer.
    """
    try:
        return dependencies.open_archive(spec, settings)
    except UnknownArchive:
        gone = "it is not there any more; name another, or try again once it is back"
        raise InvalidOption("archive", spec, gone) from None

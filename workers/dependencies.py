"""What the workers need of other rooms, gathered so that a test can hand in fakes. Importing it loads no model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.checkpoint import Checkpoint
from core.cube import Cube
from core.grid import Window
from core.product import Product
from core.region import Region
from core.settings import Settings
from core.timeline import Period
from ingest.archive import Archive

Mask = NDArray[np.bool_]


def _find_product(product_id: str) -> Product[Any]:
    from products.catalogue import find_product

    return find_product(product_id)


def _find_checkpoint(name: str, task: str, settings: Settings) -> Checkpoint:
    from models.registry import find_checkpoint

    return find_checkpoint(name, task, settings)


def _open_archive(spec: str, settings: Settings) -> Archive:
    from ingest.registry import open_archive

    return open_archive(spec, settings)


def _check_region(archive: Archive, region: Region) -> None:
    from ingest.build.cube import check_region

    check_region(archive, region)


def _build_cube(
    archive: Archive, window: Window, period: Period, bands: Sequence[str], asked: Mask | None, settings: Settings
) -> Cube:
    from ingest.build.cube import build_cube, reader_from

    return build_cube(archive, window, period, bands, reader=reader_from(settings), wanted=asked)


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """Functions of products, models and ingest; by default the real ones, loaded when first called."""

    find_product: Callable[[str], Product[Any]] = _find_product
    """Product id -> product; raises UnknownProduct."""
    find_checkpoint: Callable[[str, str, Settings], Checkpoint] = _find_checkpoint
    """Name (empty = default), task, settings -> checkpoint; raises UnknownModel."""
    open_archive: Callable[[str, Settings], Archive] = _open_archive
    """Specification, settings -> archive; raises UnknownArchive, InvalidCube."""
    check_region: Callable[[Archive, Region], None] = _check_region
    """Raises RegionOutsideArchive."""
    build_cube: Callable[[Archive, Window, Period, Sequence[str], Mask | None, Settings], Cube] = _build_cube
    """Archive, window, period, bands, pixels asked for (None = all), settings -> cube."""


REAL = Dependencies()

"""Minimum mapping unit: patches of a class map that are too small go to a neighbour. On the mosaic, never on a tile.

GDAL's sieve (8-connected) gives a patch to the largest patch that touches it. A patch with nodata alone around it
stays, and so do small patches among which none is large enough.
"""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.features import sieve

from core.grid import Window
from core.ground.scale import ground_of
from core.product import Raster
from outputs.cog import QUIET


def mmu_filter_file(plain: Path, hectares: float) -> None:
    """Apply a minimum mapping unit to the first band of a plain GeoTIFF, in place.

    Args:
        plain: as `plain_raster` wrote it.
        hectares: least area of a patch; 0 = the file stays as it is.
    """
    if not hectares:
        return
    with rasterio.Env(**QUIET), rasterio.open(plain, "r+") as raster:
        window = Window(crs=str(raster.crs), transform=raster.transform, shape_yx=raster.shape)
        pixels = min_pixels(hectares, ground_of(window).edge_m)
        raster.write(filtered(raster.read(1), raster.nodata, pixels), 1)


def mmu_filter_raster(raster: Raster, hectares: float) -> Raster:
    """Return a raster whose first layer keeps to a minimum mapping unit; see `mmu_filter_file`."""
    if not hectares:
        return raster
    pixels = raster.pixels.copy()
    pixels[0] = filtered(pixels[0], raster.nodata, min_pixels(hectares, ground_of(raster.window).edge_m))
    return replace(raster, pixels=pixels)


def min_pixels(hectares: float, resolution_m: float) -> int:
    """Return how many pixels a patch has at least.

    Args:
        hectares: least area of a patch.
        resolution_m: edge of a pixel of mean size, on the ground.
    """
    return max(1, math.ceil(hectares * 10_000 / resolution_m**2 - 1e-9))


def filtered(codes: NDArray[np.generic], nodata: float, pixels: int) -> NDArray[np.generic]:
    """Return codes without patches below a number of pixels.

    Args:
        codes: (Y, X) whole numbers 0..254, as uint8 or float32.
        nodata: 255 or NaN; such pixels are not touched and take part in no patch.
        pixels: least size of a patch.
    """
    if pixels >= codes.size:
        return codes  # nothing can be large enough, and rasterio refuses
    seen = np.isfinite(codes) if np.isnan(nodata) else codes != nodata
    whole = np.where(seen, codes, 255).astype(np.uint8)
    kept = sieve(whole, size=pixels, mask=seen.astype(np.uint8), connectivity=8)
    return np.where(seen, kept, codes).astype(codes.dtype)

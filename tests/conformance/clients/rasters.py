"""What rasterio reads of the files, by which the arrays of other clients are judged: asserted equal, pixel by pixel."""

from pathlib import Path
from typing import Any

import numpy as np
import rasterio

from tests.conformance.clients.report import Different


def bands(path: Path) -> dict[str, Any]:
    """Return the stored numbers of each band by the first word of its description."""
    with rasterio.open(path) as raster:
        names = [(text or f"band {n}").split()[0].rstrip(":") for n, text in enumerate(raster.descriptions, 1)]
        return dict(zip(names, raster.read(), strict=True))


def nodata(path: Path) -> float:
    """Return what stands for nothing."""
    with rasterio.open(path) as raster:
        return float(raster.nodata)


def check_equal(found: Any, wanted: Any, what: str) -> None:
    """Raise if two arrays differ, NaN = NaN."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    if found.shape != wanted.shape:
        raise Different(f"{what} has the shape {found.shape}, not {wanted.shape}")
    same = (found == wanted) | (np.isnan(found.astype(float)) & np.isnan(wanted.astype(float)))
    if not same.all():
        raise Different(f"{what} differs from the file in {int((~same).sum())} of {same.size} pixels")

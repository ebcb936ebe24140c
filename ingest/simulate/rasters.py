"""COGs of the sample archive: packing and writing. Their contents are simulated in archive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

from core.bands import OPTICAL_NAMES, RADAR_NAMES, Floats
from core.grid import Window

SCALE = 1e-4
RADAR_SCALE = 1e-2
OFFSET_SINCE = date(2022, 1, 25)
OFFSET = -0.1
"""Since that day Sentinel-2 L2A numbers carry +1000 (processing baseline 04.00); the sample archive does as well."""
BANDS_10M = ("B02", "B03", "B04", "B08")
BANDS_20M = ("B05", "B06", "B07", "B8A", "B11", "B12")
NODATA_DB = -32768
BLOCK = 128


@dataclass(frozen=True, kw_only=True)
class Written:
    """One scene on disk, as the catalogue describes it."""

    day: date
    sensor: str
    """`s2` or `s1`."""
    folder: Path
    files: dict[str, tuple[str, ...]]
    """File name to the names of its bands."""
    cloud_percent: float = 0.0


def reflectance_offset(day: date) -> float:
    """Return the offset of reflectance stored on a day."""
    return OFFSET if day >= OFFSET_SINCE else 0.0


def write_scene(
    folder: Path, window: Window, day: date, reflectance: Floats, classes: NDArray[np.uint8], cloud_percent: float
) -> Written:
    """Write one optical scene: four bands at 10 m, six at 20 m, scene classes at 20 m.

    Args:
        folder: of the archive.
        window: of the 10 m bands.
        day: of the pass.
        reflectance: (10, Y, X) in the order of core.bands.OPTICAL.
        classes: (Y / 2, X / 2).
        cloud_percent: of the scene.
    """
    mine = folder / "s2" / f"S2_SIMULATED_{day:%Y%m%d}"
    mine.mkdir(parents=True)
    numbers = np.clip(np.round((reflectance - reflectance_offset(day)) / SCALE), 1, 65534).astype(np.uint16)
    coarse = numbers.reshape(len(numbers), classes.shape[0], 2, classes.shape[1], 2).mean(axis=(2, 4))
    half = _coarser(window)
    write_raster(mine / "10m.tif", window, numbers[_positions(BANDS_10M)], BANDS_10M, nodata=0)
    write_raster(mine / "20m.tif", half, np.round(coarse[_positions(BANDS_20M)]).astype(np.uint16), BANDS_20M, nodata=0)
    write_raster(mine / "SCL.tif", half, classes[None], ("SCL",), nodata=0)
    files = {"10m.tif": BANDS_10M, "20m.tif": BANDS_20M, "SCL.tif": ("SCL",)}
    return Written(day=day, sensor="s2", folder=mine, files=files, cloud_percent=cloud_percent)


def write_radar(folder: Path, window: Window, day: date, decibel: Floats) -> Written:
    """Write one radar scene: (2, Y, X) VV and VH in dB, as hundredths."""
    mine = folder / "s1" / f"S1_SIMULATED_{day:%Y%m%d}"
    mine.mkdir(parents=True)
    numbers = np.round(decibel / RADAR_SCALE).astype(np.int16)
    write_raster(mine / "radar.tif", window, numbers, RADAR_NAMES, nodata=NODATA_DB)
    return Written(day=day, sensor="s1", folder=mine, files={"radar.tif": RADAR_NAMES})


def write_truth(folder: Path, window: Window, rasters: dict[str, NDArray[Any]]) -> None:
    """Write the simulated ground truth, to compare maps with: one file per raster."""
    folder.mkdir(parents=True)
    for name, pixels in rasters.items():
        write_raster(folder / f"{name}.tif", window, pixels[None], (name,), nodata=None)


def write_raster(
    path: Path, window: Window, pixels: NDArray[Any], names: Sequence[str], *, nodata: float | None
) -> None:
    """Write (B, Y, X) as a COG with band names."""
    count, rows, columns = pixels.shape
    profile = {"driver": "COG", "compress": "DEFLATE", "predictor": 2, "blocksize": BLOCK, "overviews": "NONE"}
    with rasterio.open(
        path,
        "w",
        **profile,
        width=columns,
        height=rows,
        count=count,
        dtype=pixels.dtype,
        crs=window.crs,
        transform=window.transform,
        nodata=nodata,
    ) as raster:
        raster.write(pixels)
        raster.descriptions = tuple(names)
        raster.update_tags(simulated="true", TIFFTAG_IMAGEDESCRIPTION="Simulated by landcast; not measured")


def _coarser(window: Window) -> Window:
    old = window.transform
    rows, columns = window.shape_yx
    return Window(
        crs=window.crs,
        transform=Affine(2 * old.a, 0, old.c, 0, 2 * old.e, old.f),
        shape_yx=(rows // 2, columns // 2),
    )


def _positions(names: Sequence[str]) -> list[int]:
    return [OPTICAL_NAMES.index(n) for n in names]

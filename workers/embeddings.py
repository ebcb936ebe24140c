"""Embeddings of cubes and regions in a file, as float16 or int8, and the picture beside it.

They are made as any product is (direct.py); the picture is drawn in outputs/plots/embedding.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from core.bands import Floats
from core.grid import Window
from core.product import Layer, Raster
from outputs.cog import open_cog, plain_raster, write_cog_from
from outputs.plots.embedding import write_embedding_picture
from outputs.raster_cube import write_raster_cube
from outputs.styles.write import remove_styles
from products.embedding import half
from workers.assemble import Result

DTYPES = ("float16", "int8")
INT8_NODATA, INT8_LARGEST = -128, 127


@dataclass(frozen=True, kw_only=True)
class EmbeddingFile:
    """What to write."""

    out: Path
    """`.tif` is a COG, `.nc` and `.zarr` are cubes; an existing file is replaced at the end."""
    dtype: str
    """One of DTYPES. Zarr stores float16 as such; GeoTIFF (before GDAL 3.11) and NetCDF have no such type, and hold
    float32 numbers rounded to it."""
    picture: Path | None = None
    """PNG of the first three principal components; None = none."""


def write_embedding(found: Result, file: EmbeddingFile, folder: Path) -> None:
    """Write an embedding, and the picture where one is wanted.

    Args:
        found: float32 pixels of all dimensions.
        file: what to write.
        folder: for temporary files, which may have gigabytes; on the disk of the result.
    """
    plain = found.pixels if isinstance(found.pixels, Path) else _saved(found.pixels, folder / "plain.tif")
    params = found.origin.params
    own = {"LANDCAST_LAYER": params["layer"], "LANDCAST_DATE": params["date"], "LANDCAST_DTYPE": file.dtype}
    tags = {**found.origin.tags(), **own}
    coded = folder / "coded.tif"
    encode(plain, coded, found.layers, file.dtype)
    if file.out.suffix == ".tif":
        remove_styles(file.out)
        write_cog_from(coded, file.out, found.layers, tags)
    else:
        stored_as = "float16" if file.dtype == "float16" else ""
        write_raster_cube(open_cog(coded), file.out, title=found.origin.title, tags=tags, stored_as=stored_as)
    if file.picture is not None:
        write_embedding_picture(plain, file.picture, tags)


def encode(plain: Path, coded: Path, layers: Sequence[Layer], dtype: str) -> None:
    """Encode pixels as int8 with one scale for each dimension, or rounded to float16; one dimension at a time."""
    is_int8 = dtype == "int8"
    kind: tuple[str, float] = ("int8", INT8_NODATA) if is_int8 else ("float32", np.nan)
    scales = []
    with rasterio.open(plain) as given:
        window = Window(crs=f"EPSG:{given.crs.to_epsg()}", transform=given.transform, shape_yx=given.shape)
        with plain_raster(coded, layers, window, dtype=kind[0], nodata=kind[1]) as out:
            for band in given.indexes:
                values = given.read(band)
                scale = scale_of(values) if is_int8 else 1.0
                out.write(to_int8(values, scale) if is_int8 else half(values), band)
                scales.append(scale)
            if is_int8:
                out.scales = scales


def scale_of(values: Floats) -> float:
    """Return the step of symmetric int8 numbers for one dimension's values; NaN is left out."""
    largest = float(np.nanmax(np.abs(values), initial=0.0))
    return largest / INT8_LARGEST if largest > 0 else 1.0


def to_int8(values: Floats, scale: float) -> NDArray[np.int8]:
    """Return values in steps of `scale`, -127..127; -128 where they are NaN."""
    steps = np.clip(np.rint(values / scale), -INT8_LARGEST, INT8_LARGEST)
    return np.where(np.isfinite(steps), steps, INT8_NODATA).astype(np.int8)


def _saved(raster: Raster, plain: Path) -> Path:
    with plain_raster(plain, raster.layers, raster.window, dtype="float32", nodata=np.nan) as out:
        out.write(raster.pixels)
    return plain

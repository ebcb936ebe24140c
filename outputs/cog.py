"""Cloud Optimized GeoTIFFs: written from layers and pixels, and read back. Where pixels come from is not known here.

GDAL's GTiff driver with COPY_SRC_OVERVIEWS gives the layout of its COG driver, and unlike that driver (GDAL 3.10)
takes a palette beside further bands, and keeps bands apart, which a reader of one date out of 180 is glad of.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import ColorInterp
from rasterio.io import DatasetWriter
from rasterio.shutil import copy
from rasterio.windows import Window as PixelWindow

from core.grid import Window
from core.product import Layer, LegendEntry, Raster
from core.rasters.coding import Coding, coding_of
from outputs.atomic import remove, written_aside
from outputs.overviews import BLOCK, add_overviews, own_overviews
from outputs.tiff_colormap import paint

VARIABLE, QUANTILE, DATE = "LANDCAST_VARIABLE", "LANDCAST_QUANTILE", "LANDCAST_DATE"
CLASS_NAME, CLASS_CODE = "LANDCAST_CLASS_NAME", "LANDCAST_CLASS_CODE"
"""Metadata of a band that state what it means: fields of `core.product.Layer`; see docs/reference/files.md."""
MAX_PIXEL_INTERLEAVED = 8
"""Up to so many bands are kept together pixel by pixel; more are kept apart."""
BLOCK_OF_MANY = 128
"""Edge of a block of bands that are kept apart: a pixel of all of them takes one block of each."""
ZSTD_LEVEL = 9
PREDICTORS = {"float32": 3, "int16": 2}
"""By type of the pixels. Class codes and whole percents compress better without differencing."""
QUIET = {"GDAL_PAM_ENABLED": "NO"}
"""Everything is in the file itself, nothing in an .aux.xml beside it."""


@contextmanager
def plain_raster(
    path: Path, layers: Sequence[Layer], window: Window, *, dtype: str, nodata: float
) -> Iterator[DatasetWriter]:
    """Open a plain GeoTIFF of nodata to write pixels into, window by window; `write_cog_from` makes a COG of it."""
    profile = {
        "driver": "GTiff",
        "height": window.shape_yx[0],
        "width": window.shape_yx[1],
        "count": len(layers),
        "dtype": dtype,
        "nodata": nodata,
        "crs": window.crs,
        "transform": window.transform,
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
        "interleave": "band",
        "photometric": "minisblack",
        "sparse_ok": True,
        "bigtiff": "if_safer",
    }
    with rasterio.Env(**QUIET), rasterio.open(path, "w", **profile) as raster:
        raster.colorinterp = [ColorInterp.gray] * len(layers)
        _describe(raster, layers)
        yield raster


def write_cog(raster: Raster, path: Path, tags: Mapping[str, str]) -> None:
    """Write a raster as a COG, whole or not at all.

    Args:
        raster: finished pixels; layers with a legend make it a class map.
        path: of the file; replaced if it exists.
        tags: dataset metadata, e.g. `Provenance.tags()`.
    """
    plain = path.with_name(f".{path.name}.plain.tif")
    try:
        dtype = str(raster.pixels.dtype)
        with plain_raster(plain, raster.layers, raster.window, dtype=dtype, nodata=raster.nodata) as out:
            out.write(raster.pixels)
        write_cog_from(plain, path, raster.layers, tags)
    finally:
        remove(plain)


def write_cog_from(plain: Path, path: Path, layers: Sequence[Layer], tags: Mapping[str, str]) -> None:
    """Make a COG, whole or not at all, of a GeoTIFF that `plain_raster` wrote; overviews are added to that one."""
    legend = layers[0].legend
    with rasterio.Env(**QUIET):
        add_overviews(plain, layers)
        with rasterio.open(plain, "r+") as raster:
            raster.update_tags(**tags)
            raster.colorinterp = _colours(layers, raster.dtypes[0])
            options, has_palette = _options(raster), _has_palette(layers, raster.dtypes[0])
        with own_overviews(plain, layers) as source, written_aside(path) as aside:
            copy(source, aside, **options, photometric="palette" if has_palette else "minisblack")
            if has_palette:
                paint(aside, legend)


def write_cog_of_bands(source: "RasterFile", path: Path, tags: Mapping[str, str]) -> None:
    """Write the layers of a file, which need not be all of its bands, as a COG; one band in memory at a time."""
    plain = path.with_name(f".{path.name}.plain.tif")
    try:
        first = source.codings[0]
        with (
            rasterio.open(source.path) as given,
            plain_raster(plain, source.layers, source.window, dtype=first.dtype, nodata=first.nodata) as out,
        ):
            out.scales = [source.coding(n).scale for n in range(len(source.layers))]
            out.offsets = [source.coding(n).offset for n in range(len(source.layers))]
            for position, band in enumerate(source.bands, start=1):
                out.write(given.read(band), position)
        write_cog_from(plain, path, source.layers, tags)
    finally:
        remove(plain)


@dataclass(frozen=True, kw_only=True)
class RasterFile:
    """A GeoTIFF of finished pixels, opened for each read; what quicklooks, plots and cubes are made from."""

    path: Path
    layers: tuple[Layer, ...]
    window: Window
    bands: tuple[int, ...]
    """Number of each layer's band, from 1."""
    codings: tuple[Coding, ...]
    """How each band of the file is stored."""

    @property
    def nodata(self) -> float:
        """What `read` and `read_pixel` return for nodata: 255 of bytes, NaN of everything else."""
        return self.codings[0].nodata if all(coding.is_plain for coding in self.codings) else float("nan")

    @property
    def is_whole(self) -> bool:
        """Whether the layers are all bands of the file, in their order."""
        return self.bands == tuple(range(1, len(self.codings) + 1))

    def coding(self, position: int) -> Coding:
        """Return how a layer, by its position, is stored."""
        return self.codings[self.bands[position] - 1]

    def read_stored(self, positions: Sequence[int], rows: slice, columns: slice) -> NDArray[Any]:
        """Return (L, Y, X) some layers, by position, of some rows and columns, as they are stored.

        The file is closed after each read, as GDAL would keep what it has read, up to 5 % of the memory.
        """
        with rasterio.open(self.path) as raster:
            part = PixelWindow.from_slices(rows, columns)
            return np.asarray(raster.read([self.bands[n] for n in positions], window=part))

    def read(self, name: str, *, step: int = 1) -> NDArray[Any]:
        """Return (Y, X) values of one layer, or every `step`-th pixel of it, from overviews where there are any."""
        height, width = (max(1, size // step) for size in self.window.shape_yx)
        with rasterio.open(self.path) as raster:
            stored = np.asarray(raster.read(self.band(name), out_shape=(height, width)))
        return self._values(self.band(name), stored)

    def read_pixel(self, row: int, column: int, names: Sequence[str] = ()) -> dict[str, float]:
        """Return the values of layers of one pixel by name; no names = of all layers."""
        number = {layer.name: band for layer, band in zip(self.layers, self.bands, strict=True)}
        bands = [number[name] for name in names or number]
        with rasterio.open(self.path) as raster:
            stored = raster.read(bands, window=PixelWindow(column, row, 1, 1))[:, 0, 0]
        found = zip(names or number, bands, stored, strict=True)
        return {name: float(self._values(band, np.asarray(value))) for name, band, value in found}

    def _values(self, band: int, stored: NDArray[Any]) -> NDArray[Any]:
        """Return what numbers stand for; of bytes and floats, as they are."""
        if all(coding.is_plain for coding in self.codings):
            return stored
        return self.codings[band - 1].values(stored)

    def band(self, name: str) -> int:
        """Return the number of a layer's band, counted from 1."""
        return self.bands[[layer.name for layer in self.layers].index(name)]


def has_pixels(path: Path) -> bool:
    """Return whether any pixel of the first band of a GeoTIFF is seen, block by block."""
    with rasterio.open(path) as raster:
        return any(bool(raster.read_masks(1, window=window).any()) for _, window in raster.block_windows(1))


def open_cog(path: Path) -> RasterFile:
    """Read layers, legends and place of a file that `write_cog` or `plain_raster` wrote."""
    with rasterio.open(path) as raster:
        window = Window(
            crs=f"EPSG:{raster.crs.to_epsg()}", transform=raster.transform, shape_yx=(raster.height, raster.width)
        )
        layers = tuple(read_layer(raster, band) for band in raster.indexes)
        return RasterFile(
            path=path,
            layers=layers,
            window=window,
            bands=tuple(raster.indexes),
            codings=tuple(coding_of(raster, band) for band in raster.indexes),
        )


def _has_palette(layers: Sequence[Layer], dtype: str) -> bool:
    """Return whether the first band has a palette; classes written as floats have none, only a legend."""
    return bool(layers[0].legend) and dtype == "uint8"


def _colours(layers: Sequence[Layer], dtype: str) -> list[ColorInterp]:
    first = ColorInterp.palette if _has_palette(layers, dtype) else ColorInterp.gray
    return [first, *[ColorInterp.gray] * (len(layers) - 1)]


def _describe(raster: DatasetWriter, layers: Sequence[Layer]) -> None:
    raster.descriptions = [layer.name for layer in layers]
    raster.units = [layer.unit for layer in layers]
    for band, layer in enumerate(layers, start=1):
        raster.update_tags(band, **band_tags(layer))


def band_tags(layer: Layer) -> dict[str, str]:
    """Return the metadata of a layer's band; what is empty has no key."""
    tags = {
        "DESCRIPTION": layer.description,
        "UNIT": layer.unit,
        "DATE": layer.date,
        "LEGEND": json.dumps([asdict(entry) for entry in layer.legend], ensure_ascii=False) if layer.legend else "",
        VARIABLE: str(layer.variable),
        QUANTILE: "" if layer.quantile is None else f"{layer.quantile:g}",
        DATE: layer.date,
        CLASS_NAME: layer.class_name,
        CLASS_CODE: "" if layer.class_code is None else str(layer.class_code),
    }
    return {key: value for key, value in tags.items() if value}


def read_layer(raster: Any, band: int) -> Layer:
    """Return the layer that a band of an open raster holds; files of other tools and older ones state less."""
    tags = raster.tags(band)
    legend = [LegendEntry(**{**e, "colour": tuple(e["colour"])}) for e in json.loads(tags.get("LEGEND", "[]"))]
    return Layer(
        name=raster.descriptions[band - 1] or "",
        description=tags.get("DESCRIPTION", ""),
        variable=tags.get(VARIABLE, ""),
        quantile=float(tags[QUANTILE]) if QUANTILE in tags else None,
        date=tags.get(DATE, tags.get("DATE", "")),
        class_name=tags.get(CLASS_NAME, ""),
        class_code=int(tags[CLASS_CODE]) if CLASS_CODE in tags else None,
        unit=tags.get("UNIT", ""),
        legend=tuple(legend),
        dtype=raster.dtypes[band - 1],
    )


def _options(raster: DatasetWriter) -> dict[str, Any]:
    is_apart = raster.count > MAX_PIXEL_INTERLEAVED
    edge = BLOCK_OF_MANY if is_apart else BLOCK
    return {
        "driver": "GTiff",
        "copy_src_overviews": True,
        "tiled": True,
        "blockxsize": edge,
        "blockysize": edge,
        "compress": "zstd",
        "zstd_level": ZSTD_LEVEL,
        "predictor": PREDICTORS.get(raster.dtypes[0], 1),
        "interleave": "band" if is_apart else "pixel",
        "bigtiff": "if_safer",
        "num_threads": 1,  # more threads write blocks in the order in which they happen to end
    }

"""Overviews of rasters: codes by the most frequent one, probabilities, counts and quantiles by their mean.

GDAL resamples all bands of a file in one way. So the overviews of codes are built in a second file, which holds these
bands alone, and a virtual raster (VRT) says which band has its overviews where; a copy of that is the finished file.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import rasterio
from rasterio.enums import Resampling
from rasterio.shutil import copy

from core.product import Layer, Variable
from outputs.atomic import remove

BLOCK = 512
"""Edge of a block; overviews go down to one block."""
FIRST_OVERVIEW = 2
"""Number of the first overview among the images of a file, by which GDAL names them; the raster itself is 1."""


def add_overviews(plain: Path, layers: Sequence[Layer]) -> None:
    """Build overviews in a plain GeoTIFF, for all bands in the way of most: means, if any layer has them.

    Args:
        plain: closed; its bands are gray, as GDAL looks for the colours of a palette before it builds means.
        layers: of all its bands.
    """
    with rasterio.open(plain, "r+") as raster:
        factors = factors_of(raster.shape)
        if factors:
            raster.build_overviews(factors, _way_of_most(_ways(layers, raster.dtypes[0])))


@contextmanager
def own_overviews(plain: Path, layers: Sequence[Layer]) -> Iterator[Path]:
    """Yield a raster to copy from, in which each layer has overviews of its own kind; it lies beside `plain`.

    Args:
        plain: closed GeoTIFF that `add_overviews` has been given.
        layers: of all its bands.
    """
    with rasterio.open(plain) as raster:
        factors, ways = factors_of(raster.shape), _ways(layers, raster.dtypes[0])
    apart = [band for band, way in enumerate(ways, start=1) if way != _way_of_most(ways)]
    if not (factors and apart):
        yield plain
        return
    codes, joined = plain.with_suffix(".codes.tif"), plain.with_suffix(".vrt")
    try:
        _build_apart(plain, codes, apart, factors, ways[apart[0] - 1])
        copy(plain, joined, driver="VRT")
        own = {band: (codes, position) for position, band in enumerate(apart, start=1)}
        _join(joined, [own.get(band, (plain, band)) for band in range(1, len(ways) + 1)], len(factors))
        yield joined
    finally:
        remove(codes)
        remove(joined)


def resampling_of(layer: Layer, dtype: str) -> Resampling:
    """Return how overviews of a layer are made that is written as `dtype`: codes are never averaged.

    GDAL 3.10's mode turns NaN into 0, so codes that are written as floats are taken from the nearest pixel.
    """
    if not (layer.legend or layer.variable in (Variable.CLASS, Variable.SET)):
        return Resampling.average
    return Resampling.mode if dtype == "uint8" else Resampling.nearest


def factors_of(shape_yx: tuple[int, int]) -> list[int]:
    """Return the reductions of the overviews, down to one block."""
    factors: list[int] = []
    while max(shape_yx) > BLOCK << len(factors):
        factors.append(2 << len(factors))
    return factors


def _ways(layers: Sequence[Layer], dtype: str) -> list[Resampling]:
    return [resampling_of(layer, dtype) for layer in layers]


def _way_of_most(ways: Sequence[Resampling]) -> Resampling:
    return Resampling.average if Resampling.average in ways else ways[0]


def _build_apart(plain: Path, codes: Path, bands: Sequence[int], factors: list[int], way: Resampling) -> None:
    """Write some bands into a file of their own and build their overviews."""
    with rasterio.open(plain) as given:
        profile = {**given.profile, "count": len(bands), "compress": "zstd", "photometric": "minisblack"}
        with rasterio.open(codes, "w", **profile) as out:
            for position, band in enumerate(bands, start=1):
                for _, window in given.block_windows(band):
                    out.write(given.read(band, window=window), position, window=window)
    with rasterio.open(codes, "r+") as out:
        out.build_overviews(factors, way)


def _join(joined: Path, places: Sequence[tuple[Path, int]], count: int) -> None:
    """Enter into a virtual raster in which file, and in which band of it, each band has its overviews."""
    tree = ElementTree.parse(joined)  # noqa: S314 - written by ourselves, a moment ago
    for element, (path, band) in zip(tree.getroot().iter("VRTRasterBand"), places, strict=True):
        for number in range(FIRST_OVERVIEW, FIRST_OVERVIEW + count):
            overview = ElementTree.SubElement(element, "Overview")
            source = ElementTree.SubElement(overview, "SourceFilename", relativeToVRT="0")
            source.text = f"GTIFF_DIR:{number}:{path}"
            ElementTree.SubElement(overview, "SourceBand").text = str(band)
    tree.write(joined, encoding="utf-8")

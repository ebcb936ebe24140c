"""A finished raster as the file that was ordered, by the ending of its path, with all or some of its layers."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.product import Raster
from outputs.cog import RasterFile, write_cog, write_cog_from, write_cog_of_bands
from outputs.provenance import Provenance
from outputs.raster_cube import write_raster_cube


def write_raster(source: Raster | RasterFile, path: Path, origin: Provenance) -> None:
    """Write a raster, whole or not at all.

    Args:
        source: finished pixels, or the plain GeoTIFF that they lie in, which is read block by block; to write a COG of
            all of its layers, overviews and tags are added to that GeoTIFF first.
        path: `.tif` is a COG, `.nc` and `.zarr` are cubes; its folder is made, and what lies there is replaced.
        origin: where the raster comes from.

    Raises:
        InvalidOption: another ending.
    """
    tags = origin.tags()
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix != ".tif":
        issue_date = str(origin.params.get("issue_date", ""))
        write_raster_cube(source, path, title=origin.title, tags=tags, issue_date=issue_date)
    elif isinstance(source, Raster):
        write_cog(source, path, tags)
    elif source.is_whole:
        write_cog_from(source.path, path, source.layers, tags)
    else:
        write_cog_of_bands(source, path, tags)


def pick_layers(source: Raster | RasterFile, names: Sequence[str]) -> Raster | RasterFile:
    """Return a raster of some layers by name, in this order; no pixels of a file are read.

    Raises:
        ValueError: there is no layer of that name.
    """
    known = [layer.name for layer in source.layers]
    chosen = [known.index(name) for name in names]
    layers = tuple(source.layers[n] for n in chosen)
    if isinstance(source, Raster):
        return replace(source, layers=layers, pixels=source.pixels[chosen])
    return replace(source, layers=layers, bands=tuple(source.bands[n] for n in chosen))

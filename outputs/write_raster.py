"""A finished raster as the file that was ordered, by the ending of its path, with all or some of its layers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from core.product import Raster
from outputs.cog import RasterFile, write_cog, write_cog_from, write_cog_of_bands
from outputs.provenance import Provenance
from outputs.raster_cube import write_raster_cube
from outputs.stored import as_stored
from outputs.styles.write import remove_styles, write_styles


def write_raster(source: Raster | RasterFile, path: Path, origin: Provenance) -> None:
    """Write a raster, whole or not at all.

    Args:
        source: finished pixels, or the plain GeoTIFF that they lie in, which is read block by block; to write a COG of
            all of its layers, overviews and tags are added to that GeoTIFF first. Forecasts are stored as integers,
            see core/rasters/stored.py.
        path: `.tif` is a COG, with files beside it that say how to draw it, `.nc` and `.zarr` are cubes; its folder is
            made, and what lies there is replaced.
        origin: where the raster comes from.

    Raises:
        InvalidOption: another ending.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with as_stored(source, path) as (stored, further):
        tags = origin.tags() | further
        if path.suffix == ".tif":
            remove_styles(path)
            _write_cog(stored, path, tags)
            write_styles(path, stored.layers, title=origin.title, crs=stored.window.crs)
        else:
            issue_date = str(origin.params.get("issue_date", ""))
            write_raster_cube(stored, path, title=origin.title, tags=tags, issue_date=issue_date)


def _write_cog(source: Raster | RasterFile, path: Path, tags: Mapping[str, str]) -> None:
    if isinstance(source, Raster):
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

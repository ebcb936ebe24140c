"""Embeddings of cubes, regions and tables carried out in this process: pixels to a file, series to a table.

The picture of them is drawn in embedding_picture.py, and what they are worth is measured in probing.py.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window as PixelWindow

from core.bands import CHANNELS, WEATHER_NAMES, Floats, channel
from core.cube import Cube, Series
from core.errors import NoClearObservation
from core.grid import Window
from core.product import Checkpoint, Params, Progress
from core.settings import Settings
from core.timeline import Period, to_date, to_day
from core.version import software_version
from outputs.cog import open_cog, plain_raster, write_cog_from
from outputs.plots.embedding import write_embedding_picture
from outputs.provenance import provenance
from outputs.raster_cube import write_raster_cube
from products.embedding import Embedding, dimension, require_bands
from workers.direct import run_region_file
from workers.direct_tables import BLOCK_SERIES
from workers.tile import Recipe

DTYPES = ("float16", "int8")
INT8_NODATA, INT8_LARGEST = -128, 127
STRIP_BYTES = 64 * 2**20
"""Pixels of all dimensions held at once."""
RENDER_SHARE = 0.9
"""Share of the work that computing is counted as; the rest is writing."""


@dataclass(frozen=True, kw_only=True)
class EmbeddingFile:
    """What is to be written."""

    out: Path
    """`.tif` is a COG, `.nc` and `.zarr` are cubes; what stands there is replaced at the end."""
    dtype: str
    """One of DTYPES. Zarr stores float16 as such; GeoTIFF (before GDAL 3.11) and NetCDF have no such type, and hold
    float32 numbers rounded to it."""
    picture: Path | None = None
    """PNG of the first three principal components; None = none."""


def run_cube_embedding(
    product: Embedding, cube: Cube, params: Params, checkpoint: Checkpoint, file: EmbeddingFile, progress: Progress
) -> None:
    """Embed the pixels of a cube, strip by strip, and write them on the cube's own grid.

    Raises:
        MissingBand, InvalidOption: a band that the model needs is not there.
        NoClearObservation: no pixel was seen up to the date.
    """
    require_bands(checkpoint, [str(v) for v in cube.data.data_vars])
    origin = provenance(
        product,
        params,
        checkpoint,
        {cube.archive: cube.scenes},
        archive=cube.archive,
        attribution="Licence and credit as of the input cube",
        is_simulated=cube.is_simulated,
    )
    with _beside(file.out) as folder:
        plain = Path(folder) / "plain.tif"
        if not _render(product, cube, params, checkpoint, plain, lambda share: progress(RENDER_SHARE * share)):
            raise NoClearObservation(f"'{cube.archive}'", params.period)
        _finish(plain, product, params, origin.tags(), file)
    progress(1.0)


def run_region_embedding(recipe: Recipe, file: EmbeddingFile, settings: Settings, progress: Progress) -> None:
    """Embed the pixels of a region tile by tile; those outside it are nodata, and tiles are kept in the home folder.

    Args:
        recipe: its product is an `Embedding`.

    Raises:
        RequestError: as `workers.direct.run_region_file`.
    """
    assert isinstance(recipe.product, Embedding)
    require_bands(recipe.checkpoint, recipe.archive.bands)
    with _beside(file.out) as folder:
        whole = Path(folder) / "whole.tif"
        run_region_file(recipe, whole, settings, lambda share: progress(RENDER_SHARE * share))
        with rasterio.open(whole) as raster:
            tags = {k: v for k, v in raster.tags().items() if k.startswith(("LANDCAST_", "TIFFTAG_"))}
        _finish(whole, recipe.product, recipe.params, tags, file)
    progress(1.0)


def embed_table(
    series: Series, checkpoint: Checkpoint, progress: Progress, *, day: date | None, layer: str
) -> pd.DataFrame:
    """Embed series block by block.

    Args:
        day: last day used for all; None = each series' last observation.

    Returns:
        Columns series_id, e000, e001, ...: float32 rounded to float16; NaN for series never seen. The table's `attrs`,
        which Parquet keeps, name model, layer and software.

    Raises:
        InvalidOption: a band that the model needs is never shown.
        NoClearObservation: no series was seen up to the day.
    """
    from models.embed import embed  # loads torch, which nothing else here needs

    require_bands(checkpoint, [n for n in CHANNELS if np.isfinite(series.values[..., channel(n)]).any()])
    reference, parts = _reference(series, day), []
    for first in range(0, len(series), BLOCK_SERIES):
        rows = slice(first, min(first + BLOCK_SERIES, len(series)))
        parts.append(embed(series.take(rows), reference[rows], checkpoint, layer=layer))
        progress(rows.stop / len(series))
    values = _half(np.concatenate(parts))
    if np.isnan(values).all():
        raise NoClearObservation("any series of the table", _span(series, day))
    table = pd.DataFrame(values, columns=[dimension(n) for n in range(values.shape[1])])
    table.insert(0, "series_id", series.ids)
    table.attrs = {f"landcast_{k}": v for k, v in _facts(checkpoint, layer, day).items()}
    return table


def _reference(series: Series, day: date | None) -> NDArray[np.int32]:
    if day is not None:
        return np.full(len(series), to_day(day) + 1, np.int32)
    measured = [channel(name) for name in CHANNELS if name not in WEATHER_NAMES]
    seen = np.isfinite(series.values[..., measured]).any(axis=-1)
    return np.asarray(np.where(seen, series.days, -1).max(axis=1, initial=-1) + 1, np.int32)


def _span(series: Series, day: date | None) -> object:
    first = int(series.days.min()) if series.days.size else 0
    last = to_day(day) if day is not None else int(series.days.max(initial=first))
    return Period(start=to_date(first), end=to_date(last)) if first <= last else f"the time up to {day}"


def _facts(checkpoint: Checkpoint, layer: str, day: date | None) -> dict[str, str]:
    return {
        "model": checkpoint.name,
        "model_sha256": checkpoint.sha256,
        "layer": layer,
        "date": day.isoformat() if day else "each series' last observation",
        "version": software_version(),
    }


def _beside(out: Path) -> tempfile.TemporaryDirectory[str]:
    """Make a folder for passing files on the disk that the result goes to: they may have gigabytes."""
    out.parent.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix=".landcast-", dir=out.parent)


def _render(
    product: Embedding, cube: Cube, params: Params, checkpoint: Checkpoint, plain: Path, progress: Progress
) -> int:
    """Write float32 pixels into a plain GeoTIFF; return how many were seen."""
    layers, (height, width) = product.layers(params), cube.shape_yx
    step, seen = max(1, STRIP_BYTES // (4 * width * len(layers))), 0
    with plain_raster(plain, layers, cube.window, dtype="float32", nodata=np.nan) as out:
        for first in range(0, height, step):
            rows = slice(first, min(first + step, height))
            part = cube.rows(rows)
            pixels = product.render(part, params, checkpoint, _within(progress, rows, height)).pixels
            out.write(pixels, window=PixelWindow(0, first, width, rows.stop - first))
            seen += int(np.isfinite(pixels[0]).sum())
    return seen


def _within(progress: Progress, rows: slice, height: int) -> Progress:
    return lambda share: progress((rows.start + share * (rows.stop - rows.start)) / height)


def _finish(plain: Path, product: Embedding, params: Params, tags: Mapping[str, str], file: EmbeddingFile) -> None:
    """Write the result, and the picture where one is asked for, from a GeoTIFF of float32 pixels."""
    layers = product.layers(params)
    own = {"LANDCAST_LAYER": params.options["layer"], "LANDCAST_DATE": params.options["date"]}
    facts = {**tags, **own, "LANDCAST_DTYPE": file.dtype}
    coded = plain.with_name("coded.tif")
    encode(plain, coded, product, params, file.dtype)
    if file.out.suffix == ".tif":
        write_cog_from(coded, file.out, layers, facts)
    else:
        stored_as = "float16" if file.dtype == "float16" else ""
        write_raster_cube(open_cog(coded), file.out, title=product.title, tags=facts, stored_as=stored_as)
    if file.picture is not None:
        write_embedding_picture(plain, file.picture, facts)


def encode(plain: Path, coded: Path, product: Embedding, params: Params, dtype: str) -> None:
    """Write pixels anew as int8 with one scale for each dimension, or rounded to float16; one dimension at a time."""
    is_int8 = dtype == "int8"
    kind: tuple[str, float] = ("int8", INT8_NODATA) if is_int8 else ("float32", np.nan)
    scales = []
    with rasterio.open(plain) as given:
        window = Window(crs=f"EPSG:{given.crs.to_epsg()}", transform=given.transform, shape_yx=given.shape)
        with plain_raster(coded, product.layers(params), window, dtype=kind[0], nodata=kind[1]) as out:
            for band in given.indexes:
                values = given.read(band)
                scale = scale_of(values) if is_int8 else 1.0
                out.write(to_int8(values, scale) if is_int8 else _half(values), band)
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


def _half(values: Floats) -> Floats:
    """Round to float16, whose largest number is 65504, and keep as float32."""
    return np.clip(values, -65504, 65504).astype(np.float16).astype(np.float32)

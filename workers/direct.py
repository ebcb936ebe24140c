"""Products made in this process, without a queue: of a table, a cube file, or a region of an archive.

The steps are those of a job: the same checks, the same tiles, the same assembly.
"""

import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rasterio.windows import Window as PixelWindow

from core.checkpoint import Checkpoint
from core.cube import Cube, Series
from core.errors import InvalidOption, InvalidTable, NoClearObservation
from core.grid import Tile, Window
from core.options import Options
from core.product import AddsLayers, Layer, Product, Raster, RendersCube
from core.progress import Progress
from core.settings import Settings
from core.source import InputSummary, ReadAs, Source
from core.stages.ahead import ahead
from core.timeline import Period, to_day
from ingest.preprocess.prepare import Preparation
from ingest.source import CubeSource, RegionSource, TableSource
from outputs.atomic import written_aside
from outputs.cog import open_cog, plain_raster
from outputs.write_raster import pick_layers, write_raster
from products.blocks import is_pooled, strips
from products.evidence import RestsOnSeries, few_caution, table_caution
from products.order import add_card, check_source, parse
from products.rows import render
from products.table import options_of_each, predict_table, seen_in_period
from workers.accept import plan
from workers.assemble import Result, assemble_cube, assemble_tiles
from workers.queue.dispatch import scratch_folder, sweep
from workers.store.open_store import open_store
from workers.tile import Recipe, build_tile, find_tile, pixel_kind, render_cube

STRIP_BYTES = 256 * 2**20
"""Pixels of all layers held at once."""
MOSAIC_SHARE = 0.1
"""Share of the progress of a region that the mosaic takes."""


@dataclass(frozen=True, kw_only=True)
class DirectOrder:
    """What to make of a source."""

    product: Product[Any]
    checkpoint: Checkpoint
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """As for an order over REST, without region, archive and model."""
    dates: Mapping[str, Sequence[date]] | None = None
    """Of a table: input `dates` of each series by its id; series without any are left out; None = the same for all."""
    layers: Sequence[str] = ()
    """Names of the layers of a raster to write, in this order; empty = all."""

    def options(self, source: Source) -> Options:
        """Return the resolved options for a cube or a region.

        Raises:
            RequestError: an input is wrong, or the source cannot show what is needed.
        """
        resolved = parse(self.product, self.inputs, available=source.period, kind=source.kind)
        if self.layers and isinstance(self.product, AddsLayers):
            resolved = self.product.with_layers(resolved, self.layers)
        options: Options = add_card(self.product, resolved, self.checkpoint)
        check_source(self.product, options, available=source.period, shown=source.bands, name=source.name)
        check_layers(self.layers, self.product.layers(options))
        return options


def make(
    order: DirectOrder, source: Source, settings: Settings, folder: Path, progress: Progress
) -> Result | pd.DataFrame:
    """Make a product of a source.

    Args:
        order: what to make.
        source: a table gives a table; a cube and a region give pixels.
        settings: home folder and limits.
        folder: for temporary files; the result may be in it.
        progress: takes the share done.

    Raises:
        RequestError: an input is wrong, the source lacks a band, or it holds no clear observation of the period.
    """
    if isinstance(source, TableSource):
        return make_table(order, source, progress)
    if isinstance(source, CubeSource):
        return make_pixels(order, source, folder, progress)
    assert isinstance(source, RegionSource)
    return make_region(order, source, settings, folder, progress)


def make_table(order: DirectOrder, source: TableSource, progress: Progress) -> pd.DataFrame:
    """Predict the series of a table.

    Raises:
        InvalidTable: a target names a series that has no history.
        NoClearObservation: no series was seen in its period.
        RequestError: as `DirectOrder.options`.
    """
    series = source.table
    if order.dates is not None:
        series = series.take(_rows_with_dates(series.ids, order.dates))
    each = options_of_each(order.product, series, order.inputs, order.checkpoint, dates=order.dates)
    whole = Period(start=min(o.days.start for o in each), end=max(o.days.end for o in each))
    widest = each[0].but(period=whole)
    check_source(order.product, widest, available=source.period, shown=source.bands, name=source.name)
    _check_windows(series, each, source.name)
    found = predict_table(order.product, series, each, order.checkpoint, progress, company=source.table)
    seen = seen_in_period(order.product, series, each)
    caution = table_caution(seen, order.checkpoint) if isinstance(order.product, RestsOnSeries) else few_caution(seen)
    cautions = [c for c in (caution, found.attrs.get("landcast_caution")) if c]
    found.attrs |= {"landcast_caution": " ".join(cautions)} if cautions else {}
    found.attrs["landcast_input"] = "\n".join(source.summary.lines())
    return found


def make_pixels(order: DirectOrder, source: CubeSource, folder: Path, progress: Progress) -> Result:
    """Predict the pixels of a cube file on its own grid; many layers of many pixels strip by strip, into a file.

    Raises:
        NoClearObservation: the period holds no clear observation.
        RequestError: as `DirectOrder.options`.
    """
    options = order.options(source)
    cube = source.cube(options.days)
    needed = cube.between(options.window)
    if not (needed.data.sizes.get("time") and needed.clear_count().any()):
        raise NoClearObservation(f"'{source.name}'", options.window)
    step = max(1, STRIP_BYTES // (4 * cube.shape_yx[1] * len(order.product.layers(options))))
    if step >= cube.shape_yx[0] or isinstance(order.product, RendersCube):
        pixels: Raster | Path = render(order.product, cube, options, order.checkpoint, progress)
    else:
        pixels = _render_strips(order, cube, options, step, folder / "plain.tif", progress)
    return assemble_cube(
        pixels,
        order.product,
        options,
        order.checkpoint,
        cube,
        source.attribution,
        summary=source.summary,
        preparation=source.preparation,
    )


def make_region(
    order: DirectOrder, source: RegionSource, settings: Settings, folder: Path, progress: Progress
) -> Result:
    """Predict the pixels of a region tile by tile, the next being read meanwhile; those outside it are nodata.

    Tiles are kept in the store, where jobs and later calls find them.

    Raises:
        InvalidRegion: it takes too many tiles.
        NoClearObservation: the period holds no clear observation of the region.
        RequestError: as `DirectOrder.options`.
        StoreUnavailable: the store does not answer.
    """
    recipe = Recipe(
        product=order.product,
        options=order.options(source),
        archive=source.archive,
        checkpoint=order.checkpoint,
        region=source.region,
        preparation=Preparation.from_settings(settings).key(),
    )
    tiles = plan(recipe.region, recipe.archive, settings)
    open_store(settings).check()
    with (
        _scratch(settings) as job_id,
        ahead(lambda tile: _found_or_read(recipe, tile, settings, job_id), tiles) as read,
    ):
        rendered = [
            (tile, _tile_file(recipe, tile, found, settings, job_id, _part(progress, number, len(tiles))))
            for number, (tile, found) in enumerate(zip(tiles, read, strict=True))
        ]
        found = assemble_tiles(rendered, recipe, folder / "plain.tif", lambda _: None)
    progress(1.0)
    return found


def check_notes(found: Result | pd.DataFrame, summary: InputSummary, read_as: ReadAs) -> None:
    """Refuse a result whose scenes needed a decision when they were read, where the user wants none to be made.

    Raises:
        DoubtfulInput: names what was decided.
    """
    if read_as.is_strict and isinstance(found, Result):
        summary.with_remarks(*found.scene_notes).check_strict()


def write_result(found: Result | pd.DataFrame, out: Path, layers: Sequence[str] = ()) -> None:
    """Write a result completely or not at all.

    Args:
        out: .parquet or .csv of a table; .tif, .nc or .zarr of pixels.
        layers: names of the layers to write, in this order; empty = all.

    Raises:
        InvalidOption: a layer that the product does not have.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(found, pd.DataFrame):
        write_table(found, out)
    else:
        pixels = open_cog(found.pixels) if isinstance(found.pixels, Path) else found.pixels
        names = list(layers) or [layer.name for layer in found.layers]
        write_raster(pick_layers(pixels, names), out, found.origin)


def _check_windows(series: Series, each: Sequence[Options], name: str) -> None:
    """Refuse series none of which was seen in the days of which its order needs an observation.

    Raises:
        NoClearObservation: names the days.
    """
    windows = [options.window for options in each]
    first = np.array([to_day(w.start) for w in windows], np.int32)
    last = np.array([to_day(w.end) for w in windows], np.int32)
    if not series.between(first, last).clear_count().any():
        whole = Period(start=min(w.start for w in windows), end=max(w.end for w in windows))
        raise NoClearObservation(f"any series of '{name}'", whole)


def check_layers(names: Sequence[str], layers: Sequence[Layer]) -> None:
    """Refuse layers that a product does not have.

    Raises:
        InvalidOption: names those there are.
    """
    known = [layer.name for layer in layers]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise InvalidOption("layers", name, "it is named twice")
        if name not in known:
            raise InvalidOption("layers", name, f"the layers are {_listed(known)}")


def write_table(table: pd.DataFrame, out: Path) -> None:
    """Write a table as Parquet or CSV, by its ending, completely or not at all."""
    with written_aside(out) as aside:
        if out.suffix == ".parquet":
            table.to_parquet(aside, index=False)
        else:
            table.to_csv(aside, index=False)


def _render_strips(
    order: DirectOrder, cube: Cube, options: Options, step: int, plain: Path, progress: Progress
) -> Path:
    """Write the pixels of a cube into a plain GeoTIFF, some rows at a time."""
    layers, (height, width) = order.product.layers(options), cube.shape_yx
    dtype, nodata = pixel_kind(layers)
    with plain_raster(plain, layers, cube.window, dtype=dtype, nodata=nodata) as out:
        for rows in _strips(order.product, options, cube.window, step):
            part = render(order.product, cube.rows(rows), options, order.checkpoint, _rows_of(progress, rows, height))
            out.write(part.pixels, window=PixelWindow(0, rows.start, width, rows.stop - rows.start))
    return plain


def _strips(product: Product[Any], options: Options, window: Window, step: int) -> list[slice]:
    """Return the rows of a cube in strips of so many, or where pixels are pooled, of whole blocks of them."""
    if is_pooled(product, options):
        return strips(window, step)
    height = window.shape_yx[0]
    return [slice(first, min(first + step, height)) for first in range(0, height, step)]


def _rows_of(progress: Progress, rows: slice, height: int) -> Progress:
    return lambda share: progress((rows.start + share * (rows.stop - rows.start)) / height)


def _listed(names: Sequence[str]) -> str:
    """Return names for a sentence; of many names the first six and the last three."""
    return ", ".join(names) if len(names) <= 12 else f"{', '.join(names[:6])}, ... {', '.join(names[-3:])}"


def _rows_with_dates(ids: Any, dates: Mapping[str, Sequence[date]]) -> Any:
    unknown = sorted(set(dates) - {str(name) for name in ids})
    if unknown:
        raise InvalidTable("targets", f"series '{unknown[0]}' has targets but no history")
    return np.array([bool(dates.get(str(name))) for name in ids]).nonzero()[0]


def _found_or_read(recipe: Recipe, tile: Tile, settings: Settings, job_id: str) -> Path | Cube:
    """Return the file of a tile that has been rendered, else the cube to render it from."""
    return find_tile(recipe, tile, settings, job_id) or build_tile(recipe, tile, settings)


def _tile_file(
    recipe: Recipe, tile: Tile, found: Path | Cube, settings: Settings, job_id: str, progress: Progress
) -> Path:
    path = found if isinstance(found, Path) else render_cube(recipe, tile, found, settings, job_id, progress)
    progress(1.0)
    return path


def _part(progress: Progress, number: int, count: int) -> Progress:
    return lambda share: progress((1 - MOSAIC_SHARE) * (number + share) / count)


@contextmanager
def passing_folder(settings: Settings) -> Iterator[Path]:
    """Make a folder for temporary files, which may have gigabytes, in the home folder; remove it at the end."""
    work = settings.home / "work"
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = f"no folder can be made there ({error.strerror}); name another folder"
        raise InvalidOption("LANDCAST_HOME", settings.home, reason) from None
    with tempfile.TemporaryDirectory(prefix="direct-", dir=work) as folder:
        yield Path(folder)


@contextmanager
def _scratch(settings: Settings) -> Iterator[str]:
    """Make a job id with a scratch folder; remove the folder at the end."""
    job_id = f"local-{uuid.uuid4().hex[:12]}"
    scratch_folder(settings, job_id).mkdir(parents=True)
    try:
        yield job_id
    finally:
        sweep(job_id, settings)

"""The end of a job: mosaic, COG, quicklook, plot, forecast cube and STAC item, published in one step."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Protocol

from shapely.geometry.base import BaseGeometry

from core.cube import Cube
from core.grid import Tile, Window
from core.job import Gap, Job
from core.product import Issued
from core.region import Region
from core.settings import Settings
from outputs.atomic import aside_in, remove
from outputs.cog import RasterFile, open_cog, write_cog_from
from outputs.plots.forecast_pixel import choose_pixel, pixel_window, read_pixel, write_plot
from outputs.plots.quicklook import write_quicklook
from outputs.provenance import Provenance
from outputs.stac_item import build_item, write_item
from outputs.write_raster import write_raster
from workers.assemble import NO_GAPS, Result, assemble_tiles
from workers.dependencies import REAL, Dependencies
from workers.patient_store import patient_store
from workers.queue.dispatch import scratch_folder
from workers.store.store import result_key
from workers.tile import Recipe, read_recipe, run_tile


class Watch(Protocol):
    """What may stop the work between its steps; a Lease is one."""

    def progress(self, share: float) -> None:
        """Note the share done; may raise."""
        ...

    def check(self) -> None:
        """Raise if the work is no longer wanted."""
        ...


def finish(
    job: Job,
    tiles: Sequence[Tile],
    settings: Settings,
    watch: Watch,
    report: Callable[[str], None],
    dependencies: Dependencies = REAL,
    *,
    gaps: Sequence[Gap] = (),
) -> str:
    """Write all files of a job whose tiles are rendered or given up, and publish them in one step.

    Files of an earlier result are there until then.

    Args:
        job: still running.
        tiles: all of the job's.
        settings: where things lie.
        watch: checked between the steps, and once more before the files are published.
        report: takes a sentence on the step that begins.
        dependencies: products, models and archives.
        gaps: tiles that were given up.

    Returns:
        A sentence on the part of the region that lies outside the archive; empty = none.

    Raises:
        NoClearObservation: the region has no clear observation; no file is left.
    """
    recipe = read_recipe(job.order, settings, dependencies)
    reasons = {gap.tile_key: gap for gap in gaps}
    missing = {tile: reasons[tile.key] for tile in tiles if tile.key in reasons}
    made = [tile for tile in tiles if tile.key not in reasons]
    rendered = [(tile, run_tile(job, tile, settings, watch.progress, dependencies)) for tile in made]
    with aside_in(scratch_folder(settings, job.id), "result") as aside:
        aside.mkdir()
        result = ResultFiles(folder=aside, recipe=recipe, settings=settings, dependencies=dependencies)
        found = result.write(rendered, watch, report, item_id=job.id, created=job.created, gaps=missing)
        patient_store(settings).put_result(aside, result_key(job.id), watch.check)
    return found.coverage_note


class ResultFiles:
    """The files of one result in a folder, written one after the other."""

    def __init__(self, *, folder: Path, recipe: Recipe, settings: Settings, dependencies: Dependencies = REAL) -> None:
        """Prepare; `folder` exists, and the files are named after the product."""
        self._folder, self._recipe, self._region, self._dependencies = folder, recipe, recipe.region, dependencies
        self._settings, self._name = settings, recipe.product.id

    def write(
        self,
        rendered: Sequence[tuple[Tile, Path]],
        watch: Watch,
        report: Callable[[str], None],
        *,
        item_id: str,
        created: str = "",
        gaps: Mapping[Tile, Gap] = NO_GAPS,
    ) -> Result:
        """Write all files, and return what was put together.

        Raises:
            NoClearObservation: no pixel of the region has been seen.
            ReadFailed: no pixel has been seen, and scenes could not be read.
        """
        found = self._write_map(rendered, watch, report, gaps)
        raster, origin = open_cog(self._path(".tif")), found.origin
        watch.progress(1.0)
        report("drawing the pictures")
        layers = self._recipe.product.shown(raster.layers) or raster.layers[:1]
        write_quicklook(raster, layers, origin, self._path(".png"))
        watch.progress(1.0)
        options = self._recipe.options
        if isinstance(options, Issued):
            self._write_plot(raster, origin, options.issue)
            report("writing the forecast cube")
            write_raster(raster, self._path(".nc"), origin)
        pixels = (found.seen_pixels, found.region_pixels)
        footprint = _footprint(self._region, raster.window)
        write_item(build_item(item_id, raster, origin, footprint, pixels=pixels, created=created), self._path(".json"))
        return found

    def _write_map(
        self,
        rendered: Sequence[tuple[Tile, Path]],
        watch: Watch,
        report: Callable[[str], None],
        gaps: Mapping[Tile, Gap],
    ) -> Result:
        plain = self._path(".plain.tif")
        report("putting the tiles together")
        found = assemble_tiles(rendered, self._recipe, plain, watch.progress, gaps=gaps)
        report("writing the map")
        write_cog_from(plain, self._path(".tif"), found.layers, found.origin.tags())
        remove(plain)
        return found

    def _write_plot(self, raster: RasterFile, origin: Provenance, issue: date) -> None:
        row, column = choose_pixel(raster, self._region)
        forecast = read_pixel(raster, row, column, issue)
        history = self._history(pixel_window(raster.window, row, column))
        write_plot(forecast, history, origin, self._path("_pixel.png"))

    def _history(self, window: Window) -> Cube:
        recipe = self._recipe
        return self._dependencies.build_cube(
            recipe.archive, window, recipe.options.days, recipe.product.bands, None, self._settings
        )

    def _path(self, ending: str) -> Path:
        return self._folder / f"{self._name}{ending}"


def _footprint(region: Region, window: Window) -> BaseGeometry:
    """Return what a result covers: the region, as far as its window reaches."""
    covered = region.geometry.intersection(window.footprint_wgs84)
    return covered if covered.area > 0 else region.geometry

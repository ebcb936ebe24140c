"""Closing a job: mosaic, COG, quicklook, plot, forecast cube, STAC item, and then the rename that shows them all."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from shapely.geometry.base import BaseGeometry

from core.cube import Cube
from core.errors import NoClearObservation, ReadFailed
from core.grid import Tile, Window
from core.job import Job
from core.region import Region
from core.settings import Settings
from outputs.atomic import remove, written_aside
from outputs.cog import RasterFile, open_cog, write_cog_from
from outputs.measure import measure_file
from outputs.minimum_mapping_unit import mmu_filter_file
from outputs.plots.forecast_pixel import choose_pixel, pixel_window, read_pixel, write_plot
from outputs.plots.quicklook import quicklook_layers, write_quicklook
from outputs.provenance import Provenance, provenance
from outputs.stac_item import build_item, write_item
from outputs.write_raster import write_raster
from workers.accept import result_window
from workers.dependencies import REAL, Dependencies
from workers.mosaic import Mosaic, mosaic
from workers.queue.dispatch import job_folder, scratch_folder
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
    say: Callable[[str], None],
    dependencies: Dependencies = REAL,
) -> Path:
    """Write all files of a job whose tiles are rendered, and show them in one step.

    Args:
        job: still running.
        tiles: all of the job's.
        settings: where things lie.
        watch: asked between the steps, and once more before the files are shown.
        say: told what is being done.
        dependencies: products, models and archives.

    Returns:
        The folder of the job's files.

    Raises:
        NoClearObservation: the region has no clear observation; no file is left.
    """
    recipe = read_recipe(job.order, settings, dependencies)
    rendered = [(tile, run_tile(job, tile, settings, watch.progress, dependencies)) for tile in tiles]
    target = job_folder(settings, job.id)
    with written_aside(target, scratch_folder(settings, job.id)) as aside:
        aside.mkdir()
        result = Result(folder=aside, recipe=recipe, settings=settings, dependencies=dependencies)
        result.write(rendered, watch, say, item_id=job.id, created=job.created)
        watch.check()
    return target


class Result:
    """The files of one result in a folder, written one after the other."""

    def __init__(self, *, folder: Path, recipe: Recipe, settings: Settings, dependencies: Dependencies = REAL) -> None:
        """Prepare; `folder` exists, and the files are named after the product."""
        self._folder, self._recipe, self._region, self._rooms = folder, recipe, recipe.region, dependencies
        self._settings, self._name = settings, recipe.product.id

    def write(
        self,
        rendered: Sequence[tuple[Tile, Path]],
        watch: Watch,
        say: Callable[[str], None],
        *,
        item_id: str,
        created: str = "",
    ) -> None:
        """Write all files.

        Raises:
            NoClearObservation: no pixel of the region has been seen.
            ReadFailed: no pixel has been seen, and scenes could not be read.
        """
        window = result_window(self._region, [tile for tile, _ in rendered])
        raster, origin, found = self._write_map(rendered, window, watch, say)
        watch.progress(1.0)
        say("drawing the pictures")
        layers = quicklook_layers(self._recipe.product, raster.layers) or raster.layers[:1]
        write_quicklook(raster, layers, origin, self._path(".png"))
        watch.progress(1.0)
        if self._recipe.product.task == "forecast":
            self._write_plot(raster, origin)
            say("writing the forecast cube")
            write_raster(raster, self._path(".nc"), origin)
        pixels = (found.seen_pixels, found.region_pixels)
        footprint = _footprint(self._region, window)
        write_item(build_item(item_id, raster, origin, footprint, pixels=pixels, created=created), self._path(".json"))

    def _write_map(
        self, rendered: Sequence[tuple[Tile, Path]], window: Window, watch: Watch, say: Callable[[str], None]
    ) -> tuple[RasterFile, Provenance, Mosaic]:
        recipe, plain = self._recipe, self._path(".plain.tif")
        say("putting the tiles together")
        found = mosaic(rendered, self._region, window, recipe.layers, plain, watch.progress)
        mmu_filter_file(plain, recipe.params)
        origin = provenance(
            recipe.product,
            recipe.params,
            recipe.checkpoint,
            found.scenes,
            archive=recipe.archive.name,
            attribution=recipe.archive.attribution,
            is_simulated=recipe.archive.is_simulated,
            preparation=recipe.preparation,
            areas=measure_file(plain, recipe.product, recipe.params, recipe.layers),
        )
        _check_seen(found, origin)
        say("writing the map")
        write_cog_from(plain, self._path(".tif"), recipe.layers, origin.tags())
        remove(plain)
        return open_cog(self._path(".tif")), origin, found

    def _write_plot(self, raster: RasterFile, origin: Provenance) -> None:
        row, column = choose_pixel(raster, self._region)
        forecast = read_pixel(raster, row, column, self._recipe.params.day("issue_date"))
        history = self._history(pixel_window(raster.window, row, column))
        write_plot(forecast, history, origin, self._path("_pixel.png"))

    def _history(self, window: Window) -> Cube:
        recipe = self._recipe
        return self._rooms.build_cube(
            recipe.archive, window, recipe.params.period, recipe.product.bands, None, self._settings
        )

    def _path(self, ending: str) -> Path:
        return self._folder / f"{self._name}{ending}"


def _check_seen(found: Mosaic, origin: Provenance) -> None:
    if found.seen_pixels:
        return
    if origin.failures:
        first = origin.failures[0]
        raise ReadFailed(first.scene_id, f"{first.reason}; {len(origin.failures)} of {origin.reads} reads failed")
    raise NoClearObservation("the region", origin.params["period"])


def _footprint(region: Region, window: Window) -> BaseGeometry:
    """Return what a result covers: the region, as far as its window reaches."""
    covered = region.geometry.intersection(window.footprint_wgs84)
    return covered if covered.area > 0 else region.geometry

"""Products of cube files and regions carried out in this process, without a queue, by the steps of a job.

Tables are in local_tables.py.
"""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.cube import Cube
from core.errors import InvalidOption, NoClearObservation
from core.grid import Tile
from core.product import Checkpoint, Layer, Params, Product, Progress
from core.settings import Settings
from outputs.cog import open_cog
from outputs.measure import measure_file, measure_raster
from outputs.minimum_mapping_unit import mmu_filter_file, mmu_filter_raster
from outputs.provenance import Provenance, provenance
from outputs.write_raster import pick_layers, write_raster
from workers.accept import plan, result_window
from workers.mosaic import mosaic
from workers.queue.dispatch import scratch_folder, sweep
from workers.tile import Recipe, find_tile, render_tile

MOSAIC_SHARE = 0.1
"""Share of a region's work that putting the tiles together is counted as."""


def run_cube_file(
    product: Product,
    cube: Cube,
    params: Params,
    checkpoint: Checkpoint,
    out: Path,
    progress: Progress,
    *,
    layers: Sequence[str] = (),
) -> dict[str, Any]:
    """Render a product of a whole cube and write it on the cube's own grid.

    Args:
        product: what to make.
        cube: all observations that may be used.
        params: as the product's `parse` gave them.
        checkpoint: of the product's task.
        out: `.tif` is a COG, `.nc` and `.zarr` are cubes; what stands there is replaced at the end.
        progress: told the share done.
        layers: names of the layers to write, in this order; empty = all. Forecasts as cubes are written whole.

    Returns:
        Hectares by class (`products.areas.area_table`) of all layers; empty for products without such a table.

    Raises:
        MissingBand: NDVI cannot be had.
        NoClearObservation: the period holds no clear observation.
        InvalidOption: a layer that the product does not have.
    """
    names = _checked(layers, product.layers(params))
    if not (cube.data.sizes.get("time") and cube.clear_count().any()):
        raise NoClearObservation(f"'{cube.archive}'", params.period)
    raster = mmu_filter_raster(product.render(cube, params, checkpoint, progress), params)
    if raster.is_unseen().all():
        raise NoClearObservation(f"'{cube.archive}'", params.period)
    origin = provenance(
        product,
        params,
        checkpoint,
        {cube.archive: cube.scenes},
        archive=cube.archive,
        attribution="Licence and credit as of the input cube",
        is_simulated=cube.is_simulated,
        areas=measure_raster(raster, product, params),
    )
    write_raster(pick_layers(raster, names), out, origin)
    return dict(origin.areas)


def run_region_file(
    recipe: Recipe, out: Path, settings: Settings, progress: Progress, *, layers: Sequence[str] = ()
) -> dict[str, Any]:
    """Render a product of a region tile by tile, and write one file; pixels outside the region are nodata.

    Tiles are kept in the home folder, where jobs and later calls find them.

    Args:
        recipe: product, parameters, archive, checkpoint and region.
        out: as in `run_cube_file`.
        settings: home folder and limits.
        progress: told the share done.
        layers: as in `run_cube_file`.

    Returns:
        As `run_cube_file`, of the whole region.

    Raises:
        RegionOutsideArchive: nothing of the region lies in the archive.
        InvalidRegion: it takes too many tiles.
        NoClearObservation: the period holds no clear observation of the region.
        InvalidOption: a layer that the product does not have.
    """
    names = _checked(layers, recipe.layers)
    tiles = plan(recipe.region, recipe.archive, settings)
    with _scratch(settings) as (job_id, folder):
        rendered = [
            (tile, _tile_file(recipe, tile, settings, job_id, _part(progress, number, len(tiles))))
            for number, tile in enumerate(tiles)
        ]
        plain = folder / "plain.tif"
        origin = _put_together(rendered, recipe, plain)
        write_raster(pick_layers(open_cog(plain), names), out, origin)
    progress(1.0)
    return dict(origin.areas)


def _tile_file(recipe: Recipe, tile: Tile, settings: Settings, job_id: str, progress: Progress) -> Path:
    found = find_tile(recipe, tile, settings, job_id) or render_tile(recipe, tile, settings, job_id, progress)
    progress(1.0)
    return found


def _put_together(rendered: Sequence[tuple[Tile, Path]], recipe: Recipe, plain: Path) -> Provenance:
    window = result_window(recipe.region, [tile for tile, _ in rendered])
    found = mosaic(rendered, recipe.region, window, recipe.layers, plain, lambda _: None)
    if not found.seen_pixels:
        raise NoClearObservation("the region", recipe.params.period)
    mmu_filter_file(plain, recipe.params)
    return provenance(
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


def _checked(names: Sequence[str], layers: Sequence[Layer]) -> list[str]:
    """Return the names of the layers to write; all where none is chosen."""
    known = [layer.name for layer in layers]
    for name in names:
        if name not in known:
            raise InvalidOption("layers", name, f"the layers are {_listed(known)}")
    return list(names) or known


def _listed(names: Sequence[str]) -> str:
    """Return names for a sentence: a forecast has hundreds, of which a few show how they are made."""
    return ", ".join(names) if len(names) <= 12 else f"{', '.join(names[:6])}, ... {', '.join(names[-3:])}"


def _part(progress: Progress, number: int, count: int) -> Progress:
    return lambda share: progress((1 - MOSAIC_SHARE) * (number + share) / count)


@contextmanager
def _scratch(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Give a job id of our own and its scratch folder, which is removed at the end."""
    job_id = f"local-{uuid.uuid4().hex[:12]}"
    folder = scratch_folder(settings, job_id)
    folder.mkdir(parents=True)
    try:
        yield job_id, folder
    finally:
        sweep(job_id, settings)

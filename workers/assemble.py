"""From rendered pixels to one result: mosaic, mapping unit, areas, provenance; for jobs and for the command line.

outputs/ writes files from it; finish.py chooses the files of a job.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.checkpoint import Checkpoint
from core.cube import Cube
from core.errors import NoClearObservation, ReadFailed
from core.grid import Tile
from core.job import Gap
from core.options import Options
from core.product import Layer, Product, Raster
from core.progress import Progress
from core.source import InputSummary
from core.timeline import Period
from models.inference.choose import backend_name
from outputs.cog import has_pixels
from outputs.measure import is_mapped, measure_file, measure_raster, median_clear_count
from outputs.minimum_mapping_unit import mmu_filter_file, mmu_filter_raster
from outputs.provenance import Provenance, provenance
from products.evidence import (
    MapEvidence,
    RestsOnSeries,
    SeenCounts,
    evidence_notes,
    few_note,
    is_calibrated_by_evidence,
    seen_codes,
)
from workers.accept import result_window
from workers.gaps import coverage_note, covered_share
from workers.mosaic import Mosaic, mosaic
from workers.tile import Recipe

NO_GAPS: Mapping[Tile, Gap] = {}


@dataclass(frozen=True, kw_only=True)
class Result:
    """Finished pixels, in memory or in a plain GeoTIFF, and where they come from."""

    pixels: Raster | Path
    layers: tuple[Layer, ...]
    origin: Provenance
    cautions: tuple[str, ...] = ()
    """Sentences that a user should read before the file."""
    seen_pixels: int = 0
    region_pixels: int = 0
    """Of the whole region, what lies outside the archive included; both 0 of a cube file."""
    coverage_note: str = ""
    """A sentence on that part; empty = there is none. It is one of the cautions."""
    scene_notes: tuple[str, ...] = ()
    """Remarks that came up while single scenes were read, those of the input's summary not among them."""

    @property
    def areas(self) -> Mapping[str, Any]:
        """Table of areas; empty for products without one."""
        return self.origin.areas


def assemble_tiles(
    rendered: Sequence[tuple[Tile, Path]],
    recipe: Recipe,
    plain: Path,
    progress: Progress,
    *,
    gaps: Mapping[Tile, Gap] = NO_GAPS,
) -> Result:
    """Put the tiles of a region together.

    Args:
        rendered: all tiles that could be made, with the files of their pixels.
        recipe: what they were rendered by.
        plain: GeoTIFF to write.
        gaps: all other tiles.

    Raises:
        NoClearObservation: no pixel of the region has been seen.
        ReadFailed: no pixel has been seen, and scenes could not be read.
    """
    window = result_window(recipe.region, [*(tile for tile, _ in rendered), *gaps])
    found = mosaic(rendered, recipe.region, window, recipe.layers, plain, progress, missing=tuple(gaps))
    mmu_filter_file(plain, _mmu(recipe.options))
    origin = provenance(
        recipe.product,
        recipe.options,
        recipe.checkpoint,
        found.scenes,
        archive=recipe.archive.name,
        attribution=recipe.archive.attribution,
        is_simulated=recipe.archive.is_simulated,
        preparation=recipe.preparation,
        areas=measure_file(plain, recipe.product, recipe.options, recipe.layers),
        backends=found.backends,
    )
    _check_seen(found, origin, recipe.options.window)
    share = covered_share(recipe.region, recipe.archive)
    scene_notes, outside = origin.notes, coverage_note(share)
    days = _read_days(recipe.product, recipe.options)
    found_evidence = found.seen.evidence(days) if days else None
    few = _few_notes(plain, recipe.layers, found_evidence, recipe.checkpoint)
    place = _place_notes(recipe.product, found_evidence, recipe.region.geometry.centroid.y)
    cautions = (*_gap_notes(len(gaps), len(gaps) + len(rendered)), *place, *few, *([outside] if outside else []))
    origin = (
        origin.with_gaps(tuple(gaps.values()))
        .with_input(recipe.archive.summary)
        .with_cautions(cautions, found_evidence)
    )
    return Result(
        pixels=plain,
        layers=recipe.layers,
        origin=origin,
        cautions=cautions,
        scene_notes=scene_notes,
        seen_pixels=found.seen_pixels,
        region_pixels=_region_pixels(recipe, found.region_pixels, share),
        coverage_note=outside,
    )


def assemble_cube(
    pixels: Raster | Path,
    product: Product[Any],
    options: Options,
    checkpoint: Checkpoint,
    cube: Cube,
    attribution: str,
    *,
    summary: InputSummary | None = None,
    preparation: Mapping[str, Any] | None = None,
) -> Result:
    """Finish the pixels of a cube file, a raster in memory or a plain GeoTIFF.

    Args:
        summary: what the file was taken for; None = pixels that were read from no file.
        preparation: how it was masked.

    Raises:
        NoClearObservation: no pixel has been seen.
    """
    layers = product.layers(options)
    if isinstance(pixels, Path):
        is_seen = has_pixels(pixels)
        mmu_filter_file(pixels, _mmu(options))
        areas = measure_file(pixels, product, options, layers)
    else:
        is_seen = not pixels.is_unseen().all()
        pixels = mmu_filter_raster(pixels, _mmu(options))
        areas = measure_raster(pixels, product, options)
    if not is_seen:
        raise NoClearObservation(f"'{cube.archive}'", options.window)
    origin = provenance(
        product,
        options,
        checkpoint,
        {cube.archive: cube.scenes},
        archive=cube.archive,
        attribution=attribution,
        is_simulated=cube.is_simulated,
        preparation=preparation,
        areas=areas,
        backends=(backend_name(checkpoint, product.id),) if checkpoint.task else (),
    ).with_input(summary)
    found_evidence = _evidence_of(pixels, cube, _read_days(product, options))
    place = _place_notes(product, found_evidence, cube.window.footprint_wgs84.centroid.y)
    cautions = (*place, *_few_notes(pixels, layers, found_evidence, checkpoint))
    origin = origin.with_cautions(cautions, found_evidence)
    return Result(pixels=pixels, layers=layers, origin=origin, cautions=cautions)


def _gap_notes(missing: int, total: int) -> tuple[str, ...]:
    """Return a note on tiles that could not be made, if there are any."""
    return (f"The map has gaps: {missing} of {total} tiles could not be made.",) if missing else ()


def _region_pixels(recipe: Recipe, counted: int, share: float) -> int:
    """Return the pixels of the region, also where it lies outside the archive and so has no tiles.

    Args:
        counted: pixels in its tiles.
        share: of the region, that the archive covers.
    """
    if share == 1.0:
        return counted
    pixel_km2 = (recipe.archive.grid(recipe.region).resolution_m / 1000) ** 2
    return max(counted, round(recipe.region.area_km2 / pixel_km2))


def _read_days(product: Product[Any], options: Options) -> Period | None:
    """Return the days that a map's model reads; None of a product that states no evidence."""
    return product.read_days(options) if isinstance(product, RestsOnSeries) else None


def _evidence_of(pixels: Raster | Path, cube: Cube, days: Period | None) -> MapEvidence | None:
    """Return what the mapped pixels of a cube rest on."""
    if days is None:
        return None
    return SeenCounts().plus(seen_codes(cube, days), is_mapped(pixels)).evidence(days)


def _place_notes(product: Product[Any], found: MapEvidence | None, latitude: float) -> tuple[str, ...]:
    """Return a note on a place that the model of a class map of one date knows little of."""
    if found is None or not isinstance(product, RestsOnSeries):
        return ()
    note = product.place_note(latitude)
    return (note,) if note else ()


def _few_notes(
    pixels: Raster | Path, layers: tuple[Layer, ...], found: MapEvidence | None, checkpoint: Checkpoint
) -> tuple[str, ...]:
    """Return a note for each way in which a class map of one date knows little; of other maps, on few observations."""
    clear_count = median_clear_count(pixels, layers)
    if found is None:
        return tuple(note for note in (few_note(clear_count),) if note)
    return evidence_notes(found, clear_count, is_calibrated=is_calibrated_by_evidence(checkpoint))


def _mmu(options: Options) -> float:
    """Return the minimum mapping unit in hectares; 0 = none."""
    return float(getattr(options, "mmu", 0.0))


def _check_seen(found: Mosaic, origin: Provenance, window: Period) -> None:
    if found.seen_pixels:
        return
    if origin.failures:
        first = origin.failures[0]
        raise ReadFailed(first.scene_id, f"{first.reason}; {len(origin.failures)} of {origin.reads} reads failed")
    raise NoClearObservation("the region", window)

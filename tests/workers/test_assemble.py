"""Rendered pixels put together into one result."""

from pathlib import Path

import numpy as np
import pytest
import rasterio

from core.checkpoint import Checkpoint
from core.cube import Cube
from core.errors import NoClearObservation, ReadFailed
from core.product import Raster
from core.region import parse_region
from core.settings import Settings
from ingest.build.cube import build_cube
from outputs.cog import plain_raster
from products.order import parse
from products.rows import render
from tests.fakes import FAKES, SMALL, WEST, FakeArchive, FakeOptions, find_fake_checkpoint, rectangle
from tests.workers.rendered import rendered
from workers.assemble import Result, assemble_cube, assemble_tiles

MAP = FAKES["fake-map"]


def assembled(tmp_path: Path, kind: str = "plain") -> Result:
    recipe, tiles = rendered(tmp_path, kind=kind)
    return assemble_tiles(tiles, recipe, tmp_path / "plain.tif", lambda _: None)


def rendered_cube(kind: str = "plain") -> tuple[Cube, FakeOptions, Checkpoint, Raster]:
    archive, region = FakeArchive(kind, 32), parse_region(SMALL)
    cube = build_cube(archive, archive.grid(region).window(region), archive.period, archive.bands)
    options, checkpoint = parse(MAP, {}, available=archive.period), find_fake_checkpoint("", "fake", Settings())
    return cube, options, checkpoint, render(MAP, cube, options, checkpoint, lambda _: None)


def saved(raster: Raster, path: Path) -> Path:
    with plain_raster(path, raster.layers, raster.window, dtype="uint8", nodata=255) as out:
        out.write(raster.pixels)
    return path


def test_a_region_is_one_file_with_its_layers_counts_and_origin(tmp_path: Path) -> None:
    found = assembled(tmp_path)
    assert found.pixels == tmp_path / "plain.tif"
    with rasterio.open(tmp_path / "plain.tif") as raster:
        assert raster.descriptions == tuple(layer.name for layer in found.layers)
        assert found.seen_pixels == (raster.read(1) != 255).sum()
    assert found.region_pixels == 1535
    assert (found.origin.archive, found.origin.attribution) == ("fake-plain", FakeArchive.attribution)
    assert (found.origin.is_simulated, found.origin.reads, found.origin.failures) == (True, 60, ())
    assert len(found.origin.scenes) == 12
    assert found.areas == {}


def test_reads_that_failed_are_part_of_the_origin(tmp_path: Path) -> None:
    origin = assembled(tmp_path, "gaps").origin
    assert {f.scene_id for f in origin.failures} == {"fake_20220311"}
    assert origin.completeness == pytest.approx(55 / 60)


def test_a_region_under_cloud_is_refused_and_one_that_cannot_be_read_fails(tmp_path: Path) -> None:
    with pytest.raises(NoClearObservation, match="the region in 2022-03-01/2022-06-19"):
        assembled(tmp_path / "cloudy", "cloudy")
    with pytest.raises(ReadFailed, match="60 of 60 reads failed"):
        assembled(tmp_path / "broken", "broken")


def test_a_cube_gives_the_same_result_from_memory_and_from_a_file(tmp_path: Path) -> None:
    cube, options, checkpoint, raster = rendered_cube()
    here = assemble_cube(raster, MAP, options, checkpoint, cube, "by whom")
    there = assemble_cube(saved(raster, tmp_path / "plain.tif"), MAP, options, checkpoint, cube, "by whom")
    assert (here.layers, here.origin) == (there.layers, there.origin)
    assert isinstance(here.pixels, Raster)
    np.testing.assert_array_equal(here.pixels.pixels, raster.pixels)
    assert here.origin.attribution == "by whom"
    assert here.origin.scenes == tuple(sorted(s.scene_id for s in cube.scenes))


def test_a_cube_without_a_clear_observation_is_refused_from_memory_and_from_a_file(tmp_path: Path) -> None:
    cube, options, checkpoint, raster = rendered_cube("cloudy")
    for pixels in (raster, saved(raster, tmp_path / "plain.tif")):
        with pytest.raises(NoClearObservation, match="'fake-cloudy'"):
            assemble_cube(pixels, MAP, options, checkpoint, cube, "")


def test_pixels_outside_the_archive_count_as_pixels_of_the_region_without_data(tmp_path: Path) -> None:
    region = rectangle(WEST - 0.04, 48.0021, WEST + 0.01, 48.0041)
    recipe, tiles = rendered(tmp_path, region=region)
    found = assemble_tiles(tiles, recipe, tmp_path / "plain.tif", lambda _: None)
    assert found.region_pixels == pytest.approx(recipe.region.area_km2 * 1e4, rel=0.01)
    assert sum(tile.window.mask(recipe.region).sum() for tile, _ in tiles) < found.region_pixels / 3
    assert found.coverage_note == "The archive covers 20 % of the region."
    assert found.coverage_note in found.cautions

"""Tiles: rendered once and shared, put together without seams, and honest about what is missing."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from shapely.geometry import mapping

from core.errors import DamagedTile
from core.job import JobState
from core.settings import Settings
from outputs.cog import open_cog
from tests.fakes import FAKE_DEPENDENCIES, SMALL, rectangle
from tests.workers.conftest import assert_successful, carry_out, files_of, order, worker_here
from workers.queue.dispatch import dismiss
from workers.queue.ledger import open_ledger
from workers.tasks import carry_out_tile, close_job
from workers.tile import read_backend, read_recipe, read_tile


def tile_files(settings: Settings) -> dict[Path, int]:
    return {p: p.stat().st_mtime_ns for p in (settings.home / "cache" / "tiles").rglob("*")}


def bytes_of(settings: Settings, job_id: str) -> bytes:
    return (settings.home / "jobs" / job_id / "fake-map.tif").read_bytes()


def test_the_second_job_renders_nothing(lonely: Settings) -> None:
    first = carry_out(lonely)
    before = tile_files(lonely)
    second = carry_out(lonely)
    assert tile_files(lonely) == before
    assert bytes_of(lonely, first.id) == bytes_of(lonely, second.id)
    assert len([p for p in before if p.suffix == ".tif"]) == first.tiles_total


def test_another_region_takes_what_it_needs_from_whole_tiles(lonely: Settings) -> None:
    tile = next(t for t in open_ledger(lonely).lattice(order(lonely).id))
    whole = dict(mapping(tile.window.footprint_wgs84.buffer(1e-5)))
    part = dict(mapping(tile.window.footprint_wgs84.buffer(-0.0003)))
    carry_out(lonely, region=whole)
    before = tile_files(lonely)
    carry_out(lonely, region=part)
    assert tile_files(lonely) == before


def test_only_pixels_of_the_region_are_computed(lonely: Settings) -> None:
    carry_out(lonely, region=SMALL)
    (path,) = (p for p in tile_files(lonely) if p.suffix == ".tif")
    pixels, _ = read_tile(path)
    assert read_backend(path) == "onnxruntime cpu float32"
    assert 20 < (pixels[0] != 255).sum() < 40


@pytest.mark.parametrize(
    "change", [{"archive": "fake://gaps"}, {"model": "other"}, {"period": "2022-03-01/2022-05-01"}]
)
def test_a_tiles_key_changes_with_what_its_pixels_depend_on(lonely: Settings, change: dict[str, str]) -> None:
    settings = lonely.but(archive=change["archive"]) if "archive" in change else lonely
    ledger = open_ledger(settings)
    job = order(settings)
    tile = ledger.lattice(job.id)[0]
    plain = read_recipe(order(lonely).order, lonely, FAKE_DEPENDENCIES)
    mask = plain.mask(tile)
    other = read_recipe(order(settings, **change).order, settings, FAKE_DEPENDENCIES)
    if "model" in change:  # the fake models all have one sha256, and names alone do not matter
        assert plain.key(tile, mask) == other.key(tile, mask)
    else:
        assert plain.key(tile, mask) != other.key(tile, mask)


def test_a_tile_that_a_card_renders_is_another(lonely: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = read_recipe(order(lonely).order, lonely, FAKE_DEPENDENCIES)
    tile = open_ledger(lonely).lattice(order(lonely).id)[0]
    before = recipe.key(tile, recipe.mask(tile))
    monkeypatch.setattr("workers.tile.backend_name", lambda *_: "torch cuda bfloat16")
    assert recipe.key(tile, recipe.mask(tile)) != before


def test_a_job_whose_archive_shows_only_cloud_ends_with_one_sentence(lonely: Settings) -> None:
    settings = lonely.but(archive="fake://cloudy")
    job = carry_out(settings)
    assert (job.state, files_of(settings, job)) == (JobState.FAILED, [])
    assert job.message == (
        "There is no clear observation of the region in 2022-03-01/2022-06-19. Choose a longer or another period."
    )


def test_a_job_none_of_whose_scenes_can_be_read_fails_with_the_reason(lonely: Settings) -> None:
    settings = lonely.but(archive="fake://broken")
    job, worker = carry_out(settings), worker_here(settings)
    for _ in range(2):
        close_job(worker, job.id)
    failed = worker.ledger.job(job.id)
    assert (failed.state, files_of(settings, job)) == (JobState.FAILED, [])
    assert "the file ends too early" in failed.message
    assert "60 of 60 reads failed" in failed.message


def test_a_fault_in_a_product_ends_the_job_after_three_attempts(lonely: Settings) -> None:
    job, worker = order(lonely, fault=True), worker_here(lonely)
    for task in worker.ledger.tiles(job.id):
        key = task.tile_key
        for _ in range(3):
            carry_out_tile(worker, job.id, key)
    failed = worker.ledger.job(job.id)
    assert failed.state is JobState.FAILED
    assert failed.message == (
        f"Tile {key} failed 3 times, at last because of ZeroDivisionError (the fake product fails as ordered)."
    )


def test_a_job_dismissed_while_it_is_closed_leaves_no_file(lonely: Settings) -> None:
    job, worker = order(lonely), worker_here(lonely)
    for task in worker.ledger.tiles(job.id):
        carry_out_tile(worker, job.id, task.tile_key)
    dismiss(job.id, lonely)
    close_job(worker, job.id)
    assert files_of(lonely, job) == []
    assert not (lonely.home / "work" / job.id).exists()


def test_a_successful_job_can_be_withdrawn(lonely: Settings) -> None:
    job = carry_out(lonely, region=SMALL)
    assert_successful(job)
    assert dismiss(job.id, lonely).state is JobState.DISMISSED
    assert files_of(lonely, job) == []


def test_a_region_thinner_than_a_pixel_is_still_mapped(lonely: Settings) -> None:
    sliver = rectangle(11.0050, 48.0030, 11.0060, 48.00301)
    job = carry_out(lonely, region=sliver)
    assert_successful(job)
    raster = open_cog(lonely.home / "jobs" / job.id / "fake-map.tif")
    assert (raster.read("class") != 255).sum() >= 7


def test_tiles_meet_without_seams(lonely: Settings) -> None:
    wide = rectangle(11.003, 48.002, 11.012, 48.006)
    small, large = lonely, lonely.but(tile_size=64, home=lonely.home.parent / "large")
    pictures = [
        open_cog(s.home / "jobs" / carry_out(s, region=wide).id / "fake-map.tif").read("p_green")
        for s in (small, large)
    ]
    np.testing.assert_array_equal(*pictures)


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 4]) + content[middle + 1 :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "flipped": flipped,
    "cut_at_a_block": lambda content: content[:512],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_tile_is_rendered_again_for_the_next_order(
    lonely: Settings, damage: Callable[[bytes], bytes]
) -> None:
    first = carry_out(lonely)
    for path in [p for p in tile_files(lonely) if p.suffix == ".tif"]:
        path.write_bytes(damage(path.read_bytes()))
    second = carry_out(lonely)
    assert_successful(second)
    assert bytes_of(lonely, first.id) == bytes_of(lonely, second.id)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_tile_that_is_damaged_before_the_assembly_is_rendered_again(
    lonely: Settings, damage: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    whole = carry_out(lonely.but(home=lonely.home.parent / "whole"))
    job, worker = order(lonely), worker_here(lonely)
    for task in worker.ledger.tiles(job.id):
        carry_out_tile(worker, job.id, task.tile_key)
    path = next(p for p in tile_files(lonely) if p.suffix == ".tif")
    path.write_bytes(damage(path.read_bytes()))
    close_job(worker, job.id)
    assert_successful(worker.ledger.job(job.id))
    assert bytes_of(lonely, job.id) == bytes_of(lonely.but(home=lonely.home.parent / "whole"), whole.id)
    assert [r for r in caplog.records if "tile damaged" in r.message and path.name in r.message]


def test_pixels_of_a_damaged_tile_are_never_read(lonely: Settings) -> None:
    carry_out(lonely, region=SMALL)
    (path,) = (p for p in tile_files(lonely) if p.suffix == ".tif")
    path.write_bytes(flipped(path.read_bytes()))
    with pytest.raises(DamagedTile, match="do not match their checksum"):
        read_tile(path)
    assert not path.exists()


@pytest.mark.parametrize("note", [b"", b"\xff\xfe", b"../..", b"cache"])
def test_a_damaged_note_of_a_tiles_place_harms_nothing(lonely: Settings, note: bytes) -> None:
    job, worker = order(lonely), worker_here(lonely)
    for task in worker.ledger.tiles(job.id):
        carry_out_tile(worker, job.id, task.tile_key)
    for path in (lonely.home / "work" / job.id).glob("*.path"):
        path.write_bytes(note)
    close_job(worker, job.id)
    assert_successful(worker.ledger.job(job.id))

"""Cubes in a folder and in a bucket: what is read is what was written, and damage shows."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from core.cube import Cube
from core.grid import Tile
from core.job import Order
from core.settings import Settings
from tests.fakes import FAKE_DEPENDENCIES, REGION
from tests.s3_server import URL
from tests.workers.test_tile import DAMAGES
from workers import stored_cubes
from workers.accept import accept
from workers.read_archive import without_archive
from workers.store.open_store import open_store
from workers.stored_cubes import CubeMissing, cube_key, remove_cube, store_cube, stored_cube
from workers.tile import Recipe, build_tile, read_recipe

JOB = "job1"


@pytest.fixture(params=["home", "folder", "s3"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings with each kind of store."""
    if request.param == "s3":
        request.getfixturevalue("s3")
    store = {"home": "", "folder": str(tmp_path / "store"), "s3": URL}[request.param]
    return Settings(home=tmp_path / "home", store=store, tile_size=32)


def first_tile(settings: Settings) -> tuple[Order, Recipe, Tile, Cube]:
    found, _, tiles = accept("fake-map", {"region": REGION}, settings, FAKE_DEPENDENCIES)
    recipe = read_recipe(found, settings, FAKE_DEPENDENCIES)
    return found, recipe, tiles[0], build_tile(recipe, tiles[0], settings, FAKE_DEPENDENCIES)


def test_a_cube_is_read_as_it_was_written(stored: Settings) -> None:
    _, recipe, tile, cube = first_tile(stored.but(archive="fake://gaps"))
    store_cube(recipe, tile, cube, stored, JOB)
    elsewhere = stored.but(home=stored.home.with_name("other")) if stored.store else stored
    with stored_cube(tile, elsewhere, JOB) as found:
        assert found.cube.data.identical(cube.data)
        assert found.cube.data["time"].dtype == cube.data["time"].dtype
        assert replace(found.cube, data=cube.data) == cube
        assert found.cube.failures


def test_a_tile_has_the_same_name_without_its_archive(stored: Settings) -> None:
    order, recipe, tile, cube = first_tile(stored)
    store_cube(recipe, tile, cube, stored, JOB)
    with stored_cube(tile, stored, JOB) as found:
        again = read_recipe(order, stored, without_archive(FAKE_DEPENDENCIES, found.archive))
    assert again.key(tile, recipe.mask(tile)) == recipe.key(tile, recipe.mask(tile))
    assert again.options == recipe.options


def test_radar_with_two_directions_and_weather_keep_their_axes(stored: Settings) -> None:
    _, recipe, tile, cube = first_tile(stored)
    days = np.array(["2022-03-01", "2022-03-01"], "datetime64[ns]")
    orbit = ("time_s1", np.array([1, 2], np.int8), {"flag_meanings": "ascending descending"})
    radar = np.random.default_rng(1).normal(-12, 3, (2, *cube.shape_yx)).astype(np.float32)
    radar[0, 3] = np.nan
    data = cube.data.assign_coords({"time_s1": days, "orbit_s1": orbit})
    data = data.assign({"VV": (("time_s1", "y", "x"), radar), "temperature_2m": (("time_s1",), radar[:, 0, 0])})
    data.attrs["backscatter"] = "gamma0_rtc"
    store_cube(recipe, tile, replace(cube, data=data), stored, JOB)
    with stored_cube(tile, stored, JOB) as found:
        assert found.cube.data.identical(data)


def test_a_cube_without_a_scene_is_stored_as_well(stored: Settings) -> None:
    _, recipe, tile, cube = first_tile(stored)
    empty = replace(cube, data=xr.Dataset(attrs=cube.data.attrs))
    store_cube(recipe, tile, empty, stored, JOB)
    with stored_cube(tile, stored, JOB) as found:
        assert found.cube.data.identical(empty.data)


def test_a_large_cube_is_read_where_it_is_indexed(stored: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_cubes, "EAGER_BYTES", 1000)
    _, recipe, tile, cube = first_tile(stored)
    store_cube(recipe, tile, cube, stored, JOB)
    with stored_cube(tile, stored, JOB) as found:
        assert not found.cube.data["B04"].variable._in_memory
        assert np.array_equal(found.cube.rows(slice(5, 9)).ndvi(), cube.ndvi()[:, 5:9], equal_nan=True)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_cube_is_removed_and_said_to_be_missing(
    stored: Settings, damage: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    _, recipe, tile, cube = first_tile(stored)
    store_cube(recipe, tile, cube, stored, JOB)
    key, store = cube_key(tile, JOB), open_store(stored)
    good = store.fetch(key, tmp_path / "good")
    assert good
    bad = tmp_path / "bad.cube"
    bad.write_bytes(damage(good.read_bytes()))
    store.put(bad, key)
    for reason in ("is damaged", "is not there"):
        with pytest.raises(CubeMissing, match=reason), stored_cube(tile, stored, JOB):
            pass
    assert store.fetch(key, tmp_path / "gone") is None


def test_a_cube_of_another_version_is_missing(stored: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    _, recipe, tile, cube = first_tile(stored)
    with monkeypatch.context() as older:
        older.setattr(stored_cubes, "FORMAT", 0)
        store_cube(recipe, tile, cube, stored, JOB)
    with pytest.raises(CubeMissing, match="another version"), stored_cube(tile, stored, JOB):
        pass


def test_nothing_is_left_of_a_cube_that_nobody_needs(stored: Settings) -> None:
    _, recipe, tile, cube = first_tile(stored)
    store_cube(recipe, tile, cube, stored, JOB)
    with stored_cube(tile, stored, JOB):
        pass
    remove_cube(tile, stored, JOB)
    remove_cube(tile, stored, JOB)
    assert [p for p in (stored.home / "work").rglob("*") if p.is_file()] == []
    assert open_store(stored).fetch(cube_key(tile, JOB), stored.home) is None

"""The cache of scene tiles: found again, bounded, never torn."""

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from core.errors import ReadFailed
from core.grid import Grid, Window
from ingest.archive import Scene
from ingest.build.cache import SceneTileCache, StoredSceneTile, scene_key
from ingest.preprocess.prepare import Preparation, Prepared
from tests.ingest.fake_archive import FakeArchive

TILE = Grid(crs="EPSG:32632", tile_size=200).tile(300, 2790)
SCENE = Scene(scene_id="a", time=datetime(2021, 4, 1, 10, tzinfo=UTC), sensor="s2", version="1")
ALL = (slice(0, 200), slice(0, 200))


def prepared(seed: int = 1, bands: tuple[str, ...] = ("B04", "B08")) -> Prepared:
    values = np.random.default_rng(seed).uniform(-0.1, 1.2, (len(bands), 200, 200)).astype(np.float32)
    values[:, :3, 5] = np.nan
    return Prepared(values=dict(zip(bands, values, strict=True)), notes=("seen",))


def new_cache(folder: Path, limit_bytes: int = 10**9) -> SceneTileCache:
    return SceneTileCache(folder / "scene-tiles", limit_bytes=limit_bytes)


def window() -> Window:
    return TILE.window


def test_reflectance_comes_back_to_half_a_digital_number_and_unseen_stays_unseen(tmp_path: Path) -> None:
    given = prepared()
    scene_tile = new_cache(tmp_path).put("x", given, window())
    block = scene_tile.read(["B08", "B04"], *ALL)
    np.testing.assert_allclose(block[1], given.values["B04"], atol=5.1e-5)
    np.testing.assert_allclose(block[0], given.values["B08"], atol=5.1e-5)
    assert scene_tile.notes == ("seen",)
    assert scene_tile.window == window()


def test_radar_comes_back_as_it_was(tmp_path: Path) -> None:
    given = prepared(bands=("VV", "VH"))
    scene_tile = new_cache(tmp_path).put("x", given, window())
    np.testing.assert_array_equal(scene_tile.read(["VV"], *ALL)[0], given.values["VV"])


def test_reading_a_part_gives_that_part_of_the_whole(tmp_path: Path) -> None:
    scene_tile = new_cache(tmp_path).put("x", prepared(), window())
    part = scene_tile.read(["B04"], slice(120, 140), slice(3, 130))
    np.testing.assert_array_equal(part, scene_tile.read(["B04"], *ALL)[:, 120:140, 3:130])


def test_another_process_finds_the_scene_tile_and_fewer_bands_are_enough(tmp_path: Path) -> None:
    new_cache(tmp_path).put("x", prepared(), window())
    again = new_cache(tmp_path)
    assert again.find("x", ["B08"]) is not None
    assert again.find("x", ["B08", "B11"]) is None
    assert again.find("y", ["B08"]) is None


def test_what_changes_the_pixels_changes_the_key() -> None:
    archive, how = FakeArchive(), Preparation()
    keys = {
        scene_key(archive, SCENE, TILE, how),
        scene_key(archive, replace(SCENE, version="2"), TILE, how),
        scene_key(archive, SCENE, TILE.grid.tile(301, 2790), how),
        scene_key(archive, SCENE, TILE, Preparation(dilation_m=60.0)),
        scene_key(FakeArchive(name="other"), SCENE, TILE, how),
    }
    assert len(keys) == 5
    assert scene_key(archive, SCENE, TILE, how) in keys


def test_the_least_recently_used_goes_first_and_the_size_stays_below_the_limit(tmp_path: Path) -> None:
    size = new_cache(tmp_path / "one").put("x", prepared(), window()).path
    one = sum(f.stat().st_size for f in size.rglob("*") if f.is_file())
    cache = new_cache(tmp_path, limit_bytes=int(3.5 * one))
    for number in range(3):
        cache.put(f"s{number}", prepared(number), window())
        time.sleep(0.01)
    cache._touch(next(iter(_keys(cache, "s0"))), used=0.0)
    cache.put("s3", prepared(3), window())
    assert cache.find("s1", ["B04"]) is None
    assert cache.find("s0", ["B04"]) is not None
    assert cache.find("s3", ["B04"]) is not None
    assert cache.size_bytes() <= 3.5 * one
    assert len(list((tmp_path / "scene-tiles").glob("*/*.zarr"))) < 4


def _keys(cache: SceneTileCache, scene: str) -> list[str]:
    with cache._index() as index:
        return [k for (k,) in index.execute("SELECT key FROM scene_tiles WHERE scene = ?", (scene,))]


def test_a_scene_tile_that_is_removed_while_it_is_read_is_an_error_and_not_nodata(tmp_path: Path) -> None:
    cache = new_cache(tmp_path)
    scene_tile = cache.put("x", prepared(), window())
    shutil.rmtree(scene_tile.path)
    with pytest.raises(ReadFailed, match="cache"):
        scene_tile.read(["B04"], *ALL)
    assert cache.find("x", ["B04"]) is None


def shard_of(scene_tile: StoredSceneTile) -> Path:
    return max((f for f in scene_tile.path.rglob("*") if f.is_file()), key=lambda f: f.stat().st_size)


@pytest.mark.parametrize("length", [None, 0, 1, 100, 20_000])
def test_a_scene_tile_that_is_cut_or_incomplete_is_read_anew(tmp_path: Path, length: int | None) -> None:
    cache = new_cache(tmp_path)
    scene_tile = cache.put("x", prepared(), window())
    before, shard = scene_tile.read(["B04"], *ALL), shard_of(scene_tile)
    if length is None:
        shard.unlink()
    else:
        os.truncate(shard, length)
    assert cache.find("x", ["B04"]) is None
    np.testing.assert_array_equal(cache.put("x", prepared(), window()).read(["B04"], *ALL), before)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.9, 0.9999])
def test_a_scene_tile_that_was_changed_is_an_error_once_and_then_read_anew(tmp_path: Path, share: float) -> None:
    cache = new_cache(tmp_path)
    scene_tile = cache.put("x", prepared(), window())
    shard = shard_of(scene_tile)
    content = bytearray(shard.read_bytes())
    content[int(share * len(content))] ^= 1
    shard.write_bytes(content)
    found = cache.find("x", ["B04"])
    assert found is not None
    with pytest.raises(ReadFailed, match="damaged"):
        found.read(["B04", "B08"], *ALL)
    assert cache.find("x", ["B04"]) is None
    cache.put("x", prepared(), window()).read(["B04", "B08"], *ALL)


def test_nothing_half_written_is_ever_found(tmp_path: Path) -> None:
    cache = new_cache(tmp_path)
    (tmp_path / "scene-tiles" / "aside" / "left").mkdir()
    os.utime(tmp_path / "scene-tiles" / "aside" / "left", (1, 1))
    new_cache(tmp_path)
    assert not list((tmp_path / "scene-tiles" / "aside").iterdir())
    assert cache.find("x", []) is None


def test_many_threads_may_write_the_same_scene_tile(tmp_path: Path) -> None:
    cache = new_cache(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        scene_tiles = list(pool.map(lambda _: cache.put("x", prepared(), window()), range(8)))
    assert len({p.path for p in scene_tiles}) == 1
    assert len(_keys(cache, "x")) == 1
    assert not list((tmp_path / "scene-tiles" / "aside").iterdir())


def test_the_mask_that_was_used_is_kept(tmp_path: Path) -> None:
    cache = new_cache(tmp_path)
    stored = cache.put("scene", replace(prepared(), mask="SCL"), window())
    found = cache.find("scene", ["B04"])
    assert found is not None
    assert (stored.mask, found.mask) == ("SCL", "SCL")

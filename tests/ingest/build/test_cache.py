"""The cache of plates: found again, bounded, never torn."""

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
from ingest.build.cache import Store, scene_key
from ingest.preprocess.prepare import Preparation, Prepared
from tests.ingest.fake_archive import FakeArchive

TILE = Grid(crs="EPSG:32632", tile_size=200).tile(300, 2790)
SCENE = Scene(scene_id="a", time=datetime(2021, 4, 1, 10, tzinfo=UTC), sensor="s2", version="1")
ALL = (slice(0, 200), slice(0, 200))


def prepared(seed: int = 1, bands: tuple[str, ...] = ("B04", "B08")) -> Prepared:
    values = np.random.default_rng(seed).uniform(-0.1, 1.2, (len(bands), 200, 200)).astype(np.float32)
    values[:, :3, 5] = np.nan
    return Prepared(values=dict(zip(bands, values, strict=True)), notes=("seen",))


def store(folder: Path, limit_bytes: int = 10**9) -> Store:
    return Store(folder / "plates", limit_bytes=limit_bytes)


def window() -> Window:
    return TILE.window


def test_reflectance_comes_back_to_half_a_digital_number_and_unseen_stays_unseen(tmp_path: Path) -> None:
    given = prepared()
    plate = store(tmp_path).put("x", given, window())
    block = plate.block(["B08", "B04"], *ALL)
    np.testing.assert_allclose(block[1], given.values["B04"], atol=5.1e-5)
    np.testing.assert_allclose(block[0], given.values["B08"], atol=5.1e-5)
    assert plate.notes == ("seen",)
    assert plate.window == window()


def test_radar_comes_back_as_it_was(tmp_path: Path) -> None:
    given = prepared(bands=("VV", "VH"))
    plate = store(tmp_path).put("x", given, window())
    np.testing.assert_array_equal(plate.block(["VV"], *ALL)[0], given.values["VV"])


def test_a_part_is_the_part_of_the_whole(tmp_path: Path) -> None:
    plate = store(tmp_path).put("x", prepared(), window())
    part = plate.block(["B04"], slice(120, 140), slice(3, 130))
    np.testing.assert_array_equal(part, plate.block(["B04"], *ALL)[:, 120:140, 3:130])


def test_another_process_finds_the_plate_and_fewer_bands_are_enough(tmp_path: Path) -> None:
    store(tmp_path).put("x", prepared(), window())
    again = store(tmp_path)
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
    size = store(tmp_path / "one").put("x", prepared(), window()).path
    one = sum(f.stat().st_size for f in size.rglob("*") if f.is_file())
    cache = store(tmp_path, limit_bytes=int(3.5 * one))
    for number in range(3):
        cache.put(f"s{number}", prepared(number), window())
        time.sleep(0.01)
    cache._touch(next(iter(_keys(cache, "s0"))), used=0.0)
    cache.put("s3", prepared(3), window())
    assert cache.find("s1", ["B04"]) is None
    assert cache.find("s0", ["B04"]) is not None
    assert cache.find("s3", ["B04"]) is not None
    assert cache.size_bytes() <= 3.5 * one
    assert len(list((tmp_path / "plates").glob("*/*.zarr"))) < 4


def _keys(cache: Store, scene: str) -> list[str]:
    with cache._index() as index:
        return [k for (k,) in index.execute("SELECT key FROM plates WHERE scene = ?", (scene,))]


def test_a_plate_that_is_removed_while_it_is_read_is_an_error_and_not_nodata(tmp_path: Path) -> None:
    cache = store(tmp_path)
    plate = cache.put("x", prepared(), window())
    shutil.rmtree(plate.path)
    with pytest.raises(ReadFailed, match="cache"):
        plate.block(["B04"], *ALL)
    assert cache.find("x", ["B04"]) is None


def test_a_damaged_plate_is_an_error(tmp_path: Path) -> None:
    plate = store(tmp_path).put("x", prepared(), window())
    shard = max((f for f in plate.path.rglob("*") if f.is_file()), key=lambda f: f.stat().st_size)
    os.truncate(shard, shard.stat().st_size // 2)
    with pytest.raises(ReadFailed, match="damaged"):
        plate.block(["B04"], *ALL)


def test_nothing_half_written_is_ever_found(tmp_path: Path) -> None:
    cache = store(tmp_path)
    (tmp_path / "plates" / "aside" / "left").mkdir()
    os.utime(tmp_path / "plates" / "aside" / "left", (1, 1))
    store(tmp_path)
    assert not list((tmp_path / "plates" / "aside").iterdir())
    assert cache.find("x", []) is None


def test_many_threads_may_write_the_same_plate(tmp_path: Path) -> None:
    cache = store(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        plates = list(pool.map(lambda _: cache.put("x", prepared(), window()), range(8)))
    assert len({p.path for p in plates}) == 1
    assert len(_keys(cache, "x")) == 1
    assert not list((tmp_path / "plates" / "aside").iterdir())

"""Scene tiles put into time steps, and stacks of time steps read by index."""

from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from xarray.core import indexing

from core.bands import Floats
from core.grid import Window
from ingest.build.scene_tile import MemorySceneTile, Stack, TimeStep

WINDOW = Window(crs="EPSG:32632", transform=Affine(10, 0, 600_000, 0, -10, 5_600_000), shape_yx=(4, 6))


def numbers(start: float, shape_yx: tuple[int, int] = (4, 6)) -> Floats:
    rows, columns = np.indices(shape_yx)
    return (start + 0.1 * rows + 0.01 * columns).astype(np.float32)


def moved(down: int, right: int, shape_yx: tuple[int, int] = (4, 6)) -> Window:
    return replace(WINDOW, transform=WINDOW.transform * Affine.translation(right, down), shape_yx=shape_yx)


def filled(step: TimeStep, bands: list[str], window: Window = WINDOW, **options: object) -> Floats:
    out = np.full((len(bands), *window.shape_yx), np.nan, np.float32)
    step.fill(out, bands, window, options.get("wanted"))  # type: ignore[arg-type]
    return out


def step_of(*scene_tiles: MemorySceneTile, day: int = 18_000) -> TimeStep:
    return TimeStep(day=day, orbit="", scene_tiles=scene_tiles)


def test_the_first_clear_value_of_a_pixel_counts() -> None:
    first, second = numbers(0.1), numbers(0.5)
    first[1, 2] = np.nan
    tiles = [MemorySceneTile(window=WINDOW, values={"B04": v}) for v in (first, second)]
    found = filled(step_of(*tiles), ["B04"])[0]
    assert found[1, 2] == second[1, 2]
    assert found[1, 3] == first[1, 3]


def test_a_scene_tile_that_lies_elsewhere_fills_its_own_part_alone() -> None:
    values = numbers(0.1)
    tile = MemorySceneTile(window=moved(-1, 2), values={"B04": values})
    found = filled(step_of(tile), ["B08", "B04"])
    np.testing.assert_array_equal(found[1, :3, 2:], values[1:, :4])
    assert np.isnan(found[1, 3]).all()
    assert np.isnan(found[1, :, :2]).all()
    assert np.isnan(found[0]).all()
    beyond = MemorySceneTile(window=moved(4, 0), values={"B04": values})
    assert np.isnan(filled(step_of(beyond), ["B04"])).all()


def test_pixels_that_are_not_wanted_are_nan_and_radar_is_in_db() -> None:
    wanted = np.zeros((4, 6), bool)
    wanted[2, 5] = True
    tile = MemorySceneTile(window=WINDOW, values={"VV": np.full((4, 6), 0.01, np.float32)})
    found = filled(step_of(tile), ["VV"], wanted=wanted)[0]
    assert found[2, 5] == pytest.approx(-20)
    assert np.isfinite(found).sum() == 1


@pytest.mark.parametrize(
    "key",
    [
        (slice(0, 1), slice(None), slice(1, 3), slice(2, 5)),
        (0, 1, slice(None), 4),
        (slice(None), slice(0, 1), 2, slice(None)),
        (1, slice(None), slice(None), slice(None)),
    ],
)
def test_a_stack_gives_at_any_index_what_the_whole_holds(key: tuple[int | slice, ...]) -> None:
    held = [{"B04": numbers(0.1 * n), "B08": numbers(0.2 * n)} for n in range(3)]
    steps = [step_of(MemorySceneTile(window=WINDOW, values=v), day=18_000 + n) for n, v in enumerate(held)]
    stack = Stack(steps, ["B04", "B08"], WINDOW, None)
    assert (stack.shape, stack.dtype) == ((2, 3, 4, 6), np.float32)
    whole = np.stack([[v[b] for v in held] for b in ("B04", "B08")])
    np.testing.assert_array_equal(stack[indexing.BasicIndexer(key)], whole[key])
    np.testing.assert_array_equal(stack.band("B08")[indexing.BasicIndexer(key[1:])].get_duck_array(), whole[1][key[1:]])

"""Blocks of a lattice: the same for every window, whole where they are read."""

import itertools

import numpy as np
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from core.grid import Window
from products.blocks import BLOCK_EDGE, blocks, in_whole_blocks, inside, strips, whole_blocks

offsets = st.integers(-70, 70)
sizes = st.integers(1, 90)
remainders = st.sampled_from([0.0, 2.5, 7.0])


def window(column: int, row: int, shape_yx: tuple[int, int], remainder: float = 0.0) -> Window:
    west, north = 10.0 * column + remainder, 10.0 * row + remainder
    return Window(crs="EPSG:32631", transform=Affine(10, 0, west, 0, -10, north), shape_yx=shape_yx)


def block_numbers(part: Window) -> np.ndarray:
    """Return (Y, X) a number that names the block of each pixel, from its centre."""
    x, y = part.centres()
    edge = BLOCK_EDGE * part.resolution_m
    remainder = part.bounds[0] % part.resolution_m
    column, row = np.floor((x - remainder) / edge).astype(int), np.floor((y - remainder) / edge).astype(int)
    return 1000 * row[:, None] + column


@given(column=offsets, row=offsets, height=sizes, width=sizes, remainder=remainders)
def test_blocks_cover_a_window_once_and_depend_on_the_lattice_alone(
    column: int, row: int, height: int, width: int, remainder: float
) -> None:
    part = window(column, row, (height, width), remainder)
    numbers, covered = block_numbers(part), np.zeros((height, width), int)
    found = []
    for rows, columns in blocks(part):
        covered[rows, columns] += 1
        (number,) = np.unique(numbers[rows, columns])
        found.append(number)
    assert (covered == 1).all()
    assert len(set(found)) == len(found)


@given(column=offsets, row=offsets, height=sizes, width=sizes)
def test_whole_blocks_are_the_least_that_hold_a_window(column: int, row: int, height: int, width: int) -> None:
    part = window(column, row, (height, width))
    whole = whole_blocks(part)
    assert all(number % BLOCK_EDGE == 0 for number in whole.shape_yx)
    assert all(np.ptp(block) + 1 == BLOCK_EDGE for pair in blocks(whole) for block in _ranges(pair))
    place = inside(part, whole)
    np.testing.assert_array_equal(block_numbers(whole)[place], block_numbers(part))
    assert set(np.unique(block_numbers(whole))) == set(np.unique(block_numbers(part)))


def _ranges(pair: tuple[slice, slice]) -> list[range]:
    return [range(part.start, part.stop) for part in pair]


@given(column=offsets, row=offsets, seed=st.integers(0, 5))
def test_blocks_without_a_pixel_of_the_region_are_not_read(column: int, row: int, seed: int) -> None:
    part = window(column, row, (50, 40))
    mask = np.random.default_rng(seed).random((50, 40)) < 0.001
    whole, wanted = in_whole_blocks(part, mask)
    touched = set(np.unique(block_numbers(part)[mask]))
    np.testing.assert_array_equal(wanted, np.isin(block_numbers(whole), list(touched)))


@given(row=offsets, height=sizes, most=st.integers(1, 100))
def test_strips_cut_no_block(row: int, height: int, most: int) -> None:
    part = window(0, row, (height, 3))
    numbers = block_numbers(part)[:, 0]
    found = strips(part, most)
    assert [r for s in found for r in range(s.start, s.stop)] == list(range(height))
    assert all(s.stop - s.start <= max(most, BLOCK_EDGE) for s in found)
    seen = [set(numbers[s]) for s in found]
    assert not any(one & two for one, two in itertools.pairwise(seen))


def test_a_tile_of_the_usual_size_is_made_of_whole_blocks() -> None:
    tile = window(128 * 3, 128 * 5, (128, 128))
    assert whole_blocks(tile) == tile

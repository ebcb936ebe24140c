"""Pixels of one raster put onto a window."""

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from core.grid import Window
from ingest.io.resampling import find_span, interpolate, nearest, place_parallel, place_projected, projection

ROWS, COLUMNS = 30, 41
CORNER = (600_000.0, 5_600_000.0)
VALUES = np.random.default_rng(5).normal(0.3, 0.1, (ROWS, COLUMNS)).astype(np.float32)
VALUES[7:9, 11:15] = np.nan
RASTERS = {
    "of half the size": Affine(5, 0, CORNER[0], 0, -5, CORNER[1]),
    "of the same size, shifted": Affine(10, 0, CORNER[0] + 3.7, 0, -10, CORNER[1] + 1.1),
    "of 1.5 times the size": Affine(15, 0, CORNER[0], 0, -15, CORNER[1]),
    "of twice the size": Affine(20, 0, CORNER[0], 0, -20, CORNER[1]),
    "a third as large": Affine(10 / 3, 0, CORNER[0], 0, -10 / 3, CORNER[1]),
}


def window(row: int, column: int, rows: int, columns: int) -> Window:
    corner = Affine(10, 0, CORNER[0] + 10 * column, 0, -10, CORNER[1] - 10 * row)
    return Window(crs="EPSG:32632", transform=corner, shape_yx=(rows, columns))


def resampled(move: Affine, at: Window, values: np.ndarray = VALUES) -> np.ndarray:
    placement = place_parallel(at, move)
    span = find_span(placement, values.shape)
    inside = span.inside(values.shape)
    return interpolate(span.put(values[inside], inside, np.nan), placement, span)


@pytest.mark.parametrize("name", RASTERS)
@settings(max_examples=20)
@given(row=st.integers(-9, 60), column=st.integers(-9, 80), rows=st.integers(1, 30), columns=st.integers(1, 30))
def test_a_pixel_does_not_depend_on_how_the_window_was_cut(
    name: str, row: int, column: int, rows: int, columns: int
) -> None:
    whole = resampled(RASTERS[name], window(-10, -10, 110, 130))
    part = resampled(RASTERS[name], window(row, column, rows, columns))
    expected = whole[row + 10 : row + 10 + rows, column + 10 : column + 10 + columns]
    np.testing.assert_array_equal(part, expected, strict=True)


def test_a_plane_is_interpolated_exactly() -> None:
    plane = (np.arange(ROWS)[:, None] * 3 + np.arange(COLUMNS)[None]).astype(np.float32)
    found = resampled(RASTERS["of twice the size"], window(2, 2, 20, 30), plane)
    rows, columns = (np.arange(2, 22) + 0.5) / 2 - 0.5, (np.arange(2, 32) + 0.5) / 2 - 0.5
    np.testing.assert_allclose(found, rows[:, None] * 3 + columns[None], atol=1e-5)


def test_finer_pixels_are_averaged() -> None:
    found = resampled(RASTERS["of half the size"], window(0, 0, 3, 5))
    np.testing.assert_allclose(found, VALUES[:6, :10].reshape(3, 2, 5, 2).mean(axis=(1, 3)), rtol=1e-6)


def test_no_data_takes_no_part_and_does_not_grow() -> None:
    values = np.full((ROWS, COLUMNS), 0.5, np.float32)
    values[4:6, 5:9] = np.nan
    found = resampled(RASTERS["of twice the size"], window(0, 0, 40, 60), values)
    assert set(np.unique(found[np.isfinite(found)])) == {np.float32(0.5)}
    hidden = np.zeros((40, 60), bool)
    hidden[8:12, 10:18] = True
    np.testing.assert_array_equal(np.isnan(found), hidden)


def test_beyond_the_raster_there_is_nothing() -> None:
    found = resampled(RASTERS["of twice the size"], window(-3, -4, 8, 8))
    np.testing.assert_array_equal(np.isfinite(found), np.outer(np.arange(8) >= 3, np.arange(8) >= 4))
    assert np.isnan(resampled(RASTERS["of twice the size"], window(5000, 0, 4, 4))).all()


def test_codes_are_taken_from_the_pixel_in_which_the_centre_lies() -> None:
    codes = np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS).astype(np.uint16)
    at = window(-1, 0, 5, 4)
    placement = place_parallel(at, RASTERS["of twice the size"])
    span = find_span(placement, codes.shape)
    inside = span.inside(codes.shape)
    found = nearest(span.put(codes[inside], inside, 9999), placement, span, fill=9999)
    np.testing.assert_array_equal(found[0], 9999)
    np.testing.assert_array_equal(found[1:], np.kron(codes[:2, :2], np.ones((2, 2), int)))


def test_nodes_between_utm_zones_are_close_enough() -> None:
    at = window(0, 0, 200, 300)
    project = projection("EPSG:32632", "EPSG:32633")
    placement = place_projected(at, project)
    x, y = np.meshgrid(*at.centres())
    columns, rows = project(x, y)
    assert np.abs(placement.rows - rows).max() < 0.01
    assert np.abs(placement.columns - columns).max() < 0.01

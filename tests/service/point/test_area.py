"""Pixels of an area."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from shapely.geometry import Polygon, box

from core.errors import InvalidOption
from core.grid import Window
from core.job import Job, JobState, Order
from core.product import Layer, Raster
from core.region import Region, reproject
from core.settings import Settings
from outputs.cog import write_cog
from service.point import area
from service.point.area import read_block

WINDOW = Window(crs="EPSG:32632", transform=Affine(10, 0, 600_000, 0, -10, 5_320_000), shape_yx=(30, 40))
JOB = Job(
    id="j",
    order=Order(product="crop", region={}, archive="", model="", params={}),
    state=JobState.SUCCESSFUL,
    created="",
    updated="",
)


@pytest.fixture
def result(settings: Settings) -> Settings:
    """A result of two layers of int16 that stand for hundredths, the pixel of row 2 and column 3 unseen in both."""
    layers = tuple(Layer(name=name, description="", dtype="int16") for name in ("a", "b"))
    pixels = np.arange(2 * 30 * 40, dtype=np.int16).reshape(2, 30, 40)
    pixels[:, 2, 3] = -32768
    path = settings.home / "jobs" / "j" / "crop.tif"
    path.parent.mkdir(parents=True)
    write_cog(Raster(layers=layers, pixels=pixels, window=WINDOW, nodata=-32768.0), path, {})
    return settings


def scale(settings: Settings) -> None:
    path: Path = settings.home / "jobs" / "j" / "crop.tif"
    with rasterio.open(path, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as raster:
        raster.scales = [0.01, 0.01]


def in_degrees(shape: Polygon) -> Region:
    return Region(geometry=reproject(shape, WINDOW.crs, "EPSG:4326"))


def rows_and_columns(first_row: int, last_row: int, first: int, last: int) -> Region:
    """Return a rectangle a little larger than the middles of some pixels."""
    west, north = 600_000 + 10 * first + 3, 5_320_000 - 10 * first_row - 3
    return in_degrees(box(west, 5_320_000 - 10 * last_row - 7, 600_000 + 10 * last + 7, north))


def test_an_area_has_the_pixels_whose_middle_lies_in_it(result: Settings) -> None:
    found = read_block(result, JOB, rows_and_columns(1, 2, 3, 5), {"b"})
    assert found is not None
    assert [layer.name for layer in found.layers] == ["b"]
    expected = 1200 + np.array([[43.0, 44, 45], [np.nan, 84, 85]])
    np.testing.assert_array_equal(found.values[0], expected)
    assert found.window.transform * (0, 0) == (600_030, 5_319_990)


def test_stored_numbers_are_multiplied_by_their_scale(result: Settings) -> None:
    scale(result)
    found = read_block(result, JOB, rows_and_columns(1, 2, 3, 5), {"a"})
    assert found is not None
    np.testing.assert_allclose(found.values[0], [[0.43, 0.44, 0.45], [np.nan, 0.84, 0.85]])


def test_pixels_outside_a_triangle_are_nan(result: Settings) -> None:
    corner = Polygon([(600_100, 5_319_900), (600_200, 5_319_900), (600_100, 5_319_800)])
    found = read_block(result, JOB, in_degrees(corner), {"a"})
    assert found is not None
    assert np.isnan(found.values[0, -1, -1])
    assert np.isfinite(found.values[0, 0, 0])


def test_an_area_beyond_the_raster_has_what_lies_in_it_or_nothing(result: Settings) -> None:
    found = read_block(result, JOB, in_degrees(box(599_000, 5_319_982, 600_008, 5_321_000)), {"a"})
    assert found is not None
    np.testing.assert_array_equal(found.values[0], [[0.0], [40.0]])
    assert read_block(result, JOB, in_degrees(box(500_000, 5_319_980, 500_100, 5_320_000)), {"a"}) is None


def test_more_values_than_an_answer_may_have_are_refused(result: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(area, "MOST_VALUES", 11)
    with pytest.raises(InvalidOption, match="3 x 2 pixels of 2 layers"):
        read_block(result, JOB, rows_and_columns(1, 2, 3, 5), {"a", "b"})

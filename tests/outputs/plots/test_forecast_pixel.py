"""The plot of one pixel's forecast: which pixel it is, and its numbers."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from PIL import Image
from pyproj import Transformer
from shapely.geometry import box

from core.cube import Cube
from core.region import Region
from core.timeline import to_day, to_times
from outputs.cog import RasterFile, open_cog, write_cog
from outputs.plots.forecast_pixel import choose_pixel, pixel_window, read_pixel, write_plot
from tests.outputs.rasters import DATES, WINDOW, forecast, origin

REGION = Region(geometry=box(*WINDOW.footprint_wgs84.bounds))


@pytest.fixture
def raster(tmp_path: Path) -> RasterFile:
    """A forecast whose clear count is 9 in three pixels, and whose layers have meaningless names."""
    given = forecast()
    count = np.full(WINDOW.shape_yx, 3, np.float32)
    count[[5, 33, 69], [80, 47, 2]] = 9
    count[0, 0] = np.nan
    pixels = given.pixels.copy()
    pixels[-1] = count
    layers = tuple(replace(v, name=f"band {n}") for n, v in enumerate(given.layers))
    write_cog(replace(given, layers=layers, pixels=pixels), tmp_path / "map.tif", {})
    return open_cog(tmp_path / "map.tif")


def test_the_pixel_is_one_of_the_best_seen_the_nearest_to_the_centre(raster: RasterFile) -> None:
    assert choose_pixel(raster, REGION) == (33, 47)


def test_the_numbers_are_those_of_the_pixel_by_date_and_quantile(raster: RasterFile) -> None:
    found = read_pixel(raster, 33, 47, date(2022, 4, 30))
    pixels = forecast().pixels[:, 33, 47]
    np.testing.assert_array_equal(found.quantiles, pixels[:10].reshape(2, 5))
    np.testing.assert_array_equal(found.climatology, pixels[20:22])
    assert found.target_days.tolist() == [to_day(date.fromisoformat(d)) for d in DATES]
    move = Transformer.from_crs("EPSG:4326", WINDOW.crs, always_xy=True)
    x, y = WINDOW.centres()
    assert move.transform(found.longitude, found.latitude) == pytest.approx((x[47], y[33]), abs=1e-3)


def test_the_window_of_a_pixel_lies_in_its_place() -> None:
    assert pixel_window(WINDOW, 33, 47).offset_in(WINDOW) == (33, 47)
    assert pixel_window(WINDOW, 33, 47).shape_yx == (1, 1)


def test_a_plot_is_drawn_with_and_without_a_history(raster: RasterFile, tmp_path: Path) -> None:
    window = pixel_window(WINDOW, 33, 47)
    days = np.array([18_900, 19_000, 19_200], np.int32)
    data = xr.Dataset(
        {"NDVI": (("time", "y", "x"), np.array([0.2, np.nan, 0.7], np.float32)[:, None, None])},
        coords={"time": to_times(days)},
    )
    seen = Cube(data=data, window=window, archive="test")
    unseen = Cube(data=xr.Dataset(), window=window, archive="test")
    found = read_pixel(raster, 33, 47, date(2022, 4, 30))
    for name, history in (("a.png", seen), ("b.png", unseen)):
        write_plot(found, history, origin(), tmp_path / name)
    with Image.open(tmp_path / "a.png") as one, Image.open(tmp_path / "b.png") as other:
        assert one.size == other.size == (1500, 690)
        assert np.any(np.asarray(one) != np.asarray(other))

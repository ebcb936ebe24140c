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
from core.forecast import QUANTILES
from core.region import Region
from core.timeline import to_day, to_times
from outputs.cog import RasterFile, open_cog, write_cog
from outputs.plots.forecast_pixel import choose_pixel, draw_plot, pixel_window, read_pixel, write_plot
from tests.outputs.rasters import DATES, WINDOW, forecast, origin

SEEN = ["clear observations", "later observations, not used"]
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
    assert list(found.quantiles) == list(QUANTILES)
    np.testing.assert_array_equal(np.transpose(list(found.quantiles.values())), pixels[:10].reshape(2, 5))
    assert found.target_days.tolist() == [to_day(date.fromisoformat(d)) for d in DATES]
    move = Transformer.from_crs("EPSG:4326", WINDOW.crs, always_xy=True)
    x, y = WINDOW.centres()
    assert move.transform(found.longitude, found.latitude) == pytest.approx((x[47], y[33]), abs=1e-3)


def test_the_window_of_a_pixel_lies_in_its_place() -> None:
    assert pixel_window(WINDOW, 33, 47).offset_in(WINDOW) == (33, 47)
    assert pixel_window(WINDOW, 33, 47).shape_yx == (1, 1)


@pytest.mark.parametrize(
    ("shares", "is_seen", "drawn"),
    [
        (QUANTILES, True, [*SEEN, "90 % band", "50 % band", "median", "climatology"]),
        (QUANTILES, False, ["90 % band", "50 % band", "median"]),
        ((0.05, 0.5, 0.95), True, [*SEEN, "90 % band", "median", "climatology"]),
        ((0.5,), False, ["median"]),
    ],
)
def test_a_plot_has_what_the_forecast_and_the_history_have(
    raster: RasterFile, history: Cube, shares: tuple[float, ...], is_seen: bool, drawn: list[str]
) -> None:
    whole = read_pixel(raster, 33, 47, date(2022, 4, 30))
    found = replace(whole, quantiles={q: whole.quantiles[q] for q in shares})
    past = history if is_seen else replace(history, data=xr.Dataset())
    (axes,) = draw_plot(found, past, origin()).axes
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == drawn


@pytest.fixture
def history() -> Cube:
    """A clear observation before the issue date, and one after it."""
    window = pixel_window(WINDOW, 33, 47)
    days = np.array([18_900, 19_000, 19_200], np.int32)
    data = xr.Dataset(
        {"NDVI": (("time", "y", "x"), np.array([0.2, np.nan, 0.7], np.float32)[:, None, None])},
        coords={"time": to_times(days)},
    )
    return Cube(data=data, window=window, archive="test")


def test_a_plot_is_drawn_with_and_without_a_history(raster: RasterFile, history: Cube, tmp_path: Path) -> None:
    unseen = replace(history, data=xr.Dataset())
    found = read_pixel(raster, 33, 47, date(2022, 4, 30))
    for name, past in (("a.png", history), ("b.png", unseen)):
        write_plot(found, past, origin(), tmp_path / name)
    with Image.open(tmp_path / "a.png") as one, Image.open(tmp_path / "b.png") as other:
        assert one.size == other.size == (1500, 690)
        assert np.any(np.asarray(one) != np.asarray(other))

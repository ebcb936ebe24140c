"""Statistics of a raster under polygons, by hand."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from shapely.geometry import box

from core.product import Layer, LegendEntry
from service.statistics.measure import measure
from service.statistics.zones import Zone

CLASSES = Layer(
    name="class",
    description="Classes",
    legend=(LegendEntry(value=0, label="No", colour=(1, 2, 3)), LegendEntry(value=1, label="Yes", colour=(4, 5, 6))),
)
SHARE = Layer(name="p", description="Share", unit="%")


@pytest.fixture
def cog(tmp_path: Path) -> Path:
    """4 x 4 pixels of 10 m in an equal-area CRS; the last row is nodata."""
    path = tmp_path / "map.tif"
    pixels = np.array([[0, 0, 1, 1]] * 3 + [[255] * 4], np.uint8), np.arange(16, dtype=np.uint8).reshape(4, 4)
    pixels[1][3] = 255
    place = Affine(10, 0, 0, 0, -10, 40)
    with rasterio.open(path, "w", "GTiff", 4, 4, 2, "EPSG:3035", place, "uint8", 255) as out:
        out.write(np.stack(pixels))
        out.descriptions = ("class", "p")
    return path


def test_shares_of_pixels_and_nodata_are_counted_as_they_should(cog: Path) -> None:
    zones = [
        Zone(geometry=box(0, 0, 25, 40)),
        Zone(geometry=None, reason="It has none."),
        Zone(geometry=box(0, 0, 40, 9)),
    ]
    with rasterio.open(cog) as found:
        first, second, third = measure(found, (CLASSES, SHARE), zones)
    assert first["class"] == {
        "count": 7.5,
        "valid_share": 0.75,
        "area_ha": {"No": 0.06, "Yes": 0.015},
        "share": {"No": 0.8, "Yes": 0.2},
    }
    assert first["p"]["mean"] == pytest.approx((0 + 1 + 4 + 5 + 8 + 9 + (2 + 6 + 10) / 2) / 7.5, rel=1e-5)
    assert (first["p"]["min"], first["p"]["max"]) == (0, 10)
    assert second == {}
    assert (third["class"]["count"], third["class"]["share"]) == (0, {"No": None, "Yes": None})
    assert third["p"] == dict.fromkeys(("min", "max", "mean", "std", "median", "p25", "p75")) | {
        "count": 0,
        "valid_share": 0,
    }


def test_values_that_repeat_count_each_time_in_quantiles(tmp_path: Path) -> None:
    """A share that is 0 on all pixels but a few has a median of 0, whatever the few are."""
    path = tmp_path / "shares.tif"
    shares = np.zeros((1, 20, 20), np.uint8)
    shares[0, 0, :4] = (20, 40, 60, 80)
    with rasterio.open(path, "w", "GTiff", 20, 20, 1, "EPSG:32632", Affine(10, 0, 0, 0, -10, 200), "uint8", 255) as out:
        out.write(shares)
        out.descriptions = ("p",)
    whole, corner = Zone(geometry=box(0, 0, 200, 200)), Zone(geometry=box(0, 190, 60, 200))
    with rasterio.open(path) as found:
        over_all, of_row = (row["p"] for row in measure(found, (SHARE,), [whole, corner]))
    assert (over_all["p25"], over_all["median"], over_all["p75"], over_all["max"]) == (0, 0, 0, 80)
    assert (of_row["p25"], of_row["median"], of_row["p75"]) == (0, 20, 60)  # of 0, 0, 20, 40, 60, 80


@pytest.mark.parametrize("seed", range(5))
def test_quantiles_are_those_of_numpy_over_whole_pixels(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "values.tif"
    values = np.random.default_rng(seed).normal(size=(1, 9, 11)).round(1).astype(np.float32)
    with rasterio.open(
        path, "w", "GTiff", 11, 9, 1, "EPSG:32632", Affine(10, 0, 0, 0, -10, 90), "float32", "nan"
    ) as out:
        out.write(values)
        out.descriptions = ("p",)
    with rasterio.open(path) as found:
        (row,) = measure(found, (SHARE,), [Zone(geometry=box(0, 0, 110, 90))])
    right = np.quantile(values, (0.25, 0.5, 0.75), method="inverted_cdf")
    assert [row["p"][name] for name in ("p25", "median", "p75")] == pytest.approx(right.tolist(), abs=1e-6)


def test_areas_in_web_mercator_are_those_on_the_ground(tmp_path: Path) -> None:
    """Nine pixels of 45.92 m2, three of them of the second class."""
    place = Affine(10, 0, 1_000_000, 0, -10, 6_000_000)
    with rasterio.open(tmp_path / "map.tif", "w", "GTiff", 3, 3, 1, "EPSG:3857", place, "uint8", 255) as out:
        out.write(np.array([[[0, 0, 1]] * 3], np.uint8))
        out.descriptions = ("class",)
    with rasterio.open(tmp_path / "map.tif") as raster:
        (found,) = measure(raster, [CLASSES], [Zone(geometry=box(1_000_000, 5_999_970, 1_000_030, 6_000_000))])
    assert found["class"]["area_ha"] == {"No": pytest.approx(0.0276, abs=6e-5), "Yes": pytest.approx(0.0138, abs=6e-5)}
    assert (found["class"]["count"], found["class"]["valid_share"]) == (9, 1)

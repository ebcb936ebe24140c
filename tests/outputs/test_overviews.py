"""Overviews of known pixels: codes stay codes, probabilities and counts are means, in one file that stays a COG."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rio_cogeo.cogeo import cog_validate

from core.grid import Window
from core.product import Layer, LegendEntry, Raster, Variable
from outputs.cog import open_cog, write_cog
from outputs.overviews import resampling_of

LEGEND = tuple(LegendEntry(value=v, label=f"Class {v}", colour=(50 * v, 9, 7)) for v in (1, 2, 4))
LAYERS = (
    Layer(name="class", description="", variable=Variable.CLASS, legend=LEGEND, dtype="uint8"),
    Layer(name="p_two", description="", variable=Variable.PROBABILITY, unit="%", dtype="uint8"),
    Layer(name="class_after", description="", variable=Variable.CLASS, legend=LEGEND, dtype="uint8"),
    Layer(name="clear_count", description="", variable=Variable.CLEAR_COUNT, unit="count", dtype="uint8"),
    Layer(name="set", description="", variable=Variable.SET, dtype="uint8"),
)
SHAPE = (1100, 1300)
WINDOW = Window(crs="EPSG:32632", transform=Affine(10, 0, 600_000, 0, -10, 5_300_000), shape_yx=SHAPE)


def known() -> Raster:
    """Return a checkerboard of classes 1 and 4, whose mean would be 2 or 3; blocks of 0 and 100 %; 3 of 4 pixels 2."""
    row, column = np.indices(SHAPE)
    checkerboard = np.where((row + column) % 2, 1, 4)
    most_are_two = np.where((row % 2 == 0) & (column % 2 == 0), 1, 2)
    pixels = np.stack([
        checkerboard,
        np.where(column % 4 < 2, 100, np.where(row % 2, 20, 40)),
        most_are_two,
        np.where(row % 2, 10, 13),
        np.where((row + column) % 2, 1, 4),
    ]).astype(np.uint8)  # fmt: skip
    pixels[:, :200, :300] = 255
    return Raster(layers=LAYERS, pixels=pixels, window=WINDOW, nodata=255)


def level(path: Path, number: int) -> NDArray[np.generic]:
    with rasterio.open(path, overview_level=number) as overview:
        return np.asarray(overview.read())


def test_codes_never_turn_into_other_codes_and_probabilities_are_means(tmp_path: Path) -> None:
    write_cog(known(), tmp_path / "map.tif", {})
    first, second = level(tmp_path / "map.tif", 0), level(tmp_path / "map.tif", 1)
    for overview, edge in ((first, (100, 150)), (second, (50, 75))):
        assert set(np.unique(overview[0])) <= {1, 4, 255}
        assert set(np.unique(overview[4])) <= {1, 4, 255}
        assert (overview[:, : edge[0], : edge[1]] == 255).all()
        assert (overview[:, edge[0] :, edge[1] :] != 255).all()
    seen = np.s_[100:, 150:]
    assert (first[2][seen] == 2).all()
    assert set(np.unique(first[1][seen][:, 0::2])) == {100}
    assert set(np.unique(first[1][seen][:, 1::2])) == {30}
    assert set(np.unique(second[1][50:, 75:])) == {65}
    assert set(np.unique(first[3][seen])) == {12}, "11.5 is rounded to the nearest"


def test_the_file_stays_a_strict_cog_with_all_that_its_bands_state(tmp_path: Path) -> None:
    write_cog(known(), tmp_path / "map.tif", {"LANDCAST_PRODUCT": "test"})
    assert cog_validate(tmp_path / "map.tif", strict=True) == (True, [], [])
    assert open_cog(tmp_path / "map.tif").layers == LAYERS
    assert [p.name for p in tmp_path.iterdir()] == ["map.tif"]
    with rasterio.open(tmp_path / "map.tif") as raster:
        assert [raster.overviews(band) for band in raster.indexes] == [[2, 4]] * 5
        assert raster.tags()["LANDCAST_PRODUCT"] == "test"
        np.testing.assert_array_equal(raster.read(), known().pixels)


def test_the_same_pixels_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.tif", "other name.tif"):
        write_cog(known(), tmp_path / name, {})
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "other name.tif").read_bytes()


def test_codes_among_floats_are_those_of_a_pixel_and_shares_are_means_of_what_is_seen(tmp_path: Path) -> None:
    given = known()
    pixels = np.where(given.pixels == 255, np.nan, given.pixels).astype(np.float32)
    pixels[1, 300, 300:302] = np.nan
    layers = tuple(replace(layer, dtype="float32") for layer in LAYERS)
    write_cog(replace(given, pixels=pixels, layers=layers, nodata=np.nan), tmp_path / "map.tif", {})
    first = level(tmp_path / "map.tif", 0)
    np.testing.assert_array_equal(first[0], pixels[0, ::2, ::2])
    assert first[1, 100, 151] == pytest.approx(30)
    assert first[1, 150, 150] == pytest.approx(100), "the mean of the two pixels that are seen"
    assert np.isnan(first[1, :100, :150]).all()


@pytest.mark.parametrize(
    ("layer", "dtype", "way"),
    [
        (LAYERS[0], "uint8", Resampling.mode),
        (LAYERS[0], "float32", Resampling.nearest),
        (LAYERS[4], "uint8", Resampling.mode),
        (LAYERS[1], "uint8", Resampling.average),
        (LAYERS[3], "float32", Resampling.average),
    ],
)
def test_how_a_layer_is_resampled_follows_from_its_meaning(layer: Layer, dtype: str, way: Resampling) -> None:
    assert resampling_of(layer, dtype) is way

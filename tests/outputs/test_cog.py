"""COGs of every size and kind: strict, with overviews that show classes, and a palette in each of them."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import ColorInterp
from rasterio.shutil import copy
from rio_cogeo.cogeo import cog_validate

from core.grid import Window
from core.product import Layer, LegendEntry, Raster, Variable
from outputs.cog import open_cog, write_cog

LEGEND = (
    LegendEntry(value=0, label="Åker", colour=(1, 2, 3)),
    LegendEntry(value=1, label="Skog", colour=(250, 128, 64)),
    LegendEntry(value=7, label="Vatten", colour=(0, 0, 255)),
)
SIZES = [(40, 40), (3, 5), (1100, 700)]


@pytest.mark.parametrize(("layers", "edge"), [(8, 512), (9, 128)])
def test_many_bands_are_kept_apart_in_small_blocks(tmp_path: Path, layers: int, edge: int) -> None:
    """One pixel of all bands takes one block of each, one of few bands a single one."""
    write_cog(raster((1100, 700), layers=layers, is_class_map=False), tmp_path / "map.tif", {})
    with rasterio.open(tmp_path / "map.tif") as file:
        assert file.block_shapes == [(edge, edge)] * layers
        assert file.overviews(1) == [2, 4]
        assert file.interleaving.value.lower() == ("pixel" if layers == 8 else "band")
    assert cog_validate(tmp_path / "map.tif", strict=True)[0]


def test_a_pixel_of_many_bands_is_read_several_times_as_quickly_as_from_large_blocks(tmp_path: Path) -> None:
    small, large = tmp_path / "small.tif", tmp_path / "large.tif"
    write_cog(raster((512, 512), layers=60, is_class_map=False), small, {})
    copy(small, large, driver="GTiff", tiled=True, blockxsize=512, blockysize=512, compress="zstd", interleave="band")
    seconds = {path: min(seconds_of(path, column) for column in (10, 200, 400)) for path in (small, large)}
    assert open_cog(small).read_pixel(300, 200) == open_cog(large).read_pixel(300, 200)
    assert 3 * seconds[small] < seconds[large]


def seconds_of(path: Path, column: int) -> float:
    """Return the processor time of reading a pixel."""
    file, begun = open_cog(path), time.process_time()
    assert len(file.read_pixel(300, column)) == 60
    return time.process_time() - begun


def raster(shape_yx: tuple[int, int], *, layers: int, is_class_map: bool) -> Raster:
    rng = np.random.default_rng(1)
    window = Window(crs="EPSG:32632", transform=Affine(10, 0, 600_000, 0, -10, 5_300_000), shape_yx=shape_yx)
    dtype = "uint8" if is_class_map else "float32"
    names = [
        Layer(name=f"layer{n}", description=f"Layer {n}", unit="1", date="2022-05-01", dtype=dtype)
        for n in range(layers)
    ]
    if is_class_map:
        names[0] = Layer(name="class", description="Class", variable=Variable.CLASS, legend=LEGEND, dtype=dtype)
        blocks = rng.choice([0, 1, 7, 255], (layers, 1 + shape_yx[0] // 8, 1 + shape_yx[1] // 8))
        pixels = blocks.repeat(8, 1).repeat(8, 2)[:, : shape_yx[0], : shape_yx[1]].astype(np.uint8)
    else:
        pixels = rng.normal(size=(layers, *shape_yx)).astype(np.float32)
        pixels[:, 0] = np.nan
    return Raster(layers=tuple(names), pixels=pixels, window=window, nodata=255 if is_class_map else np.nan)


@pytest.mark.parametrize("shape_yx", SIZES)
@pytest.mark.parametrize(("layers", "is_class_map"), [(1, True), (4, True), (1, False), (11, False)])
def test_what_is_written_is_a_strict_cog_and_reads_back(
    tmp_path: Path, shape_yx: tuple[int, int], layers: int, is_class_map: bool
) -> None:
    given, path = raster(shape_yx, layers=layers, is_class_map=is_class_map), tmp_path / "map.tif"
    write_cog(given, path, {"LANDCAST_PRODUCT": "test"})
    assert cog_validate(path, strict=True) == (True, [], [])
    assert [p.name for p in tmp_path.iterdir()] == ["map.tif"]
    read = open_cog(path)
    assert (read.layers, read.window) == (given.layers, given.window)
    for number, layer in enumerate(given.layers):
        np.testing.assert_array_equal(read.read(layer.name), given.pixels[number])


def test_a_band_states_what_it_means_and_reads_back_as_the_same_layer(tmp_path: Path) -> None:
    layers = (
        Layer(name="a", description="", variable="EVI2", quantile=0.25, date="2022-05-01", unit="1"),
        Layer(name="b", description="", variable=Variable.PROBABILITY, class_name="bare soil", class_code=0, unit="%"),
        Layer(name="c", description="", variable=Variable.CLEAR_COUNT, unit="count"),
    )
    given, path = replace(raster((40, 40), layers=3, is_class_map=False), layers=layers), tmp_path / "map.tif"
    write_cog(given, path, {})
    assert open_cog(path).layers == layers
    with rasterio.open(path) as file:
        assert {k: v for k, v in file.tags(1).items() if k.startswith("LANDCAST_")} == {
            "LANDCAST_VARIABLE": "EVI2",
            "LANDCAST_QUANTILE": "0.25",
            "LANDCAST_DATE": "2022-05-01",
        }
        assert file.tags(2)["LANDCAST_CLASS_NAME"] == "bare soil"
        assert file.tags(2)["LANDCAST_CLASS_CODE"] == "0"


def test_a_band_without_tags_has_its_description_for_a_name(tmp_path: Path) -> None:
    profile = {"driver": "GTiff", "height": 2, "width": 3, "count": 2, "dtype": "uint8", "crs": "EPSG:32632"}
    with rasterio.open(tmp_path / "map.tif", "w", **profile, transform=Affine(10, 0, 0, 0, -10, 0), nodata=0) as file:
        file.set_band_description(1, "class")
    found = open_cog(tmp_path / "map.tif").layers
    assert found == tuple(Layer(name=n, description="", dtype="uint8") for n in ("class", ""))


def test_classes_written_as_floats_keep_their_legend_without_a_palette(tmp_path: Path) -> None:
    path, given = tmp_path / "map.tif", raster((1100, 700), layers=2, is_class_map=True)
    pixels = np.where(given.pixels == 255, np.nan, given.pixels).astype(np.float32)
    layers = tuple(replace(layer, dtype="float32") for layer in given.layers)
    write_cog(replace(given, pixels=pixels, layers=layers, nodata=np.nan), path, {})
    assert open_cog(path).layers == layers
    with rasterio.open(path, overview_level=0) as overview:
        assert overview.colorinterp[0] is ColorInterp.gray
        np.testing.assert_array_equal(overview.read(1), pixels[0, ::2, ::2])


def test_overviews_of_a_class_map_hold_classes_and_its_palette(tmp_path: Path) -> None:
    path = tmp_path / "map.tif"
    write_cog(raster((1100, 700), layers=4, is_class_map=True), path, {})
    with rasterio.open(path) as whole:
        assert whole.overviews(1) == [2, 4]
    for level in (0, 1):
        with rasterio.open(path, overview_level=level) as overview:
            assert set(np.unique(overview.read(1))) == {0, 1, 7, 255}
            assert overview.colormap(1)[1] == (250, 128, 64, 255)
            assert overview.colorinterp[0] is ColorInterp.palette


def test_overviews_of_a_forecast_are_means(tmp_path: Path) -> None:
    path, given = tmp_path / "map.tif", raster((1100, 700), layers=2, is_class_map=False)
    write_cog(given, path, {})
    with rasterio.open(path, overview_level=0) as overview:
        expected = given.pixels[0, 2:4, 0:2].mean()
        assert overview.read(1)[1, 0] == pytest.approx(expected, abs=1e-6)


def test_the_same_raster_gives_the_same_bytes(tmp_path: Path) -> None:
    given = raster((600, 520), layers=3, is_class_map=True)
    for name in ("a.tif", "b.tif"):
        write_cog(given, tmp_path / name, {"LANDCAST_PRODUCT": "test"})
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()

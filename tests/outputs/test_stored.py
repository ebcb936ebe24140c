"""Forecasts on their way into integers: from memory and files, in strips, all layers or some; what is cut is stated."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio

import outputs.stored
from outputs.cog import RasterFile, open_cog, write_cog
from outputs.stored import as_stored
from outputs.write_raster import pick_layers, write_raster
from tests.outputs.rasters import class_map, forecast, origin


def test_class_maps_and_what_is_stored_already_are_left_as_they_are(tmp_path: Path) -> None:
    given = class_map()
    with as_stored(given, tmp_path / "map.tif") as (found, tags):
        assert found is given
        assert tags == {}
    write_raster(forecast(), tmp_path / "map.tif", origin())
    stored = open_cog(tmp_path / "map.tif")
    with as_stored(stored, tmp_path / "cube.nc") as (again, tags):
        assert again is stored


@pytest.mark.parametrize("rows", [7, 1024])
def test_memory_and_files_give_the_same_numbers_in_strips_of_any_height(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(outputs.stored, "ROWS", rows)
    given = forecast()
    write_cog(given, tmp_path / "floats.tif", {})
    for source in (given, open_cog(tmp_path / "floats.tif")):
        with as_stored(source, tmp_path / "map.tif") as (found, _):
            assert isinstance(found, RasterFile)
            assert (found.layers[0].dtype, found.nodata != found.nodata) == ("int16", True)
            for layer, pixels in zip(given.layers, given.pixels, strict=True):
                np.testing.assert_allclose(found.read(layer.name), pixels, atol=0.51e-4)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["floats.tif"]


def test_chosen_layers_keep_their_own_scales(tmp_path: Path) -> None:
    given = forecast()
    names = ["clear_count", "ndvi_2022-06-10_q50"]
    write_raster(pick_layers(given, names), tmp_path / "part.tif", origin())
    write_raster(given, tmp_path / "all.tif", origin())
    write_raster(pick_layers(open_cog(tmp_path / "all.tif"), names), tmp_path / "later.tif", origin())
    for name in ("part.tif", "later.tif"):
        with rasterio.open(tmp_path / name) as raster:
            assert (raster.descriptions, raster.scales) == (tuple(names), (1, 1e-4))
            assert (raster.dtypes, raster.nodata) == (("int16", "int16"), -32768)
        found = open_cog(tmp_path / name)
        np.testing.assert_allclose(found.read(names[0]), given.pixels[-1])
        np.testing.assert_allclose(found.read(names[1]), given.pixels[7], atol=0.51e-4)


def test_values_beyond_the_ends_are_cut_and_the_file_and_the_log_say_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    given = forecast()
    pixels = given.pixels.copy()
    pixels[2, 40, 50:53] = (9.0, np.inf, -np.inf)
    write_raster(replace(given, pixels=pixels), tmp_path / "map.tif", origin())
    found = open_cog(tmp_path / "map.tif").read(given.layers[2].name)
    np.testing.assert_allclose(found[40, 50:53], (3.2767, 3.2767, -3.2767), rtol=1e-6)
    with rasterio.open(tmp_path / "map.tif") as raster:
        assert raster.tags()["LANDCAST_CLIPPED"].startswith("3 values lay further from 0 than can be stored")
        assert "NDVI 3.2767" in raster.tags()["LANDCAST_CLIPPED"]
    assert "values cut" in caplog.text

"""A finished raster becomes the file that was ordered, by the ending of its path."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import xarray as xr
from rio_cogeo.cogeo import cog_validate

from core.errors import InvalidOption
from core.product import Raster
from outputs.cog import RasterFile, open_cog, plain_raster
from outputs.write_raster import pick_layers, write_raster
from tests.outputs.rasters import class_map, forecast, origin


def plain(raster: Raster, path: Path) -> RasterFile:
    with plain_raster(path, raster.layers, raster.window, dtype=str(raster.pixels.dtype), nodata=raster.nodata) as out:
        out.write(raster.pixels)
    return open_cog(path)


def as_given(raster: Raster, folder: Path, kind: str) -> Any:
    return raster if kind == "memory" else plain(raster, folder / "plain.tif")


either = pytest.mark.parametrize("kind", ["memory", "file"])


@either
def test_a_class_map_is_a_strict_cog_of_all_layers_with_its_origin(tmp_path: Path, kind: str) -> None:
    path, raster = tmp_path / "deep" / "map.tif", class_map()
    write_raster(as_given(raster, tmp_path, kind), path, origin())
    assert cog_validate(path, strict=True) == (True, [], [])
    assert open_cog(path).layers == raster.layers
    with rasterio.open(path) as file:
        np.testing.assert_array_equal(file.read(), raster.pixels)
        assert file.tags()["LANDCAST_MODEL"] == "small"


@either
def test_a_forecast_is_a_strict_cog_of_integers_that_stand_for_its_values(tmp_path: Path, kind: str) -> None:
    path, raster = tmp_path / "deep" / "map.tif", forecast()
    write_raster(as_given(raster, tmp_path, kind), path, origin(issue_date="2022-04-30"))
    assert cog_validate(path, strict=True) == (True, [], [])
    with rasterio.open(path) as file:
        assert set(file.dtypes) == {"int16"}
        assert file.nodata == -32768
        assert file.scales == (*[1e-4] * (file.count - 1), 1)
        assert file.tags()["LANDCAST_ISSUE_DATE"] == "2022-04-30"
        assert "LANDCAST_CLIPPED" not in file.tags()
        found = file.read(masked=True) * np.array(file.scales)[:, None, None]
    np.testing.assert_array_equal(found.mask, np.isnan(raster.pixels))
    assert np.abs(found - raster.pixels).max() <= 0.5e-4 + 1e-7
    assert sorted(p.name for p in path.parent.iterdir()) == ["map.qlr", "map.qml", "map.tif"]


@either
@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_a_cube_has_the_issue_date_of_the_order(tmp_path: Path, ending: str, kind: str) -> None:
    path = tmp_path / "deep" / f"cube{ending}"
    write_raster(as_given(forecast(), tmp_path, kind), path, origin(issue_date="2022-04-30"))
    with xr.open_dataset(path, engine="zarr" if ending == ".zarr" else "netcdf4", decode_coords="all") as data:
        assert str(data["issue_date"].values)[:10] == "2022-04-30"
        assert data["ndvi"].dims == ("quantile", "time", "y", "x")


@either
def test_some_layers_are_written_in_the_order_in_which_they_are_picked(tmp_path: Path, kind: str) -> None:
    raster = class_map()
    part = pick_layers(as_given(raster, tmp_path, kind), ["clear_count", "class"])
    write_raster(part, tmp_path / "map.tif", origin())
    write_raster(part, tmp_path / "cube.nc", origin())
    assert cog_validate(tmp_path / "map.tif", strict=True) == (True, [], [])
    with rasterio.open(tmp_path / "map.tif") as file:
        assert file.descriptions == ("clear_count", "class")
        np.testing.assert_array_equal(file.read(), raster.pixels[[3, 0]])
    with xr.open_dataset(tmp_path / "cube.nc", mask_and_scale=False) as data:
        assert set(data.data_vars) == {"clear_count", "class"}
        assert "spatial_ref" in data.coords
        np.testing.assert_array_equal(data["class"].values, raster.pixels[0])


def test_a_file_of_picked_layers_reads_the_bands_of_those(tmp_path: Path) -> None:
    raster = class_map()
    part = pick_layers(plain(raster, tmp_path / "plain.tif"), ["p_conifer", "class"])
    assert isinstance(part, RasterFile)
    assert (part.bands, part.is_whole) == ((3, 1), False)
    np.testing.assert_array_equal(part.read("class"), raster.pixels[0])
    assert part.read_pixel(20, 30) == {"p_conifer": raster.pixels[2, 20, 30], "class": raster.pixels[0, 20, 30]}
    block = part.read_stored([1, 0], slice(10, 13), slice(4, 9))
    np.testing.assert_array_equal(block, raster.pixels[[0, 2], 10:13, 4:9])


def test_both_ways_to_a_cog_give_the_same_bytes(tmp_path: Path) -> None:
    raster = class_map()
    write_raster(raster, tmp_path / "a.tif", origin())
    write_raster(plain(raster, tmp_path / "plain.tif"), tmp_path / "b.tif", origin())
    whole = pick_layers(plain(raster, tmp_path / "other.tif"), [layer.name for layer in raster.layers])
    write_raster(whole, tmp_path / "c.tif", origin())
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes() == (tmp_path / "c.tif").read_bytes()


def test_another_ending_is_refused_and_an_unknown_layer_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match=r"\.nc or \.zarr"):
        write_raster(class_map(), tmp_path / "map.png", origin())
    with pytest.raises(ValueError, match="p_beech"):
        pick_layers(class_map(), ["p_beech"])

"""Results as xarray: class maps, changes and forecasts, as other libraries see them."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rioxarray  # noqa: F401 - adds `.rio`
import xarray as xr
from affine import Affine

from client.result_array import read_result
from core.errors import UnknownResult
from core.grid import Window
from core.product import Raster
from core.timeline import Period
from outputs.cog import open_cog, write_cog
from outputs.raster_cube import write_raster_cube
from products.catalogue import find_product

WINDOW = Window(crs="EPSG:32733", transform=Affine(10, 0, 600_000, 0, -10, 6_200_000), shape_yx=(6, 9))
TAGS = {
    "LANDCAST_VERSION": "0",
    "LANDCAST_MODEL": "tiny",
    "LANDCAST_ATTRIBUTION": "Made up, CC0.",
    "LANDCAST_SIMULATED": "yes",
    "LANDCAST_PRODUCT": "tiny",
    "LANDCAST_ARCHIVE": "sample",
    "LANDCAST_PERIOD": "2021-01-01/2022-12-31",
    "TIFFTAG_COPYRIGHT": "Made up, CC0.",
}
DAYS = Period(start=date(2021, 1, 1), end=date(2022, 12, 31))


def result(product_id: str, folder: Path, **options: Any) -> tuple[Path, Raster]:
    """Write the file of a product with pixels that are all different; the first row is nodata."""
    product = find_product(product_id)
    layers = product.layers(product.resolve(product.options.read(options), available=DAYS))
    count = len(layers) * 6 * 9
    if layers[0].legend:
        pixels, nodata = (np.arange(count) % 100).astype(np.uint8).reshape(-1, 6, 9), 255.0
        pixels[0] = pixels[0] % len(layers[0].legend)
    else:
        pixels, nodata = (np.arange(count) / count).astype(np.float32).reshape(-1, 6, 9), np.nan
    pixels[:, 0] = nodata
    raster = Raster(layers=layers, pixels=pixels, window=WINDOW, nodata=nodata)
    write_cog(raster, folder / f"{product_id}.tif", TAGS)
    return folder / f"{product_id}.tif", raster


def test_a_class_map_has_codes_names_colours_and_its_place(tmp_path: Path) -> None:
    path, raster = result("canopy", tmp_path)
    found = read_result(path)
    assert list(found.data_vars) == [layer.name for layer in raster.layers]
    assert found["class"].dtype == np.float32
    assert np.isnan(found["class"][0]).all()
    assert (found["class"][1:] == raster.pixels[0, 1:]).all()
    assert found["class"].attrs["flag_values"] == [0, 1, 2]
    assert found["class"].attrs["class_names"] == ["No tree canopy", "Conifer", "Broadleaf"]
    assert all(len(colour) == 7 for colour in found["class"].attrs["class_colours"])
    assert found["class"].rio.crs.to_epsg() == 32733
    assert found.rio.transform() == WINDOW.transform
    assert float(found.y[0]) == 6_199_995
    assert found.attrs["license"] == "Made up, CC0."
    assert found.attrs["landcast_model"] == "tiny"


def test_a_change_has_a_variable_for_each_band(tmp_path: Path) -> None:
    path, raster = result("canopy", tmp_path, change="2021-06-01/2022-06-01")
    found = read_result(path)
    assert list(found.data_vars) == [layer.name for layer in raster.layers]
    assert {"change", "class_before", "class_after"} <= set(found.data_vars)


def test_a_forecast_is_what_its_netcdf_file_has(tmp_path: Path) -> None:
    path, _ = result("ndvi-forecast", tmp_path, horizon="20d", step="10d", issue_date="2022-12-01")
    found = read_result(path)
    assert found.ndvi.dims == ("quantile", "time", "y", "x")
    write_raster_cube(open_cog(path), tmp_path / "forecast.nc", title="Forecast", tags=TAGS, issue_date="2022-12-01")
    with xr.open_dataset(tmp_path / "forecast.nc", decode_coords="all") as cube:
        assert set(found.data_vars) == set(cube.data_vars)
        for name in cube.data_vars:
            given = cube[name].astype("f4").reset_coords(drop=True)
            xr.testing.assert_equal(found[name].reset_coords(drop=True), given)
        assert found.rio.crs == cube.rio.crs


def test_it_can_be_written_as_netcdf_and_read_again(tmp_path: Path) -> None:
    path, _ = result("crop", tmp_path)
    found = read_result(path)
    found.to_netcdf(tmp_path / "crop.nc")
    with xr.open_dataset(tmp_path / "crop.nc", decode_coords="all") as again:
        assert again.rio.crs.to_epsg() == 32733
        assert list(again["class"].attrs["class_names"]) == found["class"].attrs["class_names"]


def test_only_the_bands_asked_for_are_read(tmp_path: Path) -> None:
    path, _ = result("crop", tmp_path)
    assert list(read_result(path, ["clear_count"]).data_vars) == ["clear_count"]
    with pytest.raises(UnknownResult, match=r"'nothing'.*class"):
        read_result(path, ["nothing"])


def test_stored_whole_numbers_are_scaled(tmp_path: Path) -> None:
    import rasterio

    path, raster = result("ndvi-forecast", tmp_path, horizon="10d", step="10d")
    with rasterio.open(path) as given:
        profile = given.profile | {"dtype": "int16", "nodata": -32768, "predictor": 2}
        profile.pop("photometric", None)
        names, tags = given.descriptions, [given.tags(n) for n in given.indexes]
    with rasterio.open(tmp_path / "scaled.tif", "w", **profile) as out:
        stored = np.where(np.isnan(raster.pixels), -32768, raster.pixels * 10_000).astype(np.int16)
        out.write(stored)
        out.descriptions, out.scales = names, [0.0001] * len(names)
        for number, own in enumerate(tags, start=1):
            out.update_tags(number, **own)
    found, exact = read_result(tmp_path / "scaled.tif").ndvi, read_result(path).ndvi
    assert float(abs(found - exact).max()) < 2e-4
    assert np.isnan(found[:, :, 0]).all()

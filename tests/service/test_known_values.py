"""A forecast of 0.5 reads back as 0.5 by everything of ours that opens a result, and by the tools of the field.

Each reader is given the file as it is written, with integers, and the one with floats that was written before.
"""

import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import rioxarray
import xarray as xr
from affine import Affine
from PIL import Image
from rio_tiler.io import Reader
from shapely.geometry import box

from client.result_array import read_result
from core.forecast import QUANTILE_COLUMNS, QUANTILES
from core.grid import Window
from core.product import Layer, Raster, Variable
from core.region import Region
from core.timeline import parse_date
from outputs.cog import open_cog, write_cog
from outputs.map_report.pixels import median_of, values
from outputs.map_report.sureness import sureness
from outputs.plots.forecast_pixel import choose_pixel, read_pixel
from outputs.plots.quicklook import colours_of
from outputs.write_raster import write_raster
from service.point.read import _value
from service.preview import draw, frame_of, paint
from service.statistics.measure import measure
from service.statistics.zones import Zone
from service.tiles.draw import draw_tile
from tests.outputs.rasters import origin

DATE, ISSUED = "2022-06-10", "2022-05-01"
WINDOW = Window(crs="EPSG:32632", transform=Affine(10, 0, 600_000, 0, -10, 5_300_000), shape_yx=(600, 700))
VALUES = {
    "q05": 0.2,
    "q25": 0.4,
    "q50": 0.5,
    "q75": 0.6,
    "q95": 0.9,
    "climatology": 0.45,
    "anomaly": -0.05,
    "clear_count": 37.0,
}
"""Of each layer, wherever it is seen; the western hundred columns are not."""
MEDIAN = f"ndvi_{DATE}_q50"


def layers() -> tuple[Layer, ...]:
    quantiles = [
        Layer(name=f"ndvi_{DATE}_{c}", description=c, variable="NDVI", quantile=q, date=DATE, unit="1")
        for q, c in zip(QUANTILES, QUANTILE_COLUMNS, strict=True)
    ]
    dated = [
        Layer(name=f"{v}_{DATE}", description=v, variable=v, date=DATE, unit="1")
        for v in (Variable.CLIMATOLOGY, Variable.ANOMALY)
    ]
    count = Layer(name="clear_count", description="seen", variable=Variable.CLEAR_COUNT, unit="count")
    return (*quantiles, *dated, count)


def known() -> Raster:
    pixels = np.ones((len(VALUES), *WINDOW.shape_yx), np.float32)
    pixels *= np.array(list(VALUES.values()), np.float32)[:, None, None]
    pixels[:, :, :100] = np.nan
    return Raster(layers=layers(), pixels=pixels, window=WINDOW, nodata=np.nan)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("known")
    write_raster(known(), place / "integers.tif", origin(issue_date=ISSUED))
    write_raster(known(), place / "cube.nc", origin(issue_date=ISSUED))
    write_raster(known(), place / "cube.zarr", origin(issue_date=ISSUED))
    write_cog(known(), place / "floats.tif", origin(issue_date=ISSUED).tags())
    return place


@pytest.fixture(params=["integers", "floats"])
def tif(request: pytest.FixtureRequest, folder: Path) -> Path:
    return folder / f"{request.param}.tif"


def near(found: Any, value: float) -> bool:
    return float(found) == pytest.approx(value, abs=1e-6)


def test_the_file_holds_integers(folder: Path) -> None:
    with rasterio.open(folder / "integers.tif") as raster:
        assert raster.read(3)[300, 300] == 5000
        assert (raster.dtypes[2], raster.nodata, raster.scales[2], raster.offsets[2]) == ("int16", -32768, 1e-4, 0)
        assert raster.read(3)[300, 50] == -32768
        assert raster.overviews(3) == [2]


def test_of_a_raster_file(tif: Path) -> None:
    raster = open_cog(tif)
    for layer, value in zip(raster.layers, VALUES.values(), strict=True):
        found = raster.read(layer.name)
        assert near(found[300, 300], value)
        assert np.isnan(found[300, 50])
        assert near(raster.read(layer.name, step=2)[150, 150], value)
        assert near(raster.read_pixel(300, 300)[layer.name], value)
        assert np.isnan(raster.read_pixel(300, 50)[layer.name])
    assert np.isnan(raster.nodata)


def test_in_a_report(tif: Path) -> None:
    raster = open_cog(tif)
    assert near(values(raster, raster.layers[2])[300, 300], 0.5)
    assert np.isnan(values(raster, raster.layers[2], step=2)[150, 25])
    assert near(median_of(raster, raster.layers[4]), 0.9)
    width, counts = sureness(raster)
    assert width.rows[2][1] == "100 %", "0.9 - 0.2 is wider than 0.4"
    assert counts


def test_in_the_plot_of_a_pixel_and_in_a_quicklook(tif: Path) -> None:
    raster = open_cog(tif)
    row, column = choose_pixel(raster, Region(geometry=box(10.35, 47.82, 10.36, 47.83)))
    assert column >= 100
    found = read_pixel(raster, row, column, parse_date(ISSUED))
    np.testing.assert_allclose(list(found.quantiles.values()), [[0.2], [0.4], [0.5], [0.6], [0.9]], atol=1e-6)
    drawn = colours_of(raster.layers[2], raster.read(MEDIAN), raster.nodata)
    from matplotlib import colormaps

    np.testing.assert_allclose(drawn[300, 300], colormaps["YlGn"](0.5)[:3], atol=0.01)
    np.testing.assert_allclose(drawn[300, 50], (0.92, 0.92, 0.94))


def test_at_a_point_of_the_service(tif: Path) -> None:
    raster = open_cog(tif)
    seen, unseen = raster.read_pixel(300, 300), raster.read_pixel(300, 50)
    for layer, value in zip(raster.layers, VALUES.values(), strict=True):
        assert _value(layer, seen[layer.name], raster.nodata).value == value
        assert _value(layer, unseen[layer.name], raster.nodata).value is None


def colour_of(value: float) -> np.ndarray:
    return paint(np.array([[value]], np.float32), layers()[2])[0, 0]


def test_on_tiles_and_previews(tif: Path) -> None:
    import morecantile

    west, south, east, north = WINDOW.footprint_wgs84.bounds
    preview = np.asarray(Image.open(BytesIO(draw(tif, layers()[2], frame_of((west, south, east, north))))))
    assert (preview[400, 700, :3] == colour_of(0.5)).all()
    assert preview[400, 700, 3] == 255
    assert preview[400, 60, 3] == 0
    for zoom in (12, 15):
        t = morecantile.tms.get("WebMercatorQuad").tile((west + east) / 2, (south + north) / 2, zoom)
        tile = np.asarray(Image.open(BytesIO(draw_tile(tif, layers()[2], t.z, t.x, t.y))))
        shown = tile[tile[..., 3] > 0][:, :3].astype(int)
        assert np.abs(shown - colour_of(0.5)).max() <= 1


def test_in_statistics_under_polygons(tif: Path) -> None:
    zone = Zone(geometry=box(602_003, 5_296_007, 604_001, 5_298_004))
    partly = Zone(geometry=box(600_500, 5_296_000, 601_500, 5_297_000))
    with rasterio.open(tif) as raster:
        found, half = measure(raster, layers(), [zone, partly])
    for layer, value in zip(layers(), VALUES.values(), strict=True):
        for name in ("min", "max", "mean", "median", "p25", "p75"):
            assert near(found[layer.name][name], value), (layer.name, name)
            assert near(half[layer.name][name], value)
        assert found[layer.name]["std"] == pytest.approx(0, abs=1e-6)
        assert half[layer.name]["valid_share"] == 0.5


def test_by_the_client(tif: Path) -> None:
    found = read_result(tif)
    assert near(found.ndvi.sel(quantile=0.5)[0, 300, 300], 0.5)
    assert near(found.anomaly[0, 300, 300], -0.05)
    assert near(found.clear_count[300, 300], 37)
    assert np.isnan(found.ndvi[:, :, 300, 50]).all()
    assert found.ndvi.dtype == np.float32


@pytest.mark.parametrize("name", ["cube.nc", "cube.zarr"])
def test_rioxarray_finds_the_crs_of_a_cube_without_options(folder: Path, name: str) -> None:
    with xr.open_dataset(folder / name, engine="zarr" if name.endswith("zarr") else None) as cube:
        assert cube.rio.crs.to_epsg() == cube.ndvi.rio.crs.to_epsg() == cube.clear_count.rio.crs.to_epsg() == 32632
        assert cube.rio.transform() == WINDOW.transform
        assert set(cube.data_vars) == {"ndvi", "climatology", "anomaly", "clear_count"}


def test_gdal_reads_the_netcdf_with_its_scale_and_place(folder: Path) -> None:
    with rasterio.open(f"NETCDF:{folder / 'cube.nc'}:ndvi") as raster:
        assert (raster.crs.to_epsg(), raster.transform, raster.count) == (32632, WINDOW.transform, 5)
        assert (raster.nodata, raster.scales[2]) == (-32768, 1e-4)
        assert near(raster.read(3)[300, 300] * raster.scales[2], 0.5)


def test_gdal_reads_the_zarr_with_its_scale_and_place(folder: Path) -> None:
    with rasterio.open(f'ZARR:"{folder / "cube.zarr"}":/ndvi:2:0') as raster:
        assert (raster.crs.to_epsg(), raster.transform, raster.count) == (32632, WINDOW.transform, 1)
        assert (raster.nodata, raster.scales[0]) == (-32768, 1e-4)
        assert near(raster.read(1)[300, 300] * raster.scales[0], 0.5)
        assert raster.read(1)[300, 50] == -32768
    with rasterio.open(f'ZARR:"{folder / "cube.zarr"}":/clear_count') as raster:
        assert (raster.read(1)[300, 300], raster.nodata) == (37, -32768)


@pytest.mark.parametrize("name", ["cube.nc", "cube.zarr"])
def test_by_xarray(folder: Path, name: str) -> None:
    with xr.open_dataset(folder / name, engine="zarr" if name.endswith("zarr") else None, decode_coords="all") as cube:
        assert near(cube.ndvi.sel(quantile=0.5)[0, 300, 300], 0.5)
        assert near(cube.climatology[0, 300, 300], 0.45)
        assert near(cube.clear_count[300, 300], 37)
        assert np.isnan(cube.ndvi[:, :, 300, 50]).all()
        assert np.issubdtype(cube.ndvi.dtype, np.floating)
    with xr.open_dataset(folder / name, engine="zarr" if name.endswith("zarr") else None, mask_and_scale=False) as raw:
        assert raw.ndvi.dtype == np.int16
        assert int(raw.ndvi[2, 0, 300, 300]) == 5000


def by_rioxarray(path: Path) -> Any:
    with warnings.catch_warnings():
        # It scales each band by its own, and says that no one attribute states it: counts are in steps of 1.
        warnings.filterwarnings("ignore", message="Scales differ across bands")
        warnings.filterwarnings("ignore", message="Use `@` matmul")  # affine 3, inside of rioxarray
        return _by_rioxarray(path)


def _by_rioxarray(path: Path) -> Any:
    with rioxarray.open_rasterio(path, mask_and_scale=True) as found:
        return found[2].to_numpy()


def by_rio_tiler(path: Path) -> Any:
    with Reader(str(path)) as reader:
        image = reader.read(indexes=3, unscale=True)
        return image.array[0].filled(np.nan)


def by_gdal(path: Path) -> Any:
    with rasterio.open(path) as raster:
        return raster.read(3, masked=True).astype(float).filled(np.nan) * raster.scales[2] + raster.offsets[2]


@pytest.mark.parametrize("read", [by_rioxarray, by_rio_tiler, by_gdal])
def test_by_tools_of_the_field(tif: Path, read: Callable[[Path], Any]) -> None:
    found = read(tif)
    assert near(found[300, 300], 0.5)
    assert np.isnan(found[300, 50])

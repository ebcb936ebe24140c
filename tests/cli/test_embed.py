"""`landcast embed` and `landcast evaluate embeddings` on small simulated cubes and tables."""

import json
from collections.abc import Callable
from pathlib import Path

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
import rasterio
import rioxarray  # noqa: F401 - gives datasets their CRS
import xarray as xr
from rio_cogeo.cogeo import cog_validate

from core.settings import Settings
from models.embed import embed
from models.registry import find_trunk
from outputs.plots.embedding import principal_components
from tests.cli.cubes import EPSG, NORTH, SHAPE_YX, WEST, square, write_cube, write_series
from tests.models.published.published_files import TEN, published_weights, write_published

WIDTH = find_trunk("", Settings()).card["network"]["width"]
NAMES = tuple(f"e{n:03d}" for n in range(WIDTH))


pytestmark = pytest.mark.usefixtures("folder")


def pixels(path: str) -> np.ndarray:
    """Decoded pixels (D, Y, X) of a GeoTIFF; NaN = nodata."""
    with rasterio.open(path) as raster:
        stored = raster.read().astype(float)
        missing = np.isnan(stored) if np.isnan(raster.nodata) else stored == raster.nodata
        return np.where(missing, np.nan, stored * np.array(raster.scales)[:, None, None])


def with_unseen_corner(path: Path) -> Path:
    write_cube(path)
    with xr.open_dataset(path) as given:
        cube = given.load()
    cube["clear"][:, 0, 0] = 0
    cube.to_netcdf(path)
    return path


def test_a_cube_becomes_a_strict_cog_on_its_grid_with_one_described_band_for_each_dimension(
    folder: Path, run: Callable[..., str]
) -> None:
    with_unseen_corner(folder / "cube.nc")
    assert run("embed", "cube.nc", "-o", "out.tif", "--picture", "pca.png").splitlines() == ["out.tif", "pca.png"]
    assert cog_validate("out.tif", strict=True) == (True, [], [])
    with rasterio.open("out.tif") as raster:
        assert raster.descriptions == NAMES
        assert raster.shape == SHAPE_YX
        assert (raster.transform.c, raster.transform.f) == (WEST, NORTH)
        assert raster.tags(2)["DATE"] == "2021-08-15"
        tags = raster.tags()
        assert "SCALE" not in raster.tags(1)
    assert tags["LANDCAST_MODEL_SHA256"] == find_trunk("", Settings()).sha256
    assert tags["LANDCAST_LAYER"] == "middle"
    assert tags["LANDCAST_SIMULATED"] == "no"
    assert tags["LANDCAST_SCENES"].startswith("60 sha256:")
    values = pixels("out.tif")
    assert np.isnan(values[:, 0, 0]).all()
    assert np.isnan(values).sum() == WIDTH
    assert np.array_equal(values, values.astype(np.float16), equal_nan=True)
    assert matplotlib.image.imread("pca.png").shape[2] == 4


def test_int8_is_within_half_a_step_of_each_dimension(folder: Path, run: Callable[..., str]) -> None:
    with_unseen_corner(folder / "cube.nc")
    run("embed", "cube.nc", "-o", "half.tif", "--layer", "last")
    run("embed", "cube.nc", "-o", "int8.tif", "--layer", "last", "--dtype", "int8")
    assert cog_validate("int8.tif", strict=True) == (True, [], [])
    with rasterio.open("int8.tif") as raster:
        assert set(raster.dtypes) == {"int8"}
        assert raster.nodata == -128
        steps = np.array(raster.scales)[:, None, None]
    half, decoded = pixels("half.tif"), pixels("int8.tif")
    assert np.array_equal(np.isnan(half), np.isnan(decoded))
    rounding = np.abs(half) * 2.0**-11
    assert (np.abs(half - decoded) <= steps / 2 + rounding * 1.01 + 1e-7)[np.isfinite(half)].all()
    largest = np.nanmax(np.abs(decoded), axis=(1, 2))
    np.testing.assert_allclose(largest, 127 * steps[:, 0, 0])


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_cubes_hold_a_variable_for_each_dimension_decoded_by_xarray(
    folder: Path, run: Callable[..., str], ending: str, dtype: str
) -> None:
    with_unseen_corner(folder / "cube.nc")
    for out in (f"out{ending}", "out.tif"):
        run("embed", "cube.nc", "-o", out, "--dtype", dtype)
    engine = "zarr" if ending == ".zarr" else "netcdf4"
    with xr.open_dataset(f"out{ending}", engine=engine, decode_coords="all") as cube:
        assert tuple(cube.data_vars) == NAMES
        assert cube.rio.crs.to_epsg() == EPSG
        assert cube.x.values[0] == WEST + 5
        assert cube.attrs["landcast_model"] == "earthpt-small"
        np.testing.assert_allclose(cube.to_dataarray().values, pixels("out.tif"), rtol=1e-6)
        stored = str(cube.e000.encoding["dtype"])
    assert stored == ("int8" if dtype == "int8" else "float16" if ending == ".zarr" else "float32")


def test_a_large_cube_is_embedded_and_drawn_strip_by_strip(
    folder: Path, run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.direct.STRIP_BYTES", 4 * WIDTH * 5 * 2)
    monkeypatch.setattr("outputs.plots.embedding.STRIP_BYTES", 4 * WIDTH * 5 * 4)
    monkeypatch.setattr("outputs.plots.embedding.MAX_PIXELS", 2)
    write_cube(folder / "cube.nc", dates=20)
    for out in ("out.nc", "out.zarr", "out.tif"):
        run("embed", "cube.nc", "-o", out, "--picture", "pca.png")
    expected = pixels("out.tif")
    for out, engine in (("out.nc", "netcdf4"), ("out.zarr", "zarr")):
        with xr.open_dataset(out, engine=engine) as cube:
            np.testing.assert_array_equal(cube[list(NAMES)].to_dataarray().values, expected)


def test_later_observations_change_nothing_when_a_date_is_given(folder: Path, run: Callable[..., str]) -> None:
    write_cube(folder / "long.nc", dates=60)
    with xr.open_dataset("long.nc") as cube:
        cube.sel(time=slice(None, "2021-03-01")).to_netcdf("cut.nc")
    for name in ("long", "cut"):
        run("embed", f"{name}.nc", "-o", f"{name}.tif", "--date", "2021-03-05")
    run("embed", "long.nc", "-o", "last.tif")
    assert np.array_equal(pixels("long.tif"), pixels("cut.tif"), equal_nan=True)
    assert not np.allclose(pixels("long.tif"), pixels("last.tif"), equal_nan=True)


def test_a_region_of_an_archive_is_cut_out(folder: Path, run: Callable[..., str]) -> None:
    write_cube(folder / "cube.nc")
    (folder / "aoi.geojson").write_text(json.dumps(square(15.00033, 47.853, degrees=0.0003)))
    run("embed", "--region", "aoi.geojson", "--archive", "cube.nc", "-o", "part.tif")
    run(
        "embed", "--region", "aoi.geojson", "--archive", "cube.nc", "-o", "part.nc", "--period", "2020-06-01/2021-06-01"
    )
    run("embed", "cube.nc", "-o", "whole.tif")
    part, whole = pixels("part.tif"), pixels("whole.tif")
    with rasterio.open("part.tif") as raster:
        row, column = round((NORTH - raster.bounds.top) / 10), round((raster.bounds.left - WEST) / 10)
        assert "LANDCAST_SCENES" in raster.tags()
    inside = np.isfinite(part)
    same = whole[:, row : row + part.shape[1], column : column + part.shape[2]]
    assert inside.any()
    np.testing.assert_allclose(part[inside], same[inside], rtol=2e-3, atol=1e-3)  # one digit of float16


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_each_series_of_a_table_is_embedded_at_its_own_end(folder: Path, run: Callable[..., str], ending: str) -> None:
    from ingest.tables import read_series

    write_series(folder / f"series{ending}")
    run("embed", f"series{ending}", "-o", f"out{ending}")
    out = pd.read_csv("out.csv") if ending == ".csv" else pd.read_parquet("out.parquet")
    assert tuple(out.columns) == ("series_id", *NAMES)
    series = read_series(Path(f"series{ending}"))
    expected = embed(series, series.days.max(axis=1) + 1, find_trunk("", Settings()), layer="middle")
    np.testing.assert_allclose(out[list(NAMES)].to_numpy(), expected, rtol=1e-3, atol=1e-3)
    if ending == ".parquet":
        assert out.attrs["landcast_layer"] == "middle"


def test_an_imported_network_gives_its_last_layer_by_default(folder: Path, run: Callable[..., str]) -> None:
    write_published(folder / "a.pt", published_weights(channels=10), heads=3)
    run("models", "import", "a.pt", "--bands", ",".join(TEN), "--name", "mine")
    with xr.open_dataset(write_cube(folder / "some.nc", dates=20)) as cube:
        cube.assign({b: cube.B11 + 0.01 * n for n, b in enumerate(TEN) if b not in cube}).to_netcdf("cube.nc")
    run("embed", "cube.nc", "-o", "out.tif", "--model", "mine")
    run("embed", "cube.nc", "-o", "same.tif", "--model", "mine", "--layer", "last")
    assert pixels("out.tif").shape == (24, *SHAPE_YX)
    assert np.array_equal(pixels("out.tif"), pixels("same.tif"), equal_nan=True)


def test_an_imported_network_is_refused_a_cube_that_lacks_one_of_its_bands(
    folder: Path, run: Callable[..., str], refused: Callable[..., str]
) -> None:
    write_published(folder / "a.pt", published_weights(channels=10), heads=3)
    run("models", "import", "a.pt", "--bands", ",".join(TEN), "--name", "mine")
    write_cube(folder / "cube.nc", dates=4)
    assert "reads B05, B06, B07, B8A" in refused("embed", "cube.nc", "-o", "out.tif", "--model", "mine")


def test_principal_components_are_those_of_all_pixels_whichever_their_order(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    values = (rng.normal(size=(30, 5)) * [9, 4, 2, 0.1, 0.1] @ rng.normal(size=(5, 5)) + 100).astype(np.float32)
    found = []
    for order in (np.arange(30), rng.permutation(30)):
        image = np.concatenate([values[order], np.full((5, 5), np.nan, np.float32)]).T.reshape(5, 7, 5)
        profile = {"driver": "GTiff", "height": 7, "width": 5, "count": 5, "dtype": "float32", "nodata": np.nan}
        transform = rasterio.Affine(10, 0, 0, 0, -10, 0)
        with rasterio.open(tmp_path / "e.tif", "w", **profile, transform=transform) as raster:
            raster.write(image)
        with rasterio.open(tmp_path / "e.tif") as raster:
            found.append(principal_components(raster))
    variance = np.sort(np.linalg.eigvalsh(np.cov(values.T.astype(float))))[::-1]
    np.testing.assert_allclose(found[0].shares, variance[:3] / variance.sum(), rtol=1e-4)
    np.testing.assert_allclose(found[0].axes, found[1].axes, atol=1e-5)
    assert (found[0].axes[np.arange(3), np.abs(found[0].axes).argmax(axis=1)] > 0).all()


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (("cube.nc", "-o", "out.tif", "--layer", "first"), "it is middle or last"),
        (("cube.nc", "-o", "out.tif", "--date", "2019-01-01"), "no clear observation"),
        (("cube.nc", "-o", "out.tif", "--dtype", "float64"), "float16 or int8"),
        (("cube.nc", "-o", "out.parquet"), "ends in .tif, .nc, .zarr"),
        (("cube.nc", "-o", "out.tif", "--picture", "pca.jpg"), "ends in .png"),
        (("cube.nc", "-o", "out.tif", "--date", "2020-13-01"), "2020-13-01"),
        (("cube.nc", "-o", "out.tif", "--model", "crop"), "crop"),
        (("series.csv", "-o", "out.tif"), "ends in .parquet, .csv"),
        (("series.csv", "-o", "out.csv", "--dtype", "int8"), "tables always hold floats"),
        (("series.csv", "-o", "out.csv", "--picture", "pca.png"), "the input is a table"),
        (("series.csv", "-o", "out.csv", "--date", "2018-01-01"), "no clear observation"),
        (("series.csv", "-o", "out.csv", "--layer", "first"), "it is middle or last"),
        (
            (
                "-o",
                "out.tif",
            ),
            "either a cube or table",
        ),
    ],
)
def test_wrong_options_are_refused_in_one_sentence(
    folder: Path, refused: Callable[..., str], arguments: tuple[str, ...], printed: str
) -> None:
    write_cube(folder / "cube.nc", dates=4)
    write_series(folder / "series.csv", series=2, dates=10)
    assert printed in refused("embed", *arguments)

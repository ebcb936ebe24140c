"""Embeddings in files: int8 numbers with scales, or float16; the same in a COG and in a cube."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
import xarray as xr
from rasterio.transform import from_origin

from core.grid import Window
from core.product import Layer, Raster
from outputs.provenance import Provenance
from workers.assemble import Result
from workers.embeddings import EmbeddingFile, encode, scale_of, to_int8, write_embedding

LAYERS = tuple(Layer(name=f"e{n:03d}", description=f"Dimension {n}", variable=f"e{n:03d}") for n in range(4))
WINDOW = Window(crs="EPSG:32632", transform=from_origin(600_000, 5_600_000, 10, 10), shape_yx=(5, 7))


def raster() -> Raster:
    pixels = (
        np.random.default_rng(3).normal(size=(4, 5, 7)).astype(np.float32) * np.array([1, 5, 0.1, 2])[:, None, None]
    )
    pixels[:, 1, 2] = np.nan
    return Raster(layers=LAYERS, pixels=pixels.astype(np.float32), window=WINDOW, nodata=np.nan)


def result() -> Result:
    origin = Provenance(
        product="embedding",
        title="Embedding",
        model="m",
        model_sha256="0",
        version="1",
        archive="fake",
        attribution="none",
        is_simulated=True,
        params={"layer": "last", "date": "2021-08-15", "period": "2020-08-15/2021-08-15"},
        scenes=(),
        reads=0,
        failures=(),
    )
    return Result(pixels=raster(), layers=LAYERS, origin=origin)


def decoded(path: Path) -> np.ndarray:
    with rasterio.open(path) as given:
        stored = given.read().astype(float)
        missing = np.isnan(stored) if np.isnan(given.nodata) else stored == given.nodata
        return np.where(missing, np.nan, stored * np.array(given.scales)[:, None, None])


def test_the_step_of_a_dimension_makes_its_largest_value_127() -> None:
    values = np.array([[0.3, -2.54, np.nan, 0.02]], np.float32)
    assert scale_of(values) == pytest.approx(0.02)
    assert to_int8(values, scale_of(values)).tolist() == [[15, -127, -128, 1]]


@pytest.mark.parametrize("values", [[[0.0, np.nan]], [[np.nan, np.nan]]])
def test_a_dimension_of_zeros_or_nothing_has_the_step_one(values: list[list[float]]) -> None:
    given = np.array(values, np.float32)
    assert scale_of(given) == 1.0
    assert set(to_int8(given, 1.0).ravel().tolist()) <= {0, -128}


def test_int8_is_off_by_half_a_step_of_its_own_dimension_at_most(tmp_path: Path) -> None:
    given = raster()
    with rasterio.open(
        tmp_path / "plain.tif",
        "w",
        driver="GTiff",
        height=5,
        width=7,
        count=4,
        dtype="float32",
        crs=WINDOW.crs,
        transform=WINDOW.transform,
    ) as out:
        out.write(given.pixels)
    encode(tmp_path / "plain.tif", tmp_path / "coded.tif", LAYERS, "int8")
    with rasterio.open(tmp_path / "coded.tif") as coded:
        assert coded.dtypes == ("int8",) * 4
        steps = np.array(coded.scales)[:, None, None]
        assert coded.descriptions == tuple(layer.name for layer in LAYERS)
    back = decoded(tmp_path / "coded.tif")
    assert np.isnan(back[:, 1, 2]).all()
    assert np.nanmax(np.abs(back - given.pixels) / steps) <= 0.5 + 1e-6
    assert len({float(s) for s in steps.ravel()}) == 4


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_a_cog_and_a_cube_hold_the_same_numbers(tmp_path: Path, dtype: str) -> None:
    for ending in (".tif", ".nc"):
        write_embedding(result(), EmbeddingFile(out=tmp_path / f"out{ending}", dtype=dtype), tmp_path)
    with rasterio.open(tmp_path / "out.tif") as cog:
        tags = cog.tags()
    assert (tags["LANDCAST_LAYER"], tags["LANDCAST_DATE"], tags["LANDCAST_DTYPE"]) == ("last", "2021-08-15", dtype)
    with xr.open_dataset(tmp_path / "out.nc") as cube:
        for number, values in enumerate(decoded(tmp_path / "out.tif")):
            np.testing.assert_allclose(cube[LAYERS[number].name].values, values, rtol=1e-6)
    if dtype == "float16":
        np.testing.assert_array_equal(decoded(tmp_path / "out.tif"), raster().pixels.astype(np.float16))


def test_the_picture_lies_beside_the_file_where_one_is_wanted(tmp_path: Path) -> None:
    file = EmbeddingFile(out=tmp_path / "out.tif", dtype="float16", picture=tmp_path / "pca.png")
    write_embedding(result(), file, tmp_path)
    assert (tmp_path / "pca.png").read_bytes().startswith(b"\x89PNG")

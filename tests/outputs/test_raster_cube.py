"""Rasters as cubes: variables, dimensions, attributes, fill values and chunks are those that the files always had."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import pytest
import xarray as xr
import zarr
from affine import Affine

from core.grid import Window
from core.product import Layer, Raster, Variable
from core.timeline import parse_period
from outputs.cog import open_cog, plain_raster, write_cog
from outputs.discovery import extent_attributes
from outputs.raster_cube import write_raster_cube
from products.quantile_layers import dated_layer
from tests.conftest import ROOT
from tests.outputs.rasters import DATES, WINDOW, class_map, forecast, origin

ISSUED = {"issue_date": "2022-05-01"}
ATTRIBUTES = {
    "Conventions": "CF-1.11, ACDD-1.3",
    "title": "NDVI forecast (simulated)",
    "summary": "NDVI forecast (simulated), by landcast 1.2, model small.",
    "keywords": "Sentinel-2, vegetation, land cover",
    "standard_name_vocabulary": "CF Standard Name Table v93",
    "coordinates": "spatial_ref",
    "source": "landcast 1.2, model small",
    "license": "No licence needed.",
    "comment": "Simulated data: no satellite has measured this.",
    "landcast_product": "ndvi-forecast",
    "landcast_model": "small",
    "landcast_model_sha256": "ab" * 32,
    "landcast_version": "1.2",
    "landcast_archive": "sample",
    "landcast_archives": "sample",
    "landcast_attribution": "No licence needed.",
    "landcast_simulated": "yes",
    "landcast_scenes": "2 sha256:7e18f737311b2dc3b2f269dd78396b0351f14fb66efa879f768cb23181883c78",
    "landcast_preparation": "{}",
    "landcast_period": "2021-01-01/2022-04-30",
    "landcast_completeness": "1.0000 (0 of 4 reads failed)",
}
"""Global attributes of every cube below."""
PLACE = {"grid_mapping": "spatial_ref"}
NDVI = {"standard_name": "normalized_difference_vegetation_index"}
AXES: dict[str, tuple[Any, ...]] = {
    "y": (("y",), "float64", {"standard_name": "projection_y_coordinate", "units": "m", "axis": "Y"}),
    "x": (("x",), "float64", {"standard_name": "projection_x_coordinate", "units": "m", "axis": "X"}),
}
DAYS = {
    "units": "days since 1970-01-01",
    "calendar": "proleptic_gregorian",
    "units_metadata": "leap_seconds: none",
}
FORECAST: dict[str, tuple[Any, ...]] = {
    **AXES,
    "time": (("time",), "int32", {"standard_name": "time", "long_name": "day, UTC", "axis": "T", **DAYS}),
    "quantile": (("quantile",), "float64", {"long_name": "share of outcomes below", "units": "1"}),
    "issue_date": ((), "int32", {"standard_name": "forecast_reference_time", **DAYS}),
    "ndvi": (
        ("quantile", "time", "y", "x"),
        "float32",
        {
            "long_name": "forecast NDVI: quantiles of outcomes",
            "units": "1",
            **NDVI,
            **PLACE,
            "coordinates": "issue_date",
        },
        (5, 2, 64, 64),
    ),
    "evi2": (
        ("quantile", "time", "y", "x"),
        "float32",
        {
            "long_name": "forecast EVI2: quantiles of outcomes",
            "units": "1",
            **PLACE,
            "coordinates": "issue_date",
        },
        (5, 2, 64, 64),
    ),
    "climatology": (
        ("time", "y", "x"),
        "float32",
        {
            "long_name": "NDVI of the seasonal cycle of the history",
            "units": "1",
            **NDVI,
            **PLACE,
            "coordinates": "issue_date",
        },
        (2, 64, 64),
    ),
    "anomaly": (
        ("time", "y", "x"),
        "float32",
        {
            "long_name": "median forecast of NDVI less that of the cycle",
            "units": "1",
            **PLACE,
            "coordinates": "issue_date",
        },
        (2, 64, 64),
    ),
    "clear_count": (("y", "x"), "float32", {"long_name": "Clear observations", "units": "1", **PLACE}, (64, 64)),
}
"""By variable: dimensions, type, attributes, and of pixels the chunks."""
FLAGS = {"flag_values": [0, 1], "flag_meanings": "no_tree_canopy conifer"}
CLASS_MAP: dict[str, tuple[Any, ...]] = {
    **AXES,
    "class": (("y", "x"), "uint8", {"long_name": "Class", **FLAGS, **PLACE}, (64, 64)),
    "p_none": (("y", "x"), "uint8", {"long_name": "Probability of none", "units": "%", **PLACE}, (64, 64)),
    "p_conifer": (("y", "x"), "uint8", {"long_name": "Probability of conifer", "units": "%", **PLACE}, (64, 64)),
    "clear_count": (("y", "x"), "uint8", {"long_name": "Seen", "units": "1", **PLACE}, (64, 64)),
}


def written(source: Any, path: Path, **options: str) -> Path:
    given = origin(**options)
    write_raster_cube(source, path, title=given.title, tags=given.tags(), issue_date=options.get("issue_date", ""))
    return path


def netcdf_content(path: Path) -> tuple[dict[str, Any], dict[str, tuple[Any, ...]], dict[str, Any]]:
    """Global attributes; variables as in the tables above, without their fill values; the fill values."""
    with netCDF4.Dataset(path) as file:
        found, fills = {}, {}
        for name, values in file.variables.items():
            facts = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in values.__dict__.items()}
            if "_FillValue" in facts:
                fills[name] = facts.pop("_FillValue")
            chunks = () if values.chunking() == "contiguous" else (tuple(values.chunking()),)
            assert bool((values.filters() or {}).get("zlib")) == bool(chunks), name
            found[name] = (values.dimensions, str(values.dtype), facts, *chunks)
        return dict(file.__dict__), found, fills


def zarr_content(path: Path) -> tuple[dict[str, Any], dict[str, tuple[Any, ...]], dict[str, Any]]:
    group = zarr.open_group(path, mode="r")
    assert group.metadata.consolidated_metadata is not None
    found, fills = {}, {}
    for name, values in group.arrays():
        facts = dict(values.attrs)
        if "_FillValue" in facts:
            assert facts.pop("_FillValue") == values.fill_value
        dims = tuple(facts.pop("_ARRAY_DIMENSIONS"))
        if dims[-2:] == ("y", "x"):
            fills[name] = values.fill_value
        found[name] = (dims, str(values.dtype), facts, *([values.chunks] if dims[-2:] == ("y", "x") else []))
    return dict(group.attrs), found, fills


@pytest.mark.parametrize("read", [netcdf_content, zarr_content])
@pytest.mark.parametrize("is_file", [False, True])
@pytest.mark.parametrize(("raster", "expected"), [(forecast(), FORECAST), (class_map(), CLASS_MAP)])
def test_a_cube_holds_what_is_documented_from_memory_and_from_a_file(
    tmp_path: Path, raster: Raster, expected: dict[str, Any], read: Any, is_file: bool
) -> None:
    source: Any = raster
    if is_file:
        write_cog(raster, tmp_path / "map.tif", {})
        source = open_cog(tmp_path / "map.tif")
    options = ISSUED if expected is FORECAST else {}
    path = written(source, tmp_path / f"cube{'.nc' if read is netcdf_content else '.zarr'}", **options)
    attributes, found, fills = read(path)
    place = {name: attributes.pop(name) for name in list(attributes) if name.startswith(("geospatial", "time_cov"))}
    assert attributes.pop("history").startswith("landcast 1.2: ndvi-forecast, observations of 2021-01-01 to 2022-04-30")
    assert attributes == ATTRIBUTES | ({"landcast_issue_date": "2022-05-01"} if options else {})
    assert place.keys() == extent_attributes(raster.window, parse_period("2022-05-01/2022-06-10")).keys()
    dims, dtype, facts = found.pop("spatial_ref")
    assert (dims, dtype, facts["grid_mapping_name"]) == ((), "int32", "transverse_mercator")
    assert facts["GeoTransform"] == "600000.0 10.0 0 5300000.0 0 -10.0"
    assert found == expected
    assert set(fills) == {name for name, facts in expected.items() if len(facts) == 4}
    assert all(np.isnan(v) if expected is FORECAST else v == 255 for v in fills.values())


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_each_layer_lies_where_its_date_and_quantile_say(tmp_path: Path, ending: str) -> None:
    raster = forecast()
    shuffled = np.random.default_rng(1).permutation(len(raster.layers))
    mixed = replace(raster, layers=tuple(raster.layers[n] for n in shuffled), pixels=raster.pixels[shuffled])
    path = written(mixed, tmp_path / f"cube{ending}", **ISSUED)
    with xr.open_dataset(path, engine="zarr" if ending == ".zarr" else "netcdf4") as data:
        for layer, pixels in zip(raster.layers, raster.pixels, strict=True):
            if layer.quantile is not None:
                part = data[layer.variable.lower()].sel(quantile=layer.quantile, time=layer.date)
            else:
                part = data[layer.variable].sel(time=layer.date) if layer.date else data[layer.name]
            np.testing.assert_array_equal(part.values, pixels)
        assert [str(day)[:10] for day in data["time"].values] == list(DATES)


def test_layers_have_any_name_they_like(tmp_path: Path) -> None:
    raster = forecast()
    renamed = replace(
        raster, layers=tuple(replace(v, name=f"band {n}", description="") for n, v in enumerate(raster.layers))
    )
    found = netcdf_content(written(renamed, tmp_path / "cube.nc", **ISSUED))[1]
    assert set(found) - {"spatial_ref"} == set(FORECAST) - {"clear_count"} | {"band 24"}


def test_a_part_of_a_forecast_has_a_variable_for_each_layer(tmp_path: Path) -> None:
    raster = forecast()
    kept = [n for n, v in enumerate(raster.layers) if v.variable in ("NDVI", Variable.ANOMALY)][1:]
    part = replace(raster, layers=tuple(raster.layers[n] for n in kept), pixels=raster.pixels[kept])
    found = netcdf_content(written(part, tmp_path / "cube.nc", **ISSUED))[1]
    assert found["anomaly"][0] == ("time", "y", "x")
    assert found["ndvi_2022-06-10_q50"][0] == ("y", "x")
    assert "ndvi" not in found
    assert "quantile" not in found


def test_classes_written_as_floats_have_flags_of_their_type(tmp_path: Path) -> None:
    path = written(class_map("float32"), tmp_path / "cube.nc")
    with netCDF4.Dataset(path) as file:
        assert file["class"].flag_values.dtype == np.float32
        assert np.isnan(file["class"].__dict__["_FillValue"])
        assert file["p_conifer"].units == "1"


def embedding_layers(dtype: str) -> tuple[Layer, ...]:
    return tuple(
        Layer(name=f"e{n:03d}", description=f"Dimension {n}", variable=Variable.EMBEDDING, unit="1", dtype=dtype)
        for n in range(3)
    )


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_scaled_bands_are_decoded_by_xarray_and_have_large_chunks(tmp_path: Path, ending: str) -> None:
    stored = np.random.default_rng(5).integers(-127, 128, (3, *WINDOW.shape_yx)).astype(np.int8)
    stored[:, 0, 0] = -128
    with plain_raster(tmp_path / "coded.tif", embedding_layers("int8"), WINDOW, dtype="int8", nodata=-128) as out:
        out.write(stored)
        out.scales = [0.5, 0.25, 0.125]
    path = written(open_cog(tmp_path / "coded.tif"), tmp_path / f"cube{ending}")
    with xr.open_dataset(path, engine="zarr" if ending == ".zarr" else "netcdf4") as data:
        expected = np.where(stored == -128, np.nan, stored * np.array([0.5, 0.25, 0.125])[:, None, None])
        np.testing.assert_array_equal(data[["e000", "e001", "e002"]].to_dataarray().values, expected)
        encoding = data["e001"].encoding
        assert (str(encoding["dtype"]), encoding["_FillValue"], encoding["scale_factor"]) == ("int8", -128, 0.25)
        assert tuple(encoding.get("chunksizes") or encoding["chunks"]) == WINDOW.shape_yx


def test_half_floats_are_stored_as_such_where_the_format_has_them(tmp_path: Path) -> None:
    values = np.random.default_rng(6).normal(size=(3, *WINDOW.shape_yx)).astype(np.float16).astype(np.float32)
    raster = Raster(layers=embedding_layers("float32"), pixels=values, window=WINDOW, nodata=np.nan)
    for ending, dtype in ((".nc", "float32"), (".zarr", "float16")):
        path, given = tmp_path / f"cube{ending}", origin()
        write_raster_cube(raster, path, title=given.title, tags=given.tags(), stored_as="float16")
        with xr.open_dataset(path, engine="zarr" if ending == ".zarr" else "netcdf4") as data:
            assert str(data["e002"].dtype) == dtype
            np.testing.assert_array_equal(data["e002"].values, values[2])


def test_the_same_raster_gives_the_same_bytes_from_memory_and_from_a_file(tmp_path: Path) -> None:
    window = Window(crs="EPSG:32632", transform=Affine(10, 0, 600_000, 0, -10, 5_300_000), shape_yx=(300, 530))
    raster = forecast(window)
    write_cog(raster, tmp_path / "map.tif", {})
    first = written(raster, tmp_path / "a.nc", **ISSUED).read_bytes()
    assert written(raster, tmp_path / "b.nc", **ISSUED).read_bytes() == first
    assert written(open_cog(tmp_path / "map.tif"), tmp_path / "c.nc", **ISSUED).read_bytes() == first


MEASURE = """
import resource, sys
from pathlib import Path
import numpy as np
from affine import Affine
from core.grid import Window
from core.product import Layer
from outputs.cog import open_cog, plain_raster
from outputs.write_raster import write_raster
from tests.outputs.rasters import origin
edge, folder = int(sys.argv[1]), Path(sys.argv[2])
days = [f"2022-{month:02d}-{day:02d}" for month in range(1, 9) for day in (1, 6, 11, 16, 21)]
layers = [
    Layer(name=f"{d} {q}", description="", variable="NDVI", quantile=q, date=d) for q in (0.05, 0.25, 0.5, 0.75, 0.95)
    for d in days
]
window = Window(crs="EPSG:32632", transform=Affine(10, 0, 600_000, 0, -10, 5_300_000), shape_yx=(edge, edge))
with plain_raster(folder / "plain.tif", layers, window, dtype="float32", nodata=np.nan):
    pass
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
write_raster(open_cog(folder / "plain.tif"), folder / f"cube{sys.argv[3]}", origin())
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_memory_does_not_grow_with_the_region(tmp_path: Path, ending: str) -> None:
    """200 layers: a block of all dates has 52 MB, the pixels of the larger region 839 MB."""
    unit = 1024 if sys.platform == "linux" else 1  # macOS gives bytes
    used = []
    for edge in (512, 1024):
        command = [sys.executable, "-c", MEASURE, str(edge), str(tmp_path), ending]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        used.append(int(done.stdout) * unit / 2**20)
    assert used[1] < 400
    assert used[1] - used[0] < 40


def test_filled_gaps_are_quantiles_and_distances_by_date_and_no_forecast(tmp_path: Path) -> None:
    quantiles = forecast().layers[:10]
    near = tuple(dated_layer(Variable.DAYS_TO_CLEAR, d, "Days", unit="days") for d in DATES)
    pixels = np.random.default_rng(2).random((12, *WINDOW.shape_yx)).astype(np.float32)
    pixels[11, 3, 4] = np.nan
    raster = Raster(layers=(*quantiles, *near), pixels=pixels, window=WINDOW, nodata=np.nan)
    with xr.open_dataset(written(raster, tmp_path / "gaps.nc")) as cube:
        assert cube.ndvi.dims == ("quantile", "time", "y", "x")
        assert cube.ndvi.attrs["long_name"] == "NDVI: quantiles of outcomes"
        assert (cube.days_to_clear.dtype, cube.days_to_clear.attrs["units"]) == (np.float32, "d")
        np.testing.assert_array_equal(cube.days_to_clear, pixels[10:])
        assert "issue_date" not in cube

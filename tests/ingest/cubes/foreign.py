"""The same pixels as other programs write them: each function gives a cube in the exact form of one tool."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from pyproj import CRS

ROWS, COLUMNS = 24, 20
EPSG = 32633
WEST, NORTH = 430_000.0, 5_300_000.0
DATES = pd.to_datetime("2021-04-01T10:01") + pd.to_timedelta(np.arange(14) * 5, "D")
BANDS = {
    "B02": 0.035, "B03": 0.06, "B04": 0.045, "B05": 0.1, "B06": 0.2,
    "B07": 0.26, "B08": 0.3, "B8A": 0.31, "B11": 0.18, "B12": 0.1,
}  # fmt: skip
E84 = {
    "B02": "blue", "B03": "green", "B04": "red", "B05": "rededge1", "B06": "rededge2",
    "B07": "rededge3", "B08": "nir", "B8A": "nir08", "B11": "swir16", "B12": "swir22",
}  # fmt: skip
DEA = {
    "B02": "nbart_blue", "B03": "nbart_green", "B04": "nbart_red", "B05": "nbart_red_edge_1",
    "B06": "nbart_red_edge_2", "B07": "nbart_red_edge_3", "B08": "nbart_nir_1", "B8A": "nbart_nir_2",
    "B11": "nbart_swir_2", "B12": "nbart_swir_3",
}  # fmt: skip


def dn() -> dict[str, np.ndarray]:
    """Return (T, Y, X) uint16 of every band, different in every pixel, on every date and in every band."""
    t, y, x = np.indices((len(DATES), ROWS, COLUMNS))
    season = 1 + 0.4 * np.sin(t / 3)
    return {b: np.rint((v * season + 0.0004 * y + 0.0007 * x) * 1e4).astype(np.uint16) for b, v in BANDS.items()}


def clouds() -> np.ndarray:
    """Return (T, Y, X), True in one corner of every third date."""
    found = np.zeros((len(DATES), ROWS, COLUMNS), bool)
    found[::3, :9, :7] = True
    return found


def coded(clear: int, cloud: int, dtype: Any = np.uint8) -> np.ndarray:
    """Return (T, Y, X) codes of a mask."""
    return np.where(clouds(), cloud, clear).astype(dtype)


def scl() -> np.ndarray:
    """Return (T, Y, X) scene classes: vegetation, and cloud of high probability."""
    return coded(4, 9)


def coordinates(**names: str) -> dict[str, Any]:
    """Return dates and pixel centres, under other names if given."""
    return {
        names.get("time", "time"): DATES,
        names.get("y", "y"): NORTH - 10 * (np.arange(ROWS) + 0.5),
        names.get("x", "x"): WEST + 10 * (np.arange(COLUMNS) + 0.5),
    }


def variables(pixels: Mapping[str, np.ndarray], names: Mapping[str, str] | None = None, **dims: str) -> xr.Dataset:
    """Return a dataset with a variable for each band."""
    axes = tuple(dims.get(d, d) for d in ("time", "y", "x"))
    named = {(names or {}).get(b, b): (axes, v) for b, v in pixels.items()}
    return xr.Dataset(named, coords=coordinates(**dims))


def with_crs(data: xr.Dataset, name: str = "spatial_ref") -> xr.Dataset:
    """Add a grid mapping as GDAL and rioxarray write it."""
    wkt = CRS.from_epsg(EPSG).to_wkt()
    transform = f"{WEST} 10.0 0.0 {NORTH} 0.0 -10.0"
    attrs = {"crs_wkt": wkt, "spatial_ref": wkt, "GeoTransform": transform}
    return data.assign_coords({name: ((), 0, attrs)})


def stacked(pixels: Mapping[str, np.ndarray], labels: list[str]) -> xr.DataArray:
    """Return one array (time, band, y, x)."""
    values = np.stack(list(pixels.values()), axis=1)
    return xr.DataArray(values, dims=("time", "band", "y", "x"), coords={**coordinates(), "band": labels})


def ours() -> xr.Dataset:
    """Return the cube in our own layout."""
    return with_crs(variables({**dn(), "SCL": scl()}))


def odc_stac() -> xr.Dataset:
    """Return what `odc.stac.load` gives for Earth Search: common names, nodata as an attribute."""
    data = with_crs(variables({**dn(), "SCL": scl(), "visual": scl()}, {**E84, "SCL": "scl"}))
    for name in data.data_vars:
        data[name].attrs["nodata"] = 0
    return data


def digital_earth_australia() -> xr.Dataset:
    """Return what the Open Data Cube of Geoscience Australia gives."""
    pixels = {b: v.astype(np.int16) for b, v in dn().items()}
    data = with_crs(variables({**pixels, "oa_fmask": coded(1, 2)}, DEA))
    for name in data.data_vars:
        data[name].attrs |= {"units": "1", "nodata": -999, "grid_mapping": "spatial_ref"}
    return data.assign_attrs(crs=f"EPSG:{EPSG}", grid_mapping="spatial_ref")


def stackstac() -> xr.Dataset:
    """Return `stackstac.stack(...)` of the Planetary Computer, written by `.to_dataset(name=...)`."""
    pixels = {**dn(), "SCL": scl()}
    array = stacked({b: v.astype(np.float64) for b, v in pixels.items()}, list(pixels))
    common = [*E84.values(), ""]
    array = array.assign_coords(epsg=EPSG, id=("time", [f"S2A_{n}" for n in range(len(DATES))]))
    array = array.assign_coords(common_name=("band", common), platform="Sentinel-2A")
    return array.assign_attrs(crs=f"epsg:{EPSG}", resolution=10.0).to_dataset(name="stackstac-0123")


def cubo() -> xr.Dataset:
    """Return `cubo.create(...)`: stackstac's array with attributes of the edge and the centre."""
    array = stacked({**dn(), "SCL": scl()}, [*dn(), "SCL"])
    attrs = {"collection": "sentinel-2-l2a", "epsg": EPSG, "edge_size": 20, "central_lat": 47.85}
    return array.assign_coords(epsg=EPSG).assign_attrs(attrs).to_dataset(name="sentinel-2-l2a")


def sentle() -> xr.Dataset:
    """Return sentle's Zarr: one array of floats, bands of radar among them, cloud classes as a band."""
    pixels = {**dn(), "S2_cloud_classification": coded(0, 1)}
    array = stacked({b: v.astype(np.float32) for b, v in pixels.items()}, list(pixels))
    return with_crs(array.to_dataset(name="sentle"))


def openeo() -> xr.Dataset:
    """Return a NetCDF of an openEO back-end."""
    pixels = {b: v.astype(np.int16) for b, v in dn().items()}
    data = with_crs(variables({**pixels, "SCL": scl()}, time="t"), "crs")
    for name in data.data_vars:
        data[name].attrs["grid_mapping"] = "crs"
    return data


def worldcereal() -> xr.Dataset:
    """Return WorldCereal's extraction: names of openEO with the collection before them, 65535 is no data."""
    names = {b: f"S2-L2A-{b}" for b in [*BANDS, "SCL"]}
    data = with_crs(variables({**dn(), "SCL": scl()}, names, time="t"), "crs")
    for name in data.data_vars:
        data[name].attrs |= {"grid_mapping": "crs", "_FillValue": np.uint16(65535)}
    return data


def earth_engine_xee() -> xr.Dataset:
    """Return `xarray.open_dataset(..., engine="ee")`: columns before rows, QA60 for clouds, CRS as an attribute."""
    data = variables(
        {**dn(), "QA60": coded(0, 1024, np.uint16)}, {b: b.replace("B0", "B") for b in BANDS}, y="Y", x="X"
    )
    return data.transpose("time", "X", "Y").assign_attrs(crs=f"EPSG:{EPSG}")


def hls_s30() -> xr.Dataset:
    """Return HLS S30 as odc-stac loads it: bits of Fmask, -9999 is no data."""
    pixels = {b: v.astype(np.int16) for b, v in dn().items()}
    data = with_crs(variables({**pixels, "Fmask": coded(64, 66)})).assign_attrs(collection="HLSS30_2.0")
    for name in BANDS:
        data[name].attrs |= {"nodata": -9999, "scale_factor": 1e-4}
    return data


def hls_l30() -> xr.Dataset:
    """Return HLS L30: B05 is the narrow near infrared, B06 and B07 the short-wave infrared."""
    pixels = dn()
    names = {"B02": "B02", "B03": "B03", "B04": "B04", "B8A": "B05", "B11": "B06", "B12": "B07"}
    kept = {names[b]: pixels[b].astype(np.int16) for b in names}
    thermal = {"B10": np.full(clouds().shape, 2900, np.int16), "Fmask": coded(64, 66)}
    return with_crs(variables({**kept, **thermal})).assign_attrs(title="HLS.L30.T33UWP")


def qgis_stack() -> xr.Dataset:
    """Return one array whose bands are numbered, with names as an attribute."""
    array = stacked(dn(), [str(n) for n in range(1, 11)]).assign_attrs(long_name=list(BANDS))
    return with_crs(array.to_dataset(name="band_data"))


def degrees(names: Mapping[str, str], y: str = "lat", x: str = "lon") -> xr.Dataset:
    """Return the pixels on a lattice of longitude and latitude around the same place, 0.0001 degrees a pixel."""
    pixels = {**dn(), "SCL": scl()}
    data = variables(pixels, names, y=y, x=x)
    lat, lon = 47.85 - 1e-4 * np.arange(ROWS), 14.06 + 1.35e-4 * np.arange(COLUMNS)
    return data.assign_coords({y: lat, x: lon})


def xcube() -> xr.Dataset:
    """Return a cube of xcube-sh: lat and lon, and a CRS."""
    data = degrees({})
    return data.assign_coords(crs=((), 0, {"crs_wkt": CRS.from_epsg(4326).to_wkt()}))


def green_earth_net() -> xr.Dataset:
    """Return a minicube of GreenEarthNet: lat and lon without a CRS, floats 0..1, days between overpasses empty."""
    data = degrees({b: f"s2_{b}" for b in [*BANDS, "SCL"]})
    mask = (("time", "lat", "lon"), np.where(clouds(), 1, 0).astype(np.float32))
    floats = data.assign({f"s2_{b}": data[f"s2_{b}"].astype(np.float32) / 1e4 for b in BANDS})
    return floats.drop_vars("s2_SCL").assign(s2_mask=mask).assign(s2_avail=("time", np.ones(len(DATES), np.uint8)))


def write_eopf(path: Path, date: int = 1) -> None:
    """Write one date as ESA's EOPF Zarr product: groups by pixel size, 20 m bands on pixels of their own."""
    pixels, every = dn(), slice(None, None, 2)
    attrs = {
        "stac_discovery": {"properties": {"datetime": DATES[date].isoformat() + "Z", "platform": "sentinel-2a"}},
        "other_metadata": {"horizontal_CRS_code": f"EPSG:{EPSG}"},
    }
    xr.Dataset(attrs=attrs).to_zarr(path, zarr_format=2, consolidated=False)
    packed = {"scale_factor": 1e-4, "add_offset": -0.1}
    fine = {b: (("y", "x"), pixels[b][date] + 1000, packed) for b in ("B02", "B03", "B04", "B08")}
    coarse = {b: (("y", "x"), pixels[b][date, every, every] + 1000, packed) for b in ("B05", "B8A", "B11", "B12")}
    edges = coordinates()
    half = {"y": edges["y"][every] - 5, "x": edges["x"][every] + 5}
    groups: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "measurements/reflectance/r10m": (fine, {"y": edges["y"], "x": edges["x"]}),
        "measurements/reflectance/r20m": (coarse, half),
        "conditions/mask/l2a_classification/r20m": ({"scl": (("y", "x"), scl()[date, every, every])}, half),
    }
    for group, (data, coords) in groups.items():
        named = {n.lower(): v for n, v in data.items()}
        xr.Dataset(named, coords=coords).to_zarr(path, group=group, zarr_format=2, consolidated=False)

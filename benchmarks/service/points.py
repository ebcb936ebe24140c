"""Claim: one pixel of a forecast of 512 x 512 pixels is answered in under 300 ms, by `/point` and by EDR `position`.

    python -m benchmarks.service.points [--edge 512] [--asked 10]

A service on loopback has one finished forecast with the layers of the default order: smooth values with noise. Its
GeoTIFF is there in two ways: as it is written now, and as it was before: with all layers that a forecast can have, in
blocks of 512. Pixels far from each other are asked for, of one file and of the other in turn, each only once.
"""

import argparse
import shutil
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np
import xarray as xr
from pyproj import Transformer
from rasterio.shutil import copy
from shapely.geometry import box, mapping

from core.grid import Window
from core.product import Layer, Raster
from core.region import parse_region
from core.settings import Settings
from outputs.cog import ZSTD_LEVEL, open_cog
from outputs.write_raster import write_raster
from products.forecast import ForecastOptions, NdviForecast
from tests.outputs.rasters import origin
from tests.service import scene
from workers.queue.redis_server import private_redis

LIMIT_MS = 300.0
JOB, PRODUCT = "forecast1", "ndvi-forecast"
OLD = {"driver": "GTiff", "tiled": True, "blockxsize": 512, "blockysize": 512, "interleave": "band"}
Way = tuple[str, Path]


def main() -> int:
    """Return 0 if the median of each kind of answer is under the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edge", type=int, default=512, help="edge of the forecast in pixels")
    parser.add_argument("--asked", type=int, default=10, help="pixels asked for of each file")
    chosen = parser.parse_args()
    with TemporaryDirectory(prefix="lc-points-") as folder, private_redis() as redis_url:
        settings = archive_of(Path(folder), chosen.edge).but(redis_url=redis_url)
        job = scene.finished(settings, PRODUCT, JOB, region=region_of(chosen.edge))
        file = settings.home / "jobs" / JOB / f"{PRODUCT}.tif"
        options, window = NdviForecast.options.read(job.order.params), open_cog(file).window
        ways = [(name, Path(folder) / f"{name}.tif") for name in ("before", "now")]
        for name, path in ways:
            print(f"{name}: {written(options, window, path, is_old=name == 'before')}", flush=True)
        with scene.served(settings) as client:
            return report(ask(client, file, ways, window, chosen.asked))


def archive_of(folder: Path, edge: int) -> Settings:
    """Return settings with an archive of so many pixels, one date a month; jobs are made up, and never read it."""
    times = np.arange("2021-03-01", "2022-11-01", 30, dtype="datetime64[D]").astype("datetime64[ns]")
    pixels = xr.DataArray(np.full((len(times), edge, edge), 0.2, np.float32), dims=("time", "y", "x"))
    axes = {"y": scene.NORTH - 10.0 * (np.arange(edge) + 0.5), "x": scene.WEST + 10.0 * (np.arange(edge) + 0.5)}
    attributes = {"crs": "EPSG:32632", "simulated": "true", "title": "Simulated test fields", "license": "CC0"}
    data = xr.Dataset({"B04": pixels, "B08": pixels}, coords={"time": times, **axes}, attrs=attributes)
    data.to_netcdf(folder / "cube.nc", engine="netcdf4")
    return Settings(home=folder / "home", archive=str(folder / "cube.nc"))


def region_of(edge: int) -> dict[str, Any]:
    """Return the polygon of the archive's pixels, WGS84."""
    west, north = scene.WEST, scene.NORTH
    corners = box(west + 5, north - 10 * edge + 5, west + 10 * edge - 5, north - 5)
    move = Transformer.from_crs("EPSG:32632", "EPSG:4326", always_xy=True).transform
    ring = [move(x, y) for x, y in corners.exterior.coords]
    return parse_region(mapping(box(*corners.bounds)) | {"coordinates": [ring]}).to_geojson()


def written(options: ForecastOptions, window: Window, path: Path, *, is_old: bool) -> str:
    """Write a forecast, and return its layers, size and seconds as text."""
    layers = NdviForecast().layers(options.but(extra_layers=None) if is_old else options)
    raster = made_up(layers, window)
    begun = time.perf_counter()
    write_raster(raster, path, origin(issue_date=options.issue.isoformat()))
    took = time.perf_counter() - begun
    if is_old:
        again = path.with_name("again.tif")
        copy(path, again, **OLD, compress="zstd", zstd_level=ZSTD_LEVEL, predictor=2)
        again.replace(path)
    size = path.stat().st_size / (window.shape_yx[0] * window.shape_yx[1])
    return f"{len(layers)} layers, {size:.0f} bytes a pixel, written in {took:.1f} s"


def made_up(layers: tuple[Layer, ...], window: Window) -> Raster:
    """Return smooth values with noise."""
    rng, (height, width) = np.random.default_rng(0), window.shape_yx
    y, x = np.mgrid[:height, :width] / height
    smooth = 0.5 + 0.2 * np.sin(9 * x) * np.cos(7 * y)
    pixels = np.empty((len(layers), height, width), np.float32)
    for number in range(len(layers)):
        pixels[number] = smooth + 0.001 * number + rng.normal(0, 0.02, smooth.shape)
    return Raster(layers=layers, pixels=pixels, window=window, nodata=np.nan)


def ask(
    client: httpx.Client, file: Path, ways: list[Way], window: Window, count: int
) -> dict[str, dict[str, list[float]]]:
    """Return milliseconds of each answer by what was asked for and the way that the file was written."""
    rng, (height, width) = np.random.default_rng(1), window.shape_yx
    to_degrees = Transformer.from_crs(window.crs, "EPSG:4326", always_xy=True)
    found: dict[str, dict[str, list[float]]] = {}
    for _ in range(count):
        for name, path in ways:
            shutil.copyfile(path, file)
            for kind in ("point", "position", "position of the median"):
                x, y = window.transform * (rng.uniform(5, width - 5), rng.uniform(5, height - 5))
                took = asked(client, kind, *to_degrees.transform(x, y))
                found.setdefault(kind, {}).setdefault(name, []).append(took)
    return found


def asked(client: httpx.Client, kind: str, longitude: float, latitude: float) -> float:
    """Return the milliseconds of one answer."""
    address, query = f"/jobs/{JOB}/point", {"lon": str(longitude), "lat": str(latitude)}
    if kind != "point":
        address, query = f"/edr/collections/{PRODUCT}/position", {"coords": f"POINT({longitude} {latitude})"}
    if kind.endswith("median"):
        query["parameter-name"] = "ndvi_q50"
    begun = time.perf_counter()
    answer = client.get(address, params=query)
    took = 1000 * (time.perf_counter() - begun)
    assert answer.status_code == 200, answer.text
    assert "0." in answer.text
    return took


def report(found: dict[str, dict[str, list[float]]]) -> int:
    """Print medians and their ratio, and return 0 if all of now are under the limit."""
    for kind, by_way in found.items():
        before, now = (statistics.median(by_way[name]) for name in ("before", "now"))
        ratio = statistics.median(a / b for a, b in zip(by_way["before"], by_way["now"], strict=True))
        print(f"{kind}: {before:.0f} ms before, {now:.0f} ms now, {ratio:.1f} times")
    return int(any(statistics.median(by_way["now"]) > LIMIT_MS for by_way in found.values()))


if __name__ == "__main__":
    raise SystemExit(main())

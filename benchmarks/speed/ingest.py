"""Measure how fast a local archive of COGs is read, beside the libraries that others use, and check that all agree.

    python -m benchmarks.speed.ingest [--small] [--threads 2] [--rounds 4] [--stackstac-python /path/to/python]

The archive is made up from a seed: smooth fields with noise, 12 files a date, deflate, blocks of 512. All read the same
11 bands of all dates into memory as reflectance (float32, NaN = no data) and scene classes, an array per band and date,
with the same threads, one after the other in turns; the table shows the medians of the rounds. Who begins changes from
round to round: memory that one has freed is quicker for the next than new memory. Processor time counts all threads. An
archive is opened once for all tiles, in which the offsets of its numbers are found: that is shown apart.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from shapely.geometry import mapping

from core.bands import OPTICAL_NAMES
from core.grid import Window
from core.settings import Settings
from core.timeline import Period
from ingest.stac.folder import StacFolder, open_stac_folder

SCALE, BLOCK, PIXEL_M = 1e-4, 512, 10.0
READ = (*OPTICAL_NAMES, "SCL")
WRITTEN = (*READ, "B01")
FIRST, STEP_DAYS = date(2020, 1, 3), 5
CORNER = (600_000.0, 5_600_000.0)
Stacks = Mapping[str, Any]
"""Band to T arrays (Y, X)."""
Took = tuple[float, float]
"""Seconds of the clock, and of the processor; of another process (stackstac) the former twice."""


def main() -> None:
    """Print a table of rates and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="6 dates of 512 x 512 pixels")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--folder", type=Path, help="where to keep the archive; generated if it does not exist")
    parser.add_argument("--stackstac-python", type=Path, help="Python of an environment with stackstac and pandas<3")
    options = parser.parse_args()
    dates, size = (6, 512) if options.small else (60, 1024)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary) / "archive"
        if not (folder / "catalog.json").is_file():
            write_archive(folder, dates, size)
        compare(folder, dates, size, options.rounds, threads=options.threads, other_python=options.stackstac_python)


def compare(folder: Path, dates: int, size: int, rounds: int, *, threads: int, other_python: Path | None) -> None:
    """Read with each library in turn, check that the results agree, print the table."""
    window = Window(
        crs="EPSG:32632", transform=Affine(PIXEL_M, 0, CORNER[0], 0, -PIXEL_M, CORNER[1]), shape_yx=(size,) * 2
    )
    began = time.process_time()
    archive = open_stac_folder(folder, settings=Settings())
    print(f"opening the archive: {time.process_time() - began:.2f} s of the processor")
    readers: dict[str, Callable[[], tuple[Took, list[int]]]] = {
        "landcast": timed(lambda: read_landcast(archive, window, threads)),
        "rasterio, as stored": timed(lambda: read_plain(folder, window, threads, False)),
        "rasterio": timed(lambda: read_plain(folder, window, threads, True)),
    }
    if has_odc():
        readers["odc-stac"] = timed(lambda: read_odc(folder, window, threads))
    if other_python:
        readers["stackstac"] = lambda: run_stackstac(other_python, folder, window, threads)  # its own process
    readers["rasterio"]()  # brings the files into memory
    seconds: dict[str, list[Took]] = {name: [] for name in readers}
    marks: dict[str, list[int]] = {}
    names = list(readers)
    for number in range(rounds):
        for name in (*names[number % len(names) :], *names[: number % len(names)]):
            took, marks[name] = readers[name]()
            seconds[name].append(took)
    differing = [n for n in readers if marks[n] != marks["landcast"] and n != "rasterio, as stored"]
    report(seconds, dates, size)
    print("outputs are equal" if not differing else f"OUTPUTS DIFFER from landcast's: {', '.join(differing)}")
    sys.exit(1 if differing else 0)


def report(seconds: Mapping[str, list[Took]], dates: int, size: int) -> None:
    """Print rates, and the time of each library relative to landcast."""
    megabytes = dates * size**2 * (2 * len(OPTICAL_NAMES) + 1) / 1e6
    print(f"{dates} dates x {size} x {size} pixels x {len(READ)} bands, {megabytes:.0f} MB unpacked\n")
    print(f"{'':22}{'seconds':>9}{'MB/s':>9}{'Mpixel-dates/s':>16}{'landcast is':>15}{'of processor time':>19}")
    for name, times in seconds.items():
        took = float(np.median([t[0] for t in times]))
        rate = dates * size**2 / took / 1e6
        of_clock, of_processor = (_times_ours(seconds, name, part) for part in (0, 1))
        print(f"{name:22}{took:9.2f}{megabytes / took:9.0f}{rate:16.2f}{of_clock:13.2f} x{of_processor:17.2f} x")


def _times_ours(seconds: Mapping[str, list[Took]], name: str, part: int) -> float:
    """Return the median over rounds of the time of a library relative to landcast's."""
    return float(np.median([t[part] / ours[part] for t, ours in zip(seconds[name], seconds["landcast"], strict=True)]))


def timed(read: Callable[[], Stacks]) -> Callable[[], tuple[Took, list[int]]]:
    """Return a function that reads, and returns its times and checksums."""

    def run() -> tuple[Took, list[int]]:
        began, processor = time.perf_counter(), time.process_time()
        stacks = read()
        took = time.perf_counter() - began, time.process_time() - processor
        return took, checksums(stacks)

    return run


def checksums(stacks: Stacks) -> list[int]:
    """Return a number per band and date: of the values as whole numbers, so that rounding does not count."""
    marks = []
    for band in READ:
        for image in stacks[band]:
            numbers = np.asarray(image, np.float32) / np.float32(1 if band == "SCL" else SCALE)
            marks.append(zlib.crc32(np.rint(np.nan_to_num(numbers)).astype(np.uint16).tobytes()))
    return marks


def read_landcast(archive: StacFolder, window: Window, threads: int) -> Stacks:
    """Read as `ingest.build.cube` does: scenes side by side, each into its place."""
    scenes = archive.search(window, Period(start=date(2000, 1, 1), end=date(2100, 1, 1)))
    stacks = empty(len(scenes))

    def read(t: int) -> None:
        reading = archive.read(scenes[t], window, OPTICAL_NAMES)
        for band, values in (*reading.values.items(), ("SCL", reading.mask)):
            stacks[band][t] = values

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(read, range(len(scenes))))
    return stacks


def read_plain(folder: Path, window: Window, threads: int, is_scaled: bool) -> Stacks:
    """Read with rasterio alone; window reads of files whose names are known."""
    import rasterio

    scenes = sorted(p for p in folder.iterdir() if p.is_dir())
    rows, columns = window.shape_yx
    stacks = empty(len(scenes))

    def read(t: int) -> None:
        with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"):
            for band in READ:
                with rasterio.open(scenes[t] / f"{band}.tif") as raster:
                    stored = raster.read(1, window=((0, rows), (0, columns)))
                stacks[band][t] = reflectance(stored) if is_scaled and band != "SCL" else stored

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(read, range(len(scenes))))
    return stacks


def read_odc(folder: Path, window: Window, threads: int) -> Stacks:
    """Read with odc.stac.load, then scale as the others do."""
    import odc.stac
    from odc.geo.geobox import GeoBox

    items = odc_items(folder)
    box = GeoBox(window.shape_yx, window.transform, window.crs)
    loaded = odc.stac.load(items, bands=list(READ), geobox=box, pool=threads, chunks=None)
    stacks = empty(len(items))

    def scale(t: int) -> None:
        for band in READ:
            stored = loaded[band].values[t]
            stacks[band][t] = reflectance(stored) if band != "SCL" else stored

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(scale, range(len(items))))
    return stacks


def run_stackstac(python: Path, folder: Path, window: Window, threads: int) -> tuple[Took, list[int]]:
    """Read with stackstac in a separate environment."""
    west, south, east, north = window.bounds
    given = {"folder": str(folder), "threads": threads, "bounds": [west, south, east, north], "read": READ}
    child = subprocess.run(
        [str(python), "-c", STACKSTAC, json.dumps(given)], capture_output=True, text=True, check=False
    )
    if child.returncode:
        raise RuntimeError(f"stackstac failed: {child.stderr[-800:]}")
    answer = json.loads(child.stdout.splitlines()[-1])
    return (answer["seconds"], answer["seconds"]), answer["marks"]


STACKSTAC = """
import json, sys, time, zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import numpy as np, stackstac
given = json.loads(sys.argv[1])
items = [json.loads(p.read_text()) for p in sorted(Path(given["folder"]).glob("2*.json"))]
for item in items:
    for asset in item["assets"].values():
        asset["href"] = str(Path(given["folder"]) / asset["href"])
began = time.perf_counter()
stack = stackstac.stack(items, assets=given["read"], epsg=32632, resolution=10, bounds=given["bounds"], dtype="float32",
                        fill_value=np.float32("nan"), rescale=False, chunksize=1024, xy_coords=False)
values = stack.data.compute(scheduler="threads", num_workers=given["threads"])
def scale(image):
    image[:10] *= np.float32(1e-4)
with ThreadPoolExecutor(given["threads"]) as pool:
    list(pool.map(scale, values))
took = time.perf_counter() - began
marks = []
for b, band in enumerate(given["read"]):
    for image in values[:, b]:
        numbers = image / np.float32(1 if band == "SCL" else 1e-4)
        marks.append(zlib.crc32(np.rint(np.nan_to_num(numbers)).astype(np.uint16).tobytes()))
print(json.dumps({"seconds": took, "marks": marks}))
"""


def reflectance(stored: Any) -> Any:
    """Return reflectance as plainly as it can be written."""
    values = stored.astype(np.float32) * np.float32(SCALE)
    values[stored == 0] = np.nan
    return values


def empty(dates: int) -> dict[str, list[Any]]:
    """Return a list of empty places per band, one per date."""
    return {b: [None] * dates for b in READ}


def has_odc() -> bool:
    """Tell whether odc-stac is installed."""
    from importlib.util import find_spec

    return find_spec("odc") is not None and find_spec("odc.stac") is not None


def odc_items(folder: Path) -> list[Any]:
    """Return the items with whole paths."""
    import pystac

    items = [pystac.Item.from_file(str(p)) for p in sorted(folder.glob("2*.json"))]
    for item in items:
        item.make_asset_hrefs_absolute()
    return items


def write_archive(folder: Path, dates: int, size: int) -> None:
    """Write a catalogue of items, and a COG for each band and date."""
    days = [FIRST + timedelta(days=STEP_DAYS * n) for n in range(dates)]
    folder.mkdir(parents=True)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda t: write_scene(folder, days[t], t, size), range(dates)))
    links = [{"rel": "item", "href": f"./{d:%Y%m%d}.json"} for d in days]
    catalogue = {"type": "Catalog", "stac_version": "1.0.0", "id": "bench", "description": "Made up", "links": links}
    (folder / "catalog.json").write_text(json.dumps(catalogue))


def write_scene(folder: Path, day: date, t: int, size: int) -> None:
    """Write the files and the item of one date."""
    rng = np.random.default_rng([0, t])
    mine = folder / f"{day:%Y%m%d}"
    mine.mkdir()
    for number, band in enumerate(WRITTEN):
        write_band(mine / f"{band}.tif", field(rng, size, number, is_classes=band == "SCL"))
    window = Window(
        crs="EPSG:32632", transform=Affine(PIXEL_M, 0, CORNER[0], 0, -PIXEL_M, CORNER[1]), shape_yx=(size,) * 2
    )
    (folder / f"{day:%Y%m%d}.json").write_text(json.dumps(describe(day, window)))


def field(rng: np.random.Generator, size: int, number: int, *, is_classes: bool) -> Any:
    """Return (Y, X): waves with noise, and some pixels without data."""
    y, x = np.mgrid[:size, :size] / size
    phase = rng.uniform(0, 6, 4)
    waves = np.sin(9 * x + phase[0]) * np.cos(7 * y + phase[1]) + np.sin(31 * x * y + phase[2])
    if is_classes:
        return np.where(waves > 1, 9, np.where(waves > 0.5, 3, 4)).astype(np.uint8)
    numbers = 1500 + 150 * number + 500 * waves + rng.normal(0, 40, (size, size))
    numbers[waves > 1.9] = 0
    return np.clip(numbers, 0, 65534).astype(np.uint16)


def write_band(path: Path, pixels: Any) -> None:
    """Write one COG."""
    import rasterio

    profile = {"driver": "COG", "compress": "DEFLATE", "predictor": 2, "blocksize": BLOCK, "overviews": "NONE"}
    size = pixels.shape[0]
    place = {"crs": "EPSG:32632", "transform": Affine(PIXEL_M, 0, CORNER[0], 0, -PIXEL_M, CORNER[1])}
    with rasterio.open(
        path, "w", **profile, **place, width=size, height=size, count=1, dtype=pixels.dtype, nodata=0
    ) as raster:
        raster.write(pixels, 1)


def describe(day: date, window: Window) -> dict[str, Any]:
    """Return the STAC item of one date."""
    transform = list(window.transform)[:6]
    assets = {}
    for band in WRITTEN:
        is_classes = band == "SCL"
        raster = {"data_type": "uint8" if is_classes else "uint16", "nodata": 0, "scale": 1 if is_classes else SCALE}
        assets[band] = {
            "href": f"./{day:%Y%m%d}/{band}.tif",
            "type": "image/tiff; application=geotiff; profile=cloud-optimized",
            "roles": ["data"],
            "raster:bands": [{**raster, "offset": 0}],
            "eo:bands": [{"name": band}],
            "proj:shape": list(window.shape_yx),
            "proj:transform": transform,
        }
    extensions = ("eo/v1.1.0", "projection/v1.1.0", "raster/v1.1.0")
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [f"https://stac-extensions.github.io/{e}/schema.json" for e in extensions],
        "id": f"{day:%Y%m%d}",
        "geometry": mapping(window.footprint_wgs84),
        "bbox": list(window.footprint_wgs84.bounds),
        "properties": {"datetime": f"{day}T10:30:00Z", "proj:epsg": 32632},
        "links": [],
        "assets": assets,
    }


if __name__ == "__main__":
    main()

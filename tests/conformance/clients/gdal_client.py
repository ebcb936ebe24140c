"""GDAL of the system: its WMTS, STACIT and vsicurl drivers, by its Python bindings or command line."""

import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.conformance.clients.report import Different, Report, Result, Service, expect, run

NO_LISTING = ("--config", "GDAL_DISABLE_READDIR_ON_OPEN", "EMPTY_DIR")
TOLERANCE = 0.02


def examine(service: Service, report: Report) -> None:
    """Open rasters, maps and items."""
    report.version = re.findall(r"\d+\.\d+\.\d+", _run("gdalinfo", "--version"))[0]
    for result in service.results:
        report.check(f"{result.name}: /vsicurl equals the file", lambda one=result: by_url(service, one))
        report.check(f"{result.name}: STACIT finds the raster", lambda one=result: stacit(service, one))
    for name in ("canopy", "change", "crop"):
        report.check(f"{name}: WMTS has the palette's shares", lambda name=name: wmts(service, service.result(name)))


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise Different(f"{command[0]} ends with {done.returncode}: {done.stderr}")
    return done.stdout


def info(source: str, *options: str) -> dict[str, Any]:
    """Return what gdalinfo says."""
    found: dict[str, Any] = json.loads(_run("gdalinfo", "-json", *options, source))
    return found


def by_url(service: Service, result: Result) -> None:
    """Compare checksums of all bands with those of the file."""
    there = info(f"/vsicurl/{service.href(result)}", "-checksum", *NO_LISTING)
    here = info(str(result.tif), "-checksum")
    expect([b["checksum"] for b in there["bands"]], [b["checksum"] for b in here["bands"]], "checksums")


def stacit(service: Service, result: Result) -> None:
    """Open the item as a mosaic; the driver reads item collections."""
    found = info(f'STACIT:"{service.url}/stac/search?ids={result.id}":asset=data')
    expect(found["size"], info(str(result.tif))["size"], "the size")


def wmts(service: Service, result: Result) -> None:
    """Compare the shares of the classes in the map, near the file's own resolution, with those of the file."""
    with tempfile.TemporaryDirectory() as folder:
        flat = Path(folder) / "flat.tif"
        layer = "change" if result.name == "change" else "class"
        source = f"WMTS:{service.url}/jobs/{result.id}/wmts,layer={layer}"
        box = [str(n) for n in bounds(result)]
        cache = ["--config", "GDAL_DEFAULT_WMS_CACHE_PATH", folder]  # else it is in the working directory
        srs = ["-t_srs", crs(result), "-te", *box, "-tr", "10", "10", "-r", "near"]
        _run("gdalwarp", "-q", *cache, *srs, source, str(flat))
        drawn, wanted = shares_of_picture(flat), shares_of_classes(result)
    for colour, share in wanted.items():
        if abs(drawn.get(colour, 0.0) - share) > TOLERANCE:
            raise Different(f"colour {colour} covers {drawn.get(colour, 0.0):.3f}, not {share:.3f}")


def bounds(result: Result) -> list[float]:
    """Return west, south, east, north in the file's CRS."""
    corners = info(str(result.tif))["cornerCoordinates"]
    return [*corners["lowerLeft"], *corners["upperRight"]]


def crs(result: Result) -> str:
    """Return the CRS of a file."""
    return f"EPSG:{info(str(result.tif))['stac']['proj:epsg']}"


def values(path: Path, band: int) -> list[int]:
    """Return the numbers of one band, as GDAL writes them as text."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "raw.img"
        _run("gdal_translate", "-q", "-b", str(band), "-of", "ENVI", "-ot", "Byte", str(path), str(out))
        return list(out.read_bytes())


def shares_of_picture(path: Path) -> dict[tuple[int, int, int], float]:
    """Return the share of each colour among opaque pixels."""
    red, green, blue, alpha = (values(path, n) for n in (1, 2, 3, 4))
    seen = [(r, g, b) for r, g, b, a in zip(red, green, blue, alpha, strict=True) if a == 255]
    return {colour: seen.count(colour) / len(seen) for colour in set(seen)}


def shares_of_classes(result: Result) -> dict[tuple[int, int, int], float]:
    """Return the share of each class among seen pixels, by its colour in the palette."""
    palette = info(str(result.tif))["bands"][0]["colorTable"]["entries"]
    seen = [n for n in values(result.tif, 1) if n != 255]
    return {(*palette[n][:3],): seen.count(n) / len(seen) for n in set(seen)}


if __name__ == "__main__":
    if shutil.which("gdalwarp") is None:
        raise SystemExit("gdalwarp is not installed")
    run("gdal", examine)

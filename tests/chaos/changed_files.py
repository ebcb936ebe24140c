"""Files of regions and series that were cut and changed at random: each is read, or refused with a LandcastError."""

import contextlib
import random
from pathlib import Path

import geopandas
from shapely.geometry import shape

from core.errors import LandcastError
from ingest.region_file import read_region
from ingest.tables import read_table
from tests.cli.cubes import write_series
from tests.core.regions import square

SEED = 20261127
VECTORS = (("a.geojson", None), ("a.gpkg", None), ("a.fgb", "FlatGeobuf"), ("a.kml", "KML"), ("a.shp", None))
TABLES = ("a.csv", "a.parquet")


def read_at_random(folder: Path, count: int) -> int:
    """Read files of regions and series that were changed at random; return how many.

    Raises:
        Exception: one of them gave another error than a LandcastError.
    """
    whole, drawn = _files(folder), random.Random(SEED)
    for number in range(count):
        source = whole[number % len(whole)]
        target = folder / f"changed{source.suffix}"
        target.write_bytes(_changed(source.read_bytes(), drawn))
        read = read_table if source.name in TABLES else read_region
        with contextlib.suppress(LandcastError):
            read(target)
    return count


def _files(folder: Path) -> list[Path]:
    table = geopandas.GeoDataFrame({"name": ["x"]}, geometry=[shape(square(11.0, 48.0))], crs="EPSG:4326")
    for name, driver in VECTORS:
        table.to_file(folder / name, driver=driver, engine="pyogrio")
    for name in TABLES:
        write_series(folder / name)
    return [folder / name for name in (*(n for n, _ in VECTORS), *TABLES)]


def _changed(content: bytes, drawn: random.Random) -> bytes:
    """Return content with some bytes changed, a part cut out, doubled, or the end missing."""
    changed = bytearray(content)
    for _ in range(drawn.choice((1, 1, 3, 30))):
        changed[drawn.randrange(len(changed))] = drawn.randrange(256)
    start, end = sorted(drawn.randrange(len(changed) + 1) for _ in range(2))
    kind = drawn.randrange(5)
    if kind == 0:
        del changed[start:end]
    elif kind == 1:
        changed[start:start] = changed[start:end]
    elif kind == 2:
        del changed[end:]
    return bytes(changed)

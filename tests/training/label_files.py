"""Labels for tests: squares on the lattice of a small cube, in classes that the cube tells apart."""

from pathlib import Path
from typing import Any

import geopandas
import numpy as np
from shapely import box

from tests.cli.cubes import EPSG, NORTH, WEST

EDGE = 40.0
"""Of a label in metres: four pixels, of which the inner two by two are drawn."""


def write_labels(path: Path, *, side: int = 10, crs: str = f"EPSG:{EPSG}", **columns: Any) -> Path:
    """Write side x side squares of 40 m, from the cube's north-western corner on.

    The western half of the cube is bare and the eastern half green; `class` says so. Further columns are added as
    they are.
    """
    rows, across = np.divmod(np.arange(side * side), side)
    squares = [
        box(WEST + EDGE * x, NORTH - EDGE * (y + 1), WEST + EDGE * (x + 1), NORTH - EDGE * y)
        for x, y in zip(across, rows, strict=True)
    ]
    named = np.where(across < side / 2, "Bare", "Green")
    table = geopandas.GeoDataFrame({"class": named, **columns}, geometry=squares, crs=EPSG).to_crs(crs)
    if path.suffix == ".parquet":
        table.to_parquet(path)
    else:
        table.to_file(path)
    return path

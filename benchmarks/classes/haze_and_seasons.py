"""Two ways in which canopy maps of a Romanian forest go wrong: haze that the mask has missed, seasons turned round.

    python -m benchmarks.classes.haze_and_seasons --data ../shared/data

Real data; the model has learned from pixels of this cube, as forest of a leaf type that nobody knows. First the
hectares mapped as conifer and broadleaf on two days, between which lies one date that is bright in the blue band. Then
the share of pixels that are mapped as canopy where tree cover density is 50 % or more, and as none elsewhere: as the
cube is, and with all of its dates moved by half a year, as in the southern hemisphere (simulated).
"""

import argparse
import tempfile
from datetime import timedelta
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from core.bands import OPTICAL_NAMES
from core.cube import Series
from core.settings import Settings
from core.timeline import Days, parse_date, to_day
from ingest.source import CubeSource, open_source
from models import runtime
from models.registry import find_checkpoint
from products.canopy import MONTHS

CUBE = "romania_forest_cube/romania_2015-08_2019-12.nc"
HAZY, LAST = ("2019-09-03", "2019-09-05"), "2019-09-30"
HALF_A_YEAR = 183
DENSE = 50
"""Percent of tree cover from which on a pixel counts as forest."""
PIXEL_HECTARES = 0.01


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of real data")
    path = parser.parse_args().data / CUBE
    series = series_of(path)
    for date in HAZY:
        mapped = classes(series, to_day(parse_date(date)))
        conifer, broadleaf, whole = (PIXEL_HECTARES * n for n in (*np.bincount(mapped, minlength=3)[1:], len(mapped)))
        print(f"{date}: conifer {conifer:.1f} ha, broadleaf {broadleaf:.1f} ha of {whole:.0f}")
    with xr.open_dataset(path) as data:
        is_forest = data.tree_cover_density.values.ravel() >= DENSE
    for days in (0, HALF_A_YEAR):
        with tempfile.TemporaryDirectory() as folder:
            moved = series_of(moved_by(path, days, Path(folder)))
        agree = (classes(moved, to_day(parse_date(LAST)) + days) > 0) == is_forest
        print(f"dates moved by {days} days: agreement with tree cover {agree.mean():.3f}")


def moved_by(path: Path, days: int, folder: Path) -> Path:
    """Write a cube whose dates lie so many days later."""
    with xr.open_dataset(path, mask_and_scale=False) as data:
        later = data.assign_coords(time=data.time + np.timedelta64(timedelta(days=days)))
        later.to_netcdf(folder / "moved.nc")
    return folder / "moved.nc"


def series_of(path: Path) -> Series:
    """Return all pixels of a cube."""
    with tempfile.TemporaryDirectory() as home:
        source = open_source(path, bands=OPTICAL_NAMES, settings=Settings(home=Path(home)))
        assert isinstance(source, CubeSource)
        return source.cube(source.period).series()


def classes(series: Series, day: int) -> NDArray[np.int64]:
    """Return (N,) codes of the most probable class on a day."""
    after: Days = np.full(len(series), day + 1, np.int32)
    found = runtime.classify(series, after, find_checkpoint("", "canopy", Settings()), months=MONTHS)
    return np.asarray(found.probability.argmax(axis=1), np.int64)


if __name__ == "__main__":
    main()

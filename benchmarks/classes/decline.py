"""The band `decline` on the FORDEAD stand, before and during the attack of bark beetles, beside FORDEAD's own index.

    python -m benchmarks.classes.decline --data ../shared/data

Runs `landcast canopy --decline` for three dates. There is no map of dead trees: FORDEAD's rule (CRSWIR above a harmonic
model of the years until 2017 by 0.16 on three dates in a row) is the comparison, computed here from the same cube.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import rasterio
import xarray as xr
from numpy.typing import NDArray

from core.cube import Cube
from core.settings import Settings
from ingest.source import CubeSource, open_source

STAND = "fordead_conifer_cube/fordead_zonetest_2015-12_2019-06.nc"
BANDS = ("B04", "B8A", "B11", "B12")
DATES = ("2017-10-31", "2018-10-31", "2019-06-30")
HEALTHY = np.datetime64("2018-01-01")
"""FORDEAD learns from what came before."""
ANOMALY, IN_A_ROW, LEAST_DATES = 0.16, 3, 10
NEAR, SHORT, LONG = 865.0, 1610.0, 2190.0
"""Wavelengths of B8A, B11 and B12 in nm."""

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def crswir(cube: Cube) -> Floats:
    """(T, P) continuum-removed short-wave infrared; NaN = not clear."""
    near, short, long = (cube.data[name].values.astype(np.float64) for name in BANDS[1:])
    line = near + (long - near) * (SHORT - NEAR) / (LONG - NEAR)
    return np.asarray(np.where(np.isfinite(cube.ndvi()), short / line, np.nan).reshape(len(near), -1))


def anomalies(index: Floats, days: NDArray[np.datetime64]) -> Floats:
    """(T, P) the index less a harmonic model of two terms a pixel."""
    turn = 2 * np.pi * days.astype(np.float64) / 365.25
    terms = np.stack([np.ones_like(turn), *(f(k * turn) for k in (1, 2) for f in (np.sin, np.cos))], axis=1)
    found = np.full(index.shape, np.nan)
    for pixel in range(index.shape[1]):
        known = (days < HEALTHY) & np.isfinite(index[:, pixel])
        if known.sum() >= LEAST_DATES:
            fitted = np.linalg.lstsq(terms[known], index[known, pixel], rcond=None)[0]
            found[:, pixel] = index[:, pixel] - terms @ fitted
    return found


def newest_high(anomaly: Floats) -> Mask:
    """(P,) the newest clear dates are all above the threshold."""
    seen = np.isfinite(anomaly)
    newest = seen & (seen[::-1].cumsum(axis=0)[::-1] <= IN_A_ROW)
    return np.asarray((newest & (anomaly > ANOMALY)).sum(axis=0) == IN_A_ROW)


def mapped(stand: Path, date: str, work: Path) -> NDArray[np.uint8]:
    """(P,) the band `decline`."""
    out = work / f"{date}.tif"
    subprocess.run(["landcast", "canopy", stand, "-o", out, "--date", date, "--decline"], check=True)
    with rasterio.open(out) as raster:
        return np.asarray(raster.read(raster.descriptions.index("decline") + 1).ravel())


def report(date: str, flag: NDArray[np.uint8], theirs: Mask, is_conifer: Mask) -> str:
    judged, ours = flag != 255, flag == 1
    inside, outside = is_conifer & judged, ~is_conifer & judged
    both = (ours & theirs & inside).sum()
    return (
        f"{date}: conifer pixels {is_conifer.sum()}, judged {judged[is_conifer].mean():.3f}, flagged of these "
        f"{ours[inside].mean():.3f}; outside {ours[outside].mean():.3f}; FORDEAD {theirs[is_conifer].mean():.3f}; "
        f"of FORDEAD's pixels flagged {both / max((theirs & inside).sum(), 1):.2f}, "
        f"of the flagged ones FORDEAD's {both / max(ours[inside].sum(), 1):.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of real data")
    stand = parser.parse_args().data / STAND
    is_conifer = xr.open_dataset(stand).conifer_mask.values.ravel() > 0
    with tempfile.TemporaryDirectory() as folder:
        source = open_source(stand, bands=BANDS, settings=Settings(home=Path(folder)))
        assert isinstance(source, CubeSource)
        cube = source.cube(source.period)
        days = cube.axis_days("time").astype("datetime64[D]")
        anomaly = anomalies(crswir(cube), days)
        for date in DATES:
            theirs = newest_high(anomaly[days <= np.datetime64(date)])
            print(report(date, mapped(stand, date, Path(folder)), theirs, is_conifer))


if __name__ == "__main__":
    main()

"""How sure class maps are with less evidence: months, halves of the year and bands hidden from real cubes.

    python -m benchmarks.classes.little_evidence --data ../shared/data

Prints the mean over random pixels of the largest probability, and the mean share of each class. Higher is surer, not
better: labels are not read. Then `canopy` on a Slovenian patch whose forest is known and of which there is no more than
NDVI of the top of the atmosphere: canopy against forest. No class rests on anything that was learned from it.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from core.bands import OPTICAL_NAMES, RADAR_NAMES, WEATHER_NAMES
from core.cube import Series
from core.settings import Settings
from core.timeline import months_since_1970, parse_date, to_day
from ingest.source import CubeSource, open_source
from models import runtime
from models.metrics.bootstrap import roc_auc
from models.registry import find_checkpoint

BELGIUM = "worldcereal_belgium_monthly/belgium_neighbour_2020-11_2021-10_12months.nc"
CASES = (
    ("fordead_conifer_cube/fordead_zonetest_2015-12_2019-06.nc", "canopy", 36, "2019-06-30"),
    ("romania_forest_cube/romania_2015-08_2019-12.nc", "canopy", 36, "2019-09-30"),
    (BELGIUM, "canopy", 36, "2021-10-31"),
    (BELGIUM, "crop", 18, "2021-10-31"),
)
PIXELS, TWO_MONTHS = 600, 61
SLOVENIA, FOREST = "slovenia_testeopatch/testeopatch.nc", 2


def hidden(series: Series, keep: NDArray[np.bool_]) -> Series:
    return replace(series, values=np.where(keep[..., None], series.values, np.float32(np.nan)))


def cuts(series: Series, last: int) -> Iterator[tuple[str, Series]]:
    """Yield what was seen, and the series of which the rest is hidden."""
    month = months_since_1970(series.days) % 12 + 1
    is_summer = (month >= 4) & (month <= 9)
    yield "everything", series
    yield "the last two months", hidden(series, series.days > last - TWO_MONTHS)
    yield "April to September", hidden(series, is_summer)
    yield "October to March", hidden(series, ~is_summer)
    yield "red and near infrared", series.only(("B04", "B08", "B8A"))
    yield "NDVI", series.only(())


def whole(path: Path, home: Path) -> Series:
    source = open_source(path, bands=(*OPTICAL_NAMES, *RADAR_NAMES, *WEATHER_NAMES), settings=Settings(home=home))
    assert isinstance(source, CubeSource)
    return source.cube(source.period).series()


def pixels(path: Path, home: Path) -> Series:
    series = whole(path, home)
    return series.take(np.sort(np.random.default_rng(0).choice(len(series), PIXELS, replace=False)))


def slovenia(path: Path, home: Path) -> None:
    with xr.open_dataset(path, mask_and_scale=False) as data:
        cover = data.LULC.values.ravel()
    series, known, is_forest = whole(path, home), cover != 0, cover == FOREST
    checkpoint = find_checkpoint("", "canopy", Settings())
    for date in ("2016-12-31", "2017-08-31", "2017-12-22"):
        after = np.full(len(series), to_day(parse_date(date)) + 1, np.int32)
        share = runtime.classify(series, after, checkpoint, months=36).probability
        judged = known & np.isfinite(share).all(axis=1)
        truth, canopy = is_forest[judged], 1 - share[judged, 0]
        auc = roc_auc(truth, canopy, np.ones(len(truth)))
        mapped = float((share[judged].argmax(axis=1) > 0).mean())
        brier = float(((canopy - truth) ** 2).mean())
        print(
            f"slovenia {date}: forest {truth.mean():.3f}, mapped {mapped:.3f}, expected {canopy.mean():.3f}, "
            f"ROC-AUC {auc:.3f}, Brier {brier:.3f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of real data")
    data = parser.parse_args().data
    with tempfile.TemporaryDirectory() as home:
        slovenia(data / SLOVENIA, Path(home))
        for name, task, months, date in CASES:
            series, last = pixels(data / name, Path(home)), to_day(parse_date(date))
            checkpoint = find_checkpoint("", task, Settings())
            after = np.full(len(series), last + 1, np.int32)
            for seen, part in cuts(series, last):
                share = runtime.classify(part, after, checkpoint, months=months).probability
                share = share[np.isfinite(share).all(axis=1)]
                print(
                    f"{task} {name.split('/')[0]} {date} {seen}: {share.max(axis=1).mean():.3f}, {share.mean(axis=0)}"
                )


if __name__ == "__main__":
    main()

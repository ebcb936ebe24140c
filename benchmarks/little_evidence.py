"""How sure class maps are with less evidence: months, halves of the year and bands hidden from real cubes.

    python benchmarks/little_evidence.py --data ../shared/data

Prints the mean over random pixels of the largest probability, and the mean share of each class. Higher is surer, not
better: labels are not read.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent.parent))

from core.bands import OPTICAL_NAMES, RADAR_NAMES, WEATHER_NAMES
from core.cube import Series
from core.settings import Settings
from core.timeline import parse_date, to_day
from ingest.source import CubeSource, open_source
from models import runtime
from models.registry import find_checkpoint

BELGIUM = "worldcereal_belgium_monthly/belgium_neighbour_2020-11_2021-10_12months.nc"
CASES = (
    ("fordead_conifer_cube/fordead_zonetest_2015-12_2019-06.nc", "canopy", 36, "2019-06-30"),
    ("romania_forest_cube/romania_2015-08_2019-12.nc", "canopy", 36, "2019-09-30"),
    (BELGIUM, "canopy", 36, "2021-10-31"),
    (BELGIUM, "crop", 18, "2021-10-31"),
)
PIXELS, TWO_MONTHS = 600, 61


def hidden(series: Series, keep: NDArray[np.bool_]) -> Series:
    return replace(series, values=np.where(keep[..., None], series.values, np.float32(np.nan)))


def cuts(series: Series, last: int) -> Iterator[tuple[str, Series]]:
    """Yield what was seen, and the series of which the rest is hidden."""
    month = series.days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    is_summer = (month >= 4) & (month <= 9)
    yield "everything", series
    yield "the last two months", hidden(series, series.days > last - TWO_MONTHS)
    yield "April to September", hidden(series, is_summer)
    yield "October to March", hidden(series, ~is_summer)
    yield "red and near infrared", series.only(("B04", "B08", "B8A"))
    yield "NDVI", series.only(())


def pixels(path: Path, home: Path) -> Series:
    source = open_source(path, bands=(*OPTICAL_NAMES, *RADAR_NAMES, *WEATHER_NAMES), settings=Settings(home=home))
    assert isinstance(source, CubeSource)
    series = source.cube(source.period).series()
    return series.take(np.sort(np.random.default_rng(0).choice(len(series), PIXELS, replace=False)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of real data")
    data = parser.parse_args().data
    with tempfile.TemporaryDirectory() as home:
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

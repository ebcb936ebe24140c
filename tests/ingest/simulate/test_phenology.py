"""Growth of simulated stands."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from core.timeline import to_day
from ingest.simulate.calendars import Leaf
from ingest.simulate.phenology import COVERS, grow
from ingest.simulate.stands import draw_stands


@pytest.mark.parametrize("cover", ["cropland", *COVERS])
def test_growth_stays_in_range_on_every_day(cover: str) -> None:
    stands = draw_stands(
        np.random.default_rng(1), np.array([cover] * 40), first_year=2019, years=4, shift_days=np.zeros((40, 4))
    )
    days = np.repeat(np.arange(to_day(date(2019, 1, 1)), to_day(date(2022, 1, 1)), 5)[None], 40, axis=0).astype(
        np.int32
    )
    growth = grow(stands, days)
    assert (growth.lai >= 0).all()
    assert (growth.lai < 9).all()
    assert ((growth.brown >= 0) & (growth.brown <= 1)).all()


def test_a_felled_stand_loses_its_wood_and_needles() -> None:
    stands = draw_stands(
        np.random.default_rng(1), np.array(["conifer"]), first_year=2019, years=3, shift_days=np.zeros((1, 3))
    )
    day = to_day(date(2020, 1, 1))
    growth = grow(
        replace(stands, felled_day=np.array([day], np.float32)), np.array([[day - 5, day, day + 200]], np.int32)
    )
    assert growth.leaf.tolist() == [[Leaf.CONIFER, Leaf.GRASS, Leaf.GRASS]]
    assert growth.woody[0, 0] > 5
    assert growth.woody[0, 2] < 0.1

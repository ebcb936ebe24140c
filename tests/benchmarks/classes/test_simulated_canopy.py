"""The benchmark of canopy on simulated archives, on a corner of one."""

from datetime import date

import numpy as np
import pytest

from benchmarks.classes import simulated_canopy
from benchmarks.classes.simulated_canopy import DAYS_AFTER, Seen, look, report, simulate
from core.settings import Settings
from core.timeline import to_date, to_day
from ingest.simulate.archive import FELLED
from models.registry import find_checkpoint
from products.canopy import Canopy
from products.order import parse
from products.rows import render

pytestmark = pytest.mark.slow
SEED, SINCE, SIZE = 1000, date(2021, 11, 1), 48


@pytest.fixture(scope="module")
def seen() -> Seen:
    return look(SEED, find_checkpoint("canopy", "canopy", Settings()), SINCE, size=SIZE)


def test_every_table_says_that_it_is_simulated(seen: Seen) -> None:
    text = report([seen])
    titles = [line for line in text.splitlines() if line.startswith("**")]
    assert len(titles) == 5
    assert all(t.startswith("**SIMULATED: ") for t in titles)
    assert "nan" not in text


def test_the_change_that_is_watched_is_what_the_product_maps(seen: Seen) -> None:
    k = len(DAYS_AFTER) - 1
    first = to_day(FELLED) + int(np.median(seen.felled.wait))
    chosen = np.flatnonzero(seen.felled.wait + to_day(FELLED) == first)
    cube, product = simulate(SEED, SINCE, SIZE), Canopy()
    order = {"change": f"{to_date(simulated_canopy.D1)}/{to_date(first + DAYS_AFTER[k])}", "significance": 0.5}
    raster = render(
        product,
        cube,
        parse(product, order, available=cube.period),
        find_checkpoint("canopy", "canopy", Settings()),
        lambda _: None,
    )
    felled = np.flatnonzero(seen.felled_pixels.ravel())
    assert len(chosen) > 10
    np.testing.assert_array_equal(seen.felled.codes(0.5)[k][chosen], raster.pixels[0].ravel()[felled[chosen]])


def test_truth_of_a_felled_stand_is_no_canopy_and_that_of_hedges_broadleaf(seen: Seen) -> None:
    assert (seen.truth[seen.felled_pixels] == 0).all()
    assert (seen.truth[(seen.hedge == 4)] == 2).all()
    assert not (seen.hedge + seen.other > 4).any()

"""Simulated backscatter."""

import numpy as np
import pytest

from ingest.simulate.calendars import Leaf
from ingest.simulate.radar import Pass, backscatter


def test_forests_scatter_more_than_grass_and_water_least() -> None:
    rng = np.random.default_rng(0)
    view = Pass(incidence_deg=np.full(3, 38, np.float32), looks=np.full(3, 1e6, np.float32))
    leaf = np.array([Leaf.CONIFER, Leaf.GRASS, Leaf.WATER], np.int8)
    volume = np.array([12, 2, 0], np.float32)
    decibel = backscatter(rng, leaf, volume=volume, moisture=np.full(3, 0.3, np.float32), view=view)
    assert (np.diff(decibel, axis=0) < 0).all()
    assert (decibel[:, 0] > decibel[:, 1] + 4).all()


def test_speckle_keeps_the_mean_power() -> None:
    n = 20_000
    view = Pass(incidence_deg=np.full(n, 38, np.float32), looks=np.full(n, 4.4, np.float32))
    decibel = backscatter(
        np.random.default_rng(0),
        np.full(n, Leaf.BUILT, np.int8),
        volume=np.zeros(n, np.float32),
        moisture=np.zeros(n, np.float32),
        view=view,
    )
    assert (10 ** (decibel[:, 0] / 10)).mean() == pytest.approx(10**-0.65, rel=0.02)

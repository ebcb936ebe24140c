"""Reflectance and backscatter of growing stands on given days. No clouds, no files."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from ingest.simulate.calendars import Leaf
from ingest.simulate.phenology import Growth
from ingest.simulate.radar import Pass, backscatter
from ingest.simulate.spectra import SpectralTable

FOREST_FLOOR = 0.3
"""Forest soils are dark: their brightness relative to a field's."""
FOREST = (Leaf.CONIFER, Leaf.DECIDUOUS, Leaf.EVERGREEN)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Growth and soil of N stands on T days."""

    growth: Growth
    soil: Floats
    """(N,) brightness of the dry soil, 0..1; of water: turbidity; of built-up: share of roofs."""
    moisture: Floats
    """(N, T) of the soil, 0..1."""

    def reflectance(
        self, table: SpectralTable, sun_zenith: Floats, at: tuple[NDArray[np.int64], NDArray[np.int64]]
    ) -> Floats:
        """Return (M, 10) reflectance of some stands on some days.

        Args:
            table: PROSAIL runs.
            sun_zenith: (N, T) degrees.
            at: stand (M,) and day (M,) numbers.
        """
        leaf = self.growth.leaf[at]
        wet = np.where(np.isin(leaf, (Leaf.WATER, Leaf.BUILT)), 0, 0.55 * self.moisture[at])
        soil = self.soil[at[0]] * (1 - wet) * np.where(np.isin(leaf, FOREST), FOREST_FLOOR, 1)
        return table.reflectance(
            leaf,
            lai=self.growth.lai[at],
            brown=self.growth.brown[at],
            soil=soil.astype(np.float32),
            sun_zenith=sun_zenith[at],
        )

    def backscatter(
        self, rng: np.random.Generator, view: Pass, at: tuple[NDArray[np.int64], NDArray[np.int64]]
    ) -> Floats:
        """Return (M, 2) VV and VH in dB of some stands on some days, with speckle."""
        growth = self.growth
        volume = growth.lai[at] * (1 - 0.6 * growth.brown[at]) + growth.woody[at]
        return backscatter(rng, growth.leaf[at], volume=volume, moisture=self.moisture[at], view=view)

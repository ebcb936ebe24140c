"""Draw stands by chance: rotations, weather of years, cuts. What then grows is in phenology."""

import numpy as np
from numpy.typing import NDArray

from ingest.simulate.calendars import CATCH_BEFORE, CROPS, DOUBLE_CROP
from ingest.simulate.phenology import Stands

CUTS = ((138, 182, 226, 272), (150, 205, 262, np.nan), (165, 240, np.nan, np.nan), (190, np.nan, np.nan, np.nan))
"""Days of the year on which meadows of falling intensity are cut."""
CATCH_SHARE = 0.45
DRY_YEAR_SHARE = 0.2
STAY_SHARE = 0.12
"""How often a field carries the same crop in two years running."""


def draw_stands(
    rng: np.random.Generator, cover: NDArray[np.str_], *, first_year: int, years: int, shift_days: NDArray[np.floating]
) -> Stands:
    """Draw the years of N stands, all in the north, none felled, dying or newly planted.

    Args:
        rng: of the draw.
        cover: (N,) `cropland`, `double cropping`, or a key of phenology.COVERS.
        first_year: first harvest year.
        years: number of years.
        shift_days: (N, Y) how late each year is at the place, before what each field adds.
    """
    shape = (len(cover), years)
    is_double = cover == "double cropping"
    crops = np.where(is_double[:, None], DOUBLE_CROP, draw_rotations(rng, shape))
    is_dry = rng.random((1, years)) < DRY_YEAR_SHARE
    return Stands(
        cover=np.where(is_double, "cropland", cover),
        crops=crops,
        has_catch=_draw_catch_crops(rng, crops) & (cover == "cropland")[:, None],
        first_year=first_year,
        shift_days=(shift_days + rng.normal(0, 4, shape)).astype(np.float32),
        vigour=(np.clip(rng.normal(0.92, 0.13, (shape[0], 1)) * rng.normal(1, 0.08, shape), 0.35, 1.5)).astype(
            np.float32
        ),
        dryness=(is_dry * rng.uniform(0.1, 0.6, shape) + rng.uniform(0, 0.1, shape)).astype(np.float32),
        cut_days=_draw_cuts(rng, shape),
        felled_day=np.full(shape[0], np.inf, np.float32),
        dieback_day=np.full(shape[0], np.inf, np.float32),
        planted_day=np.full(shape[0], -np.inf, np.float32),
        is_southern=np.zeros(shape[0], bool),
    )


def draw_rotations(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.int64]:
    """Draw (N, Y) crops of successive years; the same crop seldom follows itself."""
    weights = np.array([c.weight for c in CROPS])
    crops = rng.choice(len(CROPS), shape, p=weights / weights.sum())
    for year in range(1, shape[1]):
        again = crops[:, year] == crops[:, year - 1]
        redraw = again & (rng.random(shape[0]) > STAY_SHARE)
        other = rng.integers(1, 6, shape[0])
        crops[:, year] = np.where(redraw, (crops[:, year] + other) % DOUBLE_CROP, crops[:, year])
    return crops


def _draw_catch_crops(rng: np.random.Generator, crops: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Draw (N, Y) whether a catch crop follows: after early harvests, before spring-sown crops."""
    is_early = np.array([c.harvest_day < CATCH_BEFORE for c in CROPS])[crops]
    is_spring = ~np.array([c.is_winter for c in CROPS])[np.roll(crops, -1, axis=1)]
    return np.asarray(is_early & is_spring & (rng.random(crops.shape) < CATCH_SHARE))


def _draw_cuts(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Draw (N, Y, 4) days of cuts; a fifth of the grassland is only grazed."""
    plan = np.array([*CUTS, (np.nan,) * 4])[rng.integers(0, 5, shape[0])]
    return np.asarray(plan[:, None] + rng.normal(0, 7, (*shape, 4)), np.float32)

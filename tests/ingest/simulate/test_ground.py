"""What satellites see of simulated ground."""

import numpy as np

from core.bands import OPTICAL_NAMES, Floats
from ingest.simulate.calendars import Leaf
from ingest.simulate.ground import Ground
from ingest.simulate.phenology import Growth
from ingest.simulate.radar import Pass
from ingest.simulate.spectra import spectral_table

RED = OPTICAL_NAMES.index("B04")


def ground(
    leaf: list[Leaf], *, lai: float = 0.0, brown: float = 0.0, woody: float = 0.0, moisture: float = 0.0
) -> Ground:
    shape = (len(leaf), 1)
    growth = Growth(
        leaf=np.array(leaf, np.int8)[:, None],
        lai=np.full(shape, lai, np.float32),
        brown=np.full(shape, brown, np.float32),
        woody=np.full(shape, woody, np.float32),
    )
    return Ground(
        growth=growth, soil=np.full(len(leaf), 0.5, np.float32), moisture=np.full(shape, moisture, np.float32)
    )


def seen(one: Ground) -> Floats:
    count = len(one.soil)
    at = np.arange(count), np.zeros(count, np.int64)
    return one.reflectance(spectral_table(), np.full((count, 1), 40, np.float32), at)


def echo(one: Ground) -> Floats:
    count = len(one.soil)
    view = Pass(incidence_deg=np.full(count, 38, np.float32), looks=np.full(count, 1e6, np.float32))
    return one.backscatter(np.random.default_rng(0), view, (np.arange(count), np.zeros(count, np.int64)))


def test_wet_soil_is_darker_and_scatters_more() -> None:
    dry, wet = ground([Leaf.CEREAL]), ground([Leaf.CEREAL], moisture=0.9)
    assert (seen(wet) < seen(dry)).all()
    assert (echo(wet) > echo(dry) + 3).all()


def test_the_floor_of_a_forest_is_darker_than_a_field() -> None:
    field, forest = seen(ground([Leaf.GRASS, Leaf.DECIDUOUS]))
    assert forest[RED] < 0.7 * field[RED]


def test_wood_and_green_leaves_scatter_and_brown_leaves_less() -> None:
    green, brown = ground([Leaf.GRASS], lai=3.0), ground([Leaf.GRASS], lai=3.0, brown=1.0)
    bare, wood = ground([Leaf.CONIFER]), ground([Leaf.CONIFER], woody=8.0)
    assert (echo(green) > echo(brown)).all()
    assert (echo(wood) > echo(bare) + 5).all()

"""The simulated map: hedges of a given width change nothing else."""

import numpy as np

from ingest.simulate.landscape import Landscape, draw_landscape

SIZE = 96


def drawn(**options: tuple[float, float]) -> Landscape:
    return draw_landscape(np.random.default_rng(5), SIZE, **options)


def is_hedge(landscape: Landscape) -> np.ndarray:
    return np.array([p.is_hedge for p in landscape.parcels])[landscape.parcel_at]


def test_hedges_are_broadleaved_and_few() -> None:
    hedges = [p for p in drawn().parcels if p.is_hedge]
    assert hedges
    assert {(p.cover, p.canopy) for p in hedges} == {("broadleaf", 2)}
    assert 0.002 < is_hedge(drawn()).mean() < 0.1


def test_another_width_of_hedges_moves_nothing_else() -> None:
    wide, narrow = drawn(), drawn(hedge_m=(10, 10))
    assert narrow.parcels == wide.parcels
    elsewhere = ~is_hedge(wide)
    assert (is_hedge(wide) | ~is_hedge(narrow)).all()
    assert np.array_equal(narrow.parcel_at[elsewhere], wide.parcel_at[elsewhere])
    assert np.array_equal(narrow.vigour, wide.vigour)


def test_hedges_of_10_m_are_two_pixels_of_5_m_wide() -> None:
    wide, narrow = is_hedge(drawn(hedge_m=(20, 20))).sum(), is_hedge(drawn(hedge_m=(10, 10))).sum()
    assert 1.8 < wide / narrow < 2.2


def test_the_landscape_holds_every_kind_of_ground() -> None:
    landscape = draw_landscape(np.random.default_rng(0), 192)
    area = np.bincount(landscape.parcel_at.ravel(), minlength=len(landscape.parcels)) / landscape.parcel_at.size

    def share(cover: str) -> float:
        return float(sum(a for a, p in zip(area, landscape.parcels, strict=True) if p.cover == cover))

    assert share("cropland") > 0.25
    assert share("conifer") > 0.08
    assert share("broadleaf") > 0.08
    assert all(share(c) > 0.01 for c in ("grassland", "water", "built-up"))
    assert sum(a for a, p in zip(area, landscape.parcels, strict=True) if p.is_felled) > 0.004
    assert sum(a for a, p in zip(area, landscape.parcels, strict=True) if p.is_planting) > 0.002

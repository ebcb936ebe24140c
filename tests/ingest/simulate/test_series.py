"""Simulated series to train on."""

import numpy as np
import pandas as pd
import pytest

from core.bands import CHANNELS, STATIC, channel
from core.cube import Series
from ingest.simulate.series import CANOPY_KINDS, DATES, KINDS, _in_coarse_pixels, sample_series

N = 600


@pytest.fixture(scope="module")
def drawn() -> tuple[Series, pd.DataFrame]:
    return sample_series(np.random.default_rng(7), N)


def test_series_and_labels_belong_together(drawn: tuple[Series, pd.DataFrame]) -> None:
    series, labels = drawn
    assert series.values.shape == (N, DATES, len(CHANNELS))
    assert list(labels.index) == list(series.ids)
    assert all(i.startswith("simulated-") for i in series.ids)
    assert set(labels.kind) <= set(KINDS)
    assert series.static is None
    assert STATIC


def test_the_same_seed_gives_the_same_series(drawn: tuple[Series, pd.DataFrame]) -> None:
    again, labels = sample_series(np.random.default_rng(7), N)
    np.testing.assert_array_equal(again.values, drawn[0].values)
    pd.testing.assert_frame_equal(labels, drawn[1])


def test_another_seed_gives_others(drawn: tuple[Series, pd.DataFrame]) -> None:
    other, _ = sample_series(np.random.default_rng(8), 20)
    assert not np.array_equal(other.values, drawn[0].values[:20], equal_nan=True)


def test_values_lie_in_physical_ranges(drawn: tuple[Series, pd.DataFrame]) -> None:
    values = drawn[0].values
    for band, low, high in (
        ("B02", 0, 1),
        ("B08", 0, 1),
        ("B12", 0, 1),
        ("NDVI", -1, 1),
        ("VV", -40, 5),
        ("VH", -45, 0),
    ):
        seen = values[..., channel(band)]
        seen = seen[np.isfinite(seen)]
        assert seen.size
        assert (seen >= low).all(), band
        assert (seen <= high).all(), band


def test_bands_of_an_overpass_are_seen_together(drawn: tuple[Series, pd.DataFrame]) -> None:
    seen = np.isfinite(drawn[0].values[..., : channel("VV")])
    np.testing.assert_array_equal(seen.any(axis=-1), seen.all(axis=-1))
    assert 0.2 < seen.mean() < 0.5


def test_days_ascend_every_five(drawn: tuple[Series, pd.DataFrame]) -> None:
    assert (np.diff(drawn[0].days, axis=1) == 5).all()


def test_labels_name_what_grows(drawn: tuple[Series, pd.DataFrame]) -> None:
    labels = drawn[1]
    assert (labels.canopy[labels.kind == "conifer forest"] == 1).all()
    assert (labels.canopy[labels.kind == "broadleaf forest"] == 2).all()
    assert (labels.canopy[labels.kind == "clear-cut"] == 0).all()
    assert ((labels.crop == 1) == (labels.crop_type != "")).all()
    assert {0, 1, 2} == set(labels.canopy)


def test_summers_are_green_in_both_hemispheres(drawn: tuple[Series, pd.DataFrame]) -> None:
    series, labels = drawn
    index = series.values[..., channel("NDVI")]
    month = (series.days.astype("datetime64[D]").astype("datetime64[M]").astype(int)) % 12
    leafy = (labels.kind == "broadleaf forest").to_numpy()[:, None]
    north, south = ((labels.latitude * s > 30).to_numpy()[:, None] for s in (1, -1))
    june, january = (np.isin(month, m) for m in ((5, 6, 7), (0, 1, 11)))
    assert np.nanmedian(index[leafy & north & june]) > np.nanmedian(index[leafy & north & january]) + 0.25
    assert np.nanmedian(index[leafy & south & january]) > np.nanmedian(index[leafy & south & june]) + 0.25


def test_conifers_stay_green_and_fields_do_not(drawn: tuple[Series, pd.DataFrame]) -> None:
    series, labels = drawn
    index = series.values[..., channel("NDVI")]
    low = {
        k: np.nanmedian(np.nanpercentile(index[(labels.kind == k).to_numpy()], 10, axis=1))
        for k in ("cropland", "conifer forest")
    }
    assert low["conifer forest"] > 0.65
    assert low["cropland"] < 0.3


def test_what_was_felled_was_conifer_before_and_nothing_else_changed(drawn: tuple[Series, pd.DataFrame]) -> None:
    series, labels = drawn
    felled = labels[labels.kind == "clear-cut"]
    assert len(felled) > 5
    assert (felled.canopy == 0).all()
    assert (felled.canopy_before == 1).all()
    first, last = (pd.Series(series.days[:, at], series.ids)[felled.index] for at in (0, -1))
    assert ((felled.felled_day > first) & (felled.felled_day < last)).all()
    others = labels[labels.kind != "clear-cut"]
    assert np.isinf(others.felled_day).all()
    assert (others.canopy_before == others.canopy).all()


def test_kinds_of_canopy_have_more_fellings_and_borders_of_trees() -> None:
    _, labels = sample_series(np.random.default_rng(7), N, CANOPY_KINDS)
    assert set(CANOPY_KINDS) - set(KINDS) <= set(labels.kind)
    assert (labels.kind == "clear-cut").sum() > 30
    assert (labels.canopy[labels.kind.str.startswith("hedge")] == 2).all()
    assert (labels.canopy[labels.kind.str.endswith("by trees")] == 0).all()
    assert all(kind.other_share[1] < 0.5 for name, kind in CANOPY_KINDS.items() if name not in KINDS)


def test_pixels_of_20_m_hold_less_of_a_narrow_strip() -> None:
    rng, share = np.random.default_rng(0), np.full(1000, 0.2, np.float32)
    is_narrow = np.arange(1000) < 500
    coarse = _in_coarse_pixels(rng, share, is_narrow)
    assert (coarse[is_narrow] >= share[is_narrow]).all()
    assert coarse[is_narrow].max() < 1 - 0.8 * 0.39
    np.testing.assert_array_equal(coarse[~is_narrow], share[~is_narrow])
    before = rng.bit_generator.state
    np.testing.assert_array_equal(_in_coarse_pixels(rng, share, np.zeros(1000, bool)), share)
    assert rng.bit_generator.state == before, "nothing is drawn where nothing is narrow"

"""Benchmarks of short histories, pooled maps, own errors and embeddings: what is cut, drawn and stretched."""

import numpy as np

from benchmarks.embeddings import LABELS, halves, probed
from benchmarks.own_errors import in_half_widths, scored
from benchmarks.pooled_maps import STEP, parts
from benchmarks.short_histories import series_of
from core.bands import channel

NDVI = channel("NDVI")


def test_the_newest_observations_are_left_and_no_more() -> None:
    ndvi = np.array([[0.1, np.nan, 0.3, 0.4], [np.nan, 0.6, np.nan, np.nan]], np.float32)
    kept = series_of(np.array(["a", "b"]), np.array([1, 2, 3, 4]), ndvi, 2).values[..., NDVI]
    np.testing.assert_array_equal(kept, np.float32([[np.nan, np.nan, 0.3, 0.4], [np.nan, 0.6, np.nan, np.nan]]))
    whole = series_of(np.array(["a", "b"]), np.array([1, 2, 3, 4]), ndvi, None).values[..., NDVI]
    np.testing.assert_array_equal(whole, ndvi)


def test_every_judged_pixel_lies_in_one_block_with_its_company() -> None:
    found = [(y, x) for rows, columns, _ in parts((50, 40), 16) for y, x in zip(rows, columns, strict=True)]
    assert sorted(found) == [(y, x) for y in range(1, 50, STEP) for x in range(1, 40, STEP)]
    for rows, columns, (tall, wide) in parts((50, 40), 16):
        assert set(rows) <= set(range(tall.start, tall.stop))
        assert set(columns) <= set(range(wide.start, wide.stop))


def test_labels_are_even_over_classes_and_never_of_a_judged_place() -> None:
    rng = np.random.default_rng(0)
    places, truth = np.repeat(np.arange(20), 40), rng.random(800) < 0.4
    drawn = halves(np.random.default_rng(1), truth, places)
    assert not set(places[drawn.learning]) & set(places[drawn.asked])
    for count in LABELS:
        rows = drawn.labelled[count]
        assert len(rows) == count
        assert abs(int(truth[rows].sum()) - count / 2) <= 0.5
        assert set(rows) <= set(drawn.learning)
    score = probed(np.column_stack([truth, rng.random(800)]).astype(float), truth, drawn, 20, 10.0)
    assert score[truth[drawn.asked]].min() > score[~truth[drawn.asked]].max()


def test_errors_are_measured_on_their_own_side_and_stretched_about_the_median() -> None:
    quantiles = np.array([[[0.0, 0.4, 0.5, 0.7, 1.0]]])
    np.testing.assert_allclose(in_half_widths(np.array([[0.6]]), quantiles), [[0.5]])
    np.testing.assert_allclose(in_half_widths(np.array([[0.3]]), quantiles), [[2.0]])
    _, in_half, in_most = scored(quantiles, np.array([[0.35]]), np.array([2.0]))
    assert (in_half, in_most) == (1.0, 1.0)
    assert scored(quantiles, np.array([[0.35]]), np.array([1.0]))[1] == 0.0

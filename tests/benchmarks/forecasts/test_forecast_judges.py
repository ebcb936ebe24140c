"""Benchmarks of short histories, pooled maps, errors and embeddings: what is cut, drawn and stretched."""

import numpy as np

from benchmarks.classes.embeddings import LABELS, halves, probed
from benchmarks.forecasts.own_errors import in_half_widths, scored
from benchmarks.forecasts.pooled_maps import STEP, parts
from benchmarks.forecasts.short_histories import series_of
from benchmarks.forecasts.unlike_series import DRAWN_BY, Said, in_common, own_errors, ways
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


def forecasts(misses: list[float], days: list[int], issues: list[int], doubt: float = 1.0) -> Said:
    """Forecasts of one series with a 50 % interval of 0.4 to 0.6."""
    count = len(misses)
    return Said(
        owner=np.zeros(count, int),
        place=np.zeros(count, int),
        issue=np.array(issues),
        day=np.array(days),
        truth=np.array(misses) + 0.5,
        quantiles=np.tile([0.3, 0.4, 0.5, 0.6, 0.7], (count, 1)),
        doubt=np.full(count, doubt, np.float32),
        scatter=np.full(count, 0.2),
        features=np.zeros((count, 1), np.float32),
    )


def test_only_errors_known_at_the_issue_date_stretch_a_forecast() -> None:
    found = forecasts([0.2, -0.2, 0.9], days=[5, 9, 30], issues=[1, 1, 10])
    np.testing.assert_allclose(own_errors(found), [1, 1, 2 ** (2 / (2 + DRAWN_BY))])


def test_intervals_are_no_narrower_than_the_scatter_and_wider_at_their_ends_where_a_season_is_unseen() -> None:
    found = forecasts([0.0], days=[5], issues=[1])
    by_way = dict(ways(found, "whole"))
    np.testing.assert_allclose(
        by_way["own scatter"][0], 0.5 + 0.2533 * np.array([-1.62, -0.67, 0, 0.67, 1.62]), atol=0.01
    )
    np.testing.assert_allclose(dict(ways(found, "few"))["x 1.1"][0], [0.28, 0.4, 0.5, 0.6, 0.72], atol=1e-6)
    seen = forecasts([0.0], days=[5], issues=[1], doubt=0.0)
    np.testing.assert_allclose(dict(ways(seen, "few"))["x 1.1"][0], seen.quantiles[0])


def test_an_error_that_all_series_of_a_date_share_is_in_common() -> None:
    assert in_common(forecasts([0.2, 0.2, -0.3, -0.3], days=[5, 5, 9, 9], issues=[1] * 4)) == 1
    assert in_common(forecasts([0.2, -0.2], days=[5, 5], issues=[1, 1])) < 1e-12

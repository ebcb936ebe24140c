from dataclasses import replace

import numpy as np

from benchmarks.classes.similar_climate import CLIMATE, climate, climate_distance, weighted_by_climate
from models.network.class_features import CLASS_FEATURES, MONTHS, SEASONAL
from training.class_examples import Pool

WARM, MILD, COLD = 1.5, 1.0, -1.0
TEMPERATURE, RAIN = (SEASONAL.index(n) for n in ("temperature_2m", "total_precipitation"))


def pool_of(temperatures: list[float], places: list[str], labels: list[int]) -> Pool:
    """Rows of which the months' temperature is as given, and rain falls by a season that all share."""
    count = len(labels)
    features = np.zeros((count, CLASS_FEATURES), np.float32)
    by_month = features[:, : MONTHS * len(SEASONAL)].reshape(count, MONTHS, len(SEASONAL))
    by_month[..., TEMPERATURE] = np.array(temperatures)[:, None]
    by_month[..., RAIN] = np.linspace(-1, 1, MONTHS)
    queries = np.concatenate([features, np.ones_like(features)], axis=1)[:, None]
    return Pool(
        tokens=np.zeros((count, 1, 2), np.float32),
        is_padding=np.zeros((count, 1), bool),
        queries=queries,
        labels=np.array(labels, np.int64),
        weight=np.ones(count),
        places=np.array(places),
        sets=np.full(count, "points"),
        copy=np.zeros(count, np.int64),
    )


LABELLED = pool_of([WARM, WARM, MILD, MILD, COLD, COLD], ["a", "a", "b", "b", "c", "c"], [0, 1] * 3)
TARGET = pool_of([MILD + 0.1, MILD + 0.1], ["t", "t"], [0, 0])


def test_climate_is_the_weather_of_each_month_and_nan_where_it_is_unknown() -> None:
    unseen = LABELLED.queries.copy()
    unseen[0, 0, CLASS_FEATURES + 3 * len(SEASONAL) + TEMPERATURE] = 0
    found = climate(replace(LABELLED, queries=unseen))
    assert found.shape == (6, CLIMATE)
    np.testing.assert_allclose(found[4, ::2], COLD)
    np.testing.assert_allclose(found[4, 1::2], np.linspace(-1, 1, MONTHS), rtol=1e-6)
    assert np.argwhere(np.isnan(found)).tolist() == [[0, 6]]


def test_distance_grows_with_the_difference_in_climate() -> None:
    near, middle, far = climate_distance(LABELLED, TARGET)[[2, 0, 4]]
    assert 0 < near < middle < far


def test_a_place_of_the_same_climate_is_at_no_distance() -> None:
    assert climate_distance(LABELLED, LABELLED.take(LABELLED.places == "c"))[4:].tolist() == [0, 0]


def test_a_region_is_near_where_any_of_its_places_is() -> None:
    wide = pool_of([COLD, MILD + 0.1], ["t", "u"], [0, 0])
    assert climate_distance(LABELLED, wide)[4] == 0


def test_months_that_are_unknown_are_left_out_and_nothing_in_common_is_infinitely_far() -> None:
    unseen = LABELLED.queries.copy()
    unseen[:2, 0, CLASS_FEATURES:] = 0
    unseen[2:4, 0, CLASS_FEATURES : CLASS_FEATURES + len(SEASONAL)] = 0
    found = climate_distance(replace(LABELLED, queries=unseen), TARGET)
    assert np.isinf(found[:2]).all()
    assert np.isfinite(found[2:]).all()


def test_weights_fall_with_distance_and_classes_keep_their_shares() -> None:
    found = weighted_by_climate(LABELLED, TARGET).weight
    assert found[2] > found[0] > found[4] > 0
    for label in (0, 1):
        np.testing.assert_allclose(found[LABELLED.labels == label].sum(), 3)


def test_rows_of_a_set_that_tells_no_climate_are_drawn_as_before() -> None:
    unseen = LABELLED.queries.copy()
    unseen[4:, 0, CLASS_FEATURES:] = 0
    two = replace(LABELLED, queries=unseen, sets=np.array(["points"] * 4 + ["sites"] * 2))
    found = weighted_by_climate(two, TARGET).weight
    assert found[4:].tolist() == [1, 1]
    assert found[2] > found[0]

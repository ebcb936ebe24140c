"""Rows that class networks learn from."""

from dataclasses import replace

import numpy as np
import pytest

from core.timeline import Days
from models.network.class_inputs import class_inputs
from models.training_set import TrainingSet, last_seen
from tests.training.changing_sets import changing
from tests.training.tiny_training import small_set
from training.class_examples import SEASON_LEFT, SHIFT_DAYS, Pool, _in_season, make_pool

MONTHS = 12


def pool_of(source: TrainingSet, *, copies: int = 2, seed: int = 0, days: Days | None = None) -> Pool:
    asked = None if days is None else {"waves": days}
    return make_pool({"waves": source}, {"waves": 1.0}, "crop", months=MONTHS, copies=copies, seed=seed, days=asked)


def test_the_first_rows_are_the_series_as_they_are_at_their_last_date() -> None:
    source = small_set(count=10)
    pool = pool_of(source)
    tokens, queries = class_inputs(source.series, last_seen(source.series) + 1, months=MONTHS)
    assert pool.copy.tolist() == [0] * 10 + [1] * 10 + [2] * 10
    first = pool.take(pool.copy == 0)
    np.testing.assert_array_equal(first.queries, queries)
    length = tokens.tokens.shape[1]
    np.testing.assert_array_equal(first.tokens[:, :length], tokens.tokens)
    assert first.is_padding[:, length:].all()
    assert pool.tokens.shape[:2] == (30, MONTHS)
    assert pool.places.tolist() == source.places.tolist() * 3


def test_copies_differ_from_the_series_and_from_each_other_and_come_from_the_seed_alone() -> None:
    source = small_set(count=10)
    before = source.series.values.copy()
    pool, again, other = pool_of(source), pool_of(source), pool_of(source, seed=1)
    np.testing.assert_array_equal(source.series.values, before)
    first, second, third = (pool.queries[pool.copy == k] for k in range(3))
    assert not np.array_equal(first, second)
    assert not np.array_equal(second, third)
    np.testing.assert_array_equal(pool.queries, again.queries)
    np.testing.assert_array_equal(first, other.queries[:10])
    assert not np.array_equal(second, other.queries[10:20])


def test_a_label_of_a_day_is_learned_at_that_day_whatever_came_later() -> None:
    source = small_set(count=10)
    day = source.series.days[:, 90]
    pool = pool_of(source, days=day + 1)
    _, queries = class_inputs(source.series, day + 1, months=MONTHS)
    np.testing.assert_array_equal(pool.queries[:10], queries)
    values = source.series.values.copy()
    values[source.series.days > day[:, None]] = 7.0
    spoiled = replace(source, series=replace(source.series, values=values))
    np.testing.assert_array_equal(pool_of(spoiled, days=day + 1).queries[:10], queries)


def test_a_copy_of_a_dated_label_shows_nothing_of_after_its_day_either() -> None:
    source = small_set(count=10)
    day = source.series.days[:, 90]
    kept = source.before(int(day[0]) + 1)
    whole, cut = (pool_of(s, days=day + 1) for s in (source, kept))
    np.testing.assert_array_equal(whole.queries, cut.queries)
    assert SHIFT_DAYS[0] < 0 < SHIFT_DAYS[1]


def test_unknown_labels_are_left_out_and_exclusions_stay() -> None:
    source = small_set(count=8)
    source.labels["crop"][:] = [-1, 0, 1, -2, -3, 0, -1, 1]
    pool = pool_of(source, copies=0)
    assert pool.labels.tolist() == [0, 1, -2, -3, 0, 1]


def test_sets_weigh_by_their_share_and_labels_evenly_within_each() -> None:
    rare, common = small_set("rare", 12), small_set("common", 30)
    rare.labels["crop"][:] = np.arange(12) == 0
    pool = make_pool(
        {"rare": rare, "common": common}, {"rare": 0.3, "common": 0.7}, "crop", months=MONTHS, copies=1, seed=0
    )
    share = {name: pool.weight[pool.sets == name].sum() / pool.weight.sum() for name in ("rare", "common")}
    assert share == pytest.approx({"rare": 0.3, "common": 0.7})
    for label in (0, 1):
        at = (pool.sets == "rare") & (pool.labels == label)
        assert pool.weight[at].sum() / pool.weight.sum() == pytest.approx(0.15)


def test_a_label_is_what_stood_there_until_the_change_has_been_seen() -> None:
    source = changing()
    pool = make_pool({"waves": source}, {"waves": 1.0}, "canopy", months=MONTHS, copies=6, seed=0)
    is_changed = np.tile(np.isfinite(source.changed_on), 7)
    assert (pool.labels[~is_changed] == 1).all()
    assert (pool.labels[is_changed & (pool.copy == 0)] == 0).all(), "as they are, they are classified at their end"
    copies = pool.labels[is_changed & (pool.copy > 0)]
    assert 0.05 < (copies == 1).mean() < 0.6, "some are classified before, or when nothing has been seen since"


def test_half_of_the_copies_of_a_season_show_a_part_of_it_and_dated_labels_keep_their_day() -> None:
    ends = np.full(4000, 18_000, np.int32)
    left = ends - _in_season(np.random.default_rng(0), ends)
    assert left.min() == 0
    assert SEASON_LEFT - 5 < left.max() <= SEASON_LEFT
    assert 0.45 < (left > 0).mean() < 0.55
    source = small_set(count=60)
    day = last_seen(source.series)
    season, dated = pool_of(source, copies=3), pool_of(source, copies=3, days=day + 1)
    months = [(~pool.is_padding[pool.copy > 0]).sum() for pool in (season, dated)]
    assert months[0] <= months[1]
    assert not np.array_equal(season.queries, dated.queries)
    np.testing.assert_array_equal(season.queries[:60], dated.queries[:60])

"""Training sets: taking rows, cutting time, the last day seen."""

import numpy as np

from core.bands import channel
from models.training_set import last_seen
from tests.models.builders import START, wavy_series
from tests.training.changing_sets import changing
from tests.training.tiny_training import small_set

NDVI = channel("NDVI")


def test_a_set_before_a_day_has_no_observation_on_or_after_it() -> None:
    kept = small_set().before(START + 500)
    assert np.isfinite(kept.series.values[kept.series.days < START + 500]).any()
    assert not np.isfinite(kept.series.values[kept.series.days >= START + 500]).any()


def test_the_last_day_seen_is_that_of_the_last_observation() -> None:
    series = wavy_series(2)
    series.values[0, 50:] = np.nan
    series.values[0, 49, NDVI] = 0.5
    assert last_seen(series)[0] == series.days[0, 49]


def test_taking_rows_takes_their_changes_with_them() -> None:
    source = changing(10)
    rows = np.arange(10) < 3
    part = source.take(rows)
    np.testing.assert_array_equal(part.changed_on, source.changed_on[:3])
    assert part.labels_before["canopy"].tolist() == [1, 1, 1]
    assert small_set(count=10).take(rows).changed_on is None

"""What class networks read of a series: months before a day, and nothing else."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from core.bands import CHANNELS, channel
from core.cube import Series
from core.timeline import to_day
from models.network.class_features import CLASS_FEATURES, class_features
from models.network.class_inputs import class_inputs
from models.network.composite import calendar_composite
from models.network.tokens import TOKEN_FEATURES
from tests.models.builders import START, wavy_series

ASKED = np.full(6, START + 700, np.int32)


def test_queries_are_features_of_the_months_and_a_flag_for_each() -> None:
    series = wavy_series()
    _, queries = class_inputs(series, ASKED, months=18)
    features = class_features(calendar_composite(series, ASKED, months=18))
    assert queries.shape == (6, 1, 2 * CLASS_FEATURES)
    values, flags = np.split(queries[:, 0], 2, axis=1)
    np.testing.assert_array_equal(flags == 1, np.isfinite(features))
    np.testing.assert_array_equal(values, np.nan_to_num(features))
    assert 0 < flags.mean() < 1
    assert (values[flags == 0] == 0).all(), "an unseen feature is zero, with a flag of zero"


def test_nothing_on_or_after_the_reference_day_or_before_the_months_is_read() -> None:
    series = wavy_series(dates=160)
    expected = class_inputs(series, ASKED, months=18)
    spoiled = series.values.copy()
    spoiled[series.days >= START + 700] = 0.9
    spoiled[series.days < START + 700 - 19 * 31] = 0.9
    tokens, queries = class_inputs(replace(series, values=spoiled), ASKED, months=18)
    np.testing.assert_array_equal(tokens.tokens, expected[0].tokens)
    np.testing.assert_array_equal(queries, expected[1])


def test_the_newest_month_is_a_token_although_its_centre_may_lie_after_the_day() -> None:
    days = np.array([[to_day(date(2021, 5, 3)), to_day(date(2021, 6, 2))]], np.int32)
    values = np.full((1, 2, len(CHANNELS)), np.nan, np.float32)
    values[0, :, channel("NDVI")] = [0.2, 0.8]
    series = Series(ids=np.array(["a"]), days=days, values=values)
    tokens, _ = class_inputs(series, np.array([to_day(date(2021, 6, 3))], np.int32), months=12)
    assert tokens.tokens.shape == (1, 2, TOKEN_FEATURES)
    np.testing.assert_allclose(tokens.tokens[0, :, channel("NDVI")], np.array([0.2 - 0.5, 0.8 - 0.5]) / 0.3, rtol=1e-5)


@pytest.mark.parametrize("months", [18, 36])
def test_without_tokens_the_same_months_are_said_to_be_padding(months: int) -> None:
    series, radar = wavy_series(), channel("VV")
    values = series.values.copy()
    values[2], values[3, 40:] = np.nan, np.nan
    values[4, ::3, radar] = -12.0
    values[5], values[5, ::30, radar] = np.nan, -12.0
    series = replace(series, values=values)
    expected, queries = class_inputs(series, ASKED, months=months)
    tokens, alike = class_inputs(series, ASKED, months=months, with_tokens=False)
    np.testing.assert_array_equal(tokens.is_padding, expected.is_padding)
    assert tokens.tokens.shape == (*expected.is_padding.shape, 0)
    np.testing.assert_array_equal(alike, queries)
    nothing, _ = class_inputs(series.take(np.array([2])), ASKED[:1], months=months, with_tokens=False)
    assert nothing.is_padding.tolist() == [[True]]


def test_the_order_of_series_does_not_matter() -> None:
    series, order = wavy_series(), np.array([3, 0, 5, 1, 4, 2])
    tokens, queries = class_inputs(series, ASKED, months=18)
    other, asked = class_inputs(series.take(order), ASKED, months=18)
    np.testing.assert_array_equal(other.tokens, tokens.tokens[order])
    np.testing.assert_array_equal(asked, queries[order])

"""Monthly composites, against NumPy's."""

import numpy as np
import pytest
import torch

from models.inference.features.composite import calendar_composite
from models.network import composite
from tests.models.inference.features.series import issues, short, varied


@pytest.mark.parametrize("months", [36, 17, 1])
@pytest.mark.parametrize("dates", [130, 7, 1])
def test_composites_are_those_of_numpy(months: int, dates: int) -> None:
    series, before = short(varied(), dates), issues(spread=400)
    expected = composite.calendar_composite(series, before, months=months)
    given = (torch.from_numpy(np.ascontiguousarray(a)) for a in (series.days, series.values, before))
    days, values = calendar_composite(*given, months=months)
    np.testing.assert_array_equal(days, expected.days)
    np.testing.assert_allclose(values, expected.values, rtol=1e-6)


def test_the_order_of_dates_does_not_matter() -> None:
    series, before = varied(), torch.from_numpy(issues())
    order = np.random.default_rng(0).permutation(series.days.shape[1])
    given = (torch.from_numpy(np.ascontiguousarray(a)) for a in (series.days[:, order], series.values[:, order]))
    _, found = calendar_composite(*given, before, months=24)
    _, expected = calendar_composite(torch.from_numpy(series.days), torch.from_numpy(series.values), before, months=24)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_channels_joined_by_their_medians_come_first() -> None:
    assert composite.CHANNELS[: len(composite.BY_MEDIAN)] == composite.BY_MEDIAN

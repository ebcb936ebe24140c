"""Features of class networks, against NumPy's: equal but for rounding, since trees split them at exact values."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.inference.features import class_features
from models.network import class_features as by_numpy
from models.network import class_inputs
from models.network.composite import calendar_composite
from tests.models.inference.features.series import COUNT, issues, short, varied


@pytest.mark.parametrize("months", [36, 17, 1])
@pytest.mark.parametrize("dates", [130, 7, 1])
def test_inputs_of_class_networks_are_those_of_numpy(months: int, dates: int) -> None:
    series, before = short(varied(), dates), issues(spread=400)
    expected, queries = class_inputs.class_inputs(series, before, months=months)
    given = [torch.from_numpy(np.ascontiguousarray(a)) for a in (series.days, series.values, series.static, before)]
    found = class_features.class_inputs(*given, months=months)
    np.testing.assert_array_equal(found[1], expected.is_padding)
    np.testing.assert_allclose(found[0], expected.tokens, atol=1e-6)
    np.testing.assert_array_equal(found[2], queries)
    bare = class_features.class_inputs(*given, months=months, with_tokens=False)
    assert bare[0].shape == (*expected.is_padding.shape, 0)
    for one, other in zip(bare[1:], found[1:], strict=True):
        np.testing.assert_array_equal(one, other)


def test_features_without_terrain_are_those_of_numpy() -> None:
    series = replace(varied(), static=None)
    monthly = calendar_composite(series, issues(), months=24)
    found = class_features.class_features(torch.from_numpy(monthly.days), torch.from_numpy(monthly.values), None)
    np.testing.assert_array_equal(found, by_numpy.class_features(monthly))
    assert found.shape == (COUNT, by_numpy.CLASS_FEATURES)

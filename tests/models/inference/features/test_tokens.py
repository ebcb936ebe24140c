"""Tokens and time features, against NumPy's."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.inference.features.tokens import scaled, time_features, tokenise
from models.network import tokens
from tests.models.inference.features.series import issues, short, varied


@pytest.mark.parametrize("dates", [130, 7, 1])
@pytest.mark.parametrize(("context", "radar_context"), [(32, 12), (3, 0), (0, 12), (500, 500)])
def test_tokens_and_padding_are_those_of_numpy(dates: int, context: int, radar_context: int) -> None:
    series, before = short(varied(), dates), issues(spread=300)
    expected = tokens.tokenise(series, before, context=context, radar_context=radar_context)
    given = (torch.from_numpy(np.ascontiguousarray(a)) for a in (series.days, series.values, before))
    found, is_padding = tokenise(*given, context=context, radar_context=radar_context)
    np.testing.assert_array_equal(is_padding, expected.is_padding)
    np.testing.assert_allclose(found, expected.tokens, atol=1e-6)


def test_series_never_seen_are_all_padding() -> None:
    series = varied()
    series = replace(series, values=np.full_like(series.values, np.nan))
    given = (torch.from_numpy(a) for a in (series.days, series.values, issues()))
    found, is_padding = tokenise(*given, context=32, radar_context=12)
    assert found.shape[1] == 1
    assert is_padding.all()
    assert (found == 0).all()


def test_scaled_channels_and_time_are_those_of_numpy() -> None:
    values, days = varied().values, np.arange(15_000, 15_040, dtype=np.float64)
    np.testing.assert_array_equal(scaled(torch.from_numpy(values)), tokens.scaled(values))
    found = time_features(torch.from_numpy(days), torch.tensor(15_020))
    np.testing.assert_allclose(found, tokens.time_features(days, np.array(15_020.0)), atol=1e-6)

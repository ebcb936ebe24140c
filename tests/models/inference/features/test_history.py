"""The past of a quantity, against NumPy's."""

import numpy as np
import pytest
import torch

from core.bands import channel
from core.quantities import QUANTITIES
from models.baselines import snow
from models.inference.features.history import from_model, model_values, without_snow
from tests.models.inference.features.series import issues, varied


@pytest.mark.parametrize("name", QUANTITIES)
def test_quantities_are_those_of_numpy_both_ways(name: str) -> None:
    quantity, values = QUANTITIES[name], varied().values
    expected = quantity.model_values(values)
    np.testing.assert_allclose(model_values(quantity, torch.from_numpy(values)), expected, atol=1e-6)
    quantiles = np.sort(np.random.default_rng(0).normal(0.5, 1, (40, 3, 5)), axis=-1).astype(np.float32)
    quantiles[0] = np.nan
    np.testing.assert_allclose(
        from_model(quantity, torch.from_numpy(quantiles)), quantity.from_model(quantiles), atol=2e-6
    )


@pytest.mark.parametrize("seed", [0, 1])
def test_snow_in_short_histories_is_unseen_as_for_numpy(seed: int) -> None:
    series, before = varied(seed=seed), issues(spread=60)
    ndvi = np.ascontiguousarray(series.values[..., channel("NDVI")])
    expected = snow.without_snow(series.days, ndvi, before)
    found = without_snow(*(torch.from_numpy(a) for a in (series.days, ndvi, before)))
    np.testing.assert_array_equal(found, expected)
    assert np.isnan(expected[10]).sum() > np.isnan(ndvi[10]).sum(), "series 10 begins under snow"

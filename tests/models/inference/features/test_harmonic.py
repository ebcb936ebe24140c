"""The mean year, against NumPy's."""

import numpy as np
import pytest
import torch

from models.baselines import harmonic
from models.inference.features.harmonic import Harmonic


@pytest.mark.parametrize("dates", [1, 2, 5, 90])
def test_coefficients_spread_and_traits_are_those_of_numpy(dates: int) -> None:
    rng = np.random.default_rng(dates)
    days = np.sort(rng.integers(15_000, 18_000, (20, dates)), axis=1).astype(np.int32)
    seen = rng.random(days.shape) < 0.6
    seen[0] = False
    y = np.where(seen, 0.5 + 0.3 * np.sin(days / 58) + rng.normal(0, 0.1, days.shape), 0.0)
    expected = harmonic.Harmonic.of(days, y, seen)
    found = Harmonic.of(*(torch.from_numpy(a) for a in (days, y, seen)))
    np.testing.assert_allclose(found.coefficients, expected.coefficients, atol=1e-9)
    np.testing.assert_allclose(found.spread, expected.spread, atol=1e-9)
    np.testing.assert_allclose(found.traits(), expected.traits(), atol=1e-6)
    np.testing.assert_allclose(found.at(torch.from_numpy(days)), expected.at(days), atol=1e-9)

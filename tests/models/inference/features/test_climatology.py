"""What the history alone predicts, against NumPy's."""

import numpy as np
import pytest
import torch

from core.bands import channel
from core.cube import Series
from core.timeline import Days
from models.baselines import climatology
from models.inference.features.climatology import expect, traits
from tests.models.inference.features.series import issues, short, varied

LEADS = np.array([-900, -200, -3, -1, 0, 4, 30, 144, 731], np.int32)
"""From before the first observation, for some series, to two years ahead."""
SERIES = {"whole": varied(), "others": varied(seed=5), "seven": short(varied(), 7), "one": short(varied(), 1)}


def inputs(series: Series, *, spread: int = 40) -> tuple[Days, np.ndarray, Days, Days]:
    issue_days = issues(spread=spread)
    ndvi = np.ascontiguousarray(series.values[..., channel("NDVI")])
    return series.days, ndvi, issue_days, issue_days[:, None] + LEADS


@pytest.mark.parametrize("name", SERIES)
def test_expectations_are_those_of_numpy(name: str) -> None:
    given = inputs(SERIES[name])
    expected, found = climatology.expect(*given), expect(*(torch.from_numpy(a) for a in given))
    limits = {"climatology": 1e-6, "base": 1e-6, "unit": 1e-6, "doubt": 1e-6, "features": 2e-5, "traits": 1e-6}
    for field, limit in limits.items():
        one, other = getattr(expected, field), getattr(found, field).numpy()
        assert other.dtype == np.float32
        np.testing.assert_allclose(other, one, atol=limit, err_msg=field)


def test_traits_alone_are_those_of_the_expectation() -> None:
    days, ndvi, issue_days, targets = (torch.from_numpy(a) for a in inputs(SERIES["whole"]))
    assert torch.equal(traits(days, ndvi, issue_days), expect(days, ndvi, issue_days, targets).traits)


def test_nothing_on_or_after_the_issue_date_is_read() -> None:
    days, ndvi, issue_days, targets = inputs(SERIES["whole"])
    spoiled = np.where(days >= issue_days[:, None], np.float32(0.9), ndvi)
    one, other = (
        expect(*(torch.from_numpy(a) for a in (days, values, issue_days, targets))) for values in (ndvi, spoiled)
    )
    assert torch.equal(one.features, other.features)

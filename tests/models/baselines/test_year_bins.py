"""Bins of the time of year."""

import numpy as np

from models.baselines.year_bins import BIN_DAYS, BINS, kernel, year_bin


def test_a_year_has_all_bins_and_they_come_again() -> None:
    days = np.arange(365, dtype=np.int32)  # day 0 lies on the edge of a bin
    assert np.unique(year_bin(days)).tolist() == list(range(BINS))
    assert (year_bin(days + 146_097) == year_bin(days))[1:].all(), "four hundred years later"


def test_the_kernel_reaches_over_the_turn_of_the_year() -> None:
    found = kernel(8.0)
    np.testing.assert_allclose(np.diag(found), 1.0)
    np.testing.assert_allclose(found[0, [1, BINS - 1]], np.exp(-0.5 * (BIN_DAYS / 8.0) ** 2))
    assert found[0, BINS // 2] < 1e-6

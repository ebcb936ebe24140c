"""Quantiles of forecasts and the columns that hold them."""

import numpy as np

from core import forecast


def test_quantiles_rise_and_name_their_columns() -> None:
    assert list(forecast.QUANTILES) == sorted(forecast.QUANTILES)
    assert forecast.QUANTILE_COLUMNS == tuple(f"q{round(100 * q):02d}" for q in forecast.QUANTILES)


def test_percentiles_are_linear_between_quantiles_and_go_on_with_the_slope_of_the_tails() -> None:
    quantiles = np.float32([0.2, 0.4, 0.5, 0.55, 0.7])
    values = np.float32([0.2, 0.3, 0.4, 0.5, 0.525, 0.7, 0.19, 0.71])
    found = forecast.percentile_of(values, np.broadcast_to(quantiles, (8, 5)))
    np.testing.assert_allclose(found, [5, 15, 25, 50, 62.5, 95, 4, 95 + 20 * 0.01 / 0.15], atol=1e-3)


def test_percentiles_stop_at_one_and_ninety_nine_and_equal_quantiles_have_no_slope() -> None:
    quantiles = np.float32([[0.2, 0.4, 0.5, 0.55, 0.7]] * 2 + [[0.3] * 5] * 2)
    found = forecast.percentile_of(np.float32([-1, 1, 0.2, 0.4]), quantiles)
    assert found.tolist() == [1, 99, 1, 99]


def test_what_was_not_seen_or_not_forecast_has_no_percentile() -> None:
    quantiles = np.float32([[0.2, 0.4, 0.5, 0.55, 0.7], [np.nan] * 5])
    assert np.isnan(forecast.percentile_of(np.float32([np.nan, 0.5]), quantiles)).all()

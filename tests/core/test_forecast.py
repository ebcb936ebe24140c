"""Quantiles of forecasts and the columns that hold them."""

from core import forecast


def test_quantiles_rise_and_name_their_columns() -> None:
    assert list(forecast.QUANTILES) == sorted(forecast.QUANTILES)
    assert forecast.QUANTILE_COLUMNS == tuple(f"q{round(100 * q):02d}" for q in forecast.QUANTILES)

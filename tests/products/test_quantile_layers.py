"""Layers and rows of dated quantiles."""

from datetime import date

import numpy as np

from core.forecast import QUANTILE_COLUMNS
from core.product import Variable
from products.quantile_layers import (
    count_layer,
    dated_layer,
    quantile_layers,
    quantile_rows,
    shown_medians,
    side_by_side,
    target_days_of,
)
from tests.models.builders import wavy_series

DAYS = ("2021-05-01", "2021-05-06")


def test_quantiles_are_ordered_by_quantity_then_date_then_quantile() -> None:
    layers = quantile_layers(("NDVI", "EVI2"), DAYS, lambda quantity, day: f"{quantity} on {day}")
    first = [f"ndvi_{DAYS[0]}_{q}" for q in QUANTILE_COLUMNS]
    assert [v.name for v in layers[:6]] == [*first, f"ndvi_{DAYS[1]}_q05"]
    assert (layers[10].variable, layers[10].quantile, layers[10].date) == ("EVI2", 0.05, DAYS[0])
    assert layers[3].description == "NDVI on 2021-05-01: 75 % of outcomes lie below"


def test_dated_layers_and_counts_name_what_they_are() -> None:
    layer = dated_layer(Variable.DAYS_TO_CLEAR, DAYS[0], "Days", unit="days")
    assert (layer.name, layer.variable, layer.unit) == ("days_to_clear_2021-05-01", "days_to_clear", "days")
    assert (count_layer("n").name, count_layer("n").unit) == ("clear_count", "count")


def test_the_first_the_middle_and_the_last_median_are_shown() -> None:
    days = [f"2021-05-{n:02d}" for n in range(1, 8)]
    layers = quantile_layers(("NDVI", "EVI2"), days, lambda quantity, day: quantity)
    assert [v.date for v in shown_medians(layers)] == ["2021-05-01", "2021-05-04", "2021-05-07"]
    assert len(shown_medians(quantile_layers(("NDVI",), days[:1], lambda quantity, day: quantity))) == 1
    assert shown_medians([count_layer("n")]) == ()


def test_a_series_without_a_first_value_is_empty_in_all_layers() -> None:
    first = np.array([[[0.1, 0.2]], [[np.nan, 0.3]]], np.float32)
    found = side_by_side([first, np.array([4.0, 5.0], np.float32)])
    np.testing.assert_array_equal(found, np.float32([[0.1, 0.2, 4], [np.nan] * 3]))


def test_rows_are_the_layers_of_each_series_date_by_date() -> None:
    series = wavy_series(2)
    targets = target_days_of([[date(2021, 5, 1), date(2021, 5, 6)]] * 2)
    values = np.arange(2 * 21, dtype=np.float32).reshape(2, 21)
    table = quantile_rows(series, targets, values, ("NDVI", "EVI2"))
    evi2 = [f"EVI2_{q}" for q in QUANTILE_COLUMNS]
    assert list(table.columns) == ["series_id", "time", *QUANTILE_COLUMNS, *evi2]
    assert table.series_id.tolist() == ["s0", "s0", "s1", "s1"]
    assert [f"{t:%Y-%m-%d}" for t in table.time[:2]] == list(DAYS)
    assert table.q05.tolist() == [0, 5, 21, 26]
    assert table.EVI2_q95.tolist() == [14, 19, 35, 40]

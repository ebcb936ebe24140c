"""The last observations among what was expected of them."""

from datetime import date
from typing import Any

import numpy as np
import pytest

from core.cube import Series
from core.errors import LandcastError
from core.forecast import percentile_of
from core.timeline import to_date
from models.runtime import forecast
from products.catalogue import PRODUCTS
from products.order import parse
from products.rows import render
from tests.models.builders import wavy_series
from tests.products.cubes import AVAILABLE, small_cube
from tests.products.forecasters import LAST, NDVI, forecaster, predicted, seen_every_date

PRODUCT = PRODUCTS["ndvi-anomaly"]
COLUMNS = ["series_id", "time", "percentile", "departure", "ndvi", "last_clear", "clear_count"]


def resolved(**inputs: Any) -> Any:
    return parse(PRODUCT, inputs, available=AVAILABLE)


def with_last(series: Series, ndvi: list[float]) -> Series:
    """Return series whose last dates show these values."""
    values = series.values.copy()
    values[:, -len(ndvi) :, NDVI] = ndvi
    return Series(ids=series.ids, days=series.days, values=values)


def test_the_last_sixteen_days_are_judged_from_six_years_before_them() -> None:
    found = resolved()
    assert str(found.window) == "2018-07-16/2018-07-31"
    assert found.days == AVAILABLE
    assert str(resolved(date="2018-03-10", last="5d").window) == "2018-03-06/2018-03-10"
    late = resolved(date="2019-02-01")
    assert (late.days.end, late.window.end) == (late.date, late.date)
    for options in (found, late):
        assert PRODUCT.resolve(options, available=AVAILABLE) == options
    assert PRODUCT.resolve(PRODUCT.options.read(found.to_json()), available=AVAILABLE) == found


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"last": "0d"}, "positive number of days"),
        ({"last": "200d"}, "at most 150 days"),
        ({"date": "2016-08-10"}, "no day before those that are judged"),
        ({"period": "2018-01-01/2018-01-10"}, "no day before those that are judged"),
        ({"period": "2017-01-01/2018-01-10", "date": "2018-06-01"}, "ends before the days that are judged"),
        ({"date": "soon"}, "no date"),
    ],
)
def test_inputs_that_make_no_sense_end_in_one_sentence(inputs: dict[str, Any], sentence: str) -> None:
    with pytest.raises(LandcastError, match=sentence) as raised:
        resolved(**inputs)
    assert "\n" not in str(raised.value)


def test_each_layer_states_its_days() -> None:
    layers = PRODUCT.layers(resolved())
    assert [v.name for v in layers] == ["percentile", "departure", "ndvi", "days_to_clear", "clear_count"]
    assert {v.date for v in layers[:-1]} == {"2018-07-31"}
    assert "2018-07-16/2018-07-31" in layers[0].description
    assert PRODUCT.shown(layers) == layers[:1]


def test_one_observation_is_compared_with_the_forecast_issued_before_the_window() -> None:
    series = seen_every_date()
    table = predicted(PRODUCT, series, last="5d")
    assert list(table.columns) == COLUMNS
    issues = np.full(len(series), LAST - 4, np.int32)
    expected = forecast(series, issues, np.full((len(series), 1), LAST, np.int32), forecaster()).quantiles[:, 0]
    seen = series.values[:, -1, NDVI]
    np.testing.assert_allclose(table.ndvi, seen, atol=1e-6)
    np.testing.assert_allclose(table.departure, seen - expected[:, 2], atol=1e-5)
    np.testing.assert_allclose(table.percentile, percentile_of(seen, expected), atol=0.1)


def test_the_mean_of_the_window_is_compared_with_the_mean_of_its_quantiles() -> None:
    series = with_last(seen_every_date(), [0.2, np.nan, 0.5])
    table = predicted(PRODUCT, series, last="20d")
    np.testing.assert_allclose(table.ndvi, 0.35, atol=1e-6)
    issues, days = np.full(len(series), LAST - 19, np.int32), np.array([[LAST - 16, LAST]], np.int32)
    expected = forecast(series, issues, np.repeat(days, len(series), axis=0), forecaster()).quantiles.mean(axis=1)
    np.testing.assert_allclose(table.departure, 0.35 - expected[:, 2], atol=1e-5)
    assert table.clear_count.tolist() == [2] * len(series)


def test_less_green_means_a_lower_percentile_and_no_more_than_one_to_ninety_nine() -> None:
    low, high = (predicted(PRODUCT, with_last(seen_every_date(), [v, v]), last="9d") for v in (-0.9, 0.99))
    assert (low.percentile < high.percentile).all()
    assert low.percentile.min() >= 1
    assert high.percentile.max() <= 99
    assert (high.departure - low.departure > 1.8).all()


def test_the_last_observation_is_dated_and_a_series_without_one_is_empty() -> None:
    series = with_last(seen_every_date(3), [0.4, np.nan])
    series.values[1, -4:] = np.nan
    series.values[2, :-2] = np.nan
    table = predicted(PRODUCT, series)
    assert [t.date() for t in table.time] == [to_date(LAST)] * 3
    assert table.last_clear[0].date() == to_date(LAST - 8)
    assert table.iloc[1, 2:].isna().all()
    assert table.iloc[2, 2:].isna().all()  # seen in the window, but never before it


def test_a_series_that_ends_before_the_window_stays_empty_beside_others() -> None:
    series = seen_every_date(2)
    series.days[1] -= 60
    table = predicted(PRODUCT, series, date=str(to_date(LAST)))
    assert table.percentile.isna().tolist() == [False, True]
    assert [t.date() for t in table.time] == [to_date(LAST)] * 2


def test_observations_after_the_date_change_nothing() -> None:
    series = seen_every_date()
    day = str(to_date(LAST - 100))
    before = predicted(PRODUCT, series, date=day)
    series.values[series.days > LAST - 100] = 0.1
    after = predicted(PRODUCT, series, date=day)
    np.testing.assert_array_equal(after.percentile, before.percentile)
    assert [t.date() for t in after.time] == [date.fromisoformat(day)] * len(series)


def test_pixels_without_an_observation_in_the_window_are_nodata() -> None:
    cube = small_cube()
    options = parse(PRODUCT, {}, available=cube.period)
    raster = render(PRODUCT, cube, options, forecaster(), lambda _share: None)
    window = cube.between(options.window)
    np.testing.assert_array_equal(raster.is_unseen(), window.clear_count() == 0)
    seen = ~raster.is_unseen()
    np.testing.assert_array_equal(raster.pixels[-1][seen], window.clear_count()[seen])
    assert np.isnan(raster.pixels[:, ~seen]).all()
    count, last = window.clear_and_last()
    assert count.sum() > 0
    end = last.max() - raster.pixels[3][seen]
    assert len(np.unique(raster.pixels[0][seen])) > 3
    assert (end <= last.max()).all()


def test_a_series_without_a_clear_day_stays_empty_beside_others() -> None:
    series = wavy_series(3)
    series.values[1] = np.nan
    table = predicted(PRODUCT, series, last="40d")
    assert table.percentile.isna().tolist() == [False, True, False]

"""Every product of the catalogue, without being written for any one of them; then the defaults of each."""

from dataclasses import replace

import numpy as np
import pytest

from core.cube import Series
from core.errors import InvalidOption, LandcastError, MissingBand
from core.product import PoolsSeries
from products.catalogue import PRODUCTS, find_product
from products.order import parse
from products.table import options_of_each, predict_table
from tests.models.builders import wavy_series
from tests.products.cubes import AVAILABLE, rendered, small_cube
from tests.products.forecasters import LAST, forecaster, predicted


def test_a_layer_of_a_forecast_names_its_quantity_its_quantile_and_its_date() -> None:
    _, raster = rendered(
        find_product("ndvi-forecast"),
        dates=["2019-05-20", "2019-06-20"],
        variables=["EVI2"],
        extra_layers=["anomaly"],
    )
    found = {v.name: (v.variable, v.quantile, v.date) for v in raster.layers}
    assert found["evi2_2019-06-20_q25"] == ("EVI2", 0.25, "2019-06-20")
    assert found["anomaly_2019-05-20"] == ("anomaly", None, "2019-05-20")
    assert [v.name for v in raster.layers if v.is_median][:2] == ["ndvi_2019-05-20_q50", "ndvi_2019-06-20_q50"]


def test_by_default_a_forecast_has_median_and_intervals_of_each_date_and_the_clear_count() -> None:
    params, raster = rendered(find_product("ndvi-forecast"), dates=["2018-08-10", "2018-08-20"])
    assert [layer.quantile for layer in raster.layers] == [0.05, 0.25, 0.5, 0.75, 0.95] * 2 + [None]
    assert raster.layers[-1].name == "clear_count"
    whole = parse(find_product("ndvi-forecast"), {}, available=AVAILABLE)
    assert len(find_product("ndvi-forecast").layers(whole)) == 151
    assert parse(find_product("ndvi-forecast"), params.to_json(), available=AVAILABLE) == params


def test_an_order_from_before_layers_could_be_chosen_has_them_all() -> None:
    """Its files have climatology and anomaly, and its parameters say nothing of them."""
    product = find_product("ndvi-forecast")
    stored = {"period": "2016-08-01/2018-07-31", "issue_date": "2018-08-01", "dates": ["2018-08-10"]}
    names = [layer.name for layer in product.layers(product.options.read(stored))]
    assert names[5:] == ["climatology_2018-08-10", "anomaly_2018-08-10", "clear_count"]


def test_quantiles_are_chosen_and_the_median_is_always_there() -> None:
    product, dates = find_product("ndvi-forecast"), ["2018-08-10", "2018-08-20"]
    _, whole = rendered(product, dates=dates, variables=["EVI2"], extra_layers=["climatology"])
    _, few = rendered(product, dates=dates, variables=["EVI2"], extra_layers=["climatology"], quantiles="0.95")
    kept = [layer for layer in whole.layers if layer.quantile in (None, 0.5, 0.95)]
    assert list(few.layers) == kept
    np.testing.assert_array_equal(few.pixels, whole.pixels[[whole.layers.index(layer) for layer in kept]])
    assert parse(product, {"quantiles": [0.5, 0.05]}, available=AVAILABLE).shares == (0.05, 0.5)


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"quantiles": "0.1"}, "the quantiles are 0.05, 0.25, 0.5, 0.75, 0.95"),
        ({"quantiles": "median"}, "a list of numbers"),
        ({"quantiles": 0.5}, "a list of numbers"),
        ({"extra_layers": "climatology,trend"}, "the extra layers are climatology, anomaly"),
        ({"extra_layers": 1}, "a list"),
    ],
)
def test_unknown_quantiles_and_layers_are_refused(inputs: dict[str, object], sentence: str) -> None:
    with pytest.raises(InvalidOption, match=sentence):
        parse(find_product("ndvi-forecast"), inputs, available=AVAILABLE)


def test_extra_layers_and_chosen_quantiles_are_columns_of_a_table() -> None:
    product, series = PRODUCTS["ndvi-forecast"], wavy_series(3)
    whole = predicted(product, series, horizon="40d", pooled=True)
    assert list(whole.columns[2:]) == ["q05", "q25", "q50", "q75", "q95", "pooled_over"]
    found = predicted(
        product, series, horizon="40d", pooled=True, quantiles=[0.05], extra_layers=["anomaly", "climatology"]
    )
    assert list(found.columns[2:]) == ["q05", "q50", "climatology", "anomaly", "pooled_over"]
    np.testing.assert_array_equal(found[["q05", "q50"]], whole[["q05", "q50"]])
    np.testing.assert_allclose(found.anomaly, found.q50 - found.climatology, atol=1e-6)
    assert set(found.pooled_over) == {3}
    only = predicted(product, series, horizon="40d", extra_layers=["anomaly"])
    assert "climatology" not in only
    assert np.abs(only.anomaly).max() > 0


def test_forecast_layers_are_quantiles_by_date_then_climatology() -> None:
    extra = ["anomaly", "climatology"]
    params, raster = rendered(find_product("ndvi-forecast"), dates=["2018-08-10", "2018-08-20"], extra_layers=extra)
    names = [layer.name for layer in raster.layers]
    assert names[0] == "ndvi_2018-08-10_q05"
    assert names[5] == "ndvi_2018-08-20_q05"
    days = ("2018-08-10", "2018-08-20")
    assert names[10:] == [*(f"{n}_{d}" for n in ("climatology", "anomaly") for d in days), "clear_count"]
    assert [str(d) for d in params.dates] == ["2018-08-10", "2018-08-20"]
    quantiles = raster.pixels[:5][:, ~raster.is_unseen()]
    assert (np.diff(quantiles, axis=0) >= 0).all()


def test_further_variables_follow_ndvi_and_have_quantiles_of_their_own() -> None:
    further = ["EVI2", "NDVI", "B04"]
    extra = ["climatology", "anomaly"]
    _, raster = rendered(PRODUCTS["ndvi-forecast"], dates=["2019-05-20"], variables=further, extra_layers=extra)
    names = [layer.name for layer in raster.layers]
    assert names[:15:5] == ["ndvi_2019-05-20_q05", "evi2_2019-05-20_q05", "b04_2019-05-20_q05"]
    for first in (0, 5, 10):
        assert (np.diff(raster.pixels[first : first + 5], axis=0) >= 0)[:, np.isfinite(raster.pixels[0])].all()
    median, climatology, anomaly = (raster.pixels[names.index(n)] for n in (names[2], names[15], names[16]))
    np.testing.assert_allclose(anomaly, median - climatology, atol=1e-6)
    assert np.nanmax(raster.pixels[12]) < 0.5  # red reflectance, not an index


def test_ndvi_as_a_variable_changes_nothing() -> None:
    product = PRODUCTS["ndvi-forecast"]
    assert parse(product, {"variables": ["NDVI"]}, available=AVAILABLE) == parse(product, {}, available=AVAILABLE)


@pytest.mark.parametrize(
    ("variables", "error", "sentence"), [(["NDMI"], InvalidOption, "NDMI"), (["BSI"], MissingBand, "B11")]
)
def test_unknown_variables_and_missing_bands_are_named(
    variables: list[str], error: type[LandcastError], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        rendered(PRODUCTS["ndvi-forecast"], dates=["2019-05-20"], variables=variables)


def test_a_forecast_is_issued_the_day_after_the_last_observation() -> None:
    params = parse(find_product("ndvi-forecast"), {"horizon": "10d", "step": "5d"}, available=AVAILABLE)
    assert params.to_json() == {
        "period": str(AVAILABLE),
        "issue_date": "2018-08-01",
        "dates": ["2018-08-05", "2018-08-10"],
        "extra_layers": [],
    }


@pytest.mark.parametrize(
    "inputs",
    [
        {"dates": ["2018-07-01"]},
        {"horizon": "0d"},
        {"step": "soon"},
        {"issue_date": "2018-13-01"},
        {"horizon": "3d", "step": "5d"},
        {"period": "2018-01-01/2018-03-01", "issue_date": "2017-06-01"},
    ],
)
def test_forecast_inputs_that_make_no_sense_end_in_one_sentence(inputs: dict[str, object]) -> None:
    with pytest.raises(LandcastError) as raised:
        parse(find_product("ndvi-forecast"), inputs, available=AVAILABLE)
    assert "\n" not in str(raised.value)


def test_pooled_forecasts_depend_on_the_company_but_not_on_its_order_and_count_it() -> None:
    product, series = PRODUCTS["ndvi-forecast"], wavy_series(6)
    alone = predicted(product, series, horizon="40d")
    pooled = predicted(product, series, horizon="40d", pooled=True)
    assert "pooled_over" not in alone
    assert set(pooled.pooled_over) == {6}
    assert np.abs(pooled.q50 - alone.q50).max() > 0
    order = np.array([3, 1, 5, 0, 2, 4])
    shuffled = predicted(product, series.take(order), horizon="40d", pooled=True)
    both = pooled.merge(shuffled, on=["series_id", "time"])
    np.testing.assert_allclose(both.q50_x, both.q50_y, atol=1e-6)
    fewer = predicted(product, series.take(order[:3]), horizon="40d", pooled=True)
    assert set(fewer.pooled_over) == {3}


def test_series_of_a_table_are_moved_towards_those_alike_and_pixels_are_not() -> None:
    product, series = find_product("ndvi-forecast"), wavy_series(20)
    assert isinstance(product, PoolsSeries)
    each = options_of_each(product, series, {"horizon": "100d", "pooled": True}, forecaster())
    fields, pixels = (product.pooled(series, each, are_pixels=flag) for flag in (False, True))
    moved = fields.predict(series, each, forecaster()) - pixels.predict(series, each, forecaster())
    quantiles = moved[:, :100].reshape(20, 20, 5)  # every fifth day
    np.testing.assert_allclose(quantiles[:, :2], 0, atol=1e-6)
    assert np.abs(quantiles[:, 5:]).max() > 1e-3
    np.testing.assert_allclose(np.ptp(quantiles[:12], axis=-1), 0, atol=1e-6)  # higher ones reach 1


def test_a_series_of_an_earlier_issue_date_learns_nothing_from_what_came_later() -> None:
    product, series = PRODUCTS["ndvi-forecast"], wavy_series(4)
    early = series.between(np.zeros(4, np.int32), np.full(4, LAST - 200, np.int32))
    rows = predicted(product, early, horizon="20d", pooled=True)
    later = Series(
        ids=np.concatenate([early.ids, np.array(["x1", "x2", "x3", "x4"])]),
        days=np.concatenate([early.days, series.days]),
        values=np.concatenate([early.values, series.values]),
    )
    among = predicted(product, later, horizon="20d", pooled=True)
    first = among[among.series_id.isin(early.ids)].reset_index(drop=True)
    assert set(first.pooled_over) == {8}
    assert first.time.equals(rows.time)
    assert np.abs(first.q50 - rows.q50).max() < 0.02


def test_series_without_targets_are_company_too() -> None:
    product, series = PRODUCTS["ndvi-forecast"], wavy_series(6)
    few = series.take(np.array([1, 4]))
    each = options_of_each(product, few, {"horizon": "20d", "pooled": True}, forecaster())
    among = predict_table(product, few, each, forecaster(), lambda _share: None, company=series)
    whole = predicted(product, series, horizon="20d", pooled=True)
    assert set(among.pooled_over) == {6}
    both = among.merge(whole, on=["series_id", "time"])
    assert len(both) == len(among)
    np.testing.assert_allclose(both.q50_x, both.q50_y, atol=1e-6)


def test_pixels_of_a_map_are_pooled_with_those_of_their_block_that_were_seen() -> None:
    product, cube = find_product("ndvi-forecast"), small_cube()
    _, alone = rendered(product, cube, dates=["2018-08-20"])
    _, pooled = rendered(product, cube, dates=["2018-08-20"], pooled=True)
    assert [v.name for v in pooled.layers if v not in alone.layers] == ["pooled_over"]
    count, median = pooled.pixels[-2], [v.name for v in pooled.layers].index("ndvi_2018-08-20_q50")
    assert set(count[~np.isnan(count)]) == {19}
    assert np.isnan(pooled.pixels[:, 1, 2]).all()
    assert np.nanmax(np.abs(pooled.pixels[median] - alone.pixels[median])) > 0


def test_pixels_of_another_block_change_nothing() -> None:
    """The first two columns lie in one block, the last three in the next."""
    product, cube = find_product("ndvi-forecast"), small_cube()
    across = replace(cube, window=replace(cube.window, transform=cube.window.transform.translation(30, 0)))
    _, before = rendered(product, across, horizon="20d", pooled=True)
    for band in across.data.data_vars.values():
        band.values[..., 2:] *= 1.3
    _, after = rendered(product, across, horizon="20d", pooled=True)
    assert set(before.pixels[-2, 0]) == {8, 11}
    np.testing.assert_array_equal(before.pixels[:, :, :2], after.pixels[:, :, :2])
    assert np.nanmax(np.abs(before.pixels[:, :, 2:] - after.pixels[:, :, 2:])) > 0


def test_targets_beyond_the_calibrated_range_say_so() -> None:
    product, series = PRODUCTS["ndvi-forecast"], wavy_series(2)
    assert "landcast_caution" not in predicted(product, series, horizon="150d", step="50d").attrs
    assert "150 days" in predicted(product, series, horizon="250d", step="50d").attrs["landcast_caution"]
    _, raster = rendered(find_product("ndvi-forecast"), horizon="250d", step="100d")
    medians = [v for v in raster.layers if v.is_median]
    assert ["beyond" in v.description for v in medians] == [False, True]

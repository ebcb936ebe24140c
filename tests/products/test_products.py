"""Every product of the catalogue, without being written for any one of them; then the defaults of each."""

import numpy as np
import pytest
import xarray as xr
from affine import Affine

from core.checkpoint import Checkpoint
from core.cube import Cube
from core.errors import InvalidOption, InvalidPeriod, LandcastError, MissingBand, UnknownProduct
from core.grid import Window
from core.options import Options
from core.product import Product, Raster, Variable
from core.quantities import QUANTITIES
from core.settings import Settings
from core.timeline import parse_period, to_times
from models.registry import find_checkpoint
from products.catalogue import PRODUCTS, find_product
from products.order import check_source, parse
from products.rows import render
from tests.models.builders import wavy_series

AVAILABLE = parse_period("2016-08-01/2018-07-31")
WINDOW = Window(crs="EPSG:32631", transform=Affine(10, 0, 500_000, 0, -10, 5_600_000), shape_yx=(4, 5))
every_product = pytest.mark.parametrize("product", PRODUCTS.values(), ids=lambda p: p.id)


def small_cube() -> Cube:
    """4 x 5 pixels of seasonal red and near infrared; pixel (1, 2) is never seen."""
    series = wavy_series(20, dates=90)
    flat = {name: series.values[..., c].T.reshape(90, 4, 5).copy() for name, c in (("B04", 2), ("B08", 6))}
    for band in flat.values():
        band[:, 1, 2] = np.nan
    times = to_times(series.days[0])
    data = xr.Dataset({n: (("time", "y", "x"), v) for n, v in flat.items()}, coords={"time": times})
    return Cube(data=data, window=WINDOW, archive="test")


def checkpoint_of(product: Product) -> Checkpoint:
    return find_checkpoint("", product.task, Settings())


def rendered(product: Product, cube: Cube | None = None, **inputs: object) -> tuple[Options, Raster]:
    cube = cube or small_cube()
    params = parse(product, inputs, available=cube.period)
    check_source(product, params, available=cube.period, shown=list(cube.data.data_vars), name="test")
    return params, render(product, cube, params, checkpoint_of(product), lambda share: None)


@every_product
def test_parsed_inputs_are_read_back_to_the_same(product: Product) -> None:
    params = parse(product, {}, available=AVAILABLE)
    assert parse(product, params.to_json(), available=AVAILABLE) == params


@every_product
def test_an_input_that_does_not_exist_is_named(product: Product) -> None:
    with pytest.raises(InvalidOption, match="colour"):
        parse(product, {"colour": "red"}, available=AVAILABLE)


@every_product
def test_a_reversed_period_is_refused(product: Product) -> None:
    with pytest.raises(InvalidPeriod, match="before it starts"):
        parse(product, {"period": "2018-05-01/2017-05-01"}, available=AVAILABLE)


@every_product
def test_the_raster_has_the_layers_that_were_promised(product: Product) -> None:
    params, raster = rendered(product)
    assert raster.layers == product.layers(params)
    assert raster.pixels.shape == (len(raster.layers), 4, 5)
    assert len({layer.name for layer in raster.layers}) == len(raster.layers)
    assert raster.layers[-1].name == "clear_count"


@every_product
@pytest.mark.parametrize("form", ["percent", "float"])
def test_every_layer_states_what_it_is_and_no_two_are_the_same(product: Product, form: str) -> None:
    chosen = {"probabilities": form} if "probabilities" in product.options.choices() else {}
    _, raster = rendered(product, **chosen)
    assert {layer.variable for layer in raster.layers} <= {*Variable, *QUANTITIES}
    meanings = [(v.variable, v.quantile, v.date, v.class_name) for v in raster.layers]
    assert len(set(meanings)) == len(meanings)
    assert {layer.dtype for layer in raster.layers} == {str(raster.pixels.dtype)}
    coded = [layer.variable for layer in raster.layers if layer.legend]
    assert coded == [layer.variable for layer in raster.layers if layer.variable in (Variable.CLASS, Variable.CHANGE)]


def test_a_layer_of_a_forecast_names_its_quantity_its_quantile_and_its_date() -> None:
    _, raster = rendered(find_product("ndvi-forecast"), dates=["2019-05-20", "2019-06-20"], variables=["EVI2"])
    found = {v.name: (v.variable, v.quantile, v.date) for v in raster.layers}
    assert found["evi2_2019-06-20_q25"] == ("EVI2", 0.25, "2019-06-20")
    assert found["anomaly_2019-05-20"] == ("anomaly", None, "2019-05-20")
    assert [v.name for v in raster.layers if v.is_median][:2] == ["ndvi_2019-05-20_q50", "ndvi_2019-06-20_q50"]


@every_product
def test_a_pixel_never_seen_is_nodata_in_all_layers_and_no_other_is(product: Product) -> None:
    _, raster = rendered(product)
    nodata = np.isnan(raster.pixels) if np.isnan(raster.nodata) else raster.pixels == raster.nodata
    assert nodata[:, 1, 2].all()
    assert nodata.sum() == len(raster.layers)


@every_product
def test_a_cube_without_one_clear_pixel_is_all_nodata(product: Product) -> None:
    cube = small_cube()
    for name in cube.data.data_vars:
        cube.data[name].values[:] = np.nan
    _, raster = rendered(product, cube)
    assert raster.is_unseen().all()


@every_product
@pytest.mark.parametrize(("lost", "said"), [("B04", "red"), ("B08", "near infrared")])
def test_a_cube_without_ndvi_is_refused_with_what_is_missing(product: Product, lost: str, said: str) -> None:
    cube = small_cube()
    cube = Cube(data=cube.data.drop_vars(lost), window=cube.window, archive="test")
    with pytest.raises(MissingBand, match=said):
        rendered(product, cube)


@every_product
def test_rows_rendered_alone_equal_the_rows_of_the_whole(product: Product) -> None:
    cube = small_cube()
    params, whole = rendered(product, cube)
    corner = Window(crs=WINDOW.crs, transform=WINDOW.transform, shape_yx=(2, 5))
    part = Cube(data=cube.data.isel(y=slice(0, 2)), window=corner, archive="test")
    alone = render(product, part, params, checkpoint_of(product), lambda share: None)
    difference = np.abs(alone.pixels.astype(float) - whole.pixels[:, :2].astype(float))
    assert np.nanmax(difference) <= (1 if whole.pixels.dtype == np.uint8 else 1e-4)


@every_product
def test_progress_rises_to_one(product: Product) -> None:
    told: list[float] = []
    params = parse(product, {}, available=small_cube().period)
    render(product, small_cube(), params, checkpoint_of(product), told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.parametrize("name", ["canopy", "crop"])
def test_float_probabilities_are_shares_and_percent_their_rounding(name: str) -> None:
    product = find_product(name)
    _, shares = rendered(product, probabilities="float")
    _, whole = rendered(product)
    assert shares.pixels.dtype == np.float32
    kept = ~whole.is_unseen()
    np.testing.assert_allclose(shares.pixels[1:-1][:, kept] * 100, whole.pixels[1:-1][:, kept], atol=0.51)
    np.testing.assert_allclose(shares.pixels[1:-1][:, kept].sum(axis=0), 1, atol=1e-5)


def test_forecast_layers_are_quantiles_by_date_then_climatology() -> None:
    params, raster = rendered(find_product("ndvi-forecast"), dates=["2018-08-10", "2018-08-20"])
    names = [layer.name for layer in raster.layers]
    assert names[0] == "ndvi_2018-08-10_q05"
    assert names[5] == "ndvi_2018-08-20_q05"
    days = ("2018-08-10", "2018-08-20")
    assert names[10:] == [*(f"{n}_{d}" for n in ("climatology", "anomaly") for d in days), "clear_count"]
    assert [str(d) for d in params.dates] == ["2018-08-10", "2018-08-20"]
    quantiles = raster.pixels[:5][:, ~raster.is_unseen()]
    assert (np.diff(quantiles, axis=0) >= 0).all()


def test_further_variables_follow_ndvi_and_have_quantiles_of_their_own() -> None:
    _, raster = rendered(PRODUCTS["ndvi-forecast"], dates=["2019-05-20"], variables=["EVI2", "NDVI", "B04"])
    names = [layer.name for layer in raster.layers]
    assert names[:15:5] == ["ndvi_2019-05-20_q05", "evi2_2019-05-20_q05", "b04_2019-05-20_q05"]
    for first in (0, 5, 10):
        assert (np.diff(raster.pixels[first : first + 5], axis=0) >= 0)[:, np.isfinite(raster.pixels[0])].all()
    median, climatology, anomaly = (raster.pixels[names.index(n)] for n in (names[2], names[15], names[16]))
    np.testing.assert_allclose(anomaly, median - climatology, atol=1e-6)
    assert np.nanmax(raster.pixels[12]) < 0.5  # red reflectance, not an index


def test_the_order_without_further_variables_is_that_of_before() -> None:
    product = PRODUCTS["ndvi-forecast"]
    assert parse(product, {"variables": ["NDVI"]}, available=AVAILABLE) == parse(product, {}, available=AVAILABLE)


@pytest.mark.parametrize(
    ("variables", "error", "said"), [(["NDMI"], InvalidOption, "NDMI"), (["BSI"], MissingBand, "B11")]
)
def test_variables_that_cannot_be_had_are_named(variables: list[str], error: type[LandcastError], said: str) -> None:
    with pytest.raises(error, match=said):
        rendered(PRODUCTS["ndvi-forecast"], dates=["2019-05-20"], variables=variables)


def test_a_forecast_is_issued_the_day_after_the_last_observation() -> None:
    params = parse(find_product("ndvi-forecast"), {"horizon": "10d", "step": "5d"}, available=AVAILABLE)
    assert params.to_json() == {
        "period": str(AVAILABLE),
        "issue_date": "2018-08-01",
        "dates": ["2018-08-05", "2018-08-10"],
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


def test_probabilities_are_percent_or_float() -> None:
    with pytest.raises(InvalidOption, match="percent or float"):
        parse(find_product("crop"), {"probabilities": "maybe"}, available=AVAILABLE)


def test_an_unknown_product_is_named_with_those_there_are() -> None:
    with pytest.raises(UnknownProduct, match="ndvi-forecast"):
        find_product("yield")

"""Inputs of an order: read, checked, and completed, for every product of the catalogue."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cube import Cube
from core.errors import InvalidOption, InvalidPeriod, MissingBand, NoClearObservation
from core.options import Options
from core.product import Product
from core.timeline import Period
from products.catalogue import find_product
from products.order import add_card, check_source, default_period, parse, require_ndvi
from tests.products.cubes import AVAILABLE, checkpoint_of, every_product, rendered, small_cube


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
@pytest.mark.parametrize(("lost", "sentence"), [("B04", "red"), ("B08", "near infrared")])
def test_a_cube_without_ndvi_is_refused_with_the_missing_band(product: Product, lost: str, sentence: str) -> None:
    cube = small_cube()
    cube = Cube(data=cube.data.drop_vars(lost), window=cube.window, archive="test")
    with pytest.raises(MissingBand, match=sentence):
        rendered(product, cube)


days = st.dates(date(2015, 7, 1), date(2030, 12, 31))


@given(days, days, days, st.integers(1, 3000))
def test_the_default_period_ends_at_the_last_day_and_stays_inside_the_source(
    first: date, second: date, last: date, length: int
) -> None:
    available = Period(start=min(first, second), end=max(first, second))
    found = default_period(Options(), last=last, days=length, available=available)
    if available.overlap(Period(start=last - timedelta(days=length - 1), end=last)) is None:
        assert (found.end, found.days) == (last, length)
    else:
        assert found.start >= available.start
        assert found.end == min(last, available.end)
        assert found.days <= length


def test_a_period_of_the_order_is_kept_even_outside_the_source() -> None:
    period = Period(start=date(2030, 1, 1), end=date(2030, 2, 1))
    assert default_period(Options(period=period), last=AVAILABLE.end, days=30, available=AVAILABLE) == period


@every_product
def test_resolving_twice_is_the_same_as_once(product: Product) -> None:
    once = parse(product, {}, available=AVAILABLE)
    assert product.resolve(once, available=AVAILABLE) == once
    checkpoint = checkpoint_of(product)
    with_card = add_card(product, once, checkpoint)
    assert add_card(product, with_card, checkpoint) == with_card


@every_product
def test_a_period_outside_the_source_is_refused_whatever_the_product(product: Product) -> None:
    options = parse(product, {"period": "2030-01-01/2030-12-31"}, available=AVAILABLE)
    with pytest.raises(NoClearObservation, match=r"'here', which covers 2016-08-01/2018-07-31"):
        check_source(product, options, available=AVAILABLE, shown=["NDVI"], name="here")


@pytest.mark.parametrize("shown", [["NDVI"], ["B04", "B08"], ["VV", "B8A", "B04"]])
def test_ndvi_can_be_computed_from_red_and_one_near_infrared_band(shown: list[str]) -> None:
    require_ndvi(shown, "cube.nc")


@pytest.mark.parametrize(
    ("shown", "sentence"),
    [
        (["B04"], "NDVI needs B08 or B8A (near infrared), and 'cube.nc' has only B04."),
        (["VV", "B8A"], "NDVI needs B04 (red), and 'cube.nc' has only B8A, VV."),
        ([], "NDVI needs B04 (red) and B08 or B8A (near infrared), and 'cube.nc' has no band."),
    ],
)
def test_bands_that_are_missing_for_ndvi_are_named(shown: list[str], sentence: str) -> None:
    with pytest.raises(MissingBand) as raised:
        require_ndvi(shown, "cube.nc")
    assert str(raised.value) == sentence


def test_tables_hold_float_probabilities_unless_percent_is_chosen() -> None:
    product = find_product("crop")
    found = [
        parse(product, inputs, available=AVAILABLE, kind=kind).probabilities
        for kind in ("table", "cube", "region")
        for inputs in ({}, {"probabilities": "percent"})
    ]
    assert found == ["float", "percent", "percent", "percent", "percent", "percent"]


@pytest.mark.parametrize(("product_id", "name", "value"), [("canopy", "mmu", "0.5"), ("crop", "threshold", "0.4")])
def test_options_of_maps_are_refused_for_tables_only(product_id: str, name: str, value: str) -> None:
    product = find_product(product_id)
    with pytest.raises(InvalidOption, match=f"'{value}' is not a valid value of '{name}': it belongs to maps"):
        parse(product, {name: value}, available=AVAILABLE, kind="table")
    for kind in ("cube", "region"):
        assert getattr(parse(product, {name: value}, available=AVAILABLE, kind=kind), name) == float(value)

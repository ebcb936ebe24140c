"""Inputs of an order: read, checked, and completed, for every product of the catalogue."""

import pytest

from core.cube import Cube
from core.errors import InvalidOption, InvalidPeriod, MissingBand
from core.product import Product
from products.order import parse
from tests.products.cubes import AVAILABLE, every_product, rendered, small_cube


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
@pytest.mark.parametrize(("lost", "said"), [("B04", "red"), ("B08", "near infrared")])
def test_a_cube_without_ndvi_is_refused_with_what_is_missing(product: Product, lost: str, said: str) -> None:
    cube = small_cube()
    cube = Cube(data=cube.data.drop_vars(lost), window=cube.window, archive="test")
    with pytest.raises(MissingBand, match=said):
        rendered(product, cube)

"""What layers are of."""

import pytest

from products.catalogue import PRODUCTS
from service.edr.parameters import default_layers, described, in_english, key_of, parameters_of, plain


def test_a_parameter_has_the_name_of_its_layers_without_the_date() -> None:
    names = list(parameters_of(default_layers("ndvi-forecast")))
    assert names[:5] == ["ndvi_q05", "ndvi_q25", "ndvi_q50", "ndvi_q75", "ndvi_q95"]
    assert names[-1] == "clear_count"


@pytest.mark.parametrize("product", PRODUCTS)
def test_no_two_layers_of_a_product_are_the_same_parameter_of_the_same_date(product: str) -> None:
    layers = default_layers(product)
    assert len({(key_of(layer), layer.date) for layer in layers}) == len(layers)


def test_quantities_have_a_unit_of_ucum_and_classes_their_codes() -> None:
    found = described(parameters_of(default_layers("canopy")), "https://x/canopy", plain, dated=False)
    assert found["p_conifer"]["unit"]["symbol"] == {"value": "%", "type": "http://www.opengis.net/def/uom/UCUM/"}
    assert sorted(found["class"]["categoryEncoding"].values()) == [0, 1, 2]
    assert "unit" not in found["class"]


def test_a_description_names_no_date_of_one_of_many_layers() -> None:
    layers = parameters_of(default_layers("ndvi-forecast"))
    found = described(layers, "https://x", in_english, dated=True)
    assert found["ndvi_q50"]["description"] == {"en": "Forecast NDVI: 50 % of outcomes lie below"}
    assert "normalized_difference_vegetation_index" in found["ndvi_q50"]["observedProperty"]["id"]

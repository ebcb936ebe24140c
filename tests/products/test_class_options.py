"""Options of class maps, and what the card of a model adds to them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.checkpoint import Checkpoint
from core.errors import InvalidOption
from core.options import FromCard, marker
from models.calibration.applicability import Applicability
from models.registry import APPLICABILITY
from outputs.measure import measure_raster
from products.catalogue import find_product
from products.order import add_card, parse
from tests.products.class_maps import AVAILABLE, both, order, rendered
from tests.products.class_models import CLASSES, copied, named


def test_probabilities_are_percent_or_float() -> None:
    with pytest.raises(InvalidOption, match="percent or float"):
        parse(find_product("crop"), {"probabilities": "maybe"}, available=AVAILABLE)


@both
def test_bands_of_options_are_absent_unless_ordered(name: str, class_models: Path) -> None:
    params, raster, bands = rendered(class_models, name, sets="false", applicability=False)
    assert list(bands) == ["class", *(f"p_{c}" for c in CLASSES[name]), "clear_count"]
    from_card = {n for n, f in type(params).model_fields.items() if marker(f, FromCard)}
    assert not {"sets", "applicability", *from_card} & set(params.to_json())
    assert "applicability" not in measure_raster(raster, find_product(name), params)
    _, _, more = rendered(class_models, name, sets=True, applicability="true")
    assert list(more) == [*list(bands)[:-1], "set", "dissimilarity", "clear_count"]
    for band, pixels in bands.items():
        np.testing.assert_array_equal(more[band], pixels)


@both
def test_an_order_with_all_that_was_filled_in_is_read_back_to_the_same(name: str, class_models: Path) -> None:
    product, params = find_product(name), order(class_models, name, sets=True, applicability=True)
    assert {"coverage", "dissimilarity_limit"} <= set(params.to_json())
    again = parse(product, params.to_json(), available=AVAILABLE)
    assert again == params
    assert add_card(product, again, named(class_models, name)) == params


def test_values_of_the_card_in_an_order_are_replaced_by_those_of_the_model() -> None:
    product = find_product("crop")
    inputs = {"classes": ["one"], "coverage": 2, "dissimilarity_limit": None}
    params = parse(product, inputs, available=AVAILABLE)
    checkpoint = Checkpoint(name="plain", task="crop", sha256="", folder="", card={"classes": ["non_crop", "crop"]})
    assert set(add_card(product, params, checkpoint).to_json()) == {"period", "probabilities"}


@pytest.mark.parametrize(
    ("name", "inputs", "sentence"),
    [
        ("crop", {"sets": "perhaps"}, "true or false"),
        ("crop", {"applicability": 2}, "true or false"),
        ("crop", {"threshold": 1.2}, "from 0 to 1"),
        ("types", {"threshold": 0.4}, "'types' has 3"),
        ("canopy", {"change": "2017-06-01/2018-06-01", "sets": True}, "combined with change"),
        ("canopy", {"change": "2017-06-01/2018-06-01", "applicability": True}, "combined with change"),
        ("canopy", {"threshold": 0.4}, "threshold"),
    ],
)
def test_wrong_values_and_combinations_are_refused(
    name: str, inputs: dict[str, Any], sentence: str, class_models: Path
) -> None:
    with pytest.raises(InvalidOption, match=sentence):
        order(class_models, name, **inputs)


@pytest.mark.parametrize("name", ["sets", "applicability"])
def test_a_model_without_sets_or_applicability_is_refused_with_what_it_lacks(
    name: str, class_models: Path, tmp_path: Path
) -> None:
    models = copied(class_models, "crop", tmp_path, prediction_sets=None)
    (models / "crop" / APPLICABILITY).unlink()
    missing = {"sets": "no sets", "applicability": "applicability.safetensors"}[name]
    with pytest.raises(InvalidOption, match=missing) as raised:
        order(models, "crop", **{name: True})
    assert "\n" not in str(raised.value)
    assert set(order(models, "crop").to_json()) == {"period", "probabilities"}


def test_sets_of_more_classes_than_a_byte_holds_are_refused(class_models: Path, tmp_path: Path) -> None:
    models = copied(class_models, "types", tmp_path, classes=[f"c{n}" for n in range(8)])
    with pytest.raises(InvalidOption, match="7 classes"):
        order(models, "types", sets=True)


def test_whole_percents_that_cannot_reach_the_limit_are_refused(class_models: Path, tmp_path: Path) -> None:
    models = copied(class_models, "crop", tmp_path)
    area = Applicability.load(models / "crop" / APPLICABILITY)
    Applicability(**{**vars(area), "threshold": 3.0}).save(models / "crop" / APPLICABILITY)
    with pytest.raises(InvalidOption, match="float"):
        order(models, "crop", applicability=True)
    assert order(models, "crop", applicability=True, probabilities="float").dissimilarity_limit == 3

"""What a class map owes to its model: sets, area of applicability, threshold, classes of the user's own."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.checkpoint import Checkpoint
from core.errors import InvalidCheckpoint, InvalidOption
from core.options import FromCard, marker
from core.product import Layer, Raster
from core.timeline import parse_period
from models.calibration.applicability import Applicability
from models.calibration.prediction_sets import to_mask
from models.registry import APPLICABILITY
from outputs.measure import measure_raster
from products.catalogue import find_product
from products.crop import CropOptions
from products.order import add_card, parse
from products.palette import COLOURS, mixed, user_legend
from products.rows import render
from tests.products.class_models import CLASSES, SETS, change_card, copied, learned_from, named
from tests.products.test_products import small_cube

AVAILABLE = parse_period("2016-08-01/2018-07-31")
both = pytest.mark.parametrize("name", ["crop", "canopy"])


def task_of(name: str) -> str:
    return "canopy" if name == "canopy" else "crop"


def order(models: Path, name: str, **inputs: Any) -> CropOptions:
    """Return an order of the product of a model, as it is accepted."""
    product = find_product(task_of(name))
    return add_card(product, parse(product, inputs, available=small_cube().period), named(models, name))


def rendered(models: Path, name: str, **inputs: Any) -> tuple[CropOptions, Raster, dict[str, np.ndarray]]:
    product, params = find_product(task_of(name)), order(models, name, **inputs)
    raster = render(product, small_cube(), params, named(models, name), lambda share: None)
    assert raster.layers == product.layers(params)
    names = [layer.name for layer in raster.layers]
    return params, raster, dict(zip(names, raster.pixels, strict=True))


def layer(raster: Raster, name: str) -> Layer:
    return next(layer for layer in raster.layers if layer.name == name)


@both
def test_a_set_holds_the_classes_that_the_cards_threshold_lets_in(
    name: str, class_models: Path, tmp_path: Path
) -> None:
    _, _, bands = rendered(class_models, name, probabilities="float")
    share = np.stack([bands[f"p_{c}"] for c in CLASSES[name]], axis=-1)
    seen = np.isfinite(share).all(axis=-1)
    threshold = 1 - float(np.median(np.sort(share[seen], axis=-1)[:, -2]))  # half of the sets have two classes
    models = copied(class_models, name, tmp_path, prediction_sets={**SETS, "threshold": threshold})
    _, raster, bands = rendered(models, name, sets=True, probabilities="float")
    let_in = (1 - share.astype(float) <= threshold) | (share == share.max(axis=-1, keepdims=True))
    np.testing.assert_array_equal(bands["set"][seen], to_mask(let_in[seen]))
    assert np.isnan(bands["set"][~seen]).all()
    assert len(np.unique(bands["set"][seen])) > 1
    assert "coverage of 80%" in layer(raster, "set").description
    assert layer(raster, "set").description.endswith(
        {"crop": "1 non-crop; 2 temporary crop", "canopy": "1 no tree canopy; 2 conifer; 4 broadleaf"}[name]
    )


@both
def test_a_set_is_the_same_number_as_bytes_and_as_floats(name: str, class_models: Path) -> None:
    _, _, floats = rendered(class_models, name, sets=True, probabilities="float")
    _, raster, whole = rendered(class_models, name, sets=True)
    assert whole["set"].dtype == np.uint8
    np.testing.assert_array_equal(np.where(np.isnan(floats["set"]), 255, floats["set"]), whole["set"])
    seen = whole["class"] != 255
    assert (whole["set"][seen] & (1 << whole["class"][seen].astype(int)) > 0).all(), "the predicted class is in its set"
    values = [entry.value for entry in layer(raster, "set").legend]
    assert values == list(range(1, 2 ** len(CLASSES[name])))


def test_the_dissimilarity_tells_pixels_like_those_learned_from_apart_from_others(
    class_models: Path, tmp_path: Path
) -> None:
    models = copied(class_models, "crop", tmp_path)
    season = small_cube().between(order(models, "crop").days)
    near = season.series(slice(0, 4))
    near = near.take(np.isfinite(near.values).any(axis=(1, 2)).nonzero()[0])
    far = replace(near, values=near.values * np.float32(0.2))
    shares = []
    for learned in (near, far):
        learned_from(named(models, "crop"), learned)
        params, raster, bands = rendered(models, "crop", applicability=True, probabilities="float")
        limit = params.dissimilarity_limit
        seen = np.isfinite(bands["class"])
        table = measure_raster(raster, find_product("crop"), params)
        assert table["applicability"]["outside_share"] == pytest.approx((bands["dissimilarity"][seen] > limit).mean())
        assert table["applicability"]["dissimilarity_limit"] == limit
        shares.append(table["applicability"]["outside_share"])
    assert shares[0] < 0.2 < 0.8 < shares[1]


def test_the_dissimilarity_is_written_as_percent_with_its_limit(class_models: Path) -> None:
    params, raster, whole = rendered(class_models, "crop", applicability=True)
    _, _, floats = rendered(class_models, "crop", applicability=True, probabilities="float")
    seen = whole["class"] != 255
    expected = np.minimum(np.rint(floats["dissimilarity"][seen] * 100), 254)
    assert np.abs(whole["dissimilarity"][seen] - expected).max() <= 1
    assert whole["dissimilarity"].dtype == np.uint8
    assert (whole["dissimilarity"][~seen] == 255).all()
    assert layer(raster, "dissimilarity").unit == "%"
    area = Applicability.load(class_models / "crop" / APPLICABILITY)
    assert params.dissimilarity_limit == pytest.approx(area.threshold, rel=1e-5)
    assert f"above {100 * area.threshold:.4g}" in layer(raster, "dissimilarity").description
    outside = measure_raster(raster, find_product("crop"), params)["applicability"]["outside_share"]
    assert outside == pytest.approx((whole["dissimilarity"][seen] / 100 > area.threshold).mean(), abs=1e-5)


@both
def test_what_is_not_asked_for_is_not_there(name: str, class_models: Path) -> None:
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


def test_what_an_order_says_of_a_model_does_not_count() -> None:
    product = find_product("crop")
    inputs = {"classes": ["one"], "coverage": 2, "dissimilarity_limit": None}
    params = parse(product, inputs, available=AVAILABLE)
    checkpoint = Checkpoint(name="plain", task="crop", sha256="", folder="", card={"classes": ["non_crop", "crop"]})
    assert set(add_card(product, params, checkpoint).to_json()) == {"period", "probabilities"}


def test_crop_types_have_layers_colours_and_areas_of_their_own(class_models: Path) -> None:
    params, raster, bands = rendered(class_models, "types", sets=True)
    names = CLASSES["types"]
    assert params.classes == names
    assert list(bands) == ["class", *(f"p_{c}" for c in names), "set", "clear_count"]
    legend = layer(raster, "class").legend
    assert [(e.value, e.label) for e in legend] == [(0, "Other"), (1, "Winter wheat"), (2, "Maize")]
    assert len({e.colour for e in legend}) == 3
    seen = bands["class"] != 255
    most = np.stack([bands[f"p_{c}"] for c in names]).max(axis=0)
    chosen = np.choose(np.where(seen, bands["class"], 0), [bands[f"p_{c}"] for c in names])
    np.testing.assert_array_equal(chosen[seen], most[seen])
    table = measure_raster(raster, find_product("crop"), params)
    assert [row["label"] for row in table["classes"]] == ["Other", "Winter wheat", "Maize"]
    assert sum(row["mapped_ha"] for row in table["classes"]) == pytest.approx(table["total_ha"])


def test_a_map_of_other_classes_than_it_was_ordered_for_is_not_made(class_models: Path) -> None:
    product = find_product("crop")
    params = order(class_models, "types")
    with pytest.raises(InvalidCheckpoint, match="order again"):
        render(product, small_cube(), params, named(class_models, "crop"), lambda share: None)


def test_the_second_of_two_classes_is_mapped_from_the_threshold_on(class_models: Path, tmp_path: Path) -> None:
    _, raster, bands = rendered(class_models, "crop", probabilities="float")
    seen = np.isfinite(bands["class"])
    probability = bands["p_crop"][seen]
    np.testing.assert_array_equal(bands["class"][seen], probability >= 0.5)
    assert "at least 0.5" in layer(raster, "class").description
    middle = float(np.median(probability))
    models = copied(class_models, "crop", tmp_path, threshold=round(middle, 4))
    params, raster, other = rendered(models, "crop", probabilities="float")
    assert params.threshold == round(middle, 4)
    np.testing.assert_array_equal(other["class"][seen], probability >= round(middle, 4))
    assert 0 < other["class"][seen].mean() < 1
    for asked, crops in (("0", 1), (1, 0)):
        params, _, other = rendered(models, "crop", probabilities="float", threshold=asked)
        assert params.threshold == float(asked)
        assert (other["class"][seen] == crops).all()


@pytest.mark.parametrize(
    ("name", "inputs", "said"),
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
def test_wishes_that_cannot_be_are_refused(name: str, inputs: dict[str, Any], said: str, class_models: Path) -> None:
    with pytest.raises(InvalidOption, match=said):
        order(class_models, name, **inputs)


@pytest.mark.parametrize("asked", ["sets", "applicability"])
def test_a_model_without_what_is_wished_is_refused_with_what_is_missing(
    asked: str, class_models: Path, tmp_path: Path
) -> None:
    models = copied(class_models, "crop", tmp_path, prediction_sets=None)
    (models / "crop" / APPLICABILITY).unlink()
    missing = {"sets": "no sets", "applicability": "applicability.safetensors"}[asked]
    with pytest.raises(InvalidOption, match=missing) as raised:
        order(models, "crop", **{asked: True})
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


def test_a_canopy_map_by_a_model_of_other_classes_is_refused(class_models: Path, tmp_path: Path) -> None:
    models = copied(class_models, "canopy", tmp_path)
    change_card(models / "canopy", classes=["none", "pine", "oak"])
    with pytest.raises(InvalidOption, match="pine"):
        order(models, "canopy")


def test_a_season_seen_in_part_is_mapped_and_says_up_to_when(class_models: Path) -> None:
    _, raster, bands = rendered(class_models, "crop", period="2018-02-01/2018-05-11")
    said = layer(raster, "class").description
    assert "100 days of observations, 2018-02-01 to 2018-05-11" in said
    assert "sown and harvested within a year, as WorldCereal defines it" in said
    assert "WorldCereal" in layer(raster, "p_crop").description
    assert layer(raster, "class").date == "2018-05-11"
    assert 0 < bands["clear_count"][0, 0] <= 13
    assert (bands["class"] != 255).sum() == 19


def test_a_class_that_is_called_crop_by_a_user_is_theirs(class_models: Path) -> None:
    _, raster, _ = rendered(class_models, "rice")
    assert "WorldCereal" not in layer(raster, "class").description
    assert layer(raster, "class").description.startswith("Rice where its probability is at least 0.5, from ")


def test_colours_of_classes_differ_and_known_ones_stay() -> None:
    names = ["other", "crop", *(f"c{n}" for n in range(30))]
    legend = user_legend(names, {"crop": (1, 2, 3)})
    assert len(COLOURS) == len(set(COLOURS)) == 32
    assert len({entry.colour for entry in legend}) == 32
    assert legend[1].colour == (1, 2, 3)
    assert mixed([(10, 20, 30)]) == (10, 20, 30)
    assert mixed([(0, 0, 0), (100, 50, 255)]) == (152, 140, 191)

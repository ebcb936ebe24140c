"""Crop maps: classes of the product and of models of the user, and the threshold."""

from pathlib import Path

import numpy as np
import pytest

from outputs.measure import measure_raster
from products.catalogue import find_product
from tests.products.class_maps import layer, rendered
from tests.products.class_models import CLASSES, copied


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
    for threshold, crops in (("0", 1), (1, 0)):
        params, _, other = rendered(models, "crop", probabilities="float", threshold=threshold)
        assert params.threshold == float(threshold)
        assert (other["class"][seen] == crops).all()

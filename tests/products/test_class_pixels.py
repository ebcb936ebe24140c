"""What a class map owes to its model: sets, area of applicability, threshold, classes of the user's own."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.bands import channel
from core.errors import InvalidCheckpoint
from models import runtime
from models.calibration.applicability import Applicability
from models.calibration.prediction_sets import to_mask
from models.registry import APPLICABILITY
from outputs.measure import measure_raster
from products.catalogue import find_product
from products.rows import render
from tests.products.class_maps import both, layer, order, rendered
from tests.products.class_models import CLASSES, SETS, copied, learned_from, named
from tests.products.cubes import small_cube


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


def test_the_dissimilarity_is_low_for_pixels_like_the_training_data_and_high_for_others(
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


def test_a_map_of_other_classes_than_it_was_ordered_for_is_not_made(class_models: Path) -> None:
    product = find_product("crop")
    params = order(class_models, "types")
    with pytest.raises(InvalidCheckpoint, match="order again"):
        render(product, small_cube(), params, named(class_models, "crop"), lambda share: None)


@both
def test_evidence_counts_the_months_and_tells_the_halves_of_the_year(name: str, class_models: Path) -> None:
    _, raster, bands = rendered(class_models, name, evidence=True)
    seen = bands["class"] != 255
    assert (bands["months_seen"][seen] >= 1).all()
    assert set(np.unique(bands["seasons_seen"][seen])) <= {1, 2, 3}
    assert (bands["months_seen"][~seen] == 255).all()
    assert [entry.value for entry in layer(raster, "seasons_seen").legend] == [1, 2, 3]


@both
def test_pixels_with_less_evidence_than_ordered_are_left_empty(name: str, class_models: Path) -> None:
    _, _, bands = rendered(class_models, name, evidence=True)
    most = int(bands["months_seen"][bands["class"] != 255].max())
    _, _, enough = rendered(class_models, name, min_evidence=most)
    _, _, too_little = rendered(class_models, name, min_evidence=most + 1)
    assert (enough["class"] != 255).any()
    assert (too_little["class"] == 255).all()


@both
def test_pixels_that_would_be_blank_are_not_shown_to_the_model(
    name: str, class_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    classify = runtime.classify
    monkeypatch.setattr(
        runtime, "classify", lambda series, *a, **k: asked.append(len(series)) or classify(series, *a, **k)
    )
    params = order(class_models, name, probabilities="float")
    series = small_cube().between(params.days).series()
    series.values[5] = np.nan
    series.values[5, :, channel("VV")] = -12.0  # radar alone
    predict = find_product(name).predict
    found = predict(series, [params] * len(series), named(class_models, name))
    empty = series.clear_count() == 0
    assert empty.sum() == 2
    assert asked == [18]
    np.testing.assert_array_equal(np.isnan(found), np.broadcast_to(empty[:, None], found.shape))
    for rows in (np.array([5, 7]), np.array([5])):
        some = predict(series.take(rows), [params] * len(rows), named(class_models, name))
        np.testing.assert_allclose(some, found[rows], atol=2e-6)

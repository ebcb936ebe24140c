"""Calibration from out-of-fold predictions."""

from dataclasses import replace

import numpy as np
import pytest

from models.calibration.temperature import Temperature
from tests.training.out_of_fold_rows import binary_rows
from training.out_of_fold import OutOfFold, calibrate_by_other_folds, calibration_fields, fit_with_biases


def test_rows_are_taken_by_mask_or_by_position_with_all_that_belongs_to_them() -> None:
    found = binary_rows(np.random.default_rng(0), sharpness=1.0, count=20)
    mask = found.take(found.fold == 3)
    assert mask.row.tolist() == [3, 8, 13, 18]
    position = found.take(np.array([18, 3]))
    assert position.row.tolist() == [18, 3]
    np.testing.assert_array_equal(position.logits, found.logits[[18, 3]])
    assert position.places.tolist() == ["b18", "b3"]


def test_the_calibration_of_a_fold_is_fitted_on_the_other_folds() -> None:
    found = binary_rows(np.random.default_rng(0), sharpness=1.0, count=25)
    seen: list[set[int]] = []

    def fit(others: OutOfFold) -> Temperature:
        seen.append(set(others.fold.tolist()))
        return Temperature(temperature=1.0 + 4 - sum(others.fold) / 5 + 6)

    probability = calibrate_by_other_folds(found, fit)
    assert seen == [{0, 1, 2, 3, 4} - {number} for number in range(5)]
    for row, number in ((0, 0), (13, 3)):
        logits = found.logits[row] / (1.0 + number)
        np.testing.assert_allclose(probability[row], np.exp(logits) / np.exp(logits).sum(), rtol=1e-5)


def test_a_fold_whose_labels_change_keeps_its_probabilities() -> None:
    found = binary_rows(np.random.default_rng(2), sharpness=1.0, count=500)
    is_here = found.fold == 3
    flipped = replace(found, labels=np.where(is_here, 1 - found.labels, found.labels))
    one, other = (calibrate_by_other_folds(f, fit_with_biases) for f in (found, flipped))
    np.testing.assert_array_equal(one[is_here], other[is_here])
    assert not np.array_equal(one[~is_here], other[~is_here])


def test_logits_that_are_too_sure_get_a_temperature_and_prediction_sets_for_the_card() -> None:
    card = calibration_fields(binary_rows(np.random.default_rng(1), sharpness=4.0), "fields.gpkg")
    assert card["calibration"]["temperature"] == pytest.approx(4.0, rel=0.15)
    assert card["calibration"]["fitted_on"] == card["prediction_sets"]["fitted_on"] == "fields.gpkg"
    assert card["prediction_sets"]["coverage"] == 0.9


def test_a_calibration_fitted_elsewhere_is_kept_and_says_where() -> None:
    rows = binary_rows(np.random.default_rng(1), sharpness=4.0, count=400)
    card = calibration_fields(rows, "sites", Temperature(temperature=2.5), "sites, points")
    assert card["calibration"] == {"temperature": 2.5, "fitted_on": "sites, points"}
    assert card["prediction_sets"]["fitted_on"] == "sites"

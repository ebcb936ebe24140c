"""The card, the report and the table of a model from user labels."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.checkpoint import Checkpoint
from core.settings import Settings
from models.registry import find_checkpoint
from tests.models.tiny_checkpoints import write_class_model
from tests.training.out_of_fold_rows import binary_rows
from tests.training.user_model.labelled_sets import CLASSES, user_set
from training.runs import Run
from training.user_model.card import make_card, to_part, write_out_of_fold
from training.user_model.files import USER_LABELS, ModelRequest
from training.user_model.scores import Evaluation, evaluate

RUN = Run(name="user-crop", task="crop", classes=CLASSES, months=18)
LABELLED = user_set()
REQUEST = ModelRequest(name="mine", folder=Path("models"), command="landcast finetune crop --labels fields.gpkg")


def evaluation() -> Evaluation:
    rows = binary_rows(np.random.default_rng(5), sharpness=2.0, count=48)
    return evaluate(replace(rows, places=LABELLED.training.places), CLASSES)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    models = tmp_path_factory.mktemp("models")
    write_class_model(models, "crop")
    return find_checkpoint("", "crop", Settings(models=models))


def test_a_card_says_what_the_labels_are_and_how_the_model_was_evaluated() -> None:
    card = json.loads(json.dumps(make_card(LABELLED, REQUEST, RUN, evaluation(), None)))
    assert (card["name"], card["task"], card["default"], card["classes"]) == ("mine", "crop", False, list(CLASSES))
    assert card["made_by"] == "landcast finetune crop --labels fields.gpkg"
    assert card[USER_LABELS]["classes"]["crop"] == {"labels": 24, "pixels": 24, "blocks": 6}
    assert (card[USER_LABELS]["blocks"], card[USER_LABELS]["block_km"]) == (6, 10.0)
    assert card["calibration"]["fitted_on"] == "fields.gpkg, blocks not learned from"
    assert 0.05 <= card["threshold"] <= 0.95
    assert set(card["accuracy"]) == {"out_of_fold"}
    assert card["accuracy"]["out_of_fold"]["folds"] == 5
    assert "blocks of 10 km, 6 of them, in 5 folds" in card["split"]
    assert card["run"] == json.loads(json.dumps(RUN.to_json()))


def test_a_shipped_model_of_the_same_classes_is_scored_beside_it(shipped: Checkpoint) -> None:
    accuracy = make_card(LABELLED, REQUEST, RUN, evaluation(), shipped)["accuracy"]
    assert set(accuracy) == {"out_of_fold", "before_tiny-crop"}
    assert accuracy["before_tiny-crop"]["series"] == 48
    assert set(accuracy["before_tiny-crop"]) == set(accuracy["out_of_fold"]) - {"folds"}


def test_the_part_of_the_report_has_the_out_of_fold_probabilities() -> None:
    found = evaluation()
    part = to_part(found, LABELLED)
    assert part.title == "fields.gpkg, blocks not learned from"
    assert not part.is_simulated
    np.testing.assert_array_equal(part.probability, found.probability)
    np.testing.assert_array_equal(part.places, LABELLED.training.places)


def test_the_table_has_a_row_for_each_pixel(tmp_path: Path) -> None:
    found = evaluation()
    write_out_of_fold(found, LABELLED.owners + 100, tmp_path / "out.csv")
    table = pd.read_csv(tmp_path / "out.csv")
    assert list(table) == ["label", "block", "fold", "truth", "predicted", "p_non_crop", "p_crop"]
    assert table.label.tolist() == list(range(100, 148))
    assert table.truth.tolist() == [CLASSES[k] for k in found.found.labels]
    assert table.predicted.tolist() == [CLASSES[k] for k in found.predicted]
    np.testing.assert_allclose(table.p_non_crop + table.p_crop, 1, atol=2e-4)

"""A named run of a class model: what its card, its report and its area of applicability say."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from evaluation.validation.figures import Validation
from evaluation.validation.report import write_validation
from models.calibration.prediction_sets import PredictionSets
from models.calibration.temperature import Temperature
from tests.models.builders import TINY, tiny_network
from tests.training.class_sets import RUN, sets
from training.class_examples import make_pool
from training.class_run import ClassModel, train_class_model
from training.cross_validate import predict
from training.resume import RESUME, ResumeFile
from training.runs import Run

pytestmark = pytest.mark.usefixtures("one_thread")


def trained(folder: Path, run: Run = RUN) -> ClassModel:
    resume = ResumeFile(path=folder / RESUME, origin={"trunk": "tiny"})
    return train_class_model(run, tiny_network(), sets(), folder=folder, progress=lambda _share: None, resume=resume)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> ClassModel:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    model = trained(tmp_path_factory.mktemp("whole"))
    torch.set_num_threads(threads)
    return model


def test_every_real_row_whose_class_is_named_is_predicted_once_and_no_simulated_one(found: ClassModel) -> None:
    parts = {part.title: part for part in found.parts}
    assert set(parts) == {"waves", "others"}
    assert len(parts["waves"].truth) == 60
    assert len(parts["others"].truth) == 26, "one of thirty is unknown, and three say only what is not there"
    for name, part in parts.items():
        known = sets()[name].labels["crop"] >= 0
        assert sorted(part.places) == sorted(sets()[name].places[known])
        assert not part.is_simulated
        np.testing.assert_allclose(part.probability.sum(axis=1), 1, atol=1e-5)


def test_the_card_has_calibration_sets_accuracy_and_split(found: ClassModel) -> None:
    card = json.loads(json.dumps(found.card))
    assert set(card) == {"calibration", "prediction_sets", "accuracy", "split"}
    assert Temperature.from_json(card["calibration"]).temperature > 0
    assert PredictionSets.from_json(card["prediction_sets"]).coverage == 0.9
    assert card["calibration"]["fitted_on"] == "waves, others, out of fold", "too few labels for biases"
    assert "bias" not in card["calibration"]
    assert card["prediction_sets"]["fitted_on"] == "waves, out of fold"
    figures = card["accuracy"]["out_of_fold"]
    assert set(figures) == {"waves", "others"}
    assert (figures["waves"]["series"], figures["waves"]["places"]) == (60, 30)
    assert {"balanced_accuracy", "brier", "ece", "roc_auc_crop", "pr_auc_non_crop", "f1_crop"} < set(figures["waves"])
    assert "each judged by networks that learned from the others" in card["split"]


def test_a_report_and_an_area_of_applicability_are_made_from_it(found: ClassModel, tmp_path: Path) -> None:
    write_validation(Validation(name="tiny", card=found.card, parts=found.parts), tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert all(title in page for title in ("waves", "others"))
    assert "made-up" not in page
    points = found.applicability.points
    assert points.shape == (89, 2 * TINY.width), "all real rows with any label"
    assert 0 < found.applicability.threshold < 10


def test_the_area_of_a_trunk_that_learns_is_of_its_own_states(found: ClassModel, tmp_path: Path) -> None:
    tuned = trained(tmp_path, replace(RUN, learning_rate=0.05).with_tune("all"))
    known = make_pool(sets(), RUN.mixture, "crop", months=RUN.months, copies=0, seed=0)
    real = known.take(known.sets != "made-up")
    for model in (found, tuned):
        states = predict(model.network, real)[1]
        np.testing.assert_allclose(model.applicability.mean, states.mean(axis=0), atol=1e-4)
    assert not np.allclose(found.applicability.mean, tuned.applicability.mean, atol=1e-2)

"""Training on user labels: what it starts from, its rows, what is kept of killed runs, and the model at the end."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.errors import InvalidOption
from core.settings import Settings
from models.calibration.applicability import Applicability
from models.checkpoint import load_class_network
from models.network.class_inputs import class_inputs
from models.registry import APPLICABILITY, CARD, REPORT, find_checkpoint, verify
from models.runtime import classify_with_states
from tests.models.tiny_checkpoints import FORECASTER, write_class_model, write_forecaster
from tests.training.user_model.labelled_sets import CLASSES, user_set
from training.finetune import ALONE_ROUNDS, ALTERED_ROUNDS
from training.labels.sample_pixels import LabelledSet
from training.user_model import fit as fit_module
from training.user_model.files import USER_LABELS, ModelRequest
from training.user_model.fit import (
    COPIES,
    GENTLE,
    LEAST_FOR_TREES,
    MONTHS,
    RATE,
    TREES,
    find_start,
    fit_user_model,
    make_run,
    make_user_pool,
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny forecaster and a tiny class model, which stand before the shipped ones."""
    folder = tmp_path_factory.mktemp("models")
    write_forecaster(folder)
    write_class_model(folder, "crop")
    return folder


@pytest.fixture
def tiny(models: Path, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", models=models)


def test_learning_begins_with_the_class_model_where_the_classes_are_its_own(tiny: Settings) -> None:
    found = user_set()
    known = find_start(found, tiny)
    assert known.network is not None
    assert known.trunk is known.network.trunk
    assert known.to_json() == {
        "trunk": FORECASTER,
        "trunk_sha256": "ab" * 32,
        "start": "tiny-crop",
        "start_sha256": find_checkpoint("", "crop", tiny).sha256,
    }
    other = find_start(replace(found, classes=("wheat", "maize")), tiny)
    assert other.network is None
    forecaster = find_checkpoint("", "forecast", tiny)
    assert other.to_json() == {
        "trunk": FORECASTER,
        "trunk_sha256": forecaster.sha256,
        "start": "",
        "start_sha256": "",
    }


def test_a_training_is_short_saved_often_and_has_trees_where_there_are_some_to_go_on_from_or_many_pixels(
    tiny: Settings,
) -> None:
    few, many = user_set(), user_set(LEAST_FOR_TREES)
    runs = [make_run(found, find_start(found, tiny)) for found in (few, many)]
    assert [r.steps for r in runs] == [192, 400]
    assert [r.trees for r in runs] == [TREES, TREES], "the class model has trees to go on from"
    other = [replace(found, classes=("wheat", "maize")) for found in (few, many)]
    assert [make_run(found, find_start(found, tiny)).trees for found in other] == [0, TREES]
    assert [r.copies for r in runs] == [COPIES, COPIES]
    assert runs[0].check_every == 19
    assert not runs[0].is_default
    assert (runs[0].members, runs[0].layer) == (2, "last"), "those of the heads that it begins with"
    assert [r.learning_rate for r in runs] == [GENTLE, GENTLE]
    assert make_run(other[0], find_start(other[0], tiny)).learning_rate == RATE
    assert make_run(few, find_start(few, tiny), tune="all").tune == "all"
    crowd = user_set(20_000)
    assert make_run(crowd, find_start(crowd, tiny), 7).copies == 1


def test_rows_are_of_the_labels_days_whatever_came_later(tiny: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    found = user_set()
    day = found.training.series.days[:, 30]
    early = replace(found, reference_days=day)
    run = make_run(early, find_start(found, tiny))
    _, expected = class_inputs(found.training.series, day + 1, months=MONTHS["crop"])
    pool = make_user_pool(early, run)
    np.testing.assert_array_equal(pool.queries[:48], expected)
    assert pool.labels.tolist() == found.codes.tolist() * (1 + COPIES)
    monkeypatch.setattr(fit_module, "PREPARED", 20)
    in_parts = make_user_pool(early, run)
    np.testing.assert_array_equal(in_parts.queries[:48], expected)
    assert in_parts.places.tolist() == pool.places.tolist()
    assert in_parts.copy.tolist() == pool.copy.tolist()


def test_classes_are_drawn_evenly_however_many_labels_they_have(tiny: Settings) -> None:
    found = user_set()
    found.codes[:] = np.arange(48) < 6
    pool = make_user_pool(found, make_run(found, find_start(found, tiny)))
    assert pool.weight[pool.labels == 1].sum() == pytest.approx(pool.weight[pool.labels == 0].sum())


class Stopped(Exception):
    """A kill, but in this process."""


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # torch's ONNX exporter warns of itself
@pytest.mark.usefixtures("one_thread")
def test_a_killed_run_goes_on_without_its_finished_folds_to_the_card_that_it_would_have_had(
    tiny: Settings, tmp_path: Path
) -> None:
    found = user_set()
    request = ModelRequest(name="mine", folder=tmp_path / "models", command="landcast finetune crop", steps=3)

    def killed(share: float) -> None:
        if share > 0.4:
            raise Stopped

    with pytest.raises(Stopped):
        fit_user_model(found, request, tiny, killed)
    saved = request.work_folder / "fold1.npz"
    finished = saved.stat().st_mtime_ns
    seen: list[float] = []

    def watch(share: float) -> None:
        seen.append(share)
        if share < 0.9:
            assert saved.stat().st_mtime_ns == finished

    fit_user_model(found, request, tiny, watch)
    whole = fit_user_model(found, replace(request, name="whole"), tiny, lambda _share: None)
    cards = [json.loads((request.folder / n / CARD).read_text()) for n in ("mine", "whole")]
    for field in ("accuracy", "sha256", "calibration", "prediction_sets", "threshold"):
        assert cards[0][field] == cards[1][field]
    assert seen == sorted(seen)
    assert sorted(p.name for p in whole.parent.iterdir()) == [
        "applicability.safetensors",
        "card.json",
        "log.jsonl",
        "network.onnx",
        "out_of_fold.csv",
        "validation.html",
        "weights.safetensors",
    ]
    with pytest.raises(InvalidOption, match="nothing is saved there"):
        fit_user_model(found, replace(request, resume="always"), tiny, lambda _share: None)
    check_card(cards[0], tiny)
    check_use(found, tiny.but(models=request.folder))
    report = (whole.parent / REPORT).read_text()
    assert "fields.gpkg, blocks not learned from" in report
    assert "48" in report


def check_card(card: dict[str, Any], settings: Settings) -> None:
    """Check the card of the test above."""
    assert card[USER_LABELS]["classes"]["crop"] == {"labels": 24, "pixels": 24, "blocks": 6}
    assert card["start_sha256"] == find_checkpoint("", "crop", settings).sha256
    assert card["cautions"]
    assert set(card["accuracy"]) == {"out_of_fold", "before_tiny-crop"}
    assert card["accuracy"]["out_of_fold"]["folds"] == 5
    assert 0.05 <= card["threshold"] <= 0.95
    assert card["calibration"]["fitted_on"] == "fields.gpkg, blocks not learned from"
    before = load_class_network(find_checkpoint("", "crop", settings)).config.trees[0]
    assert card["network"]["trees"][0] == before + TREES
    assert "model that had learned from all the others" in card["split"]


def check_use(found: LabelledSet, settings: Settings) -> None:
    """Map with the model of the test above, and look at its area of applicability."""
    used = find_checkpoint("mine", "crop", settings)
    verify(used)
    series, days = found.training.series, found.reference_days + 1
    answer, states = classify_with_states(series, days, used, months=18)
    assert answer.classes == CLASSES
    assert np.isfinite(answer.probability).all()
    area = Applicability.load(Path(used.folder) / APPLICABILITY)
    assert area.is_inside(states).mean() > 0.8, "it has learned from these very series"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("one_thread")
def test_classes_of_ones_own_are_learned_from_the_forecaster_with_trees_and_told_apart(
    tiny: Settings, tmp_path: Path
) -> None:
    found = replace(user_set(LEAST_FOR_TREES), classes=("wheat", "maize"))
    request = ModelRequest(name="mine", folder=tmp_path / "models", command="landcast finetune crop", steps=40)
    card = json.loads(fit_user_model(found, request, tiny, lambda _share: None).read_text())
    assert card["classes"] == ["wheat", "maize"]
    assert (card["start"], card["trunk"]) == ("", FORECASTER)
    assert set(card["accuracy"]) == {"out_of_fold"}
    assert card["network"]["trees"][0] == (1 + ALTERED_ROUNDS) * TREES + TREES // ALONE_ROUNDS
    assert float(card["accuracy"]["out_of_fold"]["roc_auc_maize"].split()[0]) > 0.9
    table = pd.read_csv(request.model_folder / "out_of_fold.csv")
    assert len(table) == LEAST_FOR_TREES
    assert (table.predicted == table.truth).mean() > 0.8

"""Checkpoints on disk: written, read back, and refused where they do not fit."""

import json
from pathlib import Path

import pytest
import torch

from core.checkpoint import Checkpoint
from core.errors import InvalidCheckpoint
from core.settings import Settings
from models.checkpoint import load_class_network, load_network
from models.registry import CARD, NETWORK, WEIGHTS, find_checkpoint, sha256_of
from tests.models.builders import tiny_class_network, tiny_network
from tests.models.tiny_checkpoints import FORECASTER, write_class_model, write_forecaster


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models with a tiny forecaster and a tiny class model."""
    models = tmp_path_factory.mktemp("models")
    write_forecaster(models)
    write_class_model(models, "canopy")
    return models


@pytest.fixture
def forecaster(folder: Path) -> Checkpoint:
    return find_checkpoint(FORECASTER, "forecast", Settings(models=folder))


@pytest.fixture
def canopy(folder: Path) -> Checkpoint:
    return find_checkpoint("tiny-canopy", "canopy", Settings(models=folder))


def test_weights_and_configuration_read_back_are_those_that_were_written(
    forecaster: Checkpoint, canopy: Checkpoint
) -> None:
    pairs = ((load_network(forecaster), tiny_network(members=2)), (load_class_network(canopy), tiny_class_network()))
    for found, written in pairs:
        assert found.config == written.config
        assert not found.training
        mine, theirs = found.state_dict(), written.state_dict()
        assert mine.keys() == theirs.keys()
        assert all(torch.equal(mine[k], theirs[k]) for k in theirs)


def test_the_card_has_parameters_hashes_and_the_difference_of_the_graph(folder: Path) -> None:
    card = json.loads((folder / FORECASTER / CARD).read_text())
    assert card["parameters"] == sum(p.numel() for p in tiny_network(members=2).parameters())
    assert card["sha256"] == {file: sha256_of(folder / FORECASTER / file) for file in (WEIGHTS, NETWORK)}
    assert 0 <= card["onnx_largest_difference"] < 1e-4
    assert card["network"]["members"] == 2


def test_a_network_is_loaded_only_as_what_it_is(forecaster: Checkpoint, canopy: Checkpoint) -> None:
    with pytest.raises(InvalidCheckpoint, match="it maps classes, and a forecaster is needed"):
        load_network(canopy)
    with pytest.raises(InvalidCheckpoint, match="no class model"):
        load_class_network(forecaster)


def test_weights_that_do_not_fit_the_card_or_are_missing_are_refused(forecaster: Checkpoint, tmp_path: Path) -> None:
    wider = {**forecaster.card["network"], "width": 40, "heads": 4}
    other = Checkpoint(**{**vars(forecaster), "card": {**forecaster.card, "network": wider}})
    with pytest.raises(InvalidCheckpoint, match=f"{WEIGHTS}.*an earlier landcast made it"):
        load_network(other)
    with pytest.raises(InvalidCheckpoint, match=WEIGHTS):
        load_network(Checkpoint(**{**vars(forecaster), "folder": str(tmp_path)}))

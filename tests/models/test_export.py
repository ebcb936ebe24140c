"""ONNX files: what they answer, and that it is what torch answers."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from core.checkpoint import Checkpoint
from core.errors import InvalidCheckpoint
from core.settings import Settings
from models.checkpoint import load_class_network, save_checkpoint
from models.export import CLASS_OUTPUTS, FORECAST_OUTPUTS, export_onnx
from models.network.class_inputs import class_inputs
from models.registry import NETWORK, STATES, find_named, sha256_of
from models.runtime import classify, classify_with_states
from tests.models.builders import START, tiny_class_network, tiny_network, wavy_series

pytestmark = pytest.mark.filterwarnings("ignore")  # the exporter warns about its own internals
DAYS = np.full(6, START + 700, np.int32)
MONTHS = 14


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    models = tmp_path_factory.mktemp("models")
    card = {"name": "tiny", "task": "crop", "classes": ["a", "b", "c"], "calibration": {"temperature": 1.5}}
    save_checkpoint(tiny_class_network(), models / "tiny", card)
    return find_named("tiny", Settings(models=models))


def outputs_of(path: Path) -> list[str]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return [output.name for output in session.get_outputs()]


def test_a_class_model_answers_logits_states_and_logits_without_trees_and_a_forecaster_quantiles_alone(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    assert outputs_of(Path(checkpoint.folder) / NETWORK) == list(CLASS_OUTPUTS) == ["logits", "states", "head_logits"]
    export_onnx(tiny_network(), tmp_path / "forecaster.onnx")
    assert outputs_of(tmp_path / "forecaster.onnx") == list(FORECAST_OUTPUTS)


def test_states_are_those_that_torch_reads_and_probabilities_the_same_as_without(checkpoint: Checkpoint) -> None:
    series = wavy_series()
    predicted, states = classify_with_states(series, DAYS, checkpoint, months=MONTHS, threads=1)
    tokens, _ = class_inputs(series, DAYS, months=MONTHS)
    with torch.no_grad():
        network = load_class_network(checkpoint)
        expected = network.read(torch.from_numpy(tokens.tokens), torch.from_numpy(tokens.is_padding))
    np.testing.assert_allclose(states, expected.numpy(), atol=1e-4)
    alone = classify(series, DAYS, checkpoint, months=MONTHS, threads=1)
    np.testing.assert_array_equal(predicted.probability, alone.probability)


def test_many_series_and_none_have_states_of_the_same_width(checkpoint: Checkpoint) -> None:
    many = wavy_series(300)
    days = np.full(300, DAYS[0], np.int32)
    predicted, states = classify_with_states(many, days, checkpoint, months=MONTHS, threads=1)
    assert states.shape == (300, 64)
    some = classify_with_states(many.take(np.array([299])), days[:1], checkpoint, months=MONTHS, threads=1)
    np.testing.assert_allclose(states[299], some[1][0], atol=1e-5)
    assert predicted.probability.shape == (300, 3)


def test_series_never_seen_have_neither_probabilities_nor_states(checkpoint: Checkpoint) -> None:
    series = wavy_series()
    series.values[4] = np.nan
    predicted, states = classify_with_states(series, DAYS, checkpoint, months=MONTHS, threads=1)
    assert np.isnan(states[4]).all()
    assert np.isfinite(states[[0, 1, 2, 3, 5]]).all()
    assert (np.isnan(predicted.probability) == np.isnan(states[:, :3])).all()


def test_a_graph_that_tells_no_states_is_refused_for_them_and_good_for_classes(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    model = onnx.load(Path(checkpoint.folder) / NETWORK)
    kept = [output for output in model.graph.output if output.name != STATES]
    del model.graph.output[:]
    model.graph.output.extend(kept)
    onnx.save(model, tmp_path / NETWORK)
    card = {**checkpoint.card, "sha256": {NETWORK: sha256_of(tmp_path / NETWORK)}}
    old = Checkpoint(**{**vars(checkpoint), "folder": str(tmp_path), "card": card})
    expected = classify(wavy_series(), DAYS, checkpoint, months=MONTHS, threads=1).probability
    found = classify(wavy_series(), DAYS, old, months=MONTHS, threads=1).probability
    np.testing.assert_allclose(found, expected, atol=1e-6)
    with pytest.raises(InvalidCheckpoint, match="states"):
        classify_with_states(wavy_series(), DAYS, old, months=MONTHS)

"""Graphs that are written again: the same weights and answers, and a card that agrees."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from core.checkpoint import Checkpoint
from core.settings import Settings
from models.checkpoint import save_checkpoint
from models.export import CLASS_OUTPUTS
from models.graph import main, write_again
from models.registry import CARD, HEAD_LOGITS, NETWORK, WEIGHTS, find_named, sha256_of, verify
from models.runtime import classify
from tests.models.builders import START, tiny_class_network, wavy_series
from tests.models.inference.inputs import inputs_of, shipped

pytestmark = pytest.mark.filterwarnings("ignore")  # the exporter warns about its own internals


def as_of_an_earlier_landcast(folder: Path) -> None:
    """Leave the logits of heads out of the outputs of a folder's graph, and out of its checksum."""
    model = onnx.load(folder / NETWORK)
    kept = [output for output in model.graph.output if output.name != HEAD_LOGITS]
    del model.graph.output[:]
    model.graph.output.extend(kept)
    onnx.save(model, folder / NETWORK)
    card = json.loads((folder / CARD).read_text())
    card["sha256"][NETWORK] = sha256_of(folder / NETWORK)
    (folder / CARD).write_text(json.dumps(card))


def probabilities(checkpoint: Checkpoint) -> np.ndarray:
    return classify(wavy_series(), np.full(6, START + 700, np.int32), checkpoint, months=14, threads=1).probability


@pytest.mark.slow
def test_a_graph_written_again_answers_as_before_and_weights_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = {"name": "tiny", "task": "crop", "classes": ["a", "b", "c"], "calibration": {"temperature": 1.5}}
    folder, settings = tmp_path / "tiny", Settings(models=tmp_path)
    save_checkpoint(tiny_class_network(), folder, card)
    as_of_an_earlier_landcast(folder)
    before, weights = find_named("tiny", settings), (folder / WEIGHTS).read_bytes()
    expected = probabilities(before)
    monkeypatch.setattr(sys, "argv", ["graph", str(folder)])
    main()
    after = find_named("tiny", settings)
    verify(after)
    assert (folder / WEIGHTS).read_bytes() == weights
    assert after.card["sha256"][NETWORK] != before.card["sha256"][NETWORK]
    assert after.card["onnx_largest_difference"] < 1e-4
    assert [output.name for output in onnx.load(folder / NETWORK).graph.output] == list(CLASS_OUTPUTS)
    np.testing.assert_allclose(probabilities(after), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["ndvi-small", pytest.param("crop", marks=pytest.mark.slow)])
def test_the_graph_of_a_shipped_model_is_that_of_its_weights(name: str, tmp_path: Path) -> None:
    checkpoint, folder = shipped(name), tmp_path / name
    shutil.copytree(checkpoint.folder, folder)
    (folder / NETWORK).unlink()
    write_again(folder)
    given = inputs_of(checkpoint, 9)
    for got, expected in zip(all_outputs(folder, given), all_outputs(Path(checkpoint.folder), given), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-5)


def all_outputs(folder: Path, given: tuple[np.ndarray, ...]) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(str(folder / NETWORK), providers=["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    return session.run(None, dict(zip(names, given, strict=True)))

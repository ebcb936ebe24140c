"""Which back end runs where."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.checkpoint import NO_MODEL
from core.errors import InvalidOption
from models.inference import choose
from models.inference.choose import backend_name, device_of, load_backend, running
from models.inference.torch_device import TorchBackend
from models.runtime import forecast
from tests.conftest import ROOT
from tests.models.builders import START, tiny_network, wavy_series
from tests.models.inference.inputs import shipped

WITHOUT_TORCH = """
import sys
from models.inference.choose import device_of
from models.runtime import forecast
print(device_of("auto"), "torch" in sys.modules)
"""


@pytest.fixture
def no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "DRIVER_FILES", (Path("/nowhere"),))


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(choose, "DRIVER_FILES", (tmp_path,))


@pytest.mark.usefixtures("no_driver")
def test_without_a_driver_auto_is_the_cpu_and_cuda_is_refused_with_what_to_do() -> None:
    assert device_of("auto") == device_of("cpu") == "cpu"
    with pytest.raises(InvalidOption, match=r"LANDCAST_DEVICE.*set it to auto or cpu"):
        device_of("cuda")


@pytest.mark.usefixtures("driver")
def test_with_a_driver_torch_is_asked_for_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    for is_there, expected in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda is_there=is_there: is_there)
        assert device_of("auto") == expected
    assert device_of("cpu") == "cpu"


@pytest.mark.skipif(any(p.exists() for p in choose.DRIVER_FILES), reason="there is an NVIDIA driver here")
def test_torch_is_not_loaded_where_there_is_no_driver() -> None:
    run = [sys.executable, "-c", WITHOUT_TORCH]
    assert subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split() == ["cpu", "False"]


@pytest.mark.usefixtures("driver")
def test_a_back_end_is_named_by_runtime_device_and_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    checkpoint = shipped("ndvi-small")
    assert backend_name(checkpoint) == load_backend(checkpoint, threads=1).name == "onnxruntime cpu float32"
    assert backend_name(replace(checkpoint, device="auto", precision="bfloat16")) == "torch cuda bfloat16"
    assert backend_name(replace(checkpoint, card={"network": {"form": "calendar"}})) == "torch cpu float32"
    assert backend_name(checkpoint, "embedding") == "torch cpu float32"
    assert backend_name(NO_MODEL) == ""


def test_a_back_end_is_loaded_once() -> None:
    checkpoint = shipped("ndvi-small")
    assert load_backend(checkpoint, threads=1) is load_backend(replace(checkpoint), threads=1)


def test_a_given_back_end_runs_in_place_of_the_others() -> None:
    series, checkpoint = wavy_series(3), shipped("ndvi-small")
    issues = np.full(3, START + 700, np.int32)
    targets = issues[:, None] + np.arange(4, dtype=np.int32)
    before = forecast(series, issues, targets, checkpoint, threads=1).quantiles
    with running(TorchBackend(tiny_network(members=2), "cpu")):
        assert not np.allclose(forecast(series, issues, targets, checkpoint, threads=1).quantiles, before)
    np.testing.assert_array_equal(forecast(series, issues, targets, checkpoint, threads=1).quantiles, before)

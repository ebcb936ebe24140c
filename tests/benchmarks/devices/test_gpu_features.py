"""The benchmark of features on a card: its dry run on a CPU, without the libraries that card machines lack."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.devices.gpu_features import odd
from benchmarks.measured import simulated
from core.bands import channel
from tests.benchmarks.devices.test_gpu import WITHOUT_LIBRARIES
from tests.conftest import ROOT


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_dry_run_measures_all_parts_without_libraries_for_maps(tmp_path: Path) -> None:
    out = tmp_path / "gpu_features.json"
    run = [sys.executable, "-c", WITHOUT_LIBRARIES.replace("devices.gpu", "devices.gpu_features"), str(out)]
    calm = os.environ | {"OMP_NUM_THREADS": "1"}  # threads of torch that wait for one another stall on a busy machine
    done = subprocess.run(run, cwd=ROOT, env=calm, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all features and products equal those of the CPU" in done.stdout
    record = json.loads(out.read_text(encoding="utf-8"))
    assert record["left_out"] == []
    rows = {r["name"]: r for r in record["rows"]}
    assert rows["class inputs, queries"]["differing"] == 0, "trees split features at exact values"
    assert {n for n in rows if n.startswith("odd series")} == {
        f"odd series, {name}" for name in ("ndvi-small", "earthpt-small", "canopy", "crop")
    }
    assert rows["canopy, float32, with features"]["series_per_s"] > 0
    assert rows["ndvi-small: network"]["ms"] > 0


def test_odd_series_are_unseen_seen_once_short_or_of_few_bands() -> None:
    values = odd(simulated(9)).values
    seen = np.isfinite(values[..., channel("NDVI")]).sum(axis=1)
    assert seen[0] == 0
    assert seen[1] <= 1
    assert seen[2] < 21 < seen[4]
    assert seen[3] == 0
    assert np.isfinite(values[3, :, channel("VV")]).any()
    assert np.isnan(values[5, :, channel("B08")]).all()

"""The benchmark of cards: its dry run on a CPU, without the libraries that card machines lack."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.devices.gpu import flops, roc_auc
from models.network.earthpt import SIZES, EarthPT
from tests.conftest import ROOT

WITHOUT_LIBRARIES = """
import runpy, sys

ABSENT = {"rasterio", "shapely", "pyproj", "affine", "geopandas", "prosail", "celery", "sqlalchemy", "lightgbm"}

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ABSENT:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
sys.argv = ["gpu", "--dry-run", "--commit", "abc", "--out", sys.argv[1]]
runpy.run_module("benchmarks.devices.gpu", run_name="__main__")
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_dry_run_measures_all_parts_without_libraries_for_maps(tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    run = [sys.executable, "-c", WITHOUT_LIBRARIES, str(out)]
    calm = os.environ | {"OMP_NUM_THREADS": "1"}  # threads of torch that wait for one another stall on a busy machine
    done = subprocess.run(run, cwd=ROOT, env=calm, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all products equal those of the CPU" in done.stdout
    record = json.loads(out.read_text(encoding="utf-8"))
    assert record["commit"] == "abc"
    assert record["left_out"] == []
    assert {"torch", "device", "python"} <= set(record["machine"])
    equal = {r["name"].split(",")[0]: r["is_equal"] for r in record["rows"] if "is_equal" in r}
    products = ("forecast NDVI", "forecast EVI2", "forecast by tokens", "gap fill", "canopy", "crop", "embedding")
    assert {name: equal.pop(name) for name in products} == dict.fromkeys(products, True)
    assert all(name.startswith("roll-out") for name in equal)


def test_operations_of_a_pass_are_near_two_for_each_parameter_and_step_of_a_large_network() -> None:
    network = EarthPT(SIZES["10m"])
    blocks = sum(p.numel() for p in network.blocks.parameters())
    assert 1 < flops(network) / (2 * blocks * 256) < 1.3


def test_the_area_under_the_curve_counts_pairs_in_order() -> None:
    is_positive = np.array([False, True, False, True])
    assert roc_auc(np.array([0.1, 0.2, 0.3, 0.4], np.float32), is_positive) == 0.75
    assert roc_auc(np.array([0.5, 0.5, 0.5, 0.5], np.float32), is_positive) == 0.5

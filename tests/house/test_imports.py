import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.conftest import ROOT
from tests.house.tree import ROOMS

HEAVY = ("torch", "onnxruntime", "onnx", "rasterio", "matplotlib", "sklearn", "prosail", "numba")


def test_imports_run_one_way() -> None:
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout


def test_making_the_application_loads_no_model_runtime_and_no_raster_library() -> None:
    code = (
        "import sys; from service.app import create_app; from core.settings import Settings;"
        f"create_app(Settings()); print(*(m for m in {HEAVY!r} if m in sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []


def test_no_other_installed_distribution_owns_one_of_our_top_level_names() -> None:
    owners = packages_distributions()
    assert {room: owners[room] for room in ROOMS if set(owners.get(room, [])) - {"landcast"}} == {}

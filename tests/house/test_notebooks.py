"""The notebooks of docs/ run on the real data or on a service, and are committed without outputs."""

import os
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

from core.settings import Settings
from service.process.supervisor import Supervisor
from tests.conftest import REAL_DATA, ROOT

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
NEEDS = {"canopy-of-a-forest-stand": "fordead_conifer_cube", "forecast-for-fields": "bavaria_fields_s2"}


def stem(path: Path) -> str:
    return path.stem


def printed(notebook: nbformat.NotebookNode) -> str:
    return "".join(o.get("text", "") for c in notebook.cells for o in c.get("outputs", []))


def run(path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> nbformat.NotebookNode:
    """Run a notebook as a user would, with `landcast` on the PATH."""
    if path.stem in NEEDS and not (REAL_DATA / NEEDS[path.stem]).exists():
        pytest.skip(f"{NEEDS[path.stem]} is not in {REAL_DATA}")
    monkeypatch.setenv("LANDCAST_REAL_DATA", str(REAL_DATA.resolve()))
    monkeypatch.setenv("LANDCAST_HOME", str(home))
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()
    return notebook


@pytest.mark.parametrize("path", NOTEBOOKS, ids=stem)
def test_a_notebook_is_committed_without_outputs(path: Path) -> None:
    cells = nbformat.read(path, as_version=4).cells  # type: ignore[no-untyped-call]
    assert [c for c in cells if c.get("outputs") or c.get("execution_count")] == []


@pytest.mark.slow
@pytest.mark.real_data
def test_the_canopy_notebook_maps_the_stand_and_shows_that_four_months_know_less(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = printed(run(ROOT / "docs/notebooks/canopy-of-a-forest-stand.ipynb", tmp_path, monkeypatch))
    line = next(n for n in text.splitlines() if n.startswith("balanced accuracy"))
    whole, short = (float(word) for word in line.replace(",", "").split() if word.startswith("0."))
    assert whole > 0.9 > short > 0.7


@pytest.mark.slow
@pytest.mark.real_data
def test_the_notebook_of_fields_is_better_than_persistence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = run(ROOT / "docs/notebooks/forecast-for-fields.ipynb", tmp_path, monkeypatch)
    tables = [o["data"]["text/plain"] for c in notebook.cells for o in c.get("outputs", []) if "data" in o]
    row = next(n for t in tables for n in t.splitlines() if n.startswith("all fields")).split()
    assert float(row[2]) < float(row[3])


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_notebook_of_the_client_orders_from_a_service(
    tmp_path: Path, sample_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one notebook that needs no real data: its service has the sample archive."""
    with Supervisor(Settings(home=sample_home)) as supervisor:
        monkeypatch.setenv("SERVER", supervisor.url)
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        text = printed(run(ROOT / "docs/notebooks/client.ipynb", tmp_path, monkeypatch))
    lines = text.splitlines()
    assert any(n.startswith("successful, 100 %") for n in lines)
    assert "dates: 6" in lines
    assert "['canopy.json', 'canopy.png', 'canopy.qlr', 'canopy.qml', 'canopy.tif', 'canopy.tif.aux.xml']" in text
    assert any(n.startswith("The region lies outside the archive") for n in lines)
    assert 0 <= float(next(n for n in lines if n.startswith("hectares of conifer:")).split()[-1]) < 10

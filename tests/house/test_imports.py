import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.conftest import ROOT
from tests.house.tree import ROOMS, modules, name_of, syntax

HEAVY = ("torch", "onnxruntime", "onnx", "rasterio", "matplotlib", "sklearn", "prosail", "numba")
SLOW = ("xarray", "pandas", "zarr", "alembic", "scipy.sparse", "scipy.ndimage", "pyarrow", "geopandas")
"""Libraries that a service can do without until it is asked for something: half of the time of its start."""
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
CONTRACTS = {c["type"] + c.get("containers", [""])[0]: c for c in LINTER["contracts"]}
DEFERRED = {
    "cli/group.py": "the one lazy group: a command is loaded when it is called",
    "cli/main.py": "--version alone reads the installed metadata",
    "cli/doctor/command.py": "one check whose part is broken or missing must not end the others",
    "products/catalogue.py": "products are listed without loading any",
    "products/canopy.py": "ONNX Runtime is loaded where pixels are predicted",
    "products/class_pixels.py": "the same",
    "products/embedding.py": "the same, and torch",
    "products/forecast.py": "the same",
    "products/gap_fill.py": "the same",
    "products/anomaly.py": "the same",
    "products/fields/departure.py": "the same",
    "models/runtime.py": "torch is loaded for imported models alone",
    "models/inference/choose.py": "a CPU loads ONNX Runtime and no torch, a card torch and no ONNX Runtime",
    "ingest/registry.py": "each kind of archive loads its own libraries: rasterio, pystac-client, sentinelhub, obstore",
    "service/process/worker_main.py": "signals are heeded while libraries are loaded",
    "workers/tasks.py": "matplotlib, dask and pandas are loaded where results are written and fields answered",
    "workers/dependencies.py": "xarray and zarr are loaded where a cube is built",
    "workers/store/open_store.py": "obstore is loaded where the store is on object storage",
    "service/point/read.py": "rasterio is loaded where a pixel is first asked for",
    "service/point/area.py": "the same",
    "ingest/simulate/sample.py": "prosail and numba are loaded where the sample archive is generated",
}
"""Files that import our own rooms inside functions, each with its reason."""


def deferred(tree: ast.Module) -> Iterator[str]:
    """Yield what is imported inside functions; `import_module` is one import."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    inner = {n for f in ast.walk(tree) if isinstance(f, functions) for n in ast.walk(f)}
    for node in inner:
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            yield "cli"  # a room whose name is computed


def of_our_own(path: Path) -> list[str]:
    return sorted(name for name in deferred(syntax(path)) if name.split(".")[0] in ROOMS)


def test_imports_run_one_way() -> None:
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout


def test_the_linter_looks_at_every_room() -> None:
    layers = {room for layer in CONTRACTS["layers"]["layers"] for room in layer.split(" | ")}
    assert set(LINTER["root_packages"]) == layers == set(CONTRACTS["acyclic_siblings"]["ancestors"]) == set(ROOMS)


def test_the_linter_knows_the_layer_of_every_part_of_ingest() -> None:
    assert CONTRACTS["layersingest"]["exhaustive"]


def test_every_folder_of_source_is_a_package_that_the_linter_sees() -> None:
    folders = {p.parent for p in modules(*ROOMS)}
    assert [name_of(f) for f in folders if not (f / "__init__.py").exists()] == []


def test_our_own_rooms_are_imported_inside_functions_only_for_a_reason() -> None:
    found = {name_of(p): names for p in modules(*ROOMS) if (names := of_our_own(p))}
    assert {name: names for name, names in found.items() if name not in DEFERRED} == {}
    assert set(DEFERRED) - set(found) == set(), "reasons for nothing"


def test_the_rule_finds_deferred_imports_of_every_kind() -> None:
    lines = (
        "import a",
        "class B:",
        "  def c(self):",
        "    import core.grid",
        "    from ingest import d",
        "    import_module(e)",
    )
    text = "\n".join(lines)
    assert sorted(deferred(ast.parse(text))) == ["cli", "core.grid", "ingest"]


def test_a_service_starts_without_model_runtimes_and_libraries_of_rasters_cubes_and_tables() -> None:
    code = (
        "import sys; from service.app import create_app; from core.settings import Settings;"
        f"create_app(Settings()); import cli.serve.command; print(*(m for m in {HEAVY + SLOW!r} if m in sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []


def test_no_other_installed_distribution_owns_one_of_our_top_level_names() -> None:
    owners = packages_distributions()
    assert {room: owners[room] for room in ROOMS if set(owners.get(room, [])) - {"landcast"}} == {}

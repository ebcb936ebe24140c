import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
import yaml

from cli.main import app
from core.settings import Settings
from products.catalogue import PRODUCTS
from service.process.supervisor import Supervisor
from tests.conftest import ROOT
from tests.house.inputs import write_inputs

PAGES = [ROOT / n for n in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted((ROOT / "docs").rglob("*.md"))
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
NOT_RUN = {
    "make run": "sets up an environment of two gigabytes",
    "make check": "is what calls this test",
    "landcast serve --port 8000": "stays up; SERVER is a service started the same way",
    "export LANDCAST_REDIS_URL": "needs machines named redis.example and postgres.example",
    "landcast train": "trains models for up to an hour on the real data",
    "landcast finetune crop-1m": "trains models for minutes on the real data; see service/test_cli_training.py",
    "landcast canopy --region parish.gpkg": "reads a public archive over the network",
    "docker build": "needs a Docker daemon; test_docker.py checks the files",
}
"""Beginnings of blocks that this test does not run, and why."""


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(page: Path) -> list[str]:
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [b for b in found if not b.startswith(tuple(NOT_RUN))]


@pytest.mark.parametrize("beginning", NOT_RUN)
def test_a_block_that_is_not_run_exists(beginning: str) -> None:
    found = [b for page in PAGES for b in BLOCK.findall(page.read_text(encoding="utf-8"))]
    assert any(b.startswith(beginning) for b in found)


@pytest.fixture(scope="module")
def server(sample_home: Path) -> Iterator[str]:
    """Address of a service that carries orders out."""
    with Supervisor(Settings(home=sample_home)) as supervisor:
        yield supervisor.url


@pytest.mark.timeout(400)
@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p)], ids=name_of)
def test_the_commands_of_a_page_run(page: Path, server: str, sample_home: Path, tmp_path: Path) -> None:
    write_inputs(tmp_path)
    bin_folder = Path(sys.executable).parent
    (tmp_path / ".venv").symlink_to(bin_folder.parent)
    path = f"{bin_folder}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "SERVER": server, "LANDCAST_HOME": str(sample_home)}
    for block in blocks(page):
        run = subprocess.run(
            ["sh", "-e", "-c", block], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, f"{block}\n{run.stdout}\n{run.stderr}"


def test_every_setting_is_in_the_docs_with_its_default_and_meaning() -> None:
    rows = [
        f"| `LANDCAST_{name.upper()}` | {f'`{field.default}`' if field.default not in (None, '') else ''} "
        f"| {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    table = [n for n in text_of("docs/settings.md").splitlines() if n.startswith("| `LANDCAST_")]
    assert table == rows


@pytest.mark.parametrize("page", ["README.md", "docs/rest.md", "docs/files.md"])
def test_every_product_is_in_the_docs(page: str) -> None:
    assert [p for p in PRODUCTS if f"`{p}`" not in text_of(page)] == []


def test_every_input_of_every_product_is_in_the_docs() -> None:
    assert {name for p in PRODUCTS.values() for name in p.inputs if f"`{name}`" not in text_of("docs/rest.md")} == set()


def test_every_route_is_in_the_docs() -> None:
    paths = yaml.safe_load(text_of("openapi.yaml"))["paths"]
    routes = [f"{method.upper()} {path}" for path, methods in paths.items() for method in methods if method != "head"]
    assert [r for r in routes if f"`{r}`" not in text_of("docs/rest.md")] == []


def commands() -> dict[str, list[str]]:
    """Options of every command of the command line."""
    found: dict[str, list[str]] = {}
    for name, command in vars(typer.main.get_command(app))["commands"].items():
        parts = vars(command).get("commands", {"": command}).values()
        found[name] = [o for c in parts for p in c.params for o in p.opts if o.startswith("--") and o != "--help"]
    return found


@pytest.mark.parametrize("command", commands())
def test_every_command_and_each_of_its_options_is_in_the_docs(command: str) -> None:
    page = text_of("docs/cli.md")
    assert f"landcast {command}" in page
    assert [o for o in commands()[command] if o not in page] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [t for t in targets if not (page.parent / t).exists()] == []

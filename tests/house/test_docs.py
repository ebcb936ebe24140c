import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from cli import products_page
from cli.main import make_app
from core.settings import Settings, described
from products.catalogue import PRODUCTS, find_entry
from service.process.supervisor import Supervisor
from tests.conftest import REAL_DATA, ROOT
from tests.house.inputs import write_inputs
from tests.house.pages import PAGES, all_blocks, blocks, name_of, text_of
from tests.house.tree import ROOMS, modules


def test_a_block_that_is_not_run_says_why() -> None:
    reasons = {b.not_run for page in PAGES for b in all_blocks(page) if b.not_run}
    assert len(reasons) >= 5
    assert [r for r in reasons if len(r.split()) < 3] == []


def test_only_commands_that_need_more_than_a_machine_are_not_run() -> None:
    """Network, daemon, hours, or this very test: all else is run."""
    allowed = (
        "make",
        "landcast evaluate model",
        "landcast serve",
        "export",
        "landcast train",
        "landcast finetune",
        "docker",
        "torchrun",
    )
    network = "reads a public archive over the network"
    found = [b for page in PAGES for b in all_blocks(page) if b.not_run and b.not_run != network]
    assert [b.commands for b in found if not b.commands.startswith(allowed)] == []


@pytest.fixture(scope="module")
def server(sample_home: Path) -> Iterator[str]:
    """Address of a service that carries orders out."""
    with Supervisor(Settings(home=sample_home)) as supervisor:
        yield supervisor.url


def given(commands: str) -> list[list[str]]:
    """Return the arguments of each `landcast` in some lines of a shell."""
    lines = re.sub(r"<<'END'\n.*?\nEND\n", "\n", commands.replace("\\\n", " "), flags=re.S).splitlines()
    words = [shlex.split(line, comments=True) for line in lines if re.search(r"\blandcast \w", line)]
    return [w[w.index("landcast") + 1 :] for w in words if "landcast" in w]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the pages name, beside an empty `shared/data`."""
    folder = tmp_path_factory.mktemp("pages") / "checkout"
    folder.mkdir()
    (folder.parent / "shared" / "data").mkdir(parents=True)
    write_inputs(folder)
    return folder


@pytest.mark.parametrize("page", [p for p in PAGES if all_blocks(p)], ids=name_of)
def test_every_command_of_a_page_is_understood(page: Path, inputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of the blocks that are not run: the command exists, and so do its options. Nothing is carried out."""
    monkeypatch.chdir(inputs)
    group: Any = typer.main.get_command(make_app())
    for words in [w for b in all_blocks(page) for w in given(b.commands)]:
        command, context = group, group.context_class(group, info_name="landcast")
        while hasattr(command, "resolve_command"):
            _, command, words = command.resolve_command(context, words)
        command.parse_args(command.context_class(command, parent=context), list(words))


def run_block(commands: str, folder: Path, environment: dict[str, str]) -> None:
    run = subprocess.run(
        ["sh", "-e", "-c", commands], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, f"{commands}\n{run.stdout}\n{run.stderr}"


@pytest.fixture
def reader(server: str, sample_home: Path, inputs: Path, tmp_path: Path) -> dict[str, str]:
    """Environment of a reader in an empty folder with the files that the pages name and landcast on the PATH."""
    shutil.copytree(inputs, tmp_path, dirs_exist_ok=True)
    bin_folder = Path(sys.executable).parent
    (tmp_path / ".venv").symlink_to(bin_folder.parent)
    path = f"{bin_folder}{os.pathsep}{os.environ['PATH']}"
    return dict(os.environ) | {"PATH": path, "SERVER": server, "LANDCAST_HOME": str(sample_home)}


def in_order(pages: list[Path]) -> list[Any]:
    """Pages that run commands; those that a newcomer does not read first are slow."""
    first = ("README.md", "docs/start")
    return [pytest.param(p, marks=[] if name_of(p).startswith(first) else pytest.mark.slow) for p in pages if blocks(p)]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", in_order(PAGES), ids=name_of)
def test_the_commands_of_a_page_run(page: Path, reader: dict[str, str], tmp_path: Path) -> None:
    for block in blocks(page):
        if not block.real_name:
            run_block(block.commands, tmp_path, reader)


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", [p for p in PAGES if any(b.real_name for b in blocks(p))], ids=name_of)
def test_the_commands_of_a_page_run_on_real_data(page: Path, reader: dict[str, str], tmp_path: Path) -> None:
    found = [b for b in blocks(page) if b.real_name]
    for name, path in {(b.real_name, b.real_path) for b in found}:
        if not (REAL_DATA / path).exists():
            pytest.skip(f"{path} is not in {REAL_DATA}")
        (tmp_path / name).symlink_to((REAL_DATA / path).resolve())
    for block in found:
        run_block(block.commands, tmp_path, reader)


def test_every_setting_is_in_the_docs_with_its_default_and_meaning() -> None:
    rows = [
        f"| `{name}` | {f'`{field.default}`' if field.default not in (None, '') else ''} | {field.description} |"
        for name, field in described().items()
    ]
    table = [n for n in text_of("docs/reference/settings.md").splitlines() if n.startswith("| `LANDCAST_")]
    assert table == rows


def test_every_product_and_each_of_its_options_is_in_the_docs() -> None:
    page = text_of("docs/reference/products.md")
    assert page == products_page.text()
    for product in PRODUCTS.values():
        assert f"Product `{product.id}`, on the command line `landcast {find_entry(product.id).command}`." in page
        assert [n for n in product.options.choices() if f"| `{n}` | `--{n.replace('_', '-')}` |" not in page] == []


def test_every_route_is_in_the_docs() -> None:
    paths = yaml.safe_load(text_of("openapi.yaml"))["paths"]
    routes = [f"{method.upper()} {path}" for path, methods in paths.items() for method in methods if method != "head"]
    assert [r for r in routes if f"`{r}`" not in text_of("docs/reference/rest.md")] == []


def commands() -> dict[str, list[str]]:
    """Options of every command of the command line."""
    found: dict[str, list[str]] = {}
    group: Any = typer.main.get_command(make_app())
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        names = command.list_commands(None) if hasattr(command, "list_commands") else []
        parts = [command.get_command(None, n) for n in names] or [command]
        found[name] = [o for c in parts for p in c.params for o in p.opts if o.startswith("--") and o != "--help"]
    return found


@pytest.mark.parametrize("command", commands())
def test_every_command_and_each_of_its_options_is_in_the_docs(command: str) -> None:
    page = text_of("docs/reference/cli.md") + text_of("docs/reference/products.md")
    assert f"landcast {command}" in page
    assert [o for o in commands()[command] if o not in page] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_pages_that_the_code_names_exist() -> None:
    named = re.compile(r"docs/[a-z/-]+\.md")
    found = {n for p in modules(*ROOMS) for n in named.findall(p.read_text(encoding="utf-8"))}
    assert [n for n in found if not (ROOT / n).exists()] == []

"""What the command line imports before a command needs it: counted in modules, not in seconds."""

import json
import subprocess
import sys
from typing import Annotated

import pytest
import typer

from cli.evaluate.group import COMMANDS as EVALUATIONS
from cli.group import Command, as_command
from cli.main import commands
from cli.models import COMMANDS as MODELS
from tests.conftest import ROOT

HEAVY = {"numpy", "pandas", "xarray", "shapely", "pyproj", "torch", "onnxruntime", "rasterio", "scipy", "matplotlib"}
CODE = """
import sys, json
from cli.main import run_command
code = run_command(sys.argv[1:])
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def modules_of(*arguments: str) -> set[str]:
    """Return the modules that a command has loaded in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    code, loaded = json.loads(done.stderr.splitlines()[-1])
    assert code == 0, done.stderr
    return set(loaded)


@pytest.mark.parametrize(
    ("arguments", "most"),
    [(("--help",), 200), (("evaluate", "--help"), 400), (("models", "--help"), 400), (("models", "list"), 400)],
)
def test_help_and_lists_load_few_modules_and_no_array_library(arguments: tuple[str, ...], most: int) -> None:
    loaded = modules_of(*arguments)
    assert HEAVY & loaded == set()
    assert len(loaded) < most


@pytest.mark.parametrize(
    ("name", "command"), [*commands().items(), *MODELS.items(), *EVALUATIONS.items()], ids=lambda v: str(v)[:20]
)
def test_every_command_of_a_group_can_be_loaded_and_has_a_line_of_help(name: str, command: Command) -> None:
    assert command.load() is not None
    assert command.help.endswith(".")
    assert len(command.help) <= 75


def test_options_with_a_heading_of_their_own_stand_under_it_after_all_others() -> None:
    def run(
        plain: Annotated[str, typer.Option(help="Plain.")] = "",
        special: Annotated[str, typer.Option(help="Special.", rich_help_panel="Special things")] = "",
        place: Annotated[str, typer.Argument(help="A place.")] = "",
    ) -> None:
        pass

    command = as_command("run", run, epilog=None)
    text = command.get_help(command.context_class(command, info_name="run"))
    headings = [line.rstrip(":") for line in text.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert headings == ["Arguments", "Options", "Special things"]
    assert text.index("--plain") < text.index("--help") < text.index("--special")

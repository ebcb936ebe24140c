"""`landcast evaluate` lists its commands and loads one when it is called."""

from collections.abc import Callable
from importlib import import_module

import pytest

from cli.evaluate.group import COMMANDS


def test_the_help_names_every_command_with_its_line(run: Callable[..., str]) -> None:
    words = " ".join(run("evaluate", "--help").split())
    assert set(COMMANDS) == {"model", "forecast", "embeddings", "map", "sample"}
    assert [name for name, command in COMMANDS.items() if f"{name} {command.help}" not in words] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_where_the_group_looks_for_it(name: str, run: Callable[..., str]) -> None:
    module, _, function = COMMANDS[name].place.partition(":")
    assert callable(getattr(import_module(module), function))
    assert f"landcast evaluate {name}" in run("evaluate", name, "--help")


def test_an_unknown_command_is_refused(refused: Callable[..., str]) -> None:
    assert "'models'" in refused("evaluate", "models")

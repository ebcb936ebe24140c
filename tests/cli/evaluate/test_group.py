"""`landcast evaluate`: its commands and their order."""

import re
from collections.abc import Callable

from cli.evaluate.group import COMMANDS


def test_the_help_lists_every_evaluation_in_order(run: Callable[..., str]) -> None:
    found = re.findall(r"^  (\w+) ", run("evaluate", "--help").split("Commands:")[1], re.MULTILINE)
    assert found[: len(COMMANDS)] == list(COMMANDS)


def test_each_evaluation_is_a_function_of_its_own() -> None:
    found = {name: command.load() for name, command in COMMANDS.items()}
    assert len(set(found.values())) == len(found)
    assert all(function.__name__ == f"evaluate_{name}" for name, function in found.items())


def test_an_unknown_evaluation_is_refused(refused: Callable[..., str]) -> None:
    assert "wheat" in refused("evaluate", "wheat")

"""A group of commands that are imported when they are called: `landcast --help` needs none of them.

The one place of the command line where imports wait. What the commands are is listed in main.py.
"""

import gc
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command_from_info, get_group
from typer.models import CommandInfo


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command: its module, and its line in the help."""

    place: str
    """`module:name` of a function or of a typer application."""
    help: str
    arguments: tuple[Any, ...] | None = None
    """Arguments for a function that makes the command; None = `place` is the command itself."""

    def load(self) -> Any:
        """Import the command; the collector of garbage rests meanwhile, as modules make none: a tenth of the time."""
        module, name = self.place.split(":")
        gc.disable()
        try:
            found = getattr(import_module(module), name)
        finally:
            gc.enable()
        return found if self.arguments is None else found(*self.arguments)


class SectionedCommand(TyperCommand):
    """A command whose help has its options under headings: those with `rich_help_panel` after all others."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, options, and each further heading with its options."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            own = "Arguments" if param.param_type_name == "argument" else "Options"
            if record is not None:
                sections.setdefault(getattr(param, "rich_help_panel", None) or own, []).append(record)
        for heading, records in sections.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)


class LazyGroup(TyperGroup):
    """A group whose commands are in `lazy`, by name in the order of the help."""

    lazy: Mapping[str, Command] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """Return all names."""
        return list(self.lazy)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import a command; None = there is none of this name."""
        if cmd_name not in self.lazy:
            return None
        return as_command(cmd_name, self.lazy[cmd_name].load(), epilog=self.epilog)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of the help without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.help) for name, command in self.lazy.items()])


def lazy_group(commands: Mapping[str, Command]) -> type[LazyGroup]:
    """Return a class of groups for typer with these commands."""
    return type("LazyGroup", (LazyGroup,), {"lazy": commands})


def as_command(name: str, found: Any, *, epilog: str | None) -> Any:
    """Return a function or an application of typer as a command of a group."""
    if isinstance(found, typer.Typer):
        command = get_group(found)
        command.name, command.epilog = name, epilog
        return command
    info = CommandInfo(name=name, cls=SectionedCommand, callback=found, epilog=epilog)
    return get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=None)

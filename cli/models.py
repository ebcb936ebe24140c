"""`landcast models`: list, show, share and import models."""

import json
import sys
from typing import Annotated

import typer

from cli.group import Command, lazy_group
from core.read_settings import read_settings
from core.text_table import text_table
from models.registry import check_models_folder, default_of, find_named, list_checkpoints, list_unusable, report_of
from workers.store.shared_models import share_model

COMMANDS = {
    "list": Command(place="cli.models:list_models", help="List all models with version and task."),
    "show": Command(place="cli.models:show_model", help="Print the card of a model as JSON."),
    "share": Command(place="cli.models:share", help="Put a model into the store that machines share."),
    "import": Command(place="cli.import_model:import_model", help="Import a published EarthPT file."),
}
models = typer.Typer(
    cls=lazy_group(COMMANDS),
    help="List and show the models for the option --model, and import published ones. Your own models are in the "
    "folder LANDCAST_MODELS, by default 'models' in LANDCAST_HOME.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@models.callback()
def _group() -> None:
    pass


def list_models() -> None:
    """List all models with version and task, and say which folders are left out, and why."""
    settings = read_settings()
    check_models_folder(settings)
    known = list_checkpoints(settings)
    rows = [
        (
            found.name,
            str(found.card.get("version", "-")),
            found.task,
            found.sha256[:12],
            "default" if default_of(found.task, known) is found else "",
        )
        for found in known
    ]
    print(text_table(rows, left=5))
    for error in list_unusable(settings):
        print(f"Left out: {error}", file=sys.stderr)


def share(name: Annotated[str, typer.Argument(help="Name of a model of this machine.")]) -> None:
    """Put a model into the store (LANDCAST_STORE); other machines fetch it when it is ordered by its name."""
    size = share_model(name, read_settings())
    print(f"{name} is shared, {size / 1e6:.1f} MB; other machines fetch it when it is ordered.")


def show_model(name: Annotated[str, typer.Argument(help="Name of the model.")]) -> None:
    """Print the card of a model as JSON: inputs, training data and licences, accuracy, sha256, its report's place."""
    found = find_named(name, read_settings())
    report = report_of(found)
    facts = dict(found.card) | ({} if report is None else {"validation_report": str(report)})
    print(json.dumps(facts, indent=2, ensure_ascii=False))

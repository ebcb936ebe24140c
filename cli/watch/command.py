"""`landcast watch`: add, list, show, change and remove standing orders of a running service (service/standing)."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from cli.group import Command, lazy_group
from cli.jobs.connect import KeyText, Server, connect
from core.text_table import text_table

COMMANDS = {
    "add": Command(
        place="cli.watch.add:command",
        help="Order a product again when new scenes arrive, or every N days.",
        arguments=(),
    ),
    "list": Command(place="cli.watch.command:list_orders", help="List standing orders, newest first."),
    "show": Command(place="cli.watch.command:show_order", help="Show a standing order and its latest job."),
    "pause": Command(place="cli.watch.change:pause_order", help="Run a standing order no more until it is resumed."),
    "resume": Command(place="cli.watch.change:resume_order", help="Let a paused standing order go on."),
    "change": Command(place="cli.watch.change:change_order", help="Change title, rhythm or end of a standing order."),
    "remove": Command(place="cli.watch.command:remove_order", help="Remove a standing order; its results stay."),
}
watch = typer.Typer(
    cls=lazy_group(COMMANDS),
    help="Standing orders of a running service: a product of a region, made again when new scenes arrive or every N "
    "days.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
HEAD = ("id", "process", "runs", "rhythm", "last run", "title", "message")
FACTS = (
    "processID",
    "title",
    "every",
    "ends",
    "paused",
    "created",
    "runs",
    "lastRun",
    "lastJob",
    "nextLook",
    "message",
)
"""What is shown of a standing order, if it is known."""

OrderId = Annotated[str, typer.Argument(metavar="ID", help="Id of the standing order.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print what the service answers, as JSON.")]


@watch.callback()
def _group() -> None:
    pass


def list_orders(as_json: AsJson = False, server: Server = None, key: KeyText = None) -> None:
    """List standing orders, newest first."""
    with connect(server, key) as client:
        found = client.standing_orders()
    if as_json:
        print(json.dumps(found, indent=2))
    elif found:
        print(text_table([HEAD, *(_line(order) for order in found)], left=2))
    else:
        print("No standing orders yet.")


def show_order(order_id: OrderId, as_json: AsJson = False, server: Server = None, key: KeyText = None) -> None:
    """Show a standing order and what came of its last look."""
    with connect(server, key) as client:
        found = client.standing_order(order_id)
    if as_json:
        print(json.dumps(found, indent=2))
        return
    print(text_table([(name, str(found[name])) for name in FACTS if found.get(name) not in (None, "", False)], left=2))
    for link in found["links"]:
        if link["rel"] in ("collection", "latest-version"):
            print(link["href"])


def remove_order(order_id: OrderId, server: Server = None, key: KeyText = None) -> None:
    """Remove a standing order: nothing is run any more. Its jobs and their results stay."""
    with connect(server, key) as client:
        client.remove_standing_order(order_id)
    print(f"Standing order {order_id} is removed.")


def _line(order: Mapping[str, Any]) -> tuple[str, ...]:
    rhythm = f"every {order['every']}" if order.get("every") else "new scenes"
    rhythm = "paused" if order.get("paused") else rhythm
    last_run = (order.get("lastRun") or "-")[:16]
    return order["id"], order["processID"], str(order["runs"]), rhythm, last_run, order["title"], order["message"]

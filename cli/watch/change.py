"""`landcast watch pause`, `resume` and `change`: standing orders that are kept and run otherwise."""

from typing import Annotated

import typer

from cli.jobs.connect import KeyText, Server, connect
from cli.watch.command import OrderId
from core.errors import InvalidOption


def pause_order(order_id: OrderId, server: Server = None, key: KeyText = None) -> None:
    """Pause a standing order: nothing is run until it is resumed. A job that runs goes on."""
    with connect(server, key) as client:
        client.change_standing_order(order_id, {"paused": True})
    print(f"Standing order {order_id} is paused.")


def resume_order(order_id: OrderId, server: Server = None, key: KeyText = None) -> None:
    """Let a paused standing order go on: what was due meanwhile is looked at once."""
    with connect(server, key) as client:
        client.change_standing_order(order_id, {"paused": False})
    print(f"Standing order {order_id} goes on.")


def change_order(
    order_id: OrderId,
    title: Annotated[str | None, typer.Option(help="For people; names the series of results.")] = None,
    every: Annotated[
        str | None, typer.Option(metavar="DAYS", help="Days between two runs: 10d; '' = when new scenes arrive.")
    ] = None,
    ends: Annotated[
        str | None, typer.Option(metavar="DATE", help="Last day (UTC) on which it runs; '' = until it is removed.")
    ] = None,
    server: Server = None,
    key: KeyText = None,
) -> None:
    """Change title, rhythm or end of a standing order; its region and options stay."""
    given = {"title": title, "every": every, "ends": ends}
    changes = {name: value for name, value in given.items() if value is not None}
    if not changes:
        raise InvalidOption("change", order_id, "give --title, --every or --ends")
    with connect(server, key) as client:
        client.change_standing_order(order_id, changes)
    print(f"Standing order {order_id} is changed.")

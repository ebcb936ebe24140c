"""`landcast watch add`: a standing order with the options of all products, which the service checks."""

import inspect
from typing import Annotated, Any

import typer

from cli.jobs.connect import KeyText, Server, connect
from cli.options import keyword, with_signature
from cli.order import (
    Among,
    Archive,
    MaxCost,
    Model,
    MostSeconds,
    RegionFile,
    given_region,
    listed_products,
    order_inputs,
    product_options,
)
from cli.read_as import FileCrs
from products.catalogue import find_product

HELP = """Order PRODUCT again and again: when new scenes arrive, or with --every so often.

Dates that are left out follow the archive. Only tiles that new scenes touch are computed, as long as the dates stay:
give them (a season as --period), or leave them out for canopy and crop, whose maps then reach to the end of the month.
"""


def command() -> Any:
    """Return the command, with the options of all products, for typer."""

    def add(**values: Any) -> None:
        product = find_product(values["product"])
        inputs = order_inputs(product, values) | {"region": given_region(values["region"], values["crs"])}
        wanted = {"processID": product.id, "inputs": inputs}
        wanted |= {name: values[name] for name in ("title", "every", "ends") if values[name]}
        with connect(values["server"], values["key"]) as client:
            found = client.add_standing_order(wanted)
        print(f"Standing order {found['id']}")

    return with_signature(add, _parameters(), name="add", doc=HELP)


def _parameters() -> list[inspect.Parameter]:
    every = "Days between two runs: 10d. Default: a run when new scenes arrive."
    return [
        keyword("product", Annotated[str, typer.Argument(help=listed_products(), show_default=False)]),
        keyword("region", RegionFile, None),
        keyword("crs", FileCrs, ""),
        keyword("every", Annotated[str, typer.Option(metavar="DAYS", help=every)], ""),
        keyword("ends", Annotated[str, typer.Option(metavar="DATE", help="Last day (UTC) on which it runs.")], ""),
        keyword("title", Annotated[str, typer.Option(help="For people; names the series of results.")], ""),
        keyword("archive", Archive, None),
        *product_options(),
        keyword("model", Model, None),
        keyword(
            "fail_on_gaps",
            Annotated[bool, typer.Option("--fail-on-gaps", help="All or nothing: no map with gaps.")],
            False,
        ),
        keyword("priority", Among, None),
        keyword("max_cost", MaxCost, None),
        keyword("max_seconds", MostSeconds, None),
        keyword("server", Server, None),
        keyword("key", KeyText, None),
    ]

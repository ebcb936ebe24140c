"""`landcast order`: a product as a job of a running service, which checks the order."""

import inspect
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic.fields import FieldInfo

from cli.fields.order import FieldsFile, Id, Layer, Products, check_own, estimate_fields, order_fields
from cli.jobs.connect import KeyText, Server, connect
from cli.options import inputs_of, keyword, parameter, with_signature
from cli.progress import new_line
from cli.read_as import FileCrs, parse_crs
from client import Client, Job
from core.errors import InvalidOption
from core.job import FIELDS, Priority
from core.product import Product
from core.source import ReadAs
from core.text_table import text_table
from ingest.region_file import read_region_file
from products.catalogue import entries, find_product

DONE = "done"
"""Message of a job without anything to note."""
HELP = """Order PRODUCT from a running service, follow the job and download its files.

The command prints the id of the job: --job ID continues an interrupted download. A map may have gaps where a tile could
not be made: --retry ID tries these tiles again. `landcast order fields FILE` answers each polygon of a file by a table.
"""
RegionFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="File with the polygon(s) to map: GeoJSON, GeoPackage, Shapefile, KML."),
]
Archive = Annotated[str | None, typer.Option(metavar="NAME", help="Archive to read; default: that of the service.")]
Model = Annotated[str | None, typer.Option(metavar="NAME", help="Name of a model; default: that of the product.")]
OnlyEstimate = Annotated[bool, typer.Option("--estimate", help="Only estimate tiles, scenes and seconds.")]
AllOrNothing = Annotated[bool, typer.Option("--fail-on-gaps", help="All or nothing: no map with gaps.")]
Among = Annotated[Priority | None, typer.Option(help="Among the jobs of your party: low, normal (default) or high.")]
MostSeconds = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="Begin no tile after so many seconds of workers; keep what is done."),
]
MaxCost = Annotated[
    str | None,
    typer.Option(
        "--max-cost",
        metavar="PART=N,...",
        help="Begin no tile after one of these limits; keep what is done. Parts: seconds (of workers), pixels, "
        "scene_reads, read_bytes, processing_units.",
    ),
]
Out = Annotated[
    Path | None,
    typer.Option("-o", "--out", metavar="FOLDER", help="Folder for the files; default: results/PRODUCT/JOB."),
]


def command() -> Any:
    """Return the command, with the options of all products, for typer."""

    def order(**values: Any) -> None:
        check_own(values)
        is_of_fields = values["product"] == FIELDS
        product = None if values["product"] is None or is_of_fields else find_product(values["product"])
        inputs = order_inputs(product, values)
        with connect(values["server"], values["key"]) as client:
            if values["estimate"]:
                _print_estimate(
                    estimate_fields(client, inputs, values)
                    if is_of_fields
                    else client.estimate(_needed(product), given_region(values["region"], values["crs"]), **inputs)
                )
                return
            job = _job(client, product, inputs, values)
            print(f"Job {job.url}")
            _fetch(job, values["out"])

    return with_signature(order, _parameters(), name="order", doc=HELP)


def _job(client: Client, product: Product[Any] | None, inputs: Mapping[str, Any], values: Mapping[str, Any]) -> Job:
    if values["job"]:
        return client.job(values["job"])
    if values["retry"]:
        return client.job(values["retry"]).retry()
    if values["product"] == FIELDS:
        return order_fields(client, inputs, values)
    return client.order(_needed(product), given_region(values["region"], values["crs"]), **inputs)


def _parameters() -> list[inspect.Parameter]:
    return [
        keyword(
            "product",
            Annotated[str | None, typer.Argument(help=f"{listed_products()[:-1]}; {FIELDS}.", show_default=False)],
            None,
        ),
        keyword("fields_file", FieldsFile, None),
        keyword("region", RegionFile, None),
        keyword("crs", FileCrs, ""),
        keyword("id", Id, None),
        keyword("layer", Layer, None),
        keyword("products", Products, None),
        keyword("archive", Archive, None),
        *product_options(),
        keyword("model", Model, None),
        keyword(
            "job",
            Annotated[str | None, typer.Option(metavar="ID", help="Follow an earlier job and download its files.")],
            None,
        ),
        keyword(
            "retry",
            Annotated[str | None, typer.Option(metavar="ID", help="Try the missing tiles of an earlier job again.")],
            None,
        ),
        keyword("fail_on_gaps", AllOrNothing, False),
        keyword("priority", Among, None),
        keyword("max_cost", MaxCost, None),
        keyword("max_seconds", MostSeconds, None),
        keyword("server", Server, None),
        keyword("key", KeyText, None),
        keyword("out", Out, None),
        keyword("estimate", OnlyEstimate, False),
    ]


def product_options() -> list[inspect.Parameter]:
    """Return the options of all products; the help of an option names its products unless all have it."""
    fields: dict[str, FieldInfo] = {}
    owners: dict[str, dict[str, list[str]]] = {}
    for entry in entries():
        for name, field in find_product(entry.id).options.choices().items():
            fields.setdefault(name, field)
            owners.setdefault(name, {}).setdefault(str(field.description), []).append(entry.command)
    return [parameter(name, field, help_text=_owned(owners[name])) for name, field in fields.items()]


def _owned(texts: Mapping[str, list[str]]) -> str:
    """Return the help of an option from its texts, each with the commands that have it."""
    (first, commands), *others = texts.items()
    if not others and len(commands) == len(entries()):
        return first
    return " ".join(f"({', '.join(names)}) {text}" for text, names in texts.items())


def listed_products() -> str:
    """Return the products for a sentence."""
    *first, last = [e.id for e in entries()]
    return f"{', '.join(first)} or {last}."


def order_inputs(product: Product[Any] | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs of the order, options of other products too: the service refuses these."""
    names = ("archive", "model", "priority", "max_seconds")
    chosen: dict[str, Any] = {n: values[n] for n in names if values[n] is not None}
    if values["max_cost"] is not None:
        chosen["max_cost"] = max_cost(values["max_cost"])
    if values["fail_on_gaps"]:
        chosen["fail_on_gaps"] = True
    for entry in entries():
        chosen |= inputs_of(find_product(entry.id).options, values)
    if product is not None:
        product.options.read({n: v for n, v in chosen.items() if n in product.options.choices()})
    return chosen


def max_cost(text: str) -> dict[str, float]:
    """Return limits by part from `PART=N,...`; which parts there are is for the service to say.

    Raises:
        InvalidOption: it is not written so, or names a part twice.
    """
    form = "write it as seconds=600,pixels=1000000"
    found: dict[str, float] = {}
    for word in text.split(","):
        name, _, number = (part.strip() for part in word.partition("="))
        if name in found:
            raise InvalidOption("--max-cost", text, f"it names {name} twice")
        try:
            found[name] = float(number)
        except ValueError:
            raise InvalidOption("--max-cost", text, form) from None
        if not name or not math.isfinite(found[name]):
            raise InvalidOption("--max-cost", text, form)
    return found


def _needed(product: Product[Any] | None) -> str:
    if product is None:
        raise InvalidOption("PRODUCT", "", f"name a product ({listed_products()[:-1]}) or give --job")
    return product.id


def given_region(path: Path | None, crs: str) -> dict[str, Any]:
    """Read the polygon here, so that a wrong file is refused before anything is sent."""
    if path is None:
        raise InvalidOption(
            "--region", "", "a file with the polygon to map is needed (GeoJSON, GeoPackage, Shapefile, KML)"
        )
    return read_region_file(path, read_as=ReadAs(crs=parse_crs(crs)))


def _print_estimate(facts: dict[str, Any]) -> None:
    print(text_table([(name, _shown(name, value)) for name, value in facts.items()], left=2))


def _shown(name: str, value: Any) -> str:
    if name.endswith("_share"):
        return f"{100 * value:.3g} %"
    if isinstance(value, float):
        return f"{value:.2g}" if 0 < value < 1 else f"{value:,.1f}"
    return str(value)


def _fetch(job: Job, out: Path | None) -> None:
    line = new_line("order")
    try:
        job.wait(lambda status: line.advance(status.share, status.message))
    finally:
        line.close()
    if job.known.get("complete") is False:
        print(f"Note: {job.known['message']}. Here: landcast order --retry {job.id}", file=sys.stderr)
    elif (message := job.known.get("message", DONE)) != DONE:
        print(f"Note: {message}", file=sys.stderr)
    for path in job.download(out or Path("results") / job.known["processID"] / job.id).values():
        print(path)

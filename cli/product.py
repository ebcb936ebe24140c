"""`landcast forecast`, `gap-fill`, `canopy`: a command for each product, from the catalogue and the typed options."""

import inspect
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import arguments, read_as
from cli.arguments import RASTER_ENDINGS, check_out, check_source, is_table, source_of
from cli.options import inputs_of, keyword, parameters, with_signature
from cli.progress import show_progress
from cli.read_as import say_notes, take_read_as
from core.errors import InvalidOption
from core.options import PerSeries, marker
from core.product import Product
from core.read_settings import read_settings
from core.source import AS_STATED, InputSummary, ReadAs
from ingest.source import TABLE_ENDINGS
from ingest.tables import read_targets
from models.registry import check_models_folder, find_checkpoint
from products.areas import area_lines
from products.catalogue import find_entry, find_product
from workers.assemble import Result
from workers.direct import DirectOrder, check_notes, make, passing_folder, write_result

Layers = Annotated[
    str | None, typer.Option("--layers", metavar="NAME,...", help="Layers to write, in this order; default: all.")
]
Targets = Annotated[
    Path | None, typer.Option(metavar="TABLE", help="For a table: target dates of each series (series_id, time).")
]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of a product's command."""

    product: Product[Any]
    source: Path | None
    """A cube or a table; None = a region of an archive."""
    out: Path
    region: Path | None
    archive: str | None
    model: str
    samples: Path | None
    targets: Path | None
    layers: Sequence[str]
    inputs: Mapping[str, Any]
    read_as: ReadAs = AS_STATED


def command(product_id: str) -> Any:
    """Return the command of a product, for typer."""
    product = find_product(product_id)
    doc = f"{product.description}\n\nPrints the areas of a map, with intervals." if _has_areas(product) else ""

    def run(**values: Any) -> None:
        make_product(
            Call(
                product=product,
                read_as=take_read_as(values),
                layers=[n.strip() for n in (values.pop("layers") or "").split(",") if n.strip()],
                inputs=inputs_of(product.options, values),
                source=values["source"],
                out=values["out"],
                region=values["region"],
                archive=values["archive"],
                model=values["model"],
                samples=values["samples"],
                targets=values.get("targets"),
            )
        )

    return with_signature(
        run, _parameters(product), name=find_entry(product_id).command, doc=doc or product.description
    )


def make_product(call: Call) -> None:
    """Make a product of a cube, a table, or a region of an archive, and write it.

    Raises:
        RequestError: one sentence about wrong input; no file is left behind.
    """
    _check(call)
    settings, product = read_settings(), call.product
    check_models_folder(settings)
    checkpoint = find_checkpoint(call.model, product.task, settings)
    source = source_of(
        call.source,
        region=call.region,
        archive=call.archive,
        samples=call.samples,
        bands=product.bands,
        settings=settings,
        read_as=call.read_as,
    )
    order = DirectOrder(
        product=product, checkpoint=checkpoint, inputs=call.inputs, dates=_targets(call), layers=call.layers
    )
    with show_progress(product.id) as progress, passing_folder(settings) as folder:
        found = make(order, source, settings, folder, progress)
        check_notes(found, source.summary, call.read_as)
        write_result(found, call.out, call.layers)
    if isinstance(found, Result):
        _print_result(found, source.summary)
    elif caution := found.attrs.get("landcast_caution"):
        print(f"Warning: {caution}", file=sys.stderr)
    print(call.out)


def _print_result(found: Result, summary: InputSummary) -> None:
    """Print notes and cautions to stderr, areas to stdout."""
    say_notes(found.scene_notes, summary)
    for caution in found.cautions:
        print(f"Warning: {caution}", file=sys.stderr)
    if found.areas:
        print(*area_lines(found.areas), sep="\n")


def _parameters(product: Product[Any]) -> list[inspect.Parameter]:
    own = parameters(product.options, without=("period",))
    targets = [keyword("targets", Targets, None)] if _has_targets(product) else []
    return [
        keyword("out", arguments.Out),
        keyword("source", arguments.Input, None),
        *targets,
        *own,
        keyword("period", arguments.Observations, None),
        keyword("model", arguments.ModelName, ""),
        keyword("region", arguments.RegionFile, None),
        keyword("archive", arguments.ArchiveName, None),
        keyword("samples", arguments.Samples, None),
        keyword("layers", Layers, None),
        *read_as.parameters(),
    ]


def _check(call: Call) -> None:
    """Refuse arguments that do not fit together, before anything is read.

    Raises:
        InvalidOption: names the argument and the allowed values.
    """
    check_source(call.source, call.region, call.archive)
    of_table = is_table(call.source)
    check_out("--out", call.out, TABLE_ENDINGS if of_table else RASTER_ENDINGS, call.source)
    if call.samples and not of_table:
        raise InvalidOption("--samples", call.samples, "it belongs to a table of series, and the input is no table")
    if call.targets and not of_table:
        raise InvalidOption("--targets", call.targets, "it belongs to a table of series; give --dates for cubes")
    for name in ("dates", "horizon", "step", "since", "until"):
        if call.targets and name in call.inputs:
            raise InvalidOption(f"--{name}", call.inputs[name], "it cannot be combined with --targets")
    if call.layers and of_table:
        raise InvalidOption("--layers", ",".join(call.layers), "layers are chosen for maps, and the input is a table")
    if call.layers and _has_targets(call.product) and call.out.suffix != ".tif":
        raise InvalidOption("--layers", ",".join(call.layers), "a product of many dates has --layers only as .tif")


def _targets(call: Call) -> Mapping[str, Sequence[date]] | None:
    return read_targets(call.targets) if call.targets else None


def _has_targets(product: Product[Any]) -> bool:
    """Return whether each series of a table may have target dates of its own."""
    return any(marker(field, PerSeries) for field in product.options.choices().values())


def _has_areas(product: Product[Any]) -> bool:
    return hasattr(product, "area_classes")

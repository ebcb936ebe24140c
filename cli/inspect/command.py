"""`landcast inspect`: what a file or folder is taken for, what is seen in it, and what each product makes of it."""

import json
from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import check_out
from cli.inspect.look import inspect_input
from cli.inspect.picture import draw
from cli.inspect.text import render
from cli.read_as import with_read_as
from core.read_settings import read_settings
from core.source import AS_STATED, ReadAs

PNG = (".png",)


@with_read_as
def inspect(
    path: Annotated[
        str,
        typer.Argument(
            metavar="PATH",
            help="A cube, a folder of rasters or cubes, a STAC catalogue, a table, or a file of labels or regions.",
        ),
    ],
    quicklook: Annotated[
        Path | None,
        typer.Option("--quicklook", metavar="FILE", help="Also draw it: clear dates with the mask, series (.png)."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    column: Annotated[
        str, typer.Option("--column", metavar="NAME", help="Column of the class, of labels and reference points.")
    ] = "class",
    *,
    read_as: ReadAs = AS_STATED,
) -> None:
    """Say what a file or folder is taken for, what is seen in it, and what each product makes of it.

    No model is run. Of large inputs a sample is read, and the lines say of what.
    """
    if quicklook is not None:
        check_out("--quicklook", quicklook, PNG, Path(path))
    settings = read_settings()
    found = inspect_input(path, settings, read_as, column=column)
    if read_as.is_strict:
        found.summary.check_strict()
    if quicklook is not None:
        draw(found, quicklook, settings, read_as)
    print(json.dumps(found.to_json(), indent=2, ensure_ascii=False) if as_json else render(found))
    if quicklook is not None and not as_json:
        print(quicklook)

"""`landcast embed`: embeddings of a cube, a table, or a region of an archive."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from cli.arguments import (
    RASTER_ENDINGS,
    ArchiveName,
    Input,
    Observations,
    Out,
    RegionFile,
    check_out,
    check_source,
    is_table,
    source_of,
)
from cli.progress import show_progress
from cli.read_as import say_notes, with_read_as
from core.checkpoint import Checkpoint
from core.errors import InvalidOption
from core.read_settings import read_settings
from core.source import AS_STATED, ReadAs
from core.version import software_version
from ingest.source import TABLE_ENDINGS
from models.embed import width_of
from models.registry import find_trunk
from products.embedding import Embedding, EmbeddingOptions
from workers.assemble import Result
from workers.direct import DirectOrder, check_notes, make, passing_folder, write_table
from workers.embeddings import DTYPES, EmbeddingFile, write_embedding

PNG = (".png",)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call of the command."""

    source: Path | None
    """A cube or a table; None = a region of an archive."""
    out: Path
    inputs: dict[str, Any]
    model: str
    dtype: str
    """Empty = the default."""
    picture: Path | None
    region: Path | None
    archive: str | None
    read_as: ReadAs = AS_STATED


@with_read_as
def embed(
    out: Out,
    source: Input = None,
    date: Annotated[
        str | None, typer.Option("--date", metavar="DATE", help=str(EmbeddingOptions.model_fields["date"].description))
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            "--model", metavar="NAME", help="A forecaster of 'landcast models list'; default: the shipped one."
        ),
    ] = "",
    layer: Annotated[
        str | None,
        typer.Option("--layer", metavar="middle|last", help=str(EmbeddingOptions.model_fields["layer"].description)),
    ] = None,
    dtype: Annotated[
        str, typer.Option("--dtype", metavar="float16|int8", help="Type of the numbers in a raster; default: float16.")
    ] = "",
    picture: Annotated[
        Path | None,
        typer.Option("--picture", metavar="FILE", help="Also draw the first three principal components (.png)."),
    ] = None,
    region: RegionFile = None,
    archive: ArchiveName = None,
    period: Observations = None,
    *,
    read_as: ReadAs = AS_STATED,
) -> None:
    """Write the forecaster's embedding of each pixel or series: a vector for search, clustering or training.

    For a table the columns are series_id, e000, e001, ...; for a cube or region each dimension is a band or variable.
    """
    inputs = {name: value for name, value in (("date", date), ("layer", layer), ("period", period)) if value}
    run_embed(
        Call(
            source=source,
            out=out,
            inputs=inputs,
            model=model,
            dtype=dtype,
            picture=picture,
            region=region,
            archive=archive,
            read_as=read_as,
        )
    )


def run_embed(call: Call) -> None:
    """Embed a source, and write file and picture.

    Raises:
        RequestError: one sentence about wrong input; no file is left behind.
    """
    _check(call)
    settings = read_settings()
    EmbeddingOptions.read(call.inputs)
    checkpoint = find_trunk(call.model, settings)
    product = Embedding(checkpoint, width_of(checkpoint))
    order = DirectOrder(product=product, checkpoint=checkpoint, inputs=call.inputs)
    source = source_of(
        call.source,
        region=call.region,
        archive=call.archive,
        bands=product.bands,
        settings=settings,
        read_as=call.read_as,
    )
    with show_progress("embed") as progress, passing_folder(settings) as folder:
        found = make(order, source, settings, folder, progress)
        check_notes(found, source.summary, call.read_as)
        if isinstance(found, pd.DataFrame):
            found.attrs.update(_facts(checkpoint))
            write_table(found, call.out)
        else:
            file = EmbeddingFile(out=call.out, dtype=call.dtype or DTYPES[0], picture=call.picture)
            write_embedding(found, file, folder)
    if isinstance(found, Result):
        say_notes(found.scene_notes, source.summary)
    for path in (call.out, call.picture):
        if path is not None:
            print(path)


def _check(call: Call) -> None:
    """Refuse arguments that do not go together, before anything is read.

    Raises:
        InvalidOption: names the argument and the allowed values.
    """
    of_table = is_table(call.source)
    check_source(call.source, call.region, call.archive)
    check_out("--out", call.out, TABLE_ENDINGS if of_table else RASTER_ENDINGS, call.source)
    if call.dtype and call.dtype not in DTYPES:
        raise InvalidOption("--dtype", call.dtype, f"it is {' or '.join(DTYPES)}")
    if of_table and call.dtype == "int8":
        raise InvalidOption("--dtype", call.dtype, "tables always hold floats; int8 is for cubes and regions")
    if call.picture is not None:
        if of_table:
            raise InvalidOption("--picture", call.picture, "it shows pixels, and the input is a table")
        check_out("--picture", call.picture, PNG, call.source)


def _facts(checkpoint: Checkpoint) -> dict[str, str]:
    """Return the attributes that Parquet keeps beside a table."""
    facts = {"model": checkpoint.name, "model_sha256": checkpoint.sha256}
    return {f"landcast_{key}": value for key, value in {**facts, "version": software_version()}.items()}

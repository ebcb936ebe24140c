"""`landcast embed`: options, what they mean together, and reading. The work is done in workers/embeddings.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Day
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.products import ArchiveName, Input, Observations, Out, RegionFile
from cli.progress import show_progress
from cli.region_file import read_region_file
from cli.run_product import RASTER_ENDINGS, TABLE_ENDINGS, check_out, check_source
from core.errors import InvalidOption, InvalidPeriod
from core.product import Progress
from core.read_settings import read_settings
from core.region import parse_region
from core.settings import Settings
from core.timeline import parse_date, parse_period

if TYPE_CHECKING:
    from workers.embeddings import EmbeddingFile

DTYPES = ("float16", "int8")


@dataclass(frozen=True, kw_only=True)
class EmbedAsk:
    """One call of the command, as it was typed; texts are empty where nothing was given."""

    source: Path | None
    """A cube or a table; None = a region of an archive."""
    out: Path
    date: str
    model: str
    layer: str
    dtype: str
    picture: Path | None
    region: Path | None
    archive: str | None
    period: str

    @property
    def is_table(self) -> bool:
        """Tell whether the input is a table."""
        return self.source is not None and self.source.suffix.lower() in TABLE_ENDINGS

    @property
    def inputs(self) -> dict[str, str]:
        """What `Embedding.parse` is asked."""
        return {name: text for name, text in (("date", self.date), ("period", self.period)) if text}


def embed(
    out: Out,
    source: Input = None,
    date: Annotated[
        str | None, typer.Option("--date", help="Last day of observations used; default: the last observation.")
    ] = None,
    model: Annotated[
        str, typer.Option("--model", help="Name of a forecaster, see 'landcast models list'; default: the default one.")
    ] = "",
    layer: Annotated[
        str,
        typer.Option(
            "--layer",
            metavar="middle|last",
            help="Block whose states are averaged; default: middle, of an imported model last.",
        ),
    ] = "",
    dtype: Annotated[
        str, typer.Option("--dtype", metavar="float16|int8", help="Numbers of a raster; default: float16.")
    ] = "",
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Draw the first three principal components as well (.png).")
    ] = None,
    region: RegionFile = None,
    archive: ArchiveName = None,
    period: Observations = None,
) -> None:
    """Write what the forecaster makes of each pixel or series: a vector to search, cluster or train on.

    A table gives series_id, e000, e001, ...; a cube or region one band or variable for each dimension.
    """
    ask = EmbedAsk(
        source=source,
        out=out,
        date=date or "",
        model=model,
        layer=layer,
        dtype=dtype,
        picture=picture,
        region=region,
        archive=archive,
        period=period or "",
    )
    carry_out_embed(ask)


def carry_out_embed(ask: EmbedAsk) -> None:
    """Embed a cube, a table, or a region of an archive, and write file and picture.

    Raises:
        RequestError: with one sentence; nothing is left behind.
    """
    check(ask)
    settings = read_settings()
    with show_progress("embed") as progress:
        if ask.is_table:
            _table(ask, settings, progress)
        elif ask.source is not None:
            _cube(ask, ask.source, settings, progress)
        else:
            _region(ask, settings, progress)
    for path in (ask.out, ask.picture):
        if path is not None:
            print(path)


def check(ask: EmbedAsk) -> None:
    """Refuse options that do not go together, before anything is read.

    Raises:
        InvalidOption: names the option and what is possible.
    """
    check_source(ask.source, ask.region, ask.archive)
    check_out("--out", ask.out, TABLE_ENDINGS if ask.is_table else RASTER_ENDINGS, ask.source)
    _check_choice("--dtype", ask.dtype, DTYPES)
    if ask.is_table and ask.dtype == "int8":
        raise InvalidOption("--dtype", ask.dtype, "tables always hold floats; int8 is for cubes and regions")
    if ask.picture is not None:
        if ask.is_table:
            raise InvalidOption("--picture", ask.picture, "it is drawn of cubes and regions, and the input is a table")
        check_out("--picture", ask.picture, (".png",), ask.source)
    if ask.date:
        parse_date(ask.date)


def _check_choice(option: str, value: str, possible: Sequence[str]) -> None:
    if value and value not in possible:
        raise InvalidOption(option, value, f"it is {' or '.join(possible)}")


def _file(ask: EmbedAsk) -> "EmbeddingFile":
    from workers.embeddings import EmbeddingFile

    return EmbeddingFile(out=ask.out, dtype=ask.dtype or DTYPES[0], picture=ask.picture)


def _found(ask: EmbedAsk, settings: Settings) -> tuple[Any, Any]:
    """Return the checkpoint and its product."""
    from models.registry import find_checkpoint
    from products.embedding import Embedding, layer_of

    checkpoint = find_checkpoint(ask.model, "forecast", settings)
    layer = layer_of(checkpoint, ask.layer)
    from models.embed import width_of  # loads torch, after everything cheap is checked

    return checkpoint, Embedding(checkpoint, width_of(checkpoint), layer)


def _cube(ask: EmbedAsk, source: Path, settings: Settings, progress: Progress) -> None:
    from ingest.cubes.read import read_cube
    from workers.embeddings import run_cube_embedding

    checkpoint, product = _found(ask, settings)
    cube = read_cube(source, bands=product.bands)
    params = product.parse(ask.inputs, available=cube.period)
    run_cube_embedding(product, cube.between(params.period), params, checkpoint, _file(ask), progress)


def _region(ask: EmbedAsk, settings: Settings, progress: Progress) -> None:
    from ingest.build.cube import check_region
    from ingest.preprocess.prepare import Preparation
    from ingest.registry import open_archive
    from workers.embeddings import run_region_embedding
    from workers.tile import Recipe

    assert ask.region is not None
    region = parse_region(read_region_file(ask.region))
    checkpoint, product = _found(ask, settings)
    archive = open_archive(ask.archive or settings.archive, settings)
    check_region(archive, region)
    recipe = Recipe(
        product=product,
        params=product.parse(ask.inputs, available=archive.period),
        archive=archive,
        checkpoint=checkpoint,
        region=region,
        preparation=Preparation.from_settings(settings).key(),
    )
    run_region_embedding(recipe, _file(ask), settings, progress)


def _table(ask: EmbedAsk, settings: Settings, progress: Progress) -> None:
    from ingest.tables import read_series
    from models.registry import find_checkpoint
    from products.embedding import layer_of
    from workers.direct_tables import between, write_table
    from workers.embeddings import embed_table

    assert ask.source is not None
    checkpoint = find_checkpoint(ask.model, "forecast", settings)
    layer, day = layer_of(checkpoint, ask.layer), _day(ask)
    series = between(read_series(ask.source), parse_period(ask.period) if ask.period else None)
    write_table(embed_table(series, checkpoint, progress, day=day, layer=layer), ask.out)


def _day(ask: EmbedAsk) -> Day | None:
    """Return the last day used; None = each series' last observation."""
    if not ask.date:
        return None
    day = parse_date(ask.date)
    if ask.period and parse_period(ask.period).start > day:
        raise InvalidPeriod(ask.period, f"it starts after the date of the embedding, {day.isoformat()}")
    return day

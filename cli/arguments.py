"""Arguments that several commands share, their checks, and the source that they name."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.read_as import say, with_own_crs
from core.errors import InvalidOption
from core.settings import Settings
from core.source import AS_STATED, ReadAs, Source
from ingest.region_file import read_region
from ingest.source import CUBE_ENDINGS, TABLE_INPUTS, open_source

RASTER_ENDINGS = (".tif", *CUBE_ENDINGS)
Input = Annotated[
    Path | None,
    typer.Argument(
        metavar="INPUT",
        help="A cube (.nc, .zarr) or a table (.parquet, .csv); give --region instead for an archive.",
        show_default=False,
    ),
]
Out = Annotated[
    Path,
    typer.Option(
        "-o",
        "--out",
        metavar="FILE",
        help="File to write: .tif (COG), .nc or .zarr for cubes and regions; .parquet or .csv for tables.",
        show_default=False,
    ),
]
RegionFile = Annotated[
    Path | None,
    typer.Option("--region", metavar="FILE", help="File with the polygon(s): GeoJSON, GeoPackage, Shapefile, KML."),
]
ArchiveName = Annotated[
    str | None,
    typer.Option("--archive", metavar="NAME", help="With --region: name, URL or path of the archive; default: sample."),
]
Observations = Annotated[
    str | None,
    typer.Option(
        "--period", metavar="DATE/DATE", help="First and last day of the observations; default: all that fit."
    ),
]
ModelName = Annotated[
    str,
    typer.Option("--model", metavar="NAME", help="A model of 'landcast models list'; default: that of the product."),
]
Samples = Annotated[
    Path | None,
    typer.Option(
        "--samples", metavar="TABLE", help="For a table: terrain of each series (sample_id, elevation, slope)."
    ),
]


def is_table(path: Path | None) -> bool:
    """Return whether an input is a table of series."""
    return path is not None and path.suffix.lower() in TABLE_INPUTS


def check_source(source: Path | None, region: Path | None, archive: str | None) -> None:
    """Refuse anything but one existing cube or table, or a region.

    Raises:
        InvalidOption: names the option and the allowed values.
    """
    if (source is None) == (region is None):
        reason = "give either a cube or table, or --region with --archive and --period"
        raise InvalidOption("INPUT", source or "", reason)
    if archive and region is None:
        raise InvalidOption("--archive", archive, "it belongs to --region, and INPUT is given")
    if source is None:
        return
    if source.suffix.lower() not in (*CUBE_ENDINGS, *TABLE_INPUTS):
        raise InvalidOption("INPUT", source, "it ends in .nc or .zarr (a cube), .parquet or .csv (a table)")
    if not source.exists():
        raise InvalidOption("INPUT", source, "there is no such file")


def check_out(option: str, out: Path, endings: Sequence[str], source: Path | None) -> None:
    """Refuse a file that cannot be written, or that would overwrite the input.

    Raises:
        InvalidOption: names the option and the reason.
    """
    if out.suffix not in endings:
        raise InvalidOption(option, out, f"for this input it ends in {', '.join(endings)}")
    if source is not None and out.resolve() == source.resolve():
        raise InvalidOption(option, out, "it is the input itself")
    if out.is_dir() and out.suffix != ".zarr":
        raise InvalidOption(option, out, "it is a folder")
    folder = next(p for p in out.resolve().parents if p.exists())
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise InvalidOption(option, out, f"'{folder}' cannot be written to")


def source_of(
    path: Path | None,
    *,
    region: Path | None,
    archive: str | None,
    samples: Path | None = None,
    bands: Sequence[str],
    settings: Settings,
    read_as: ReadAs = AS_STATED,
) -> Source:
    """Open the source that the arguments of a command name, and print what region and source were taken for.

    Raises:
        RequestError: one sentence about a source that cannot be opened, or that --strict refuses.
    """
    polygon, read_as = said_region(region, read_as) if region else (None, read_as)
    source = open_source(
        path, region=polygon, archive=archive, samples=samples, bands=bands, settings=settings, read_as=read_as
    )
    say(source.summary, read_as)
    return source


def said_region(path: Path, read_as: ReadAs) -> tuple[dict[str, Any], ReadAs]:
    """Read a region file, and print what it was taken for; return it, and what is stated about the archive.

    Raises:
        InvalidRegion, DoubtfulInput: it cannot be read, or --strict refuses it.
    """
    found, rest = with_own_crs(lambda stated: read_region(path, read_as=stated), read_as)
    say(found.summary, read_as)
    return found.geojson, rest

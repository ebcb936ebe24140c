"""`landcast fields`: history, forecast and classes of the fields of a file, a line for each field and date."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import check_out
from cli.progress import show_progress
from cli.read_as import say, with_own_crs, with_read_as
from core.errors import InvalidOption
from core.read_settings import read_settings
from core.source import AS_STATED, ReadAs
from ingest.field_file import FieldFile, read_fields
from ingest.source import CUBE_ENDINGS
from models.registry import check_models_folder
from outputs.fields.report import write_report
from outputs.fields.write import ENDINGS, Answer, write_lines
from products.fields.columns import COLUMNS
from workers.fields.answer import answer
from workers.fields.order import bands_of, check_products, notes_on, resolve
from workers.fields.source import open_field_source

MOST_FLAGGED = 5
"""Fields whose flags are printed; the file has all."""


@with_read_as
def fields(
    fields_file: Annotated[
        Path,
        typer.Argument(
            metavar="FIELDS",
            help="File with the polygons, one field each: .geojson, .gpkg, .parquet, .shp, .zip and others.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            metavar="FILE",
            help="File to write: .csv, .parquet (GeoParquet), .geojson, .gpkg, or .html (a report).",
            show_default=False,
        ),
    ],
    archive: Annotated[
        str | None,
        typer.Option("--archive", metavar="NAME", help="Name, URL or path of the archive; default: sample."),
    ] = None,
    cube: Annotated[
        Path | None, typer.Option("--cube", metavar="FILE", help="Cube (.nc, .zarr) in place of an archive.")
    ] = None,
    products: Annotated[
        str,
        typer.Option("--products", metavar="NAME,...", help="Of ndvi-forecast, crop, canopy; default: all of them."),
    ] = "",
    dates: Annotated[
        str | None,
        typer.Option("--dates", metavar="DATE,...", help="Target dates; default: 150 days, every 5 days."),
    ] = None,
    id_column: Annotated[
        str,
        typer.Option(
            "--id", metavar="COLUMN", help="Column that names the fields; default: id, name, or the row number."
        ),
    ] = "",
    layer: Annotated[str, typer.Option("--layer", metavar="NAME", help="Layer of a file with several.")] = "",
    issue_date: Annotated[
        str | None,
        typer.Option(
            "--issue-date", metavar="DATE", help="Only earlier observations are used; default: after the last one."
        ),
    ] = None,
    period: Annotated[
        str | None,
        typer.Option(
            "--period", metavar="DATE/DATE", help="First and last day of the observations; default: all that fit."
        ),
    ] = None,
    *,
    read_as: ReadAs = AS_STATED,
) -> None:
    """Answer each field of a file with its NDVI history, its forecast as one series, crop and canopy.

    Writes a line for each field and date. Ids are kept. A field that cannot be measured has a line that says why.
    """
    _check(fields_file, out, archive, cube)
    names = check_products([n.strip() for n in products.split(",") if n.strip()])
    settings = read_settings()
    check_models_folder(settings)
    found, stated = _read(fields_file, id_column, layer, read_as)
    source = open_field_source(archive, cube, bands_of(names), settings, read_as=stated)
    say(source.summary, read_as)
    inputs = {"dates": dates, "issue_date": issue_date, "period": period}
    order = resolve(names, inputs, settings, available=source.period, shown=source.bands, source=source.name)
    with show_progress("fields") as progress:
        table = answer(found.fields, order, source, found.id_column, progress)
        positions = table.attrs.pop("positions")
        made = Answer(
            table=table,
            positions=positions,
            fields=found.fields,
            title=f"Fields of {found.summary.name}",
            notes=notes_on(order, source=source.name, credit=source.credit),
        )
        (write_report if out.suffix == ".html" else write_lines)(made, out)
    _print_flags(made)
    print(out)


def _check(path: Path, out: Path, archive: str | None, cube: Path | None) -> None:
    """Refuse arguments that do not fit together, before anything is read.

    Raises:
        InvalidOption: names the argument and the allowed values.
    """
    check_out("--out", out, ENDINGS, path)
    if archive and cube:
        raise InvalidOption("--cube", cube, "give either a cube or --archive")
    if cube is None:
        return
    if cube.suffix.lower() not in CUBE_ENDINGS:
        raise InvalidOption("--cube", cube, f"it ends in {' or '.join(CUBE_ENDINGS)}")
    if not cube.exists():
        raise InvalidOption("--cube", cube, "there is no such file")


def _read(path: Path, id_column: str, layer: str, read_as: ReadAs) -> tuple[FieldFile, ReadAs]:
    """Read the fields, and print what the file was taken for; return what is stated about the observations."""

    def read(stated: ReadAs) -> FieldFile:
        return read_fields(path, id_column=id_column, taken=COLUMNS, layer=layer, read_as=stated)

    found, rest = with_own_crs(read, read_as)
    say(found.summary, read_as)
    return found, rest


def _print_flags(made: Answer) -> None:
    """Print how many fields have flags, and the first of them, on stderr."""
    table = made.table.assign(_position=made.positions).drop_duplicates("_position")
    flagged = table[table["flags"] != ""]
    print(f"{len(table)} fields, {len(flagged)} with flags", file=sys.stderr)
    for _, row in flagged.head(MOST_FLAGGED).iterrows():
        print(f"  {row.iloc[0]}: {row['flags']}", file=sys.stderr)
    if len(flagged) > MOST_FLAGGED:
        print(f"  {len(flagged) - MOST_FLAGGED} further ones are in the file", file=sys.stderr)

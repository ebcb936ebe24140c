"""`landcast cube`: the observations of a region from any archive, as one cube file."""

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import said_region
from cli.progress import show_progress
from cli.read_as import say, say_notes, with_read_as
from core.bands import CHANNELS
from core.cube import Cube
from core.errors import DoubtfulInput, InvalidOption
from core.grid import Window
from core.read_settings import read_settings
from core.region import Region, parse_region
from core.settings import Settings
from core.source import AS_STATED, ReadAs
from core.timeline import Period, parse_period, to_date
from ingest.archive import Archive, check_region
from ingest.build.cube import build_cube
from ingest.build.reader import Reader, reader_from
from ingest.preprocess.prepare import Preparation
from ingest.registry import open_archive
from ingest.source import CUBE_ENDINGS, check_size
from outputs.observation_cube import write_observations
from outputs.plots.cube import COLOURS, choose_dates, spread_pixels, write_cube_picture

DEFAULT_DAYS = 365
READ_SHARE = 0.8
"""Share of the work that reading is counted as; the rest is writing."""


@with_read_as
def cube(
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="FILE", help="File to write: .nc or .zarr.", show_default=False)
    ],
    region: Annotated[
        Path,
        typer.Option("--region", metavar="FILE", help="File with the polygon(s): GeoJSON, GeoPackage, Shapefile, KML."),
    ],
    archive: Annotated[
        str | None,
        typer.Option(
            "--archive", metavar="NAME,...", help="Name, URL or path of the archive, or several in order of preference."
        ),
    ] = None,
    period: Annotated[
        str | None,
        typer.Option("--period", metavar="DATE/DATE", help="First and last day; default: the archive's last year."),
    ] = None,
    bands: Annotated[
        str | None, typer.Option("--bands", metavar="BAND,...", help="Bands to read; default: all the archive has.")
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            "--picture", metavar="FILE", help="Also draw the cube: true colour with the mask, NDVI series (.png)."
        ),
    ] = None,
    fail_on_gaps: Annotated[
        bool, typer.Option("--fail-on-gaps", help="Write nothing and exit with 1 if a scene could not be read.")
    ] = False,
    *,
    read_as: ReadAs = AS_STATED,
) -> None:
    """Read the observations of a region into one cube file, which records scenes that could not be read.

    Prints the number of scenes read, and those that failed. The file is an INPUT of 'landcast forecast', 'canopy' and
    'crop'.
    """
    _check(out, picture)
    settings = read_settings()
    polygon, stated = said_region(region, read_as)
    wanted = parse_region(polygon)
    opened = open_archive(archive or settings.archives.default, settings, read_as=stated)
    check_region(opened, wanted)
    say(opened.summary, read_as)
    window = _window(opened, wanted)
    days = parse_period(period) if period else _last_year(opened)
    with show_progress("cube") as progress:
        built = build_cube(
            opened, window, days, _bands(bands), reader=reader_from(settings), wanted=window.mask(wanted)
        )
        if fail_on_gaps and built.failures:
            raise built.failures[0].error()
        notes = sorted({note for scene in built.scenes for note in scene.notes})
        if read_as.is_strict and notes:
            raise DoubtfulInput(opened.name, notes)
        progress(READ_SHARE)
        write_observations(
            built, out, days, opened.attribution, lambda share: progress(READ_SHARE + (1 - READ_SHARE) * share)
        )
        if picture:
            _draw(built, opened, settings, days, picture)
    say_notes(notes, opened.summary)
    for scene in built.failures:
        print(f"not read: {scene.scene_id} of {scene.time[:10]}: {scene.failure}")
    print(f"{len(built.scenes) - len(built.failures)} of {len(built.scenes)} scenes read")
    print(out)


def _check(out: Path, picture: Path | None) -> None:
    if out.suffix not in CUBE_ENDINGS:
        raise InvalidOption("--out", out, f"it ends in {' or '.join(CUBE_ENDINGS)}")
    if picture and picture.suffix != ".png":
        raise InvalidOption("--picture", picture, "it ends in .png")


def _draw(built: Cube, archive: Archive, settings: Settings, days: Period, path: Path) -> None:
    """Draw the cube; the dates shown are read again without a mask, so that the picture shows what the mask hides."""
    reader = Reader(preparation=Preparation(cloud_mask="none"))
    bare = {}
    for position in choose_dates(built):
        day = to_date(built.axis_days("time")[position])
        part = build_cube(archive, built.window, Period(start=day, end=day), COLOURS, reader=reader)
        if set(COLOURS) <= set(part.data.data_vars):
            bare[position] = part
    title = f"{archive.title}, {days}, clouds by {settings.preparation.cloud_mask} mask. {archive.attribution}"
    write_cube_picture(built, bare, spread_pixels(built), title, path)


def _window(archive: Archive, region: Region) -> Window:
    window = archive.grid(region).window(region)
    check_size(window)
    return window


def _last_year(archive: Archive) -> Period:
    end: date = archive.period.end
    return Period(start=max(archive.period.start, end - timedelta(days=DEFAULT_DAYS)), end=end)


def _bands(text: str | None) -> tuple[str, ...]:
    if text is None:
        return CHANNELS
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in CHANNELS:
            raise InvalidOption("--bands", name, f"the bands are {', '.join(CHANNELS)}")
    return names

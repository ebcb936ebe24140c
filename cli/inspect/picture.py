"""The picture of an inspected input: pixels are read for it here, and drawn in outputs/plots/input.py."""

from dataclasses import replace
from pathlib import Path

from cli.inspect.look import Inspected
from cli.inspect.observations import PICTURE_BANDS, Look, read_day
from core.cube import Cube
from core.errors import InvalidCube, InvalidOption
from core.settings import Settings
from core.source import ReadAs
from core.timeline import Period, to_date
from ingest.archive import Archive
from ingest.build.reader import reader_from
from ingest.cubes.archive import CubeArchive
from ingest.cubes.pixels import window_slices
from ingest.cubes.read import CubeFile, index_bands, open_cube
from ingest.preprocess.prepare import Preparation
from ingest.registry import open_archive
from ingest.source import TableSource
from outputs.plots.input import Shot, choose_shots, has_light, write_input_picture, write_table_picture

UNMASKED = Preparation(cloud_mask="none")


def draw(found: Inspected, path: Path, settings: Settings, read_as: ReadAs) -> None:
    """Draw a cube, an archive or a table.

    Raises:
        InvalidOption: polygons and points have no picture.
    """
    if isinstance(found.opened, TableSource):
        write_table_picture(found.opened.table, found.summary.name, path)
        return
    if found.look is None or found.opened is None:
        raise InvalidOption("--quicklook", path, "it shows cubes, archives and tables")
    seen = found.look.seen
    days = choose_shots(seen.looked_at, seen.clear)
    if isinstance(found.opened, CubeFile):
        shots = _shots_of_file(found.opened, found.look.sample, days, read_as)
    else:
        shots = _shots_of_archive(found, found.opened, found.look, days, settings, read_as)
    title = f"{found.summary.name}: {found.summary.layout}; {seen.basis}"
    write_input_picture([s for s in shots if has_light(s.masked)], seen.looked_at, seen.clear, title, path)


def _shots_of_file(file: CubeFile, sample: Cube, days: list[int], read_as: ReadAs) -> list[Shot]:
    """Return dates of a cube file with its mask and without; with it where the file cannot be read without."""
    try:
        plain = open_cube(file.path, read_as=read_as, preparation=UNMASKED)
        place = window_slices(file.layout.window, sample.window)
        bare = replace(sample, data=plain.read([*index_bands(plain.layout), *PICTURE_BANDS], place))
    except InvalidCube:
        bare = sample
    return [Shot(masked=_on(sample, day), bare=_on(bare, day)) for day in days]


def _shots_of_archive(
    found: Inspected, archive: Archive, look: Look, days: list[int], settings: Settings, read_as: ReadAs
) -> list[Shot]:
    """Return dates of a place of an archive with its mask and without."""
    window, unmasked = look.sample.window, settings.but(cloud_mask="none")
    masks_itself = isinstance(archive, CubeArchive)
    plain = open_archive(str(found.path), unmasked, read_as=read_as) if masks_itself else archive
    return [
        Shot(
            masked=read_day(archive, window, day, reader_from(settings)),
            bare=read_day(plain, window, day, reader_from(unmasked)),
        )
        for day in days
    ]


def _on(cube: Cube, day: int) -> Cube:
    when = to_date(day)
    return cube.between(Period(start=when, end=when))

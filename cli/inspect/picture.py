"""The picture of an inspected input: pixels are read for it here, and drawn in outputs/plots/input.py."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from cli.inspect.look import Inspected
from cli.inspect.observations import PICTURE_BANDS, Look, read_day
from core.cube import Cube
from core.errors import InvalidCube, InvalidOption
from core.settings import Settings
from core.source import ReadAs
from core.timeline import Period, to_date
from ingest.archive import Archive
from ingest.build.cube import Reader, reader_from
from ingest.cubes.read import CubeFile, cut_window, index_bands, open_cube, window_slices
from ingest.preprocess.prepare import Preparation
from ingest.rules.masks import NO_MASK
from ingest.source import TableSource
from outputs.plots.input import Shot, choose_shots, has_light, write_input_picture, write_table_picture


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
    shots = [
        _shot(found.opened, found.look, day, settings, read_as) for day in choose_shots(seen.looked_at, seen.clear)
    ]
    title = f"{found.summary.name}: {found.summary.layout}; {seen.basis}"
    write_input_picture([s for s in shots if s], seen.looked_at, seen.clear, title, path)


def _shot(opened: Archive | CubeFile, look: Look, day: int, settings: Settings, read_as: ReadAs) -> Shot | None:
    """Return one date with its mask and without; None where it could not be read."""
    if isinstance(opened, CubeFile):
        masked, bare = _on(look.sample, day), _bare_of_file(opened, look.sample, day, read_as)
    else:
        window = look.sample.window
        masked = read_day(opened, window, day, reader_from(settings))
        bare = read_day(opened, window, day, Reader(preparation=Preparation(cloud_mask="none")))
    return Shot(masked=masked, bare=bare if has_light(bare) else masked) if has_light(masked) else None


def _bare_of_file(file: CubeFile, sample: Cube, day: int, read_as: ReadAs) -> Cube:
    """Return one date of a cube file without its mask; with it where the file cannot be read without."""
    try:
        plain = open_cube(file.path, read_as=replace(read_as, mask=NO_MASK))
        place = window_slices(file.layout.window, sample.window)
        data = plain.read([*index_bands(plain.layout), *PICTURE_BANDS], place)
    except InvalidCube:
        return _on(sample, day)
    return _on(replace(sample, data=data, window=cut_window(file.layout.window, place)), day)


def _on(cube: Cube, day: int) -> Cube:
    when = to_date(int(np.int32(day)))
    return cube.between(Period(start=when, end=when))

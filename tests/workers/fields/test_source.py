from pathlib import Path

import numpy as np
import pytest
from shapely import box

from core.errors import UnknownArchive
from core.region import Field
from core.settings import Settings
from ingest.build.reader import Reader
from tests.cli.cubes import write_cube
from tests.fakes import FakeArchive
from tests.products.fields.squares import square
from tests.workers.fields.scene import fields
from workers.fields.source import ArchiveFields, open_field_source

FIELD = Field(id=1, geometry=box(11.003, 48.002, 11.004, 48.003))


def test_an_archive_builds_the_cube_of_a_group_and_leaves_out_what_is_not_wanted() -> None:
    source = ArchiveFields(FakeArchive("plain", 32), Reader())
    (group,) = source.groups({0: FIELD})
    wanted = np.zeros(group.window.shape_yx, np.bool_)
    wanted[2, 3] = True
    cube = source.cube(group.window, source.period, ("B04", "B08"), wanted)
    seen = np.isfinite(cube.ndvi()).any(axis=0)
    assert seen[2, 3]
    assert seen.sum() == 1
    assert (source.name, source.bands) == ("fake-plain", ("B04", "B08"))
    assert source.credit.startswith("Simulated: no satellite has measured this.")
    assert source.is_simulated


def test_a_cube_file_gives_a_part_of_itself(tmp_path: Path) -> None:
    source = open_field_source(None, write_cube(tmp_path / "a.nc", shape_yx=(30, 40)), ("B04", "B08"), Settings())
    (group,) = source.groups(dict(enumerate(fields(square(3, 4, 2)))))
    cube = source.cube(group.window, source.period, source.bands, np.ones((2, 2), np.bool_))
    assert cube.shape_yx == (2, 2)
    assert source.name == "a.nc"
    assert source.summary is not None
    assert source.credit == "Licence and credit as of the input cube"


def test_an_archive_is_opened_by_name(settings: Settings) -> None:
    with pytest.raises(UnknownArchive):
        open_field_source("nowhere", None, ("B04",), settings)

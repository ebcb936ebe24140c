"""COGs kept open from one tile to the next."""

import shutil
from pathlib import Path

from service.tiles.readers import OPEN_FILES, Readers
from tests.service.conftest import Front


def test_a_file_is_opened_once_and_anew_when_it_was_replaced(front: Front, tmp_path: Path) -> None:
    cog = tmp_path / "map.tif"
    shutil.copy(front.settings.home / "jobs" / "canopy1" / "canopy.tif", cog)
    readers = Readers()
    first = readers.of(cog)
    assert readers.of(cog) is first
    shutil.copy(front.settings.home / "jobs" / "crop1" / "crop.tif", tmp_path / "new.tif")
    (tmp_path / "new.tif").replace(cog)
    second = readers.of(cog)
    assert second is not first
    assert second.descriptions != first.descriptions
    readers.close()


def test_few_files_are_open_at_once(front: Front, tmp_path: Path) -> None:
    readers, files = Readers(), []
    for number in range(OPEN_FILES + 2):
        shutil.copy(front.settings.home / "jobs" / "canopy1" / "canopy.tif", tmp_path / f"{number}.tif")
        files.append(readers.of(tmp_path / f"{number}.tif"))
    assert [f.closed for f in files] == [True, True] + [False] * OPEN_FILES
    readers.close()
    assert all(f.closed for f in files)

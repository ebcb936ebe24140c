"""The unit of masks in folders."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import InvalidArchive
from core.settings import Settings
from core.source import ReadAs
from ingest.rasters.mask_check import check_masks
from ingest.stac.folder import open_stac_folder
from tests.ingest.rasters.layouts import DAYS, hidden, one, pixels


def write(folder: Path, name: str, stored: np.ndarray) -> Path:
    for day in DAYS:
        for band in ("B02", "B03", "B04", "B08"):
            one(folder / f"farm_{day}_{band}.tif", pixels(day, band))
        one(folder / f"farm_{day}_{name}.tif", stored)
    return folder


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("cs_cdf", np.where(hidden(), 10, 90).astype(np.uint8)),
        ("probability", np.where(hidden(), 0.9, 0.05).astype(np.float32)),
        ("clp", np.where(hidden(), 0.9, 0.05).astype(np.float32)),
        ("QA60", hidden().astype(np.uint16)),
    ],
)
def test_a_mask_in_another_unit_is_refused(tmp_path: Path, name: str, stored: np.ndarray) -> None:
    with pytest.raises(InvalidArchive, match=f"'{name}'"):
        open_stac_folder(write(tmp_path / "farm", name, stored), settings=Settings())


def test_a_unit_that_is_stated_or_usual_is_read(tmp_path: Path) -> None:
    share = write(tmp_path / "share", "probability", np.where(hidden(), 0.9, 0.05).astype(np.float32))
    open_stac_folder(share, settings=Settings(), read_as=ReadAs(mask="probability=share"))
    percent = write(tmp_path / "percent", "probability", np.where(hidden(), 90, 5).astype(np.uint8))
    open_stac_folder(percent, settings=Settings())


def test_a_mask_that_cannot_be_read_tells_nothing(tmp_path: Path) -> None:
    folder = write(tmp_path / "farm", "probability", np.where(hidden(), 90, 5).astype(np.uint8))
    archive = open_stac_folder(folder, settings=Settings())
    for file in folder.glob("*probability*"):
        file.write_bytes(b"II*")
    check_masks("farm", list(archive._items.values()))

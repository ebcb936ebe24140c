"""A palette is entered into a TIFF of several bands, classic or big."""

from pathlib import Path

import pytest
import rasterio
from rasterio.shutil import copy

from core.product import LegendEntry
from outputs.cog import write_cog
from outputs.tiff_colormap import paint
from tests.outputs.rasters import class_map

LEGEND = (
    LegendEntry(value=1, label="Skog", colour=(250, 128, 64)),
    LegendEntry(value=7, label="Vatten", colour=(0, 0, 255)),
)


@pytest.mark.parametrize(("bigtiff", "version"), [("no", 42), ("yes", 43)])
def test_a_palette_is_painted_into_a_classic_and_into_a_big_tiff(tmp_path: Path, bigtiff: str, version: int) -> None:
    write_cog(class_map(), tmp_path / "a.tif", {})
    given = tmp_path / "b.tif"
    copy(tmp_path / "a.tif", given, driver="GTiff", bigtiff=bigtiff, photometric="palette")
    assert given.read_bytes()[2] == version
    before = given.stat().st_size
    paint(given, LEGEND)
    assert given.stat().st_size == before
    with rasterio.Env(GDAL_PAM_ENABLED="NO"), rasterio.open(given) as file:
        assert file.colormap(1)[7] == (0, 0, 255, 255)
        assert file.colormap(1)[1] == (250, 128, 64, 255)
        assert file.colormap(1)[3][:3] == (0, 0, 0)


def test_a_file_without_a_palette_cannot_be_painted(tmp_path: Path) -> None:
    write_cog(class_map("float32"), tmp_path / "a.tif", {})
    with pytest.raises(ValueError, match="no colour map"):
        paint(tmp_path / "a.tif", LEGEND)

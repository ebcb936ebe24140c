"""The real dependencies of the workers; the fakes of tests/fakes.py stand in for some of them elsewhere."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import InvalidOption, RegionOutsideArchive, UnknownArchive, UnknownModel, UnknownProduct
from core.region import parse_region
from core.settings import Settings
from tests.fakes import REGION, FakeArchive, rectangle
from workers.dependencies import REAL, open_ordered


def test_products_models_and_archives_are_those_of_the_house(settings: Settings) -> None:
    product = REAL.find_product("canopy")
    assert product.id == "canopy"
    assert REAL.find_checkpoint("", product.task, settings).task == "canopy"
    with pytest.raises(UnknownProduct):
        REAL.find_product("fake-map")
    with pytest.raises(UnknownModel):
        REAL.find_checkpoint("fake-model", "canopy", settings)
    with pytest.raises(UnknownArchive):
        REAL.open_archive(str(settings.home / "cube.nc"), settings)


def test_an_archive_of_an_order_that_is_gone_is_told_of_without_the_names_of_others(settings: Settings) -> None:
    with pytest.raises(InvalidOption) as refused:
        open_ordered(REAL, "/nowhere/cube.nc", settings)
    assert str(refused.value) == (
        "'/nowhere/cube.nc' is not a valid value of 'archive': it is not there any more; name another, or try again "
        "once it is back."
    )


def test_a_region_beside_the_archive_is_refused() -> None:
    archive = FakeArchive("plain", 32)
    REAL.check_region(archive, parse_region(REGION))
    with pytest.raises(RegionOutsideArchive):
        REAL.check_region(archive, parse_region(rectangle(20, 48, 20.1, 48.1)))


def test_a_cube_holds_the_wanted_pixels_alone(tmp_path: Path) -> None:
    archive, region = FakeArchive("plain", 32), parse_region(REGION)
    window = archive.grid(region).window(region)
    wanted, settings = window.mask(region), Settings(home=tmp_path)
    whole = REAL.build_cube(archive, window, archive.period, ("B04",), None, settings).data["B04"].values
    part = REAL.build_cube(archive, window, archive.period, ("B04",), wanted, settings).data["B04"].values
    np.testing.assert_array_equal(part, np.where(wanted, whole, np.nan))
    assert np.isfinite(whole[:, ~wanted]).any()

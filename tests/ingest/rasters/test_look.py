"""One raster opened: bands, dates, coding."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.io import DatasetReader

from core.source import AS_STATED, ReadAs
from ingest.rasters.look import Looked, look
from ingest.rasters.names import read_name
from ingest.rasters.sidecar import Sidecar
from tests.ingest.rasters.layouts import SHAPE, one, pixels, unnamed, write

DAY = "2018-06-11"


@contextmanager
def opened(href: str) -> Iterator[DatasetReader]:
    with rasterio.open(href) as raster:
        yield raster


def looked(path: Path, sidecar: Sidecar | None = None, read_as: ReadAs = AS_STATED) -> Looked:
    return look(read_name(str(path), read_as=read_as), opened, sidecar=sidecar, read_as=read_as)


def bands_of(found: Looked) -> list[str]:
    return [la.band or la.name for la in found.layers]


def stack(path: Path, *names: str) -> Path:
    return write(path, {n: pixels(DAY, "B04") for n in names})


@pytest.mark.parametrize(
    ("names", "bands", "ignored"),
    [
        (("B08 (nir)", "red", "elevation"), ["B08", "B04"], ("elevation",)),
        (("B2", "B4", "B8", "AOT", "TCI_R", "QA60"), ["B02", "B04", "B08", "QA60"], ()),
        (("BLUE", "RED", "BROADNIR", "NIR"), ["B02", "B04", "B08", "B8A"], ()),
        (("nbart_red", "nbart_nir_1", "nbart_swir_2", "nbart_swir_3"), ["B04", "B08", "B11", "B12"], ()),
    ],
)
def test_descriptions_name_bands(
    tmp_path: Path, names: tuple[str, ...], bands: list[str], ignored: tuple[str, ...]
) -> None:
    found = looked(stack(tmp_path / "farm_20180611.tif", *names))
    assert (bands_of(found), found.ignored) == (bands, ignored)


def test_bands_without_descriptions_are_read_by_the_list_in_the_name(tmp_path: Path) -> None:
    arrays = [pixels(DAY, b) for b in ("B04", "B08", "B11")]
    found = looked(write(tmp_path / "farm_20180611_B4_B8_B11.tif", unnamed(arrays)))
    assert bands_of(found) == ["B04", "B08", "B11"]
    fewer = looked(write(tmp_path / "farm_20180611_B4_B8.tif", unnamed(arrays)))
    assert "--band red=3" in fewer.reason


def test_a_name_with_several_bands_and_one_in_the_file_is_not_guessed(tmp_path: Path) -> None:
    assert "lists several bands" in looked(one(tmp_path / "farm_20180611_B4_B8.tif", pixels(DAY, "B04"))).reason


def test_a_sidecar_states_bands_and_date(tmp_path: Path) -> None:
    path = write(tmp_path / "response.tif", unnamed([pixels(DAY, "B04"), pixels(DAY, "B08")]))
    when = read_name("x_20180611.tif").when
    found = looked(path, Sidecar(when=when, bands=("B04", "B08"), has_offset=False))
    assert bands_of(found) == ["B04", "B08"]
    assert all(la.is_offset_stated and la.when == when for la in found.layers)
    assert "are stated" in looked(path, Sidecar(when=when, bands=("B04",))).reason
    assert looked(path, Sidecar(reason="it does not tell")).reason == "it does not tell"


def test_a_landsat_stack_is_known_by_its_bands(tmp_path: Path) -> None:
    assert "Landsat" in looked(stack(tmp_path / "a_20180611.tif", "SR_B4", "SR_B5", "QA_PIXEL")).reason


def test_zero_is_no_data_unless_the_product_has_another(tmp_path: Path) -> None:
    own = looked(one(tmp_path / "farm_20180611_B04.tif", pixels(DAY, "B04")))
    assert own.layers[0].source.coding.fills == (0.0,)
    name = "SENTINEL2A_20180611-105031-463_L2A_T31TCJ_D_V1-7_FRE_B4.tif"
    theia = looked(one(tmp_path / name, pixels(DAY, "B04")))
    assert theia.layers[0].source.coding.fills == (-10000.0,)
    assert theia.layers[0].is_offset_stated


def test_whole_numbers_of_eo_browser_fill_their_range(tmp_path: Path) -> None:
    name = "2018-06-11-00:00_2018-06-11-23:59_Sentinel-2_L2A_B04_(Raw).tiff"
    found = looked(one(tmp_path / name, np.full(SHAPE, 6554, np.uint16)))
    assert found.layers[0].source.coding.scale == pytest.approx(1 / 65535)


def test_a_file_that_is_no_raster_has_a_reason(tmp_path: Path) -> None:
    (tmp_path / "farm_20180611_B04.tif").write_text("text")
    assert "damaged" in looked(tmp_path / "farm_20180611_B04.tif").reason

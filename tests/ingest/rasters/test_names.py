"""What names of rasters and of their folders state."""

from datetime import UTC, datetime

import pytest

from core.errors import InvalidOption
from core.source import ReadAs
from ingest.rasters.names import is_raster, read_name, stated_date
from ingest.rules.band_names import Family

NOON = datetime(2022, 6, 7, 10, 30, 31, tzinfo=UTC)
MAY = datetime(2021, 5, 1, tzinfo=UTC)
PRODUCT = "S2A_MSIL2A_20220607T103031_N0400_R108_T32TMT"


@pytest.mark.parametrize(
    ("name", "key", "when", "band", "baseline"),
    [
        ("T32TMT_20220607T103031_B04_10m.tif", "T32TMT_20220607T103031", NOON, "B04", ""),
        ("T32TMT_20220607T103031_B8A_20m.jp2", "T32TMT_20220607T103031", NOON, "B8A", ""),
        ("2021-05-01-red.tif", "2021_05_01", MAY, "B04", ""),
        ("farm_20210501_b8.TIF", "farm_20210501", MAY, "B08", ""),
        ("B4_green_farm_20210501.tif", "green_farm_20210501", MAY, "B04", ""),
        ("green_farm_20210501_nir.tif", "green_farm_20210501", MAY, "B08", ""),
        ("s1_20210501_vv.tif", "s1_20210501", MAY, "VV", ""),
        (f"{PRODUCT}_B02.tif", PRODUCT, NOON, "B02", "04.00"),
        ("stack_20210501.tif", "stack_20210501", MAY, "", ""),
        ("farm_20210501_nir_narrow.tif", "farm_20210501", MAY, "B8A", ""),
    ],
)
def test_a_name_states_scene_date_band_and_baseline(
    name: str, key: str, when: datetime, band: str, baseline: str
) -> None:
    stated = read_name(f"/data/{name}")
    found = stated.best.band if stated.best else ""
    assert (stated.key, stated.when, found, stated.baseline) == (key, when, band, baseline)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("farm_20210501_SCL.tif", "scl"),
        ("farm_20210501_scl_20m.tif", "scl"),
        ("SENTINEL2A_20180611-105031-463_L2A_T31TCJ_D_V1-7_CLM_R1.tif", "clm"),
        ("20180611_LEVEL2_SEN2A_QAI.tif", "qai"),
        ("HLS.L30.T31TCJ.2018162T105031.v2.0.Fmask.tif", "fmask"),
        ("farm_20210501_cloud_mask.tif", "cloud_mask"),
    ],
)
def test_a_name_states_a_mask(name: str, rule: str) -> None:
    found = read_name(f"/data/{name}").best
    assert found is not None
    assert found.mask is not None
    assert rule in found.mask.rule.names


def test_the_files_of_one_scene_have_one_key() -> None:
    theia = "SENTINEL2A_20180611-105031-463_L2A_T31TCJ_D_V1-7"
    names = [f"{theia}_FRE_B4.tif", f"{theia}_SRE_B8A.tif", f"{theia}_CLM_R1.tif", f"{theia}_MG2_R2.tif"]
    assert len({read_name(n).key for n in names}) == 1
    assert len({read_name(f"20180611_LEVEL2_SEN2A_{n}.tif").key for n in ("BOA", "QAI")}) == 1
    assert len({read_name(f"HLS.S30.T31TCJ.2018162T105031.v2.0.{n}.tif").key for n in ("B04", "Fmask")}) == 1


def test_the_date_and_the_band_may_stand_in_the_folder() -> None:
    dated = read_name("/data/20210501/B04.tif", "20210501")
    assert (dated.key, dated.when) == ("20210501", MAY)
    banded = read_name("/data/B04/20210501.tif", "B04")
    assert banded.best is not None
    assert banded.best.band == "B04"
    assert read_name("/data/2021/5/1/red.tif", "2021/5/1").when == MAY
    listed = read_name("/data/20210501/B02_B03_B04/geotiff.tif", "20210501/B02_B03_B04")
    assert [m.band for m in listed.codes] == ["B02", "B03", "B04"]


@pytest.mark.parametrize(
    ("source", "when"),
    [("name", MAY), ("folder", datetime(2020, 1, 1, tzinfo=UTC)), ("tags", None), ("2019-01-02", None)],
)
def test_the_user_states_where_dates_stand(source: str, when: datetime | None) -> None:
    found = read_name("/d/20200101/farm_20210501_B04.tif", "20200101", read_as=ReadAs(date_from=source)).when
    assert found == (when or stated_date(ReadAs(date_from=source)))


def test_a_date_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidOption, match="YYYY-MM-DD"):
        stated_date(ReadAs(date_from="01.05.2021"))


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("LC08_L2SP_198030_20180611_20200831_02_T1_SR_B4", Family.LANDSAT),
        ("20180611_LEVEL2_LND08_BOA", Family.LANDSAT),
        ("L8_20180611_B8", Family.LANDSAT),
        ("farm_20180611_ST_B10", Family.LANDSAT),
        ("HLS.L30.T31TCJ.2018162T105031.v2.0.B05", Family.HLS_L30),
        ("HLS.S30.T31TCJ.2018162T105031.v2.0.B05", Family.SENTINEL_2),
        ("MOD09GA.A2018162.h18v04.061", Family.MODIS),
        ("20180611_105031_1004_3B_AnalyticMS_SR", Family.OTHER),
        ("farm_20180611_B8", Family.SENTINEL_2),
    ],
)
def test_the_sensor_is_read_from_the_name(name: str, family: Family) -> None:
    assert read_name(f"{name}.tif").family is family


def test_the_sensor_may_stand_in_a_folder_or_the_archives_name() -> None:
    assert read_name("20180611_B4.tif", "landsat8").family is Family.LANDSAT
    assert read_name("20180611_B4.tif", root="landsat_8").family is Family.LANDSAT


def test_stated_names_come_first() -> None:
    read_as = ReadAs(bands={"B04": "rotkanal"}, mask="wolken=cloud")
    band, mask = (read_name(f"20180611_{n}.tif", read_as=read_as).best for n in ("rotkanal", "wolken"))
    assert band is not None
    assert mask is not None
    assert (band.band, mask.mask is not None) == ("B04", True)
    assert read_name("20180611_B04.tif", read_as=read_as).best is None


def test_of_a_period_it_is_known_that_its_first_day_is_taken() -> None:
    assert read_name("S2_2018-06-01_2018-06-30_median.tif").date.is_period
    assert not read_name("2018-06-11-00:00_2018-06-11-23:59_Sentinel-2_L2A_B04_(Raw).tiff").date.is_period


def test_what_counts_as_a_raster() -> None:
    assert all(is_raster(n) for n in ("a.tif", "a.TIFF", "a.jp2"))
    assert not is_raster("a.png")

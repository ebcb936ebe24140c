"""Dates in names."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.rules.file_dates import are_several_days, find_stamp, find_stamps

DAY = datetime(2018, 6, 11, tzinfo=UTC)
NOON = datetime(2018, 6, 11, 10, 50, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("farm_20180611_B04", DAY),
        ("2018-06-11-red", DAY),
        ("a_2018_06_11_b", DAY),
        ("B4_2018.06.11", DAY),
        ("T31TCJ_20180611T105031_B04_10m", NOON),
        ("SENTINEL2A_20180611-105031-463_L2A_T31TCJ_D_V1-7_FRE_B4", NOON),
        ("HLS.S30.T31TCJ.2018162T105031.v2.0.B04", NOON),
        ("2018-06-11-00:00_2018-06-11-23:59_Sentinel-2_L2A_B04_(Raw)", DAY),
        ("2018-06-11T10:50:31Z", NOON),
        ("tiles/31/T/CJ/2018/6/11/0", DAY),
        ("img 2018 06 11", DAY),
        ("S2_20180611105031_B04", NOON),
        ("20180611-0000000000-0000010752", DAY),
        ("S2A_MSIL2A_20180611T105031_N0208_R051_T31TCJ_20190101T000000", NOON),
    ],
)
def test_dates_are_found_as_programs_write_them(text: str, when: datetime) -> None:
    found = find_stamp(text)
    assert found is not None
    assert found.when == when


@pytest.mark.parametrize(
    "text", ["red", "20221340_B04", "123456789_B04", "20220231_B04", "2018366T105031", "2018144_B04", "2018-0611"]
)
def test_what_is_no_day_is_no_date(text: str) -> None:
    assert find_stamp(text) is None


def test_the_first_text_with_a_date_decides() -> None:
    found = find_stamp("red", "20180611", "20190101")
    assert found is not None
    assert found.when == DAY


def test_a_period_has_several_days_and_a_product_has_not() -> None:
    assert are_several_days(find_stamps("S2_2018-06-01_2018-06-30_median"))
    assert not are_several_days(find_stamps("2018-06-11-00:00_2018-06-11-23:59"))
    assert not are_several_days(find_stamps("20180611T105031_20180612T000000"))


@given(st.integers(0, 20_000), st.sampled_from(["%Y%m%d", "%Y-%m-%d", "%Y_%m_%d", "%Y%m%dT000000", "%Y%jT000000"]))
def test_every_day_is_read_back(count: int, form: str) -> None:
    day = date(1985, 1, 1) + timedelta(days=count)
    found = find_stamps(f"x_{day.strftime(form)}_y")
    assert [s.when.date() for s in found] == [day]

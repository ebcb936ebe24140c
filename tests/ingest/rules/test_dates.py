"""Dates in every form that people write."""

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.timeline import to_date, to_day
from ingest.rules.dates import find_dates, read_dates, unlikely_dates
from ingest.rules.refusal import Refused

DAY = date(2021, 5, 31)


def read(*values: object) -> list[str]:
    """Return the dates of a column; empty where there is none."""
    found = read_dates(pd.Series(list(values)))
    return [str(to_date(d)) if k else "" for d, k in zip(found.days, found.is_read, strict=True)]


@pytest.mark.parametrize(
    "text",
    [
        "2021-05-31",
        "2021/05/31",
        "2021.05.31",
        "2021/5/31",
        "20210531",
        "20210531T103021",
        "20210531103021",
        "2021-05-31T10:30:00Z",
        "2021-05-31 10:30:00+00:00",
        "2021-05-31T10:30:00.123456Z",
        "2021-05-31T23:30",
        "31.05.2021",
        "31/05/2021",
        "05/31/2021",
        "2021151",
        "2021-151",
        "1622457000000",
        "1.622457E12",
        20210531,
        20210531.0,
        DAY,
        datetime(2021, 5, 31, 10, 30, tzinfo=UTC),
        pd.Timestamp("2021-05-31 10:30"),
        np.datetime64("2021-05-31"),
    ],
)
def test_a_date_is_read_as_it_is_written(text: object) -> None:
    assert read(text) == ["2021-05-31"]


def test_midnight_of_a_time_zone_is_the_date_that_is_written() -> None:
    zone = timezone(timedelta(hours=2))
    assert read("2021-05-31T00:00:00+02:00", "2021-06-01T00:00+02:00") == ["2021-05-31", "2021-06-01"]
    assert read(datetime(2021, 5, 31, tzinfo=zone)) == ["2021-05-31"]
    berlin = pd.Series(pd.to_datetime(["2021-01-31", "2021-05-31"])).dt.tz_localize("Europe/Berlin")
    assert [str(to_date(d)) for d in read_dates(berlin).days] == ["2021-01-31", "2021-05-31"]


def test_other_times_of_a_time_zone_are_days_of_utc() -> None:
    assert read("2021-05-31T23:30:00-02:00", "2021-05-31T01:00:00+0200") == ["2021-06-01", "2021-05-30"]
    auckland = pd.Series(pd.to_datetime(["2021-05-31 10:30", "2021-05-31 00:00"])).dt.tz_localize("Pacific/Auckland")
    assert [str(to_date(d)) for d in read_dates(auckland).days] == ["2021-05-30", "2021-05-30"]


def test_midnights_that_were_stored_as_utc_are_doubted() -> None:
    column = pd.Series(pd.to_datetime(["2021-01-30T23:00Z", "2021-05-30T22:00Z", "2021-06-30T22:00Z"]))
    assert "22:00 or 23:00 of UTC" in read_dates(column).remarks[0]
    assert "22:00 of UTC" in read_dates(pd.Series(["2021-05-30T22:00:00Z", "2021-05-31T22:00:00Z"] * 2)).remarks[0]
    assert read_dates(pd.Series(["2021-05-30T10:30:00Z", "2021-05-31T10:20:00Z"] * 2)).remarks == ()


def test_the_order_of_day_and_month_is_that_of_the_whole_column() -> None:
    assert read("01.02.2021", "13.02.2021") == ["2021-02-01", "2021-02-13"]
    assert read("01/02/2021", "02/13/2021") == ["2021-01-02", "2021-02-13"]
    assert read("05/05/2021") == ["2021-05-05"]
    with pytest.raises(Refused, match="1/2/2021, of which no row tells which is day"):
        read("01/02/2021", "03/02/2021")
    with pytest.raises(Refused, match="day first and with the month first"):
        read("13/02/2021", "02/13/2021")


def test_a_digit_too_few_is_no_day_of_the_year() -> None:
    found = read_dates(pd.Series(["20210531", "2021053", "", "NaT"]))
    assert (found.is_read.tolist(), found.dropped, found.example) == ([True, False, False, False], 3, "2021053")
    assert found.describe_dropped() == "such as '2021053'"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (["18765", "18770"], r"holds numbers, not dates \(18765\)"),
        ([18765], "holds numbers"),
        ([44347.0], "holds numbers"),
        (["spring"], r"something else than dates \('spring'\)"),
        (["", None], "no date in any row"),
        (["10:30:00"], "something else"),
        (["1821-05-31"], "outside 1900-01-01 to 2200-12-31"),
    ],
)
def test_what_is_no_date_is_refused_with_what_it_is(values: list[object], reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        read(*values)


def test_times_outside_the_calendar_are_left_out_and_all_of_them_refused() -> None:
    found = read_dates(pd.Series(pd.to_datetime(["2021-05-31", None, "1800-01-01"])))
    assert found.is_read.tolist() == [True, False, False]
    with pytest.raises(Refused, match="no date between 1900"):
        read_dates(pd.Series(pd.to_datetime(["1800-01-01"])))
    with pytest.raises(Refused, match="has no date"):
        read_dates(pd.Series(pd.to_datetime([None])))


@given(st.dates(date(1900, 1, 1), date(2200, 12, 31)), st.sampled_from(["%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y%j"]))
def test_every_date_of_a_form_is_read(day: date, form: str) -> None:
    assert read(day.strftime(form)) == [str(day)]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("NDVI_2021-05-31", ("2021-05-31", "NDVI")),
        ("B04_20210531", ("20210531", "B04")),
        ("2021-05-31", ("2021-05-31", "")),
        ("X2021.05.31", ("2021.05.31", "X")),
        ("2021_05_31_NDVI", ("2021-05-31", "NDVI")),
        ("20210531T103021_20210531T103549_T32UPU_B4", ("20210531", "B4")),
        ("B02_20210531_10m", ("20210531", "B02_10m")),
        ("NDVI_31.05.2021", ("31.05.2021", "NDVI")),
        ("NDVI_2021151", ("2021151", "NDVI")),
        ("parcel_123456789", ("", "parcel_123456789")),
        ("NDVI_20219931", ("", "NDVI_20219931")),
        ("note", ("", "note")),
    ],
)
def test_a_date_in_a_name_is_found_and_the_rest_is_the_band(name: str, found: tuple[str, str]) -> None:
    assert find_dates([name]) == [found]


@pytest.mark.parametrize(
    ("day", "bands", "words"),
    [
        ("1961-05-01", ("B04", "B08"), "1 date lies before 2015-06-23, when Sentinel-2 began, or in the future"),
        ("2015-06-22", ("B04", "VV"), "when Sentinel-2 began"),
        ("2015-06-23", ("B04", "B08"), ""),
        ("2089-01-01", ("B04", "B08"), "such as 2089-01-01"),
        ("2089-01-01", ("NDVI",), "such as 2089-01-01"),
        ("1984-05-01", ("NDVI",), ""),
        ("1961-05-01", ("NDVI", "temperature_2m"), "before 1972-07-23, when Landsat began"),
        ("1961-05-01", ("temperature_2m",), ""),
    ],
)
def test_dates_that_no_satellite_saw_are_mentioned(day: str, bands: tuple[str, ...], words: str) -> None:
    said = unlikely_dates(np.array([to_day(date.fromisoformat(day)), to_day(date(2020, 1, 1))]), bands)
    assert words in said
    assert bool(said) == bool(words)

"""Which date of a name is that of the recording."""

from datetime import date

import pytest

from ingest.rules.name_dates import NO_DATE, choose_dates

DAYS = [date(2021, 1, 5), date(2021, 2, 19), date(2021, 11, 16)]


@pytest.mark.parametrize(
    "form",
    [
        "33_20200101_%Y%m%dT101031",
        "proc20220301_%Y%m%dT101031",
        "proc20220301T000000_%Y%m%dT101031",
        "%Y%m%dT101031_20220301",
        "S2A_MSIL2A_%Y%m%dT101031_N0300_R022_T32UPU_20220301T120000",
        "20220301_export_%Y%m%d",
        "parcel_20190501_%Y-%m-%d",
        "%Y%m%d_20220301",
        "S2_20220301|%Y%m%d",
        "S2_20220301|x|%Y%m%d",
        "S2_%Y%m%d|20220301",
        "img %Y %m %d",
        "S2_%Y%m%d101031",
        "S2_%Y%j",
        "S2_%d.%m.%Y",
        "%y%m%d_B04",
        "B04|%d-%m-%Y",
    ],
)
def test_the_date_that_differs_between_names_is_that_of_the_recording(form: str) -> None:
    found = choose_dates([d.strftime(form).split("|") for d in DAYS])
    assert [f.stamp and f.stamp.when.date() for f in found] == DAYS


@pytest.mark.parametrize("form", ["20220301_export_{}", "20190501_{}", "{}_20190501"])
def test_one_scene_with_days_apart_has_no_date(form: str) -> None:
    found = choose_dates([[form.format("20210105")]])[0]
    assert found.stamp is None
    assert "several dates" in found.doubt
    assert "--date-from" in found.doubt


def test_days_that_follow_each_other_are_a_period() -> None:
    found = choose_dates([["2021-01-01_2021-01-31"], ["2021-02-01_2021-02-28"]])
    assert [f.stamp and f.stamp.when.month for f in found] == [1, 2]
    assert all(f.is_period for f in found)


def test_a_scene_that_was_processed_again_keeps_its_date() -> None:
    names = [[f"S2A_MSIL2A_20180611T105031_N0208_R051_T31TCJ_{y}0101T000000"] for y in (2019, 2020)]
    assert [f.stamp and f.stamp.when.date() for f in choose_dates(names)] == [date(2018, 6, 11)] * 2


def test_names_without_a_date_say_so() -> None:
    assert [f.doubt for f in choose_dates([["red"], []])] == [NO_DATE] * 2
    assert choose_dates([]) == []

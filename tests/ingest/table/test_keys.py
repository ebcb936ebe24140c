"""Columns of ids and dates."""

from typing import Any

import pandas as pd
import pytest

from core.source import ReadAs
from core.timeline import to_date
from ingest.rules.refusal import Refused
from ingest.table.file import TableFile
from ingest.table.keys import find_table_dates, has_dates, series_column, stated_columns


def table(**columns: list[object]) -> TableFile:
    frame = pd.DataFrame(columns)
    return TableFile(columns=tuple(frame.columns), table=frame)


def dates(file: TableFile, **stated: Any) -> tuple[tuple[str, ...], list[str], tuple[str, ...]]:
    found = find_table_dates(file, "", ReadAs(**stated))
    return found.columns, [str(to_date(d)) for d in found.read.days], found.remarks


def test_our_own_column_of_ids_wins_and_others_follow_in_order() -> None:
    assert series_column(table(field=["a"], sample_id=["1"])) == "sample_id"
    assert series_column(table(id=["1", "2"], field=["a", "a"])) == "field", "ids of rows tell no series apart"
    assert series_column(table(name=["A", "A", "B"], plot=["1", "1", "2"])) == "plot"
    assert series_column(table(ndvi=[1])) == ""


def test_columns_that_tell_series_apart_in_different_ways_are_refused() -> None:
    file = table(field=["a", "a", "b", "b"] * 2, point=["1", "2", "1", "2"] * 2)
    with pytest.raises(Refused, match="columns 'field' and 'point' tell series apart in different ways"):
        series_column(file)


def test_dates_are_read_from_the_first_column_that_holds_any() -> None:
    assert dates(table(time=["10:30", "10:40"], date=["2021-05-31", "2021-06-01"]))[0] == ("date",)
    assert dates(table(Date=["2021-05-31"]))[:2] == (("Date",), ["2021-05-31"])
    assert dates(table(date=["2021-05-31"], timestamp=["2021-05-31T10:00:00"]))[2] == ()
    assert "'date'; timestamp holds others" in dates(table(date=["2021-05-31"], timestamp=["2021-06-02"]))[2][0]


def test_year_month_and_day_may_stand_in_columns_of_their_own() -> None:
    assert dates(table(year=[2021], month=[5], day=[31]))[:2] == (("year", "month", "day"), ["2021-05-31"])
    assert dates(table(Year=["2021"], DOY=["151"]))[:2] == (("Year", "DOY"), ["2021-05-31"])


def test_a_stated_column_or_date_is_taken() -> None:
    file = table(date=["2021-05-31"], when=["2021-06-02"])
    assert dates(file, date_from="When")[:2] == (("when",), ["2021-06-02"])
    assert dates(file, date_from="2020-01-01")[:2] == ((), ["2020-01-01"])
    with pytest.raises(
        Refused, match="--date-from then: it is neither a column nor a date; its columns are date, when"
    ):
        dates(file, date_from="then")
    with pytest.raises(Refused, match="column 'when' holds something else"):
        dates(table(when=["soon"]), date_from="when")


def test_a_table_without_dates_is_refused_with_its_columns() -> None:
    assert not has_dates(table(ndvi=[1]), "", ReadAs())
    with pytest.raises(
        Refused, match="no column 'time' or 'date'; its columns are ndvi; name the column by --date-from"
    ):
        dates(table(ndvi=[1]))
    with pytest.raises(Refused, match="column 'time' holds numbers"):
        dates(table(time=[18765]))


def test_stated_bands_are_ours() -> None:
    file = table(rho=[1])
    assert stated_columns(ReadAs(bands={"B04": "RHO", "B08": "none"}), file) == {"B04": "rho"}
    with pytest.raises(Refused, match="--band B99=rho: the bands are B02"):
        stated_columns(ReadAs(bands={"B99": "rho"}), file)

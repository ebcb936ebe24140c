"""Layouts of tables: told by their columns."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from core.source import AS_STATED, ReadAs
from ingest.rules.refusal import Refused
from ingest.table.file import TableFile
from ingest.table.layout import arrange
from ingest.table.rows import Rows

DATES = ["2021-05-31", "2021-06-10"]


def read(columns: Mapping[str, list[object]], read_as: ReadAs = AS_STATED, name: str = "t") -> Rows:
    frame = pd.DataFrame(columns)
    return arrange(TableFile(columns=tuple(frame.columns), table=frame), name, read_as)


def test_a_row_for_each_date_in_any_case() -> None:
    rows = read({"Field": ["a", "a"], "DATE": DATES, "Ndvi": ["0.5", "0.6"]})
    assert rows.layout == "table with a row for each series and date"
    assert (rows.ids.tolist(), rows.bands["NDVI"].tolist()) == (["a", "a"], [0.5, 0.6])


def test_a_row_for_each_value() -> None:
    rows = read(
        {
            "series": ["a"] * 5,
            "date": [*DATES, *DATES, DATES[0]],
            "band": ["red", "red", "B8", "nir", "SCL"],
            "value": [0.05, 0.06, 0.4, 0.5, 4],
        }
    )
    assert rows.layout == "table with a row for each value"
    assert rows.bands["B04"].tolist() == [0.05, 0.06]
    assert rows.mask is not None
    assert rows.remarks == ("'nir' means B08 as 'B8' does, and is not used.",)


def test_repeated_values_of_a_date_keep_rows_of_their_own() -> None:
    rows = read({"id": ["a"] * 4, "date": [DATES[0]] * 4, "band": ["red", "nir"] * 2, "value": [0.05, 0.4, 0.06, 0.5]})
    assert rows.bands["B04"].tolist() == [0.05, 0.06]
    assert rows.bands["B08"].tolist() == [0.4, 0.5]


def test_one_series_needs_no_ids_where_no_date_comes_twice() -> None:
    rows = read({"date": DATES, "ndvi": [0.5, 0.6]}, name="meadow")
    assert rows.ids.tolist() == ["meadow", "meadow"]
    assert "taken as one series, 'meadow'" in rows.remarks[0]
    with pytest.raises(Refused, match="no column that tells series apart, and dates come more than once"):
        read({"date": [DATES[0]] * 2, "ndvi": [0.5, 0.6]})


def test_numbers_of_rows_are_no_ids() -> None:
    with pytest.raises(Refused, match="column 'id' numbers its rows"):
        read({"id": [1, 2], "date": DATES, "ndvi": [0.5, 0.6]})
    assert read({"series_id": [1, 2], "date": DATES, "ndvi": [0.5, 0.6]}).ids.tolist() == ["1", "2"]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"id": ["a"], "ndvi": [0.5]}, "no column of dates; its columns are id, ndvi; name it by --date-from COLUMN"),
        ({"id": ["a"], "date": DATES[:1], "x": [0.5]}, "no column of NDVI or bands; its columns are id, date, x"),
        ({"id": ["a"], "date": DATES[:1], "band": ["EVI"], "value": [1]}, r"column 'band' names no band \(EVI\)"),
        (
            {"id": ["a"], "date": DATES[:1], "SR_B4": [1], "SR_B5": [1]},
            "its bands seem to be of Landsat, not Sentinel-2",
        ),
    ],
)
def test_a_table_without_dates_or_bands_is_refused_with_its_columns(
    columns: Mapping[str, list[object]], reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        read(columns)


def test_a_second_name_of_a_band_is_not_used_and_our_own_wins() -> None:
    rows = read({"id": ["a"], "date": DATES[:1], "red": [0.9], "B04": [0.05], "B08": [0.4]})
    assert rows.bands["B04"].tolist() == [0.05]
    assert rows.remarks == ("'red' means B04 as 'B04' does, and is not used.",)


def test_columns_that_look_like_bands_are_named_and_others_listed() -> None:
    rows = read({"id": ["a"], "date": DATES[:1], "ndvi": [0.5], "my_vv_db": [-9], "crop": ["rye"], "nir-x": [1]})
    assert "not used: " in " ".join(rows.taken)
    assert any("'nir-x' may be a band" in r for r in rows.remarks)
    assert np.isfinite(rows.bands["NDVI"]).all()

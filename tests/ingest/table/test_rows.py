"""Rows of a table and what is left out of them."""

import numpy as np
import pytest

from core.source import ReadAs
from ingest.rules.refusal import Refused
from ingest.table.rows import Rows, evi2, find_table_mask, kept, seen_only, series_taken, take


def rows(ids: list[str], values: list[float]) -> Rows:
    return Rows(
        layout="l",
        ids=np.array(ids, object),
        days=np.arange(len(ids), dtype=np.int32),
        bands={"NDVI": np.array(values)},
        columns={"NDVI": "ndvi"},
        mask=None,
        mask_values=None,
    )


def test_rows_without_an_id_are_left_out_and_counted() -> None:
    found = kept(rows(["a", "", ""], [1, 2, 3]))
    assert (found.ids.tolist(), found.remarks) == (["a"], ("2 rows have no id, and are left out.",))
    with pytest.raises(Refused, match="empty in every row"):
        kept(rows(["", ""], [1, 2]))


def test_rows_without_a_value_are_left_out_but_each_series_stays() -> None:
    found = seen_only(rows(["a", "a", "b", "b"], [1, np.nan, np.nan, np.nan]))
    assert found.ids.tolist() == ["a", "b"]


def test_some_rows_are_taken_from_every_column() -> None:
    found = take(rows(["a", "b"], [1, 2]), np.array([False, True]))
    assert (found.days.tolist(), found.bands["NDVI"].tolist()) == ([1], [2])


def test_a_mask_that_is_not_there_is_refused_with_the_option() -> None:
    with pytest.raises(Refused, match=r"--mask scl2: the input has no 'scl2'; it has a"):
        find_table_mask(["a"], ReadAs(mask="scl2"))
    assert find_table_mask(["a"], ReadAs()) is None


def test_phrases_name_columns() -> None:
    assert series_taken("f", ("d",)) == ("ids from column f", "dates from column d")
    assert evi2(["a", "evi2"]) == {"EVI2": "evi2"}

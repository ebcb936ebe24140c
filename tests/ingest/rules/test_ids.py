"""Ids as they are written."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from ingest.rules.ids import is_row_number, read_ids, text_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("007", "007"),
        ("NA", "NA"),
        ("1e5", "1e5"),
        ("1.0", "1.0"),
        (" a ", "a"),
        (7, "7"),
        (7.0, "7"),
        (7.5, "7.5"),
        (np.int64(2**60), str(2**60)),
        (Decimal("3"), "3"),
        (b"x", "x"),
        (float("nan"), ""),
        (None, ""),
        (pd.NA, ""),
        (pd.NaT, ""),
        ("", ""),
    ],
)
def test_an_id_is_the_text_that_is_written(value: object, text: str) -> None:
    assert text_of(value) == text


def test_ids_of_a_column_keep_their_order() -> None:
    assert read_ids(pd.Series([2.0, np.nan, 1.0])).tolist() == ["2", "", "1"]


@pytest.mark.parametrize(
    ("ids", "is_number"),
    [(["3", "1", "2"], True), (["1", "1", "2"], False), (["1", "3"], False), (["a", "b"], False), (["1"], False)],
)
def test_ids_that_count_the_rows_are_told(ids: list[str], is_number: bool) -> None:
    assert is_row_number(np.array(ids, object)) == is_number

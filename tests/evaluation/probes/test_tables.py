"""Tables of embeddings and labels on disk: read, or refused with what is wrong with them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import InvalidOption, InvalidTable
from evaluation.probes.tables import read_embeddings, read_labels

IDS = ["a", "b", "c"]
LABELS = pd.DataFrame(
    {"sample_id": IDS, "crop": ["maize", None, "rye"], "place": [4, 4, 7], "village": ["x", "y", "y"]}
)


def embeddings(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"series_id": IDS, "e000": [0.1, np.nan, 0.3], "e001": [1.0, 2.0, 3.0], **columns})


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_series_never_seen_and_other_columns_are_left_out(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"e.{ending}"
    table = embeddings(e1=9.0, time="2021")
    table.to_csv(path, index=False) if ending == "csv" else table.to_parquet(path)
    read = read_embeddings(path)
    assert list(read.index) == ["a", "c"]
    assert read.columns.tolist() == ["e000", "e001"]
    assert read.loc["c"].tolist() == [0.3, 3.0]


@pytest.mark.parametrize(
    ("table", "name", "sentence"),
    [
        (None, "missing.csv", "there is no such file"),
        (embeddings(), "e.xlsx", "not .parquet or .csv"),
        (embeddings().drop(columns=["e000", "e001"]), "e.csv", "no table of 'landcast embed'"),
        (embeddings().drop(columns="series_id"), "e.csv", "no column 'series_id' or 'sample_id'"),
        (embeddings(series_id=["a", "b", "b"]), "e.csv", "names series 'b' twice"),
    ],
)
def test_tables_of_something_else_are_refused(
    tmp_path: Path, table: pd.DataFrame | None, name: str, sentence: str
) -> None:
    if table is not None:
        table.to_csv(tmp_path / name, index=False)
    with pytest.raises(InvalidTable, match=sentence):
        read_embeddings(tmp_path / name)


def test_a_file_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "e.parquet").write_text("no table")
    with pytest.raises(InvalidTable, match="not readable as parquet"):
        read_embeddings(tmp_path / "e.parquet")


def labels(tmp_path: Path, table: pd.DataFrame = LABELS) -> Path:
    table.to_csv(tmp_path / "labels.csv", index=False)
    return tmp_path / "labels.csv"


def test_rows_without_a_label_are_left_out_and_the_column_place_is_the_place(tmp_path: Path) -> None:
    read = read_labels(labels(tmp_path), column="crop", place_column="")
    assert (read.column, read.place_column) == ("crop", "place")
    assert read.values["label"].to_dict() == {"a": "maize", "c": "rye"}
    assert read.values["place"].to_dict() == {"a": "4", "c": "7"}


def test_another_place_column_may_be_named(tmp_path: Path) -> None:
    read = read_labels(labels(tmp_path), column="crop", place_column="village")
    assert read.values["place"].tolist() == ["x", "y"]


def test_the_only_column_is_the_label_and_each_series_is_then_its_own_place(tmp_path: Path) -> None:
    read = read_labels(labels(tmp_path, LABELS[["sample_id", "crop"]]), column="", place_column="")
    assert (read.column, read.place_column) == ("crop", "")
    assert read.values["place"].tolist() == ["a", "c"]


@pytest.mark.parametrize(
    ("column", "place_column", "sentence"),
    [
        ("", "", "name one of the columns crop, village"),
        ("height", "", "crop, village"),
        ("crop", "x", "the columns are"),
    ],
)
def test_a_column_that_is_not_there_or_not_named_is_refused(
    tmp_path: Path, column: str, place_column: str, sentence: str
) -> None:
    with pytest.raises(InvalidOption, match=sentence):
        read_labels(labels(tmp_path), column=column, place_column=place_column)

"""Table files as people save them."""

import json
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
from shapely import Point

from ingest.rules.ids import read_ids
from ingest.rules.refusal import Refused
from ingest.table.file import columns_of, read_file


def csv(tmp_path: Path, raw: bytes, name: str = "t.csv") -> Path:
    (tmp_path / name).write_bytes(raw)
    return tmp_path / name


TEXT = "field;date;größe\n01;2021-05-31;0,25\n1e5;2021-06-01;-0,5\nNA;2021-06-02;\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
@pytest.mark.parametrize("separator", [";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_separator_and_encoding_gives_the_same_table(
    tmp_path: Path, encoding: str, separator: str, newline: str
) -> None:
    text = TEXT.replace(";", separator).replace("\n", newline)
    file = read_file(csv(tmp_path, text.encode(encoding)))
    assert file.columns == ("field", "date", "größe")
    assert file.table["field"].tolist() == ["01", "1e5", "NA"]
    np.testing.assert_allclose(file.numbers(["größe"])["größe"], [0.25, -0.5, np.nan])


@pytest.mark.parametrize(
    ("raw", "columns", "rows"),
    [
        (b"a,b\n1,2\n", ("a", "b"), [["1", "2"]]),
        (b'a,b\n"x,\ny",2\n', ("a", "b"), [["x,\ny", "2"]]),
        (b" a , b \n 1 , 2 \n", ("a", "b"), [["1", "2"]]),
        (b"sep=;\r\na;b\r\n1;2\r\n", ("a", "b"), [["1", "2"]]),
        (b"# by me, 2021\n# too\na,b\n1,2\n", ("a", "b"), [["1", "2"]]),
        (b"# by me\n# a,b\n1,2\n", ("a", "b"), [["1", "2"]]),
        (b"a;b;\n1;2;\n", ("a", "b"), [["1", "2"]]),
        (b"a,b\n1,2,\n3,4,\n", ("a", "b"), [["1", "2"], ["3", "4"]]),
        (b"\n\na,b\n1,2\n\n3,4\n", ("a", "b"), [["1", "2"], ["3", "4"]]),
        (b"a,b\n1,2", ("a", "b"), [["1", "2"]]),
        (b"a\n1\n", ("a",), [["1"]]),
        (b"# by me\ra,b\r1,2\r3,4\r", ("a", "b"), [["1", "2"], ["3", "4"]]),
        (b",a\n0,2\n", ("unnamed 1", "a"), [["0", "2"]]),
        (b'"a;b",c\n1,2\n', ("a;b", "c"), [["1", "2"]]),
    ],
)
def test_rows_are_texts_as_they_are_written(
    tmp_path: Path, raw: bytes, columns: tuple[str, ...], rows: list[list[str]]
) -> None:
    file = read_file(csv(tmp_path, raw))
    assert file.columns == columns
    assert file.table.to_numpy().tolist() == rows


@pytest.mark.parametrize(
    ("name", "raw", "reason"),
    [
        ("t.csv", b"", "no header line"),
        ("t.csv", b"a,b\n", "it has no row"),
        ("t.csv", b"a,b\n1,2\n1,0,5\n", "row 2 has 3 fields, and the header has 2.*decimal commas"),
        ("t.csv", b"a,b\n1\n", "row 1 has 1 fields"),
        ("t.csv", b"a,a\n1,2\n", "two of its columns are named 'a'"),
        ("t.csv", b"PK\x03\x04\x00\x00", "binary data"),
        ("t.csv", b"\xff\xfea", "not readable as csv"),
        ("t.xlsx", b"", "its ending is '.xlsx', not .parquet or .csv"),
        ("t.parquet", b"no", "not readable as parquet"),
    ],
)
def test_what_is_no_table_is_refused_in_one_clause(tmp_path: Path, name: str, raw: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason) as caught:
        read_file(csv(tmp_path, raw, name))
    assert "\n" not in str(caught.value)
    with pytest.raises(Refused, match="no such file"):
        read_file(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        (["0.5", "", "NA", "n/a", "-", "1e-2"], [0.5, np.nan, np.nan, np.nan, np.nan, 0.01]),
        (["true", "False", "yes"], [1, 0, 1]),
        (["0,5", "-1,25", "3"], [0.5, -1.25, 3]),
        (["0,123", "1,234"], [0.123, 1.234]),
        (["inf", "5"], [np.inf, 5]),
    ],
)
def test_texts_become_numbers(tmp_path: Path, values: list[str], numbers: list[float]) -> None:
    file = read_file(csv(tmp_path, ("a;b\n" + "".join(f"{v};x\n" for v in values)).encode()))
    np.testing.assert_allclose(file.numbers(["a"])["a"], numbers)
    assert file.unread(["a"]) == ()


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (["1,234;1", "2,500;2"], "'1,234' may be decimal signs or separate thousands"),
        (["1,234.5;1"], "commas between thousands"),
        (["0,5;1.5"], r"some numbers have decimal commas \('0,5'\) and others points \(column 'b'\)"),
        (["x;1", "y;2"], r"column 'a' holds something else than numbers \('x'\)"),
    ],
)
def test_numbers_with_two_meanings_are_refused(tmp_path: Path, rows: list[str], reason: str) -> None:
    file = read_file(csv(tmp_path, ("a;b\n" + "\n".join(rows)).encode()))
    with pytest.raises(Refused, match=reason):
        file.numbers(["a", "b"])


def test_single_texts_among_numbers_are_left_out_and_counted(tmp_path: Path) -> None:
    file = read_file(csv(tmp_path, b"a,b\n1,x\n2,3\n"))
    assert np.isnan(file.numbers(["b"])["b"]).tolist() == [True, False]
    assert file.unread(["a", "b"]) == ("1 of the values of column 'b' are no numbers, such as 'x', and are left out.",)


def test_parquet_keeps_whole_numbers_beside_gaps_and_its_index(tmp_path: Path) -> None:
    table = pd.DataFrame({"id": pd.array([2**60, None], "Int64"), "kind": pd.Categorical(["a", "b"])}, index=["x", "y"])
    table.rename_axis("field").to_parquet(tmp_path / "t.parquet")
    file = read_file(tmp_path / "t.parquet")
    assert set(file.columns) == {"id", "kind", "field"}
    assert read_ids(file.table["id"]).tolist() == [str(2**60), ""]
    assert file.table["kind"].tolist() == ["a", "b"]
    assert columns_of(file).startswith("its columns are ")


def test_geoparquet_is_read_without_its_geometry(tmp_path: Path) -> None:
    geopandas.GeoDataFrame({"a": [1]}, geometry=[Point(1, 2)], crs="EPSG:4326").to_parquet(tmp_path / "t.geoparquet")
    file = read_file(tmp_path / "t.geoparquet")
    assert (file.columns, file.geometry) == (("a",), "geometry")
    assert json.dumps(file.table["a"].tolist()) == "[1]"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"id,v\na,1\na ,2\n", "spaces around values left out: 'a ' is taken as 'a'"),
        (b"id,v\na, 1\nb,1\n", ""),
        (b"id,v\na ,1\na ,2\n", ""),
    ],
)
def test_values_that_only_spaces_tell_apart_are_named(tmp_path: Path, raw: bytes, said: str) -> None:
    assert [t for t in read_file(csv(tmp_path, raw)).taken if "spaces" in t] == ([said] if said else [])

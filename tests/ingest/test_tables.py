"""Tables of series, samples and targets."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.bands import channel
from core.errors import InvalidTable
from core.timeline import to_day
from ingest.tables import read_series, read_targets

ROWS = pd.DataFrame(
    {
        "sample_id": ["b", "a", "b", "b", "a"],
        "time": pd.to_datetime(["2021-05-11", "2021-05-01", "2021-05-01", "2021-05-01", "2021-04-21"]),
        "B04": [0.05, 0.06, np.nan, 0.07, np.nan],
        "B08": [0.35, 0.36, 0.3, 0.37, np.nan],
        "VV": [-11.0, -12.0, -13.0, -14.0, np.nan],
        "note": list("vwxyz"),
    }
)


def write(path: Path, table: pd.DataFrame) -> Path:
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_series_keep_their_first_order_and_are_sorted_by_date(tmp_path: Path, name: str) -> None:
    series = read_series(write(tmp_path / name, ROWS))
    assert list(series.ids) == ["b", "a"]
    assert series.days.tolist() == [
        [to_day(date(2021, 5, 1)), to_day(date(2021, 5, 11))],
        [to_day(date(2021, 4, 21)), to_day(date(2021, 5, 1))],
    ]
    np.testing.assert_allclose(series.values[1, :, channel("VV")], [np.nan, -12])


def test_repeated_dates_are_merged_value_by_value(tmp_path: Path) -> None:
    series = read_series(write(tmp_path / "t.parquet", ROWS))
    np.testing.assert_allclose(series.values[0, 0, [channel(c) for c in ("B04", "B08", "VV")]], [0.07, 0.3, -13])


def test_ndvi_is_computed_where_it_is_not_given(tmp_path: Path) -> None:
    table = ROWS.assign(NDVI=[0.9, np.nan, np.nan, np.nan, 0.4])
    index = read_series(write(tmp_path / "t.parquet", table)).values[..., channel("NDVI")]
    np.testing.assert_allclose(index[0, 1], 0.9)
    np.testing.assert_allclose(index[1], [0.4, (0.36 - 0.06) / 0.42], rtol=1e-6)


def test_evi2_beside_ndvi_gives_red_and_near_infrared_where_neither_is_given(tmp_path: Path) -> None:
    red, nir = np.array([0.05, 0.03, 0.2, 0.08]), np.array([0.35, 0.2, 0.25, 0.4])
    table = pd.DataFrame({"series_id": "a", "time": pd.date_range("2021-05-01", periods=4)})
    table["NDVI"] = (nir - red) / (nir + red)
    table["EVI2"] = 2.5 * (nir - red) / (nir + 2.4 * red + 1)
    table.loc[1, "EVI2"] = np.nan
    bands = [channel("B04"), channel("B08")]
    values = read_series(write(tmp_path / "t.csv", table)).values[0][:, bands]
    expected = np.stack([red, nir], axis=1)
    expected[1] = np.nan
    np.testing.assert_allclose(values, expected, rtol=1e-3)
    given = table.assign(B04=[np.nan, np.nan, 0.19, np.nan], B8A=[np.nan, np.nan, 0.26, np.nan])
    values = read_series(write(tmp_path / "u.csv", given)).values[0][:, bands]
    expected[2] = 0.19, np.nan
    np.testing.assert_allclose(values, expected, rtol=1e-3)


def test_shorter_series_are_padded_with_their_last_day(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"series_id": [1, 1, 2], "time": ["2021-05-01", "2021-05-06", "2021-03-01"], "NDVI": [0.1, 0.2, 0.3]}
    )
    series = read_series(write(tmp_path / "t.csv", table))
    assert series.days[1].tolist() == [to_day(date(2021, 3, 1))] * 2
    assert np.isnan(series.values[1, 1]).all()
    assert series.static is None


def test_terrain_is_aligned_by_id(tmp_path: Path) -> None:
    samples = pd.DataFrame({"sample_id": ["a", "c"], "elevation": [120.0, 5.0], "lat": [50.0, 51.0]})
    series = read_series(write(tmp_path / "t.csv", ROWS), write(tmp_path / "s.csv", samples))
    assert series.static is not None
    np.testing.assert_allclose(series.static, [[np.nan, np.nan], [120, np.nan]])


def test_ids_stay_as_they_are_written(tmp_path: Path) -> None:
    table = pd.DataFrame({"series_id": ["00007", "NA", "1e3"], "time": "2021-05-01", "NDVI": 0.4})
    assert list(read_series(write(tmp_path / "t.csv", table)).ids) == ["00007", "NA", "1e3"]


@pytest.mark.parametrize(
    "samples",
    [
        pd.DataFrame({"sample_id": ["x", "y"], "elevation": 120.0, "slope": 3.0}),
        pd.DataFrame({"sample_id": ["a", "b"], "lat": 50.0}),
    ],
)
def test_samples_without_terrain_of_any_series_are_refused(tmp_path: Path, samples: pd.DataFrame) -> None:
    with pytest.raises(InvalidTable, match="elevation or slope of any series"):
        read_series(write(tmp_path / "t.csv", ROWS), write(tmp_path / "s.csv", samples))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t: t.drop(columns="sample_id"), "no column 'series_id' or 'sample_id'"),
        (lambda t: t.drop(columns="time"), "no column 'time'"),
        (lambda t: t.drop(columns="B04"), "NDVI needs"),
        (lambda t: t.assign(time="spring"), "something else than dates"),
        (lambda t: t.assign(time=20210501), "numbers, not dates"),
        (lambda t: t.assign(B04="green"), "something else than numbers"),
        (lambda t: t.assign(B04=t.B04 * 1e4), "not reflectance"),
        (lambda t: t.assign(NDVI=180.0), "not in -1..1"),
        (lambda t: t[:0], "no row"),
        (lambda t: t.assign(sample_id=["b", "", "b", "b", "a"]), "has empty rows"),
    ],
)
def test_a_table_that_is_none_is_refused_with_its_reason(tmp_path: Path, change: object, reason: str) -> None:
    assert callable(change)
    with pytest.raises(InvalidTable, match=reason):
        read_series(write(tmp_path / "t.csv", change(ROWS)))


@pytest.mark.parametrize(("name", "text"), [("t.parquet", "not parquet"), ("t.xlsx", ""), ("t.csv", "")])
def test_an_unreadable_file_is_refused_in_one_line(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InvalidTable) as caught:
        read_series(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidTable, match="no such file"):
        read_targets(tmp_path / "t.csv")


def test_targets_are_distinct_and_sorted(tmp_path: Path) -> None:
    table = pd.DataFrame(
        {"series_id": ["b", "a", "b", "b"], "time": ["2021-06-05", "2021-06-01", "2021-06-01", "2021-06-01"]}
    )
    targets = read_targets(write(tmp_path / "t.csv", table))
    assert targets == {"b": [date(2021, 6, 1), date(2021, 6, 5)], "a": [date(2021, 6, 1)]}


def test_times_with_zones_are_read_as_utc_days(tmp_path: Path) -> None:
    table = pd.DataFrame({"series_id": ["a"], "time": ["2021-06-05T23:30:00-02:00"]})
    assert read_targets(write(tmp_path / "t.csv", table)) == {"a": [date(2021, 6, 6)]}

"""Tables of series, samples and targets."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.bands import channel
from core.errors import InvalidTable
from core.source import ReadAs
from core.timeline import to_day
from ingest.tables import read_series, read_table, read_targets

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
        (lambda t: t.drop(columns="sample_id"), "no column that tells series apart.*name that column series_id"),
        (lambda t: t.drop(columns="time"), "no column of dates; its columns are .*--date-from COLUMN"),
        (lambda t: t.drop(columns="B04"), "NDVI needs"),
        (lambda t: t.assign(time="spring"), "something else than dates"),
        (lambda t: t.assign(time=18765), r"numbers, not dates \(18765\); write dates as 2021-05-31"),
        (lambda t: t.assign(B04="green"), "something else than numbers"),
        (
            lambda t: t.assign(B04=t.B04 * 1e4),
            "series 'b' holds reflectance 0..1 in 1 row and digital numbers in 2 rows",
        ),
        (lambda t: t.assign(NDVI=180.0), "not in -1..1"),
        (lambda t: t[:0], "no row"),
        (lambda t: t.assign(sample_id=""), "column of ids is empty in every row"),
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


def land(series: int = 6, dates: int = 12, *, seed: int = 0) -> pd.DataFrame:
    """Return rows of fields: blue and red dark, near infrared bright, on dates ten days apart."""
    random = np.random.default_rng(seed)
    table = pd.DataFrame({"field": np.repeat([f"f{n}" for n in range(series)], dates)})
    table["date"] = np.tile(pd.date_range("2021-03-14", periods=dates, freq="10D").strftime("%Y-%m-%d"), series)
    ranges = {"B02": (0.02, 0.06), "B04": (0.02, 0.1), "B08": (0.25, 0.45)}
    for band, (low, high) in ranges.items():
        table[band] = random.uniform(low, high, len(table)).round(4)
    return table


def read(
    tmp_path: Path, table: pd.DataFrame, read_as: ReadAs | None = None, name: str = "t.csv"
) -> tuple[np.ndarray, str]:
    """Return the values of a table and its remarks."""
    found = read_table(write(tmp_path / name, table), read_as=read_as or ReadAs())
    return found.series.values, " ".join(found.summary.remarks)


def test_a_complete_table_needs_no_decision_and_its_summary_says_what_was_taken(tmp_path: Path) -> None:
    found = read_table(
        write(tmp_path / "t.csv", land().rename(columns={"B04": "red", "B08": "nir"}).assign(crop="rye"))
    )
    assert found.summary.remarks == ()
    assert found.summary.layout == "table with a row for each series and date"
    assert found.summary.taken == (
        "series: 6",
        "dates: 12 from 2021-03-14 to 2021-07-02",
        "ids from column field",
        "dates from column date",
        "bands: B02, B04 from red, B08 from nir",
        "not used: crop",
        "mask: none; rows are clear observations",
    )


@pytest.mark.parametrize("scale", [1, 10_000])
def test_an_offset_left_in_is_refused_with_the_option_and_subtracted_where_it_is_stated(
    tmp_path: Path, scale: int
) -> None:
    own, _ = read(tmp_path, land())
    shifted = land()
    shifted[["B02", "B04", "B08"]] = ((shifted[["B02", "B04", "B08"]] + 0.1) * scale).round(4)
    with pytest.raises(InvalidTable, match=r"offset of 1000 seems to be left in; give --offset -1000 .* or --offset 0"):
        read(tmp_path, shifted)
    corrected, _ = read(tmp_path, shifted, ReadAs(offset=-1000))
    np.testing.assert_allclose(corrected, own, atol=2e-4)
    kept, remarks = read(tmp_path, shifted, ReadAs(offset=0))
    np.testing.assert_allclose((kept - own)[..., channel("B04")], 0.1, atol=2e-4)
    assert "offset" not in remarks


def test_an_offset_of_the_later_dates_is_refused_with_the_first_of_them(tmp_path: Path) -> None:
    table = land(dates=40)
    table.loc[table["date"] >= "2021-10-01", ["B02", "B04", "B08"]] += 0.1
    with pytest.raises(InvalidTable, match=r"from 2021-10-10 on.*these dates seem to have baseline 04.00's offset"):
        read(tmp_path, table)


def test_an_offset_subtracted_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidTable, match=r"with --offset -1000.*had been subtracted before; give --offset 0"):
        read(tmp_path, land(), ReadAs(offset=-1000))
    table = land()
    table[["B02", "B04", "B08"]] -= 0.1
    with pytest.raises(InvalidTable, match="subtracted twice; give --offset 1000"):
        read(tmp_path, table)


def test_red_and_near_infrared_of_one_dry_field_are_noted_not_refused(tmp_path: Path) -> None:
    table = land(series=1, dates=30).drop(columns="B02")
    table["B04"], table["B08"] = 0.11 + table["B04"] / 10, 0.2 + table["B08"] / 10
    _, remarks = read(tmp_path, table)
    assert "--offset -1000" in remarks


@pytest.mark.parametrize(
    ("column", "values", "phrase"),
    [
        ("SCL", [4, 5, 6, 7, 2, 3, 8, 9, 10, 11, 1, 0], "7 of 12 rows are not clear"),
        ("scl", [4, 5, 6, 7, 2, 3, 8, 9, 10, 11, 1, 0], "scene classes of Sen2Cor"),
        ("clear", [1] * 5 + [0] * 7, "1 is clear"),
        ("cloud_mask", [0] * 5 + [1] * 7, "0 is clear"),
        ("QA60", [0] * 5 + [1024] * 7, "bits"),
        ("CLM", [0] * 5 + [2] * 7, "any bit"),
        ("cloud", ["false"] * 5 + ["true"] * 7, "0 is clear"),
    ],
)
def test_rows_that_a_mask_hides_are_unseen_in_optical_bands(
    tmp_path: Path, column: str, values: list[object], phrase: str
) -> None:
    table = land(series=1).assign(**{column: values}, VV=-12.0)
    found = read_table(write(tmp_path / "t.csv", table))
    is_seen = np.isfinite(found.series.values[0])
    assert is_seen[:, channel("NDVI")].tolist() == [True] * 5 + [False] * 7
    assert is_seen[:, channel("VV")].all()
    assert found.summary.remarks == ()
    assert any(t.startswith(f"mask: {column} ") and phrase in t for t in found.summary.taken)


def test_a_mask_may_be_stated_or_left_out_and_one_that_is_not_known_is_named(tmp_path: Path) -> None:
    table = land(series=1).assign(cloud_flag=[0] * 5 + [1] * 7)
    whole, remarks = read(tmp_path, table)
    assert "'cloud_flag' may be a cloud mask and is not used; --mask cloud_flag=clear" in remarks
    hidden, _ = read(tmp_path, table, ReadAs(mask="cloud_flag=cloud"))
    assert (np.isfinite(whole[..., 0]).sum(), np.isfinite(hidden[..., 0]).sum()) == (12, 5)
    assert read(tmp_path, table, ReadAs(mask="none"))[1] == ""
    with pytest.raises(InvalidTable, match="--mask qa: the input has no 'qa'"):
        read(tmp_path, table, ReadAs(mask="qa"))


@pytest.mark.parametrize("column", ["cloud", "clear"])
def test_a_share_of_cloud_under_the_name_of_a_mask_is_refused(tmp_path: Path, column: str) -> None:
    table = land(series=1).assign(**{column: np.linspace(0, 0.9, 12)})
    with pytest.raises(InvalidTable, match=r"not the codes of a mask.*--mask none"):
        read(tmp_path, table)


def test_a_mask_that_hides_everything_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidTable, match="none of its 12 rows is clear by mask: SCL"):
        read(tmp_path, land(series=1).assign(SCL=9))


def test_rows_without_id_or_date_are_left_out_and_counted(tmp_path: Path) -> None:
    table = land()
    table.loc[3, "field"], table.loc[[5, 6], "date"] = "", "soon"
    _, remarks = read(tmp_path, table)
    assert "1 row has no id, and is left out." in remarks
    assert "2 rows have no date that can be read (such as 'soon'), and are left out." in remarks


def test_equal_rows_are_joined_without_a_word_and_others_counted(tmp_path: Path) -> None:
    table = land()
    assert read(tmp_path, pd.concat([table, table]))[1] == ""
    other = table.assign(B04=table["B04"] + 0.001)
    values, remarks = read(tmp_path, pd.concat([table, other]))
    assert "72 dates of series come twice with other values; the first count." in remarks
    np.testing.assert_allclose(values, read(tmp_path, table)[0])


def test_stated_columns_are_taken(tmp_path: Path) -> None:
    table = land().rename(columns={"B04": "rho_1", "B08": "rho_2", "date": "when"})
    with pytest.raises(InvalidTable, match=r"--date-from COLUMN"):
        read(tmp_path, table)
    with pytest.raises(InvalidTable, match=r"--band B04=COLUMN"):
        read(tmp_path, table, ReadAs(date_from="when"))
    found, remarks = read(tmp_path, table, ReadAs(date_from="WHEN", bands={"B04": "rho_1", "B08": "RHO_2"}))
    np.testing.assert_allclose(found, read(tmp_path, land())[0])
    assert remarks == ""
    with pytest.raises(InvalidTable, match=r"--band B04=rho_9: there is no 'rho_9'"):
        read(tmp_path, table, ReadAs(date_from="when", bands={"B04": "rho_9", "B08": "rho_2"}))


def test_a_table_of_another_sensor_is_refused_and_its_ndvi_taken_with_a_remark(tmp_path: Path) -> None:
    table = land().assign(satellite="LANDSAT_8")
    with pytest.raises(InvalidTable, match="Landsat"):
        read(tmp_path, table)
    _, remarks = read(tmp_path, table.assign(NDVI=0.5))
    assert "The table is of Landsat, and the models are made for Sentinel-2." in remarks
    with pytest.raises(InvalidTable, match="its rows are of Landsat and Sentinel-2"):
        read(tmp_path, table.assign(satellite=["S2A", "LANDSAT_8"] * 36))


def test_ndvi_of_a_table_is_computed_anew_where_an_offset_is_subtracted(tmp_path: Path) -> None:
    shifted = land()
    shifted[["B02", "B04", "B08"]] += 0.1
    shifted["NDVI"] = 0.2
    values, remarks = read(tmp_path, shifted, ReadAs(offset=-1000))
    np.testing.assert_allclose(values, read(tmp_path, land())[0], atol=1e-5)
    assert "NDVI is computed from the bands after the offset" in remarks


@pytest.mark.parametrize("kind", ["datetime64[ns, Europe/Berlin]", "date", "datetime64[ms]", "str"])
def test_dates_of_parquet_are_those_that_are_written(tmp_path: Path, kind: str) -> None:
    table = land(series=1)
    days = pd.Series(pd.to_datetime(table["date"]))
    zoned = days.dt.tz_localize("Europe/Berlin")
    table["date"] = zoned if "Berlin" in kind else days.dt.date if kind == "date" else days.astype(kind)
    found = read_table(write(tmp_path / "t.parquet", table)).series
    assert found.days.tolist() == read_table(write(tmp_path / "t.csv", land(series=1))).series.days.tolist()


def test_ids_of_parquet_are_whole_numbers_as_written(tmp_path: Path) -> None:
    table = land(series=2)
    for ids in (pd.array([7, 10**17], "Int64"), np.array([7.0, 1e17])):
        found = read_table(write(tmp_path / "t.parquet", table.assign(field=ids.repeat(12))))
        assert list(found.series.ids) == ["7", str(10**17)]


@pytest.mark.parametrize("factor", [1, 10_000])
def test_an_ordinary_table_leaves_nothing_to_remark_on(factor: int, tmp_path: Path) -> None:
    table = ROWS[["sample_id", "time", "B04", "B08"]].dropna().drop_duplicates(["sample_id", "time"])
    table[["B04", "B08"]] *= factor
    summary = read_table(write(tmp_path / "t.csv", table)).summary
    assert summary.remarks == ()
    assert ("scale of B04, B08: 0.0001, by the size of their numbers" in summary.taken) == (factor > 1)


def test_dates_before_sentinel_2_are_mentioned(tmp_path: Path) -> None:
    table = ROWS.assign(time=ROWS["time"] - pd.DateOffset(years=60))
    assert "2 dates lie before 2015-06-23" in " ".join(read_table(write(tmp_path / "t.csv", table)).summary.remarks)


@pytest.mark.parametrize(
    ("name", "numbers", "reason"), [("QA60", (0, 1), "QA60"), ("clp", (5, 90), "clp"), ("cs_cdf", (90, 10), "cs_cdf")]
)
def test_a_mask_in_another_unit_is_refused(name: str, numbers: tuple[int, int], reason: str, tmp_path: Path) -> None:
    table = pd.DataFrame({"series_id": "a", "time": pd.date_range("2021-01-05", periods=24), "B04": 0.05, "B08": 0.35})
    table[name] = np.where(np.arange(24) % 4 == 2, numbers[1], numbers[0])
    with pytest.raises(InvalidTable, match=reason):
        read_table(write(tmp_path / "t.csv", table))

import numpy as np
import pandas as pd

from core.bands import CHANNELS, channel
from core.cube import Series
from core.region import Field
from core.timeline import to_times
from products.fields.columns import COLUMNS
from products.fields.findings import Expected, Findings, lines
from products.fields.means import History

DAYS = np.array([18_000, 18_010, 18_020], np.int32)


def findings(*, ahead: bool = True) -> Findings:
    """Three fields: seen twice and once in part, seen once, never seen."""
    ndvi = np.array([[0.51234567, 0.6, np.nan], [np.nan, np.nan, 0.4], [np.nan] * 3], np.float32)
    values = np.full((3, 3, len(CHANNELS)), np.nan, np.float32)
    values[..., channel("NDVI")] = ndvi
    share = np.array([[1, 0.75, 0.2], [0, 0, 0.5], [0, 0, 0]], np.float32)
    series = Series(ids=np.array(["7", "8", "9"]), days=np.broadcast_to(DAYS, (3, 3)), values=values)
    quantiles = np.broadcast_to(np.array([0.1, 0.2, 0.3, 0.4, 0.5], np.float32), (3, 2, 5)).copy()
    quantiles[2] = np.nan
    expected = Expected(
        days=np.array([18_100, 18_110], np.int32), quantiles=quantiles, climatology=np.full((3, 2), 0.25, np.float32)
    )
    return Findings(
        fields=(Field(id=7, name="north"), Field(id=8), Field(id=9)),
        history=History(
            series=series, std=np.where(np.isfinite(ndvi), 0.1, np.nan).astype(np.float32), clear_share=share
        ),
        usual=np.full((3, 3), 0.5, np.float32),
        expected=expected if ahead else None,
        figures={"p_crop": np.array([0.25, 0.5, np.nan], np.float32)},
        flags=((), ("a", "b"), ()),
    )


def test_each_field_has_a_line_for_each_date_seen_and_each_target_date_in_order() -> None:
    table = lines(findings(), "parcel")
    assert table.columns.tolist() == ["parcel", "name", *COLUMNS]
    assert table["parcel"].tolist() == [7] * 5 + [8] * 3 + [9] * 2
    assert table.index.tolist() == [0] * 5 + [1] * 3 + [2] * 2
    assert (table["date"].iloc[:5].to_numpy() == to_times(np.array([*DAYS, 18_100, 18_110]))).all()


def test_history_and_forecast_fill_their_own_columns() -> None:
    first = lines(findings(), "parcel").loc[0]
    assert np.allclose(first["ndvi_mean"], [0.5123, 0.6, np.nan, np.nan, np.nan], equal_nan=True)
    assert np.allclose(first["clear_share"], [1, 0.75, 0.2, np.nan, np.nan], equal_nan=True)
    assert np.allclose(first["anomaly"], [0.0123, 0.1, np.nan, 0.05, 0.05], equal_nan=True)
    assert first["q95"].tolist()[3:] == [0.5, 0.5]
    assert first["q95"].isna().tolist() == [True] * 3 + [False] * 2
    assert first["climatology"].tolist() == [0.5] * 3 + [0.25] * 2


def test_what_holds_for_the_field_stands_in_all_of_its_lines() -> None:
    table = lines(findings(), "parcel")
    assert table.loc[0, "p_crop"].tolist() == [0.25] * 5
    assert table.loc[1, "flags"].tolist() == ["a; b"] * 3
    assert table["clear_count"].unique().tolist() == [2, 1, 0]
    assert table.loc[0, "last_clear"].iloc[0] == pd.Timestamp(to_times(DAYS)[1])
    assert table.loc[2, "last_clear"].isna().all()
    assert table["crop_share"].isna().all()


def test_a_field_never_seen_has_a_line_without_date_where_nothing_is_forecast() -> None:
    table = lines(findings(ahead=False), "id")
    assert table.index.tolist() == [0, 0, 0, 1, 2]
    assert pd.isna(table.loc[2, "date"])
    assert table.loc[2, "clear_count"] == 0


def test_a_column_of_ids_may_be_the_names() -> None:
    table = lines(findings(), "name")
    assert table.columns.tolist() == ["name", *COLUMNS]
    assert table["name"].iloc[0] == 7


def test_flags_are_added_to_one_field() -> None:
    found = findings().flagged(0, "c", "").flagged(1, "d")
    assert found.flags == (("c",), ("a", "b", "d"), ())

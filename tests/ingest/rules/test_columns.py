"""Names of columns."""

import pytest

from ingest.rules.columns import DATES, SERIES, band_part, find_column, fold, like_bands, match


@pytest.mark.parametrize(
    ("columns", "first"),
    [
        (["id", "Field", "sample_id"], "sample_id"),
        (["id", "FIELD"], "FIELD"),
        (["Field ID", "x"], "Field ID"),
        (["Series_ID", "series_id"], "series_id"),
        (["plot-id", "id"], "plot-id"),
    ],
)
def test_of_several_names_our_own_comes_first_in_any_case(columns: list[str], first: str) -> None:
    assert match(columns, SERIES)[0] == first


@pytest.mark.parametrize("name", ["time", "Date", "DATETIME", "Acquisition Date", "system:time_start", "timestamp"])
def test_columns_of_dates_are_known_in_any_case(name: str) -> None:
    assert match(["a", name], DATES) == [name]


def test_a_stated_column_is_found_in_another_case_if_there_is_one() -> None:
    assert find_column(["A", "b"], "a") == "A"
    assert find_column(["A", "a"], "a") == "a"
    assert find_column(["A", "a "], "á") == ""
    assert find_column(["Ab", "AB"], "ab") == ""


@pytest.mark.parametrize(
    ("rest", "part"),
    [
        ("NDVI", "NDVI"),
        ("S2A_B04", "B04"),
        ("T32UPU_B4", "B4"),
        ("nir_1", "nir_1"),
        ("B02_10m", "B02_10m"),
        ("SCL", "SCL"),
        ("EVI2", "EVI2"),
        ("std_NDVI", "std_NDVI"),
        ("NDVI_std", "NDVI_std"),
        ("", ""),
        ("X", ""),
        ("mean", ""),
    ],
)
def test_the_band_of_a_dated_column_is_what_the_scene_leaves(rest: str, part: str) -> None:
    assert band_part(rest) == part


def test_a_stated_name_is_a_band() -> None:
    assert band_part("S2A_greenness", {"greenness"}) == "greenness"


def test_columns_that_look_like_bands_are_told_from_statistics() -> None:
    names = ["s1_VV_db", "red_edge", "B04_std", "NDVI-max", "redwood", "B8A_x", "note"]
    assert like_bands(names) == ("s1_VV_db", "red_edge", "B8A_x")


def test_names_are_folded() -> None:
    assert fold(" Field-ID ") == "field_id"

"""Tables with a column for each date."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from core.source import AS_STATED, ReadAs
from core.timeline import to_date
from ingest.rules.refusal import Refused
from ingest.table.file import TableFile
from ingest.table.layout import arrange
from ingest.table.rows import Rows


def read(columns: Mapping[str, list[object]], read_as: ReadAs = AS_STATED) -> Rows:
    frame = pd.DataFrame(columns)
    return arrange(TableFile(columns=tuple(frame.columns), table=frame), "t", read_as)


def seen(rows: Rows, band: str) -> dict[tuple[str, str], float]:
    return {
        (str(i), str(to_date(int(d)))): float(v)
        for i, d, v in zip(rows.ids, rows.days, rows.bands[band], strict=True)
        if np.isfinite(v)
    }


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("NDVI_2021-05-31", "NDVI_2021-06-10"),
        ("2021-05-31", "2021-06-10"),
        ("X2021.05.31", "X2021.06.10"),
        ("20210531_ndvi", "20210610_ndvi"),
        ("NDVI_2021151", "NDVI_2021161"),
        ("31.05.2021", "10.06.2021"),
    ],
)
def test_columns_with_dates_become_rows(first: str, second: str) -> None:
    rows = read({"field": ["a", "b"], first: [0.5, 0.6], second: [0.7, np.nan], "crop": ["x", "y"]})
    assert rows.layout == "table with a row for each series and a column for each date"
    assert seen(rows, "NDVI") == {("a", "2021-05-31"): 0.5, ("b", "2021-05-31"): 0.6, ("a", "2021-06-10"): 0.7}
    assert ("taken as NDVI" in " ".join(rows.remarks)) == ("ndvi" not in first.lower())


def test_bands_and_masks_of_earth_engine_are_brought_together() -> None:
    scene = "20210531T103021_20210531T103549_T32UPU"
    rows = read({"id": ["a"], f"{scene}_B4": [500], f"{scene}_B8": [4000], f"{scene}_SCL": [4]})
    assert (seen(rows, "B04"), seen(rows, "B08")) == ({("a", "2021-05-31"): 500}, {("a", "2021-05-31"): 4000})
    assert rows.mask is not None
    assert rows.mask.kind == "SCL"


def test_two_tiles_of_a_date_keep_rows_of_their_own() -> None:
    rows = read({"id": ["a"], "20210531_T32UPU_NDVI": [0.5], "20210531_T33UUP_NDVI": [0.6]})
    assert rows.bands["NDVI"].tolist() == [0.5, 0.6]


def test_a_series_that_was_never_seen_stays_a_series() -> None:
    rows = read({"field": ["a", "b"], "NDVI_2021-05-31": [0.5, np.nan], "NDVI_2021-06-10": [0.7, np.nan]})
    assert rows.ids.tolist().count("b") == 1


def test_stated_names_are_taken_and_unknown_ones_refused() -> None:
    table: dict[str, list[object]] = {"field": ["a"], "greenness_2021-05-31": [0.5]}
    with pytest.raises(Refused, match=r"its columns with dates name no band \(greenness\); .*--band NDVI=greenness"):
        read(table)
    assert seen(read(table, ReadAs(bands={"NDVI": "greenness"})), "NDVI") == {("a", "2021-05-31"): 0.5}


def test_several_rows_need_ids() -> None:
    assert read({"NDVI_2021-05-31": [0.5]}).ids.tolist() == ["t"]
    with pytest.raises(Refused, match="no column that tells series apart"):
        read({"NDVI_2021-05-31": [0.5, 0.6]})

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import InvalidOption
from core.forecast import QUANTILE_COLUMNS
from core.region import Field
from core.settings import Settings
from core.timeline import to_day
from models.registry import find_checkpoint
from models.runtime import forecast
from products.fields.columns import COLUMNS
from products.fields.coverage import cover
from tests.products.fields.squares import disc, square
from tests.workers.fields.scene import answered, fields, open_scene, order_of
from workers.fields.measure import measure
from workers.fields.source import CubeFields

TARGETS = "2022-04-01,2022-05-01"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> CubeFields:
    return open_scene(tmp_path_factory.mktemp("scene"))


def facts(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop_duplicates("id").set_index("id")


def test_a_field_is_forecast_as_one_series_that_of_its_mean(source: CubeFields) -> None:
    shape = disc(12, 10, 60)
    table = answered(source, fields(shape), dates=TARGETS)
    cube = source.source.whole
    history, _ = measure(cube, cover([shape], cube.window), np.array(["1"]), ())
    issue = np.array([to_day(order_of(source).issue)], np.int32)
    days = np.array([[to_day(date.fromisoformat(d)) for d in TARGETS.split(",")]], np.int32)
    expected = forecast(history.series, issue, days, find_checkpoint("", "forecast", Settings()))
    ahead = table[table["q50"].notna()]
    assert np.allclose(ahead[list(QUANTILE_COLUMNS)], expected.quantiles[0], atol=1e-3)
    assert np.allclose(ahead["climatology"], expected.climatology[0], atol=1e-3)


def test_fields_keep_their_order_whatever_group_they_are_read_in(source: CubeFields) -> None:
    given = fields(square(30, 20, 4), square(90, 90, 2), square(2, 2, 4))
    given = [*given, Field(id=4, defect="it has no geometry")]
    table = answered(source, given, dates=TARGETS)
    assert table["id"].drop_duplicates().tolist() == [1, 2, 3, 4]
    assert table.columns.tolist() == ["id", *COLUMNS]
    assert table.attrs["positions"] == (table["id"] - 1).tolist()
    flags = facts(table)["flags"]
    assert flags[2] == "outside 'scene.nc'"
    assert flags[4] == "not measured: it has no geometry"
    unread = table[table["id"].isin([2, 4])]
    assert len(unread) == 2
    assert unread.drop(columns=["id", "clear_count", "flags"]).isna().all(axis=None)
    assert unread["clear_count"].tolist() == [0, 0]


def test_all_products_fill_their_columns(source: CubeFields) -> None:
    found = facts(answered(source, fields(square(5, 5, 4), disc(25, 15, 50)), (), dates=TARGETS))
    for name in ("p_crop", "p_conifer", "p_broadleaf", "crop_share", "conifer_share", "broadleaf_share"):
        assert found[name].between(0, 1).all()
    assert (found["p_conifer"] + found["p_broadleaf"] <= 1.001).all()
    assert (found["dissimilarity"] > 0).all()
    assert found["hindcast_mae"].between(0, 0.3).all()
    assert (found["clear_count"] > 40).all()


def test_small_partly_covered_and_repeated_fields_are_flagged(source: CubeFields) -> None:
    given = fields(square(5.6, 5.6, 0.3), square(38, 10, 4), square(10, 10, 3))
    given[2] = replace(given[2], id=given[1].id)
    table = answered(source, given, dates=TARGETS)
    flags = table.assign(position=table.attrs["positions"]).drop_duplicates("position")["flags"].tolist()
    assert flags[0].startswith("too small or thin for a pixel of its own")
    assert flags[1] == "only 50 % of it lies in 'scene.nc'; its id occurs 2 times in the file"
    assert flags[2] == "its id occurs 2 times in the file"
    assert facts(table)["clear_count"].min() > 0


def test_nothing_from_the_issue_date_on_is_used_or_shown(source: CubeFields) -> None:
    issue = date(2021, 9, 1)
    table = answered(source, fields(square(5, 5, 4)), (), issue_date=issue, dates="2021-09-20")
    seen = table[table["clear_share"].notna()]
    assert seen["date"].max() < pd.Timestamp(issue)
    whole = source.source.whole
    hidden = whole.data.where(whole.data["time"] < np.datetime64(issue))
    before = CubeFields(replace(source.source, whole=replace(whole, data=hidden)))
    same = answered(before, fields(square(5, 5, 4)), (), issue_date=issue, dates="2021-09-20")
    pd.testing.assert_frame_equal(table, same)


def test_never_clear_fields_have_lines_without_numbers(tmp_path: Path) -> None:
    source = open_scene(tmp_path, clear=0.0, dates=10)
    table = answered(source, fields(square(5, 5, 4)), (), dates="2020-05-01,2020-06-01")
    assert facts(table)["flags"].tolist() == ["never seen clearly in the period"]
    assert table["date"].tolist() == [pd.Timestamp("2020-05-01"), pd.Timestamp("2020-06-01")]
    assert table["q50"].isna().all()


def test_few_clear_dates_are_said_to_be_few(tmp_path: Path) -> None:
    source = open_scene(tmp_path, clear=1.0, dates=3)
    table = answered(source, fields(square(5, 5, 4)), dates="2020-02-01")
    assert facts(table)["flags"].tolist() == ["too few clear dates to tell (3)"]


def test_ids_of_two_types_become_texts(source: CubeFields) -> None:
    given = [replace(f, id=i) for f, i in zip(fields(square(5, 5, 4), square(20, 5, 4)), ("a", 2), strict=True)]
    assert answered(source, given, dates=TARGETS)["id"].drop_duplicates().tolist() == ["a", "2"]


def test_names_are_a_column_where_a_field_has_one(source: CubeFields) -> None:
    given = fields(square(5, 5, 4), square(20, 5, 4))
    given[1] = replace(given[1], name="South")
    table = answered(source, given, dates=TARGETS)
    assert table.columns.tolist() == ["id", "name", *COLUMNS]
    assert facts(table)["name"].tolist() == ["", "South"]


def test_fields_none_of_which_can_be_read_are_refused(source: CubeFields) -> None:
    with pytest.raises(InvalidOption, match=r"none of them lies in 'scene\.nc'"):
        answered(source, fields(square(90, 90, 2)))
    with pytest.raises(InvalidOption, match="none of them can be measured; of the first, it has no geometry"):
        answered(source, [Field(id=1, defect="it has no geometry")])


def test_a_drop_in_the_last_weeks_is_flagged_in_words(source: CubeFields) -> None:
    whole = source.source.whole
    data = whole.data.copy(deep=True)
    data["B08"][-5:] = data["B08"][-5:] * 0.4
    fallen = CubeFields(replace(source.source, whole=replace(whole, data=data)))
    flags = facts(answered(fallen, fields(square(25, 10, 8)), dates=TARGETS))["flags"][1]
    first = [whole.period.end - timedelta(days=d) for d in (40, 50)]  # noise may have begun the run a date earlier
    assert flags.startswith("below its usual by 0.")
    assert flags.split(" since ")[1] in [f"{d.day} {d:%B %Y}" for d in first]

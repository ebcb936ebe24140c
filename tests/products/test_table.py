"""Products applied to tables of series."""

from datetime import date

import numpy as np
import pytest

from core.errors import InvalidPeriod, InvalidTable
from core.settings import Settings
from core.timeline import to_date
from models.registry import find_checkpoint
from products.table import classify_table, forecast_table
from tests.models.builders import START, wavy_series

AFTER = to_date(START + 8 * 119 + 1)


def test_each_series_is_forecast_at_its_own_dates() -> None:
    checkpoint = find_checkpoint("", "forecast", Settings())
    later = date(AFTER.year, 12, 24)
    targets = {"s2": [later, AFTER], "s0": [later]}
    table = forecast_table(wavy_series(), targets, checkpoint, issue_date=None)
    assert list(table.columns) == ["series_id", "time", "q05", "q25", "q50", "q75", "q95"]
    assert list(table.series_id) == ["s2", "s2", "s0"]
    assert [t.date() for t in table.time] == [AFTER, later, later]
    assert table[["q05", "q50", "q95"]].notna().all(axis=None)


def test_a_target_inside_the_history_is_refused() -> None:
    checkpoint = find_checkpoint("", "forecast", Settings())
    with pytest.raises(InvalidPeriod, match="s1"):
        forecast_table(wavy_series(), {"s1": [to_date(START + 50)]}, checkpoint, issue_date=None)


def test_a_target_of_an_unknown_series_is_refused() -> None:
    checkpoint = find_checkpoint("", "forecast", Settings())
    with pytest.raises(InvalidTable, match="nobody"):
        forecast_table(wavy_series(), {"nobody": [AFTER]}, checkpoint, issue_date=None)


@pytest.mark.parametrize(
    ("product", "columns"), [("crop", ["p_crop"]), ("canopy", ["p_none", "p_conifer", "p_broadleaf"])]
)
def test_each_series_is_classified_at_its_end(product: str, columns: list[str]) -> None:
    checkpoint = find_checkpoint("", product, Settings())
    table = classify_table(product, wavy_series(), checkpoint, end=None)
    assert list(table.columns) == ["sample_id", *columns]
    shares = table[columns].to_numpy()
    assert ((shares >= 0) & (shares <= 1)).all()
    if product == "canopy":
        np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)

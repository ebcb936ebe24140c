"""Products applied to tables of series."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.bands import channel
from core.cube import Series
from core.errors import InvalidOption, InvalidTable
from core.product import Layer
from core.timeline import Period, to_date
from products.catalogue import find_product
from products.order import parse
from products.table import options_of_each, predict_table, seen_in_period, wide_table
from tests.models.builders import START, wavy_series
from tests.products.cubes import checkpoint_of

AFTER = to_date(START + 8 * 119 + 1)
LATER = date(AFTER.year, 12, 24)


def predicted(
    product_id: str,
    series: Series | None = None,
    *,
    dates: Mapping[str, Sequence[date]] | None = None,
    **inputs: Any,
) -> pd.DataFrame:
    product, series = find_product(product_id), wavy_series() if series is None else series
    checkpoint = checkpoint_of(product)
    each = options_of_each(product, series, inputs, checkpoint, dates=dates)
    shares: list[float] = []
    table = predict_table(product, series, each, checkpoint, shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    return table


def test_each_series_is_forecast_at_its_own_dates_in_the_order_of_the_table() -> None:
    dates = {f"s{n}": [LATER] if n % 2 else [AFTER, LATER] for n in range(len(wavy_series()))}
    table = predicted("ndvi-forecast", dates=dates)
    assert list(table.columns) == ["series_id", "time", "q05", "q25", "q50", "q75", "q95"]
    assert list(table.series_id[:5]) == ["s0", "s0", "s1", "s2", "s2"]
    assert [t.date() for t in table.time[:3]] == [AFTER, LATER, LATER]
    alone = predicted("ndvi-forecast", wavy_series().take(slice(1, 2)), dates={"s1": [LATER]})
    np.testing.assert_allclose(table.q50[2], alone.q50[0], atol=1e-6)


def test_each_series_is_forecast_from_the_day_after_its_last_row() -> None:
    series = wavy_series()
    series.days[1] -= 40
    table = predicted("ndvi-forecast", series, horizon="10d", step="5d").set_index("series_id").time
    assert [t.date() for t in table["s0"]] == [to_date(int(series.days[0].max()) + n) for n in (5, 10)]
    assert [t.date() for t in table["s1"]] == [to_date(int(series.days[1].max()) + n) for n in (5, 10)]


def test_a_target_inside_the_history_is_refused_with_its_series() -> None:
    dates = {str(name): [AFTER] for name in wavy_series().ids} | {"s1": [to_date(START + 50)]}
    with pytest.raises(InvalidTable, match=r"series 's1'.*before the issue date"):
        predicted("ndvi-forecast", dates=dates)


@pytest.mark.parametrize(
    ("product", "columns"), [("crop", ["p_crop"]), ("canopy", ["p_none", "p_conifer", "p_broadleaf"])]
)
def test_each_series_is_classified_at_its_end(product: str, columns: list[str]) -> None:
    table = predicted(product)
    assert list(table.columns) == ["sample_id", *columns]
    shares = table[columns].to_numpy()
    assert ((shares >= 0) & (shares <= 1)).all()
    if product == "canopy":
        np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)
    percent = predicted(product, probabilities="percent")[columns].to_numpy()
    np.testing.assert_array_equal(percent, np.rint(shares * 100))


def test_observations_outside_the_period_are_not_read() -> None:
    series = wavy_series()
    cut = f"{to_date(START)}/{to_date(START + 400)}"
    table = predicted("canopy", series, period=cut)
    late = series.days > START + 400
    series.values[late] = np.float32(0.9)
    pd.testing.assert_frame_equal(predicted("canopy", series, period=cut), table)


def test_a_channel_that_the_product_does_not_read_changes_nothing() -> None:
    series = wavy_series()
    before = predicted("ndvi-forecast", series, horizon="5d")
    series.values[..., channel("temperature_2m")] = 290.0
    series.values[..., channel("VV")] = -11.0
    pd.testing.assert_frame_equal(predicted("ndvi-forecast", series, horizon="5d"), before)


@pytest.mark.parametrize(("product", "option", "value"), [("canopy", "mmu", 1), ("crop", "threshold", 0.4)])
def test_options_of_maps_are_refused(product: str, option: str, value: float) -> None:
    with pytest.raises(InvalidOption, match="the input is a table"):
        predicted(product, **{option: value})


def test_a_change_has_all_its_layers_but_the_count() -> None:
    table = predicted("canopy", change=f"{to_date(START + 300)}/{to_date(START + 700)}")
    assert list(table.columns) == [
        "sample_id",
        *("change", "p_gain", "p_loss", "p_switch", "significance", "class_before", "class_after"),
    ]


def test_series_with_the_same_end_share_their_options() -> None:
    product, series = find_product("ndvi-forecast"), wavy_series(4)
    series.days[2] -= 40
    checkpoint = checkpoint_of(product)
    each = options_of_each(product, series, {"horizon": "10d"}, checkpoint)
    assert each[0] is each[1] is each[3]
    assert (each[0].issue - each[2].issue).days == 40


def test_only_channels_of_the_product_in_the_period_of_each_series_are_seen() -> None:
    product, series = find_product("crop"), wavy_series(2)
    series.values[..., channel("B02")] = 0.1
    first, second = (
        parse(
            product,
            {"period": f"{to_date(START)}/{to_date(START + days)}"},
            available=Period(start=to_date(START), end=AFTER),
            kind="table",
        )
        for days in (80, 400)
    )
    seen = np.isfinite(seen_in_period(product, series, [first, second]).values)
    inside = series.days <= START + np.array([[80], [400]])
    expected = np.isfinite(series.values[..., channel("NDVI")]) & inside
    assert 0 < expected.sum(axis=1)[0] < expected.sum(axis=1)[1]
    np.testing.assert_array_equal(seen[..., channel("NDVI")], expected)
    forecast = find_product("ndvi-forecast")
    series.values[..., channel("VV")] = -11
    resolved = parse(forecast, {}, available=Period(start=to_date(START), end=AFTER))
    assert "VV" not in seen_in_period(forecast, series, [resolved, resolved]).shown


def test_a_wide_table_has_the_chosen_layers_and_whole_percents() -> None:
    layers = (
        Layer(name="class", description=""),
        Layer(name="p_a", description="", unit="%"),
        Layer(name="p_b", description="", unit="1"),
    )
    values = np.float32([[1, 0.256, 0.744], [0, 0.5, 0.5]])
    table = wide_table(wavy_series(2), values, layers, lambda layer: layer.name != "class", id_column="sample_id")
    assert list(table.columns) == ["sample_id", "p_a", "p_b"]
    assert table.sample_id.tolist() == ["s0", "s1"]
    assert table.p_a.tolist() == [26, 50]
    np.testing.assert_array_equal(table.p_b, np.float32([0.744, 0.5]))

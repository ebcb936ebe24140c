"""NDVI at regular dates, observed or not."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from core.checkpoint import Checkpoint
from core.errors import InvalidOption, InvalidPeriod, LandcastError
from core.timeline import parse_period, to_date
from products.catalogue import PRODUCTS
from products.order import parse
from products.rows import render
from products.table import options_of_each
from tests.models.builders import START, wavy_series
from tests.products.cubes import AVAILABLE, small_cube
from tests.products.forecasters import LAST, forecaster, predicted, seen_every_date

PRODUCT = PRODUCTS["ndvi-gap-fill"]
END = AVAILABLE.end


def resolved(**inputs: Any) -> Any:
    return parse(PRODUCT, inputs, available=AVAILABLE)


def test_half_a_year_up_to_the_last_observation_is_filled_every_five_days() -> None:
    targets = resolved().targets
    assert len(targets) == 36
    assert (targets[0], targets[-1]) == (END - timedelta(days=175), END)
    assert {(b - a).days for a, b in pairwise(targets)} == {5}


def test_dates_are_counted_back_from_the_last_day() -> None:
    found = resolved(since="2018-01-01", until="2018-01-30", step="7d").targets
    assert [d.day for d in found] == [2, 9, 16, 23, 30]
    assert resolved(until=str(END + timedelta(days=20))).targets[-1] == END + timedelta(days=20)


def test_a_source_shorter_than_half_a_year_is_filled_from_its_first_day() -> None:
    short = parse_period("2018-05-03/2018-07-31")
    assert parse(PRODUCT, {}, available=short).targets[0] == date(2018, 5, 7)


def test_what_lies_after_the_dates_is_read_too_and_resolving_twice_changes_nothing() -> None:
    once = resolved(since="2017-01-01", until="2017-03-01")
    assert str(once.days) == "2016-08-01/2017-08-28"
    assert PRODUCT.resolve(once, available=AVAILABLE) == once
    again = PRODUCT.options.read(once.to_json())
    assert PRODUCT.resolve(again, available=AVAILABLE) == once
    late = resolved(until="2018-08-20")
    assert PRODUCT.resolve(late, available=AVAILABLE) == late


@pytest.mark.parametrize(
    ("inputs", "sentence"),
    [
        ({"until": "2021-12-01"}, "more than 732 days after the last observation, 2018-07-31"),
        ({"until": "2016-01-01"}, "before the observations, which begin on 2016-08-01"),
        ({"since": "2015-01-01", "until": "2018-01-01", "step": "30d"}, "before the observations"),
        ({"since": "2018-06-01", "until": "2018-05-01"}, "ends before it starts"),
        ({"since": "2016-08-01", "step": "1d"}, "730 dates"),
        ({"dates": ["2018-06-01"], "until": "2018-06-02"}, "cannot be combined with dates"),
        ({"dates": ["2018-06-01"], "step": "3d"}, "'3d'"),
        ({"period": "2018-01-01/2018-03-01", "since": "2017-12-01"}, "begin on 2018-01-01"),
        ({"until": "2018-02-30"}, "no date"),
    ],
)
def test_inputs_that_make_no_sense_end_in_one_sentence(inputs: dict[str, Any], sentence: str) -> None:
    with pytest.raises(LandcastError, match=sentence) as raised:
        resolved(**inputs)
    assert "\n" not in str(raised.value)


def test_layers_are_quantiles_and_distances_by_date_and_the_count() -> None:
    layers = PRODUCT.layers(resolved(dates=["2018-06-06", "2018-06-01"]))
    assert [v.name for v in layers[::5]] == ["ndvi_2018-06-01_q05", "ndvi_2018-06-06_q05", "days_to_clear_2018-06-01"]
    assert [v.name for v in layers[10:]] == ["days_to_clear_2018-06-01", "days_to_clear_2018-06-06", "clear_count"]
    assert layers[0].description == "NDVI on 2018-06-01: 5 % of outcomes lie below"
    assert [v.date for v in PRODUCT.shown(layers)] == ["2018-06-01", "2018-06-06"]


def test_an_imported_model_is_refused() -> None:
    imported = Checkpoint(name="paper", task="forecast", sha256="", folder="", card={"network": {"form": "calendar"}})
    with pytest.raises(InvalidOption, match="only forecasts"):
        PRODUCT.add_card(resolved(), imported)
    assert PRODUCT.add_card(resolved(), forecaster()) == resolved()


def test_pixels_of_a_cube_are_filled_and_those_never_seen_stay_empty() -> None:
    cube = small_cube()
    options = parse(PRODUCT, {"step": "30d"}, available=cube.period)
    raster = render(PRODUCT, cube, options, forecaster(), lambda _share: None)
    assert np.argwhere(raster.is_unseen()).tolist() == [[1, 2]]
    seen = raster.pixels[:, ~raster.is_unseen()]
    assert np.isfinite(seen).all()
    assert (np.diff(seen[:5], axis=0) >= 0).all()
    count = np.isfinite(cube.ndvi()).sum(axis=0)
    np.testing.assert_array_equal(seen[-1], count[~raster.is_unseen()])


def test_rows_hold_quantiles_and_the_distance_to_the_nearest_observation() -> None:
    table = predicted(PRODUCT, seen_every_date(2), since=str(to_date(LAST - 10)), until=str(to_date(LAST + 12)))
    columns = ["series_id", "time", "q05", "q25", "q50", "q75", "q95", "days_to_clear"]
    assert list(table.columns) == columns
    assert table.series_id.tolist() == ["s0"] * 5 + ["s1"] * 5
    assert table.days_to_clear.tolist() == [0, 3, 2, 7, 12] * 2


def test_series_have_dates_of_their_own_and_the_defaults_follow_their_own_end() -> None:
    series = wavy_series(2)
    series.days[1] -= 40
    each = options_of_each(PRODUCT, series, {}, forecaster())
    assert [o.targets[-1] for o in each] == [to_date(LAST), to_date(LAST - 40)]
    own = {"s0": [to_date(START + 300)], "s1": [to_date(START + 200), to_date(START + 100)]}
    table = predicted(PRODUCT, series, dates=own)
    assert [t.date() for t in table.time] == [to_date(START + n) for n in (300, 100, 200)]


def test_the_distance_counts_observations_of_the_period_alone() -> None:
    cut = f"{to_date(START)}/{to_date(START + 400)}"
    table = predicted(PRODUCT, seen_every_date(1), period=cut, until=str(to_date(START + 430)), step="60d")
    assert table.days_to_clear.tolist()[-1] == 30
    with pytest.raises(InvalidPeriod, match="732 days"):
        predicted(PRODUCT, seen_every_date(1), period=cut, until=str(to_date(START + 1200)))


def test_an_observed_date_is_estimated_with_its_own_observation() -> None:
    series, day = seen_every_date(1), START + 8 * 60
    whole = predicted(PRODUCT, series, dates={"s0": [to_date(day)]})
    series.values[series.days == day] = np.nan
    hidden = predicted(PRODUCT, series, dates={"s0": [to_date(day)]})
    assert (whole.days_to_clear[0], hidden.days_to_clear[0]) == (0, 8)
    assert whole.q50[0] != hidden.q50[0]

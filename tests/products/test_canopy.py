"""Canopy: the options of a map and of a change, and the layers of both."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from core.errors import InvalidOption, InvalidPeriod
from core.settings import Settings
from core.timeline import Period
from models.registry import find_checkpoint
from products.canopy import Canopy
from products.order import parse
from products.rows import render
from tests.products.class_maps import order
from tests.products.class_models import change_card, copied
from tests.products.felling import AVAILABLE, DATES, FIRST, SECOND, felling


def test_an_order_reads_three_years_before_the_first_date_and_is_read_back_to_the_same() -> None:
    params = parse(Canopy(), {"change": DATES, "mmu": 0.5}, available=AVAILABLE)
    assert params.period == Period(start=FIRST - timedelta(days=1095), end=SECOND)
    assert params.to_json() == {
        "period": str(params.period),
        "change": DATES,
        "significance": 0.9,
        "probabilities": "percent",
        "mmu": 0.5,
    }
    assert parse(Canopy(), params.to_json(), available=AVAILABLE) == params


def test_an_order_of_one_date_has_no_option_of_change() -> None:
    assert set(parse(Canopy(), {"mmu": 0}, available=AVAILABLE).to_json()) == {"period", "date", "probabilities"}


@pytest.mark.parametrize(
    ("inputs", "error", "sentence"),
    [
        ({"change": "2022-06-30/2021-06-30"}, InvalidPeriod, "before it starts"),
        ({"change": "2021-06-30"}, InvalidPeriod, "slash"),
        ({"change": "2021-06-30/2021-06-30"}, InvalidPeriod, "two different dates"),
        ({"change": "2017-06-30/2019-06-30"}, InvalidPeriod, "starts after"),
        ({"change": "2022-12-31/2023-06-30"}, InvalidPeriod, "no day between"),
        ({"change": DATES, "date": "2022-01-01"}, InvalidOption, "two dates"),
        ({"change": DATES, "significance": 0.4}, InvalidOption, "from 0.5"),
        ({"change": DATES, "significance": "much"}, InvalidOption, "from 0.5"),
        ({"significance": 0.9}, InvalidOption, "belongs to change"),
        ({"mmu": -1}, InvalidOption, "hectares"),
        ({"mmu": "small"}, InvalidOption, "hectares"),
        ({"mmu": True}, InvalidOption, "hectares"),
        ({"mmu": 10**400}, InvalidOption, "hectares"),
        ({"mmu": "nan"}, InvalidOption, "hectares"),
    ],
)
def test_options_that_do_not_fit_together_are_refused(
    inputs: dict[str, object], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        parse(Canopy(), inputs, available=AVAILABLE)


def test_the_shipped_model_gives_all_layers_of_a_change() -> None:
    product, cube = Canopy(), felling()
    params = parse(product, {"change": DATES}, available=cube.period)
    raster = render(product, cube, params, find_checkpoint("", "canopy", Settings()), lambda share: None)
    assert raster.layers == product.layers(params)
    assert raster.layers[-1].name == "clear_count"
    assert [v.name for v in raster.layers if v.legend] == ["change", "class_before", "class_after"]
    assert np.array_equal(raster.is_unseen().ravel(), [False] * 4 + [True] * 2)


def test_a_canopy_map_by_a_model_of_other_classes_is_refused(class_models: Path, tmp_path: Path) -> None:
    models = copied(class_models, "canopy", tmp_path)
    change_card(models / "canopy", classes=["none", "pine", "oak"])
    with pytest.raises(InvalidOption, match="pine"):
        order(models, "canopy")

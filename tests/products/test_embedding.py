"""Embeddings of series by the shipped forecaster, and their options."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from core.checkpoint import Checkpoint
from core.errors import InvalidOption, InvalidPeriod
from core.settings import Settings
from core.timeline import Period, to_date, to_day
from models.embed import embed, width_of
from models.registry import find_trunk
from products.embedding import Embedding, dimension, half
from products.forecast import HISTORY_DAYS
from products.order import add_card, parse
from tests.models.builders import START, wavy_series

AVAILABLE = Period(start=date(2000, 3, 1), end=date(2018, 7, 31))
DAY = to_date(START + 8 * 60)
IMPORTED = Checkpoint(
    name="mine",
    task="forecast",
    sha256="",
    folder="",
    card={"network": {"form": "calendar"}, "bands": ["B05", "-", "VV"]},
)


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return find_trunk("", Settings())


@pytest.fixture(scope="module")
def product(checkpoint: Checkpoint) -> Embedding:
    return Embedding(checkpoint, width_of(checkpoint))


def test_by_default_the_history_up_to_the_last_day_is_embedded(product: Embedding, checkpoint: Checkpoint) -> None:
    options = parse(product, {}, available=AVAILABLE)
    assert (options.date, options.layer) == (AVAILABLE.end, "middle")
    assert options.days == Period(start=AVAILABLE.end - timedelta(days=HISTORY_DAYS - 1), end=AVAILABLE.end)
    assert add_card(product, options, checkpoint) == options
    assert parse(product, options.to_json(), available=AVAILABLE) == options


def test_there_is_a_layer_for_each_dimension_of_the_model(product: Embedding, checkpoint: Checkpoint) -> None:
    layers = product.layers(parse(product, {"date": str(DAY)}, available=AVAILABLE))
    assert len(layers) == checkpoint.card["network"]["width"]
    assert [layers[n].name for n in (0, 7, 31)] == ["e000", "e007", "e031"] == [dimension(n) for n in (0, 7, 31)]
    assert {layer.date for layer in layers} == {str(DAY)}
    assert product.shown(layers) == layers[:1]


def test_series_are_embedded_from_their_observations_up_to_the_date(product: Embedding, checkpoint: Checkpoint) -> None:
    series = wavy_series(3)
    options = parse(product, {"date": str(DAY), "layer": "last"}, available=AVAILABLE)
    found = product.predict(series, [options] * 3, checkpoint)
    late = replace(series, values=np.where((series.days > to_day(DAY))[..., None], np.float32(0.9), series.values))
    np.testing.assert_array_equal(product.predict(late, [options] * 3, checkpoint), found)
    after = np.full(3, to_day(DAY) + 1, np.int32)
    np.testing.assert_allclose(found, embed(series, after, checkpoint, layer="last"), atol=1e-6)
    table = product.tabulate(series, [options] * 3, found)
    assert list(table.columns[:3]) == ["series_id", "e000", "e001"]
    assert table.attrs["landcast_layer"] == "last"
    np.testing.assert_array_equal(table.e001, found[:, 1].astype(np.float16).astype(np.float32))


def test_numbers_too_large_for_float16_become_its_largest() -> None:
    assert half(np.float32([1e6, -1e6, 0.1])).tolist() == [65504, -65504, np.float32(np.float16(0.1))]


def test_a_period_that_starts_after_the_date_is_refused(product: Embedding) -> None:
    with pytest.raises(InvalidPeriod, match="starts after the date of the embedding, 2017-01-01"):
        parse(product, {"date": "2017-01-01", "period": "2017-02-01/2018-01-01"}, available=AVAILABLE)


def test_an_imported_model_reads_its_own_bands_and_needs_them_all() -> None:
    product = Embedding(IMPORTED, 12)
    options = parse(product, {}, available=AVAILABLE)
    assert options.layer == "last"
    assert product.bands[-1] == "VV"
    product.require(options, ["B05", "VV"], "cube.nc")
    with pytest.raises(InvalidOption, match=r"'mine'.*it reads VV, which 'cube.nc' does not have"):
        product.require(options, ["B04", "B05"], "cube.nc")

"""Layers as people look at them: which one is first, and the colours of each kind."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from core.job import Job, JobState, Order
from core.product import Layer, Variable
from core.settings import Settings
from core.timeline import parse_period
from models.registry import find_checkpoint
from products.catalogue import find_product
from products.order import add_card, parse
from service.layers import COUNT_RAMP, NDVI_RAMP, PERCENT_RAMP, SHARE_RAMP, first_layer, layers_of, ramp_of, view_of

AVAILABLE = parse_period("2016-08-01/2018-07-31")


def job_of(name: str, **inputs: Any) -> Job:
    """Return a finished job as the ledger keeps it."""
    product = find_product(name)
    options = parse(product, inputs, available=AVAILABLE)
    options = add_card(product, options, find_checkpoint("", product.task, Settings()))
    order = Order(
        product=name,
        region={},
        archive="sample",
        model="small",
        params=options.to_json(),
    )
    now = datetime(2022, 7, 1, tzinfo=UTC).isoformat()
    return Job(id="one", order=order, state=JobState.SUCCESSFUL, created=now, updated=now)


@pytest.mark.parametrize(
    ("name", "inputs", "first"),
    [
        ("canopy", {}, "class"),
        ("ndvi-gap-fill", {"dates": ["2018-07-20", "2018-07-10"]}, "ndvi_2018-07-10_q50"),
        ("ndvi-anomaly", {}, "percentile"),
        ("crop", {"probabilities": "float"}, "class"),
        ("canopy", {"change": "2018-05-01/2018-07-01"}, "change"),
        ("ndvi-forecast", {"dates": ["2018-09-20", "2018-08-10"], "variables": ["EVI2"]}, "ndvi_2018-08-10_q50"),
    ],
)
def test_the_first_layer_is_the_class_the_change_or_the_median_of_the_first_date(
    name: str, inputs: dict[str, Any], first: str
) -> None:
    assert first_layer(job_of(name, **inputs)) == first


def test_classes_have_their_legend_in_either_form() -> None:
    percent, floats = (layers_of(job_of("canopy", probabilities=form)) for form in ("percent", "float"))
    assert floats[0].legend == percent[0].legend
    assert view_of(floats[0]).kind == "classes"
    assert [stop.label for stop in view_of(floats[0]).legend] == ["No tree canopy", "Conifer", "Broadleaf"]


@pytest.mark.parametrize("variable", [Variable.PROBABILITY, Variable.SIGNIFICANCE, Variable.DISSIMILARITY])
def test_shares_have_one_ramp_whatever_they_are_called(variable: str) -> None:
    layer = Layer(name="x", description="x", variable=variable, unit="1")
    assert ramp_of(layer) is SHARE_RAMP
    assert ramp_of(replace(layer, unit="%")) is PERCENT_RAMP


def test_anomalies_have_a_ramp_with_what_is_usual_in_the_middle() -> None:
    for variable in (Variable.ANOMALY, Variable.DEPARTURE):
        layer = Layer(name="x", description="x", variable=variable, unit="1")
        assert ramp_of(layer).values[2] == 0
        assert view_of(layer).legend[0].label == "-0.5"
    percentile = ramp_of(Layer(name="x", description="x", variable=Variable.PERCENTILE, unit="1"))
    assert (percentile.values[2], percentile.colours) == (50, ramp_of(layer).colours)


def test_days_are_counts() -> None:
    assert ramp_of(Layer(name="x", description="x", variable=Variable.DAYS_TO_CLEAR, unit="days")) is COUNT_RAMP


def test_the_name_of_a_layer_decides_nothing() -> None:
    assert ramp_of(Layer(name="p_crop", description="x", variable="NDVI", unit="1")) == NDVI_RAMP
    assert ramp_of(Layer(name="ndvi_q50", description="x", variable=Variable.CLEAR_COUNT, unit="count")) is COUNT_RAMP


def test_every_legend_has_colours_a_browser_knows() -> None:
    for unit in ("1", "%", "count", ""):
        for stop in view_of(Layer(name="x", description="x", unit=unit)).legend:
            assert len(stop.colour) == 7
            assert stop.colour.startswith("#")


@pytest.mark.parametrize(
    ("name", "first", "last"), [("NDVI", -0.2, 1.0), ("EVI2", -0.2, 1.0), ("GCVI", -1.6, 8.0), ("B08", -0.1, 0.5)]
)
def test_a_quantity_has_the_colours_of_ndvi_in_its_own_units(name: str, first: float, last: float) -> None:
    ramp = ramp_of(Layer(name="a", description="", unit="1", variable=name, quantile=0.5))
    assert (ramp.values[0], ramp.values[-1], ramp.colours) == (first, last, NDVI_RAMP.colours)


def test_an_index_that_falls_with_vegetation_has_them_turned_round() -> None:
    ramp = ramp_of(Layer(name="a", description="", unit="1", variable="NDWI", quantile=0.5))
    assert (ramp.values[0], ramp.values[-1], ramp.colours) == (-1.0, 0.2, NDVI_RAMP.colours[::-1])

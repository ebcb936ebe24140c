"""Figures and intervals as text."""

import pytest

from models.metrics.forecast_scores import Interval
from outputs.reports.numbers import ends, excludes_zero, interval_text, number, percent, plus_minus

NAN = float("nan")


def interval(low: float, high: float, value: float = 0.27) -> Interval:
    return Interval(value=value, low=low, high=high)


def test_numbers_have_three_decimals_and_shares_are_percents() -> None:
    assert (number(0.12349), number(-2)) == ("0.123", "-2.000")
    assert (percent(0.0547), percent(0.0547, decimals=2)) == ("5.5 %", "5.47 %")


def test_what_is_not_defined_is_a_dash() -> None:
    assert (number(NAN), percent(NAN), plus_minus(NAN, 0.1), interval_text(interval(NAN, NAN, NAN))) == ("–",) * 4


def test_an_interval_has_both_ends_or_none() -> None:
    assert ends(interval(0.221, 0.343)) == "0.221 to 0.343"
    assert interval_text(interval(0.221, 0.343)) == "0.270 (0.221 to 0.343)"
    assert interval_text(interval(NAN, NAN)) == "0.270"


def test_a_half_width_takes_the_form_of_its_figure_and_may_be_missing() -> None:
    assert plus_minus(0.855, 0.05) == "0.855 ± 0.050"
    assert plus_minus(1200.4, 33.3, "{:,.0f}".format) == "1,200 ± 33"
    assert plus_minus(1, NAN) == "1.000 ± not defined"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.01, 0.3, True), (-0.3, -0.01, True), (-0.1, 0.3, False), (0, 0.3, False), (NAN, NAN, False)],
)
def test_a_difference_is_clear_where_its_interval_lies_on_one_side_of_0(
    low: float, high: float, expected: bool
) -> None:
    assert excludes_zero(interval(low, high)) is expected

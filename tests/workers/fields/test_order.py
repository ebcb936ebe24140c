from datetime import date

import pytest

from core.bands import OPTICAL_NAMES
from core.errors import InvalidOption, InvalidPeriod, MissingBand
from core.settings import Settings
from core.timeline import Period
from workers.fields.order import PRODUCTS, FieldOrder, bands_of, check_products, resolve

AVAILABLE = Period(start=date(2019, 1, 1), end=date(2022, 6, 30))


def of(*names: str, shown: tuple[str, ...] = OPTICAL_NAMES, **inputs: str) -> FieldOrder:
    return resolve(names, inputs, Settings(), available=AVAILABLE, shown=shown, source="fields.nc")


def test_all_products_are_made_by_default_of_one_issue_date() -> None:
    order = of()
    assert tuple(p.product.id for p in order.parts) == PRODUCTS
    assert order.issue == date(2022, 7, 1)
    assert order.period == AVAILABLE
    assert {p.product.id for p in order.maps} == {"crop", "canopy"}


def test_an_issue_date_ends_the_observations_of_all_products() -> None:
    order = of(issue_date="2022-05-01", dates="2022-05-10,2022-06-01")
    assert all(p.options.days.end == date(2022, 4, 30) for p in order.parts)
    assert order.period.end == date(2022, 4, 30)
    assert order.forecast is not None
    assert order.forecast.options.targets == (date(2022, 5, 10), date(2022, 6, 1))


def test_maps_alone_need_no_forecast_and_read_their_own_period() -> None:
    order = of("canopy", period="2021-01-01/2021-12-31")
    assert order.forecast is None
    assert order.period == Period(start=date(2021, 1, 1), end=date(2021, 12, 31))


def test_maps_show_shares_and_dissimilarity() -> None:
    for part in of("crop", "canopy").maps:
        assert part.options.probabilities == "float"
        assert part.options.dissimilarity_limit is not None


def test_wrong_products_dates_and_sources_are_refused() -> None:
    with pytest.raises(InvalidOption, match="the products of fields are ndvi-forecast, crop, canopy"):
        check_products(["ndvi"])
    with pytest.raises(InvalidOption, match="they are target dates of ndvi-forecast, which is not ordered"):
        of("crop", dates="2022-07-01")
    with pytest.raises(InvalidPeriod, match=r"the observations of 'fields\.nc' begin on 2019-01-01"):
        of(issue_date="2018-01-01")
    with pytest.raises(MissingBand):
        of(shown=("B02", "B03"))


def test_products_are_made_once_in_their_order() -> None:
    assert check_products(["canopy", "crop", "canopy"]) == ("crop", "canopy")
    assert check_products([]) == PRODUCTS


def test_bands_are_those_of_all_products() -> None:
    assert set(bands_of(("ndvi-forecast",))) == set(OPTICAL_NAMES)
    assert "VV" in bands_of(("ndvi-forecast", "canopy"))

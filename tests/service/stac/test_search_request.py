import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box

from core.errors import InvalidOption
from products.catalogue import PRODUCTS
from service.schemas import Search
from service.stac.search_request import (
    MAX_IDS,
    check_parameters,
    item_search,
    read_box,
    read_geometry,
    read_token,
    split_numbers,
    split_words,
    token_of,
)
from workers.queue.items import Place


def test_a_search_without_conditions_is_for_all_products() -> None:
    found = item_search(Search())
    assert found.collections == tuple(PRODUCTS)
    assert (found.ids, found.area, found.start, found.end) == (None, None, None, None)


def test_collections_that_are_no_products_are_left_out() -> None:
    assert item_search(Search(collections=["crop", "gold"])).collections == ("crop",)
    assert item_search(Search(collections=["gold"])).collections == ()


def test_ids_that_no_job_can_have_are_not_looked_up() -> None:
    assert item_search(Search(ids=["a1", "\x00", "../a1", ""])).ids == ("a1",)
    assert item_search(Search(ids=["a b"])).ids == ()


def test_a_search_has_at_most_so_many_ids() -> None:
    assert item_search(Search(ids=["a"] * MAX_IDS)).ids
    with pytest.raises(InvalidOption, match=str(MAX_IDS)):
        item_search(Search(ids=["a"] * (MAX_IDS + 1)))


def test_heights_of_a_box_are_ignored() -> None:
    area = item_search(Search(bbox=[10, 48, 0, 11, 48.5, 900])).area
    assert area is not None
    assert area.equals(box(10, 48, 11, 48.5))


@given(st.floats(allow_nan=False, allow_infinity=False), st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True))
def test_a_token_is_read_back_as_the_place_it_names(created: float, job_id: str) -> None:
    place = Place(created=created, job_id=job_id)
    assert read_token(token_of(place)) == place


@pytest.mark.parametrize("token", ["", "nothing", "1.5", "1.5_", "nan_a", "inf_a", "x_a", "1.5_a b", "1.5_a\x00"])
def test_a_token_that_is_not_ours_is_refused(token: str) -> None:
    with pytest.raises(InvalidOption, match="'next' link"):
        read_token(token)


def test_words_and_numbers_are_separated_by_commas() -> None:
    assert split_words(" crop, canopy,,") == ["crop", "canopy"]
    assert split_words(None) is None
    assert split_numbers("bbox", "1,2.5,-3") == [1.0, 2.5, -3.0]
    with pytest.raises(InvalidOption, match="bbox"):
        split_numbers("bbox", "1,x")


def test_a_box_over_the_180th_meridian_has_two_parts() -> None:
    both = read_box([170, -10, -170, 10])
    assert both.area == pytest.approx(400)
    assert both.bounds == (-180, -10, 180, 10)


@pytest.mark.parametrize("numbers", [[1, 2, 3], [1, 50, 2, 40], [1, 2, 3, 95], [math.nan, 0, 1, 1], [181, 0, 182, 1]])
def test_a_box_that_is_none_is_refused(numbers: list[float]) -> None:
    with pytest.raises(InvalidOption, match="bbox"):
        read_box(numbers)


@pytest.mark.parametrize("geometry", ["{no", "[]", {"type": "Polygon", "coordinates": [[[1, 2]]]}, {}, "[" * 100_000])
def test_a_geometry_that_is_none_is_refused(geometry: object) -> None:
    with pytest.raises(InvalidOption, match="GeoJSON"):
        read_geometry(geometry)


def test_parameters_that_are_not_known_are_refused_with_those_that_are() -> None:
    check_parameters(["bbox"], ["bbox", "limit"])
    with pytest.raises(InvalidOption, match=r"'sortby'.*bbox, limit"):
        check_parameters(["bbox", "sortby"], ["bbox", "limit"])


def test_collections_are_products_and_series_and_unknown_ones_find_nothing() -> None:
    series = "standing-0123456789ab"
    assert item_search(Search(collections=["crop", series, "x", series])).collections == ("crop", series)
    assert item_search(Search(collections=["x", "standing-x", "standing-0123456789ab-1"])).collections == ()
    assert len(item_search(Search()).collections or ()) > 3
    with pytest.raises(InvalidOption, match="101 series"):
        item_search(Search(collections=[f"standing-{n:012x}" for n in range(101)]))

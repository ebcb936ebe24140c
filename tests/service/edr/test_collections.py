"""Descriptions of collections."""

from products.catalogue import PRODUCTS
from service.edr.collections import of_observed, of_product
from workers.queue.items import Extent

BASE = "https://maps.example"


def test_a_collection_across_180_degrees_has_all_longitudes() -> None:
    extent = Extent(bbox=(179.0, -17.0, 181.0, -16.0), start=0.0, end=86_400.0)
    found = of_product(PRODUCTS["crop"], extent, [], BASE).extent
    assert found["spatial"]["bbox"] == [[-180.0, -17.0, 180.0, -16.0]]
    assert found["temporal"]["interval"] == [["1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z"]]


def test_links_lie_below_the_url_of_the_service() -> None:
    found = of_product(PRODUCTS["crop"], None, [], BASE)
    assert {x.href.startswith(f"{BASE}/edr/collections/crop") for x in found.links} == {True}


def test_observations_have_no_areas() -> None:
    assert set(of_observed(BASE).data_queries) == {"position", "instances"}

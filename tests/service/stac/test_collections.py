import pystac
import pytest

from core.errors import UnknownResult
from products.catalogue import PRODUCTS
from service.stac.collections import collection_of, find_collection
from workers.queue.items import Extent

BASE = "http://eo"


def read(extent: Extent | None) -> pystac.Collection:
    found = collection_of(PRODUCTS["crop"], extent, BASE).model_dump(exclude_none=True)
    temporal = [[None, None]] if extent is None else found["extent"]["temporal"]["interval"]
    return pystac.Collection.from_dict({**found, "extent": {**found["extent"], "temporal": {"interval": temporal}}})


def test_a_collection_covers_its_items() -> None:
    extent = read(Extent(bbox=(10.0, 48.0, 10.5, 48.25), start=1_614_556_800.0, end=1_635_638_400.0)).extent
    assert extent.spatial.bboxes == [[10.0, 48.0, 10.5, 48.25]]
    (interval,) = extent.temporal.intervals
    assert [f"{t:%Y-%m-%d}" for t in interval if t] == ["2021-03-01", "2021-10-31"]


def test_a_collection_across_180_degrees_covers_all_longitudes() -> None:
    extent = read(Extent(bbox=(10.0, -20.0, 181.5, 48.0), start=0.0, end=1.0)).extent
    assert extent.spatial.bboxes == [[-180.0, -20.0, 180.0, 48.0]]


def test_a_collection_without_items_covers_the_globe_and_all_times() -> None:
    extent = read(None).extent
    assert extent.spatial.bboxes == [[-180.0, -90.0, 180.0, 90.0]]
    assert extent.temporal.intervals == [[None, None]]


def test_only_products_have_collections() -> None:
    assert find_collection("crop") is PRODUCTS["crop"]
    with pytest.raises(UnknownResult, match=r"'gold'.*canopy"):
        find_collection("gold")

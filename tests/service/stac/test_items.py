from typing import Any

from service.stac.items import is_simulated, published

ITEM: dict[str, Any] = {
    "type": "Feature",
    "id": "a1",
    "collection": "crop",
    "properties": {"landcast:simulated": True},
    "links": [],
    "assets": {"data": {"href": "./crop.tif", "type": "image/tiff"}, "thumbnail": {"href": "./crop.png"}},
}


def test_a_published_item_links_to_itself_its_collection_and_its_job() -> None:
    links = {x["rel"]: x["href"] for x in published(ITEM, "http://eo")["links"]}
    assert links == {
        "self": "http://eo/stac/collections/crop/items/a1",
        "root": "http://eo/stac",
        "parent": "http://eo/stac/collections/crop",
        "collection": "http://eo/stac/collections/crop",
        "via": "http://eo/jobs/a1",
    }


def test_assets_become_urls_and_keep_their_other_members() -> None:
    assets = published(ITEM, "http://eo")["assets"]
    assert assets["data"] == {"href": "http://eo/files/a1/crop.tif", "type": "image/tiff"}
    assert ITEM["assets"]["data"]["href"] == "./crop.tif", "the item itself stays as it was"


def test_an_item_without_the_mark_is_not_simulated() -> None:
    assert is_simulated(ITEM)
    assert not is_simulated({"properties": {}})

"""Items as the STAC API publishes them: with links of the service and assets by absolute URLs. Searched in workers."""

from service.links import GEOJSON, file_url, link
from workers.queue.item_rows import Item


def published(item: Item, base: str, collection_id: str = "") -> Item:
    """Return an item with the links of this API and the URLs of its files.

    Args:
        item: as it is kept.
        base: URL of the service.
        collection_id: as a member of which it is shown; empty = of its product's collection.
    """
    item = {**item, "collection": collection_id or item["collection"]}
    item_id, collection = item["id"], f"{base}/stac/collections/{item['collection']}"
    links = [
        link(f"{collection}/items/{item_id}", "self", kind=GEOJSON),
        link(f"{base}/stac", "root"),
        link(collection, "parent"),
        link(collection, "collection"),
        link(f"{base}/jobs/{item_id}", "via", title="The job that made it"),
    ]
    assets = {
        key: {**asset, "href": file_url(base, item_id, asset["href"].rsplit("/", 1)[-1])}
        for key, asset in item["assets"].items()
    }
    return {**item, "links": [x.model_dump(exclude_none=True) for x in links], "assets": assets}


def is_simulated(item: Item) -> bool:
    """Tell whether an item was computed from simulated observations."""
    return bool(item["properties"].get("landcast:simulated"))

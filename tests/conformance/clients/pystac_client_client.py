"""pystac-client: pages, searches by place and time, and pystac's own checks of every item and collection."""

import itertools
from typing import Any

import pystac
import pystac.validation
import pystac_client

from tests.conformance.clients.report import Report, Service, expect, run


def examine(service: Service, report: Report) -> None:
    """Find, page and validate."""
    client = pystac_client.Client.open(f"{service.url}/stac")
    ids = {r.id for r in service.results}
    report.check("collections", lambda: expect({r.product for r in service.results} <= collections(client), True))
    report.check("search by POST", lambda: expect(ids <= found(client, service, "POST"), True, "all are found"))
    report.check("search by GET", lambda: expect(ids <= found(client, service, "GET"), True, "all are found"))
    report.check("items of a collection", lambda: items_of_collections(client, service))
    report.check("search elsewhere", lambda: expect(elsewhere(client), [], "what is found in the ocean"))
    report.check("search by time", lambda: expect(before(client), [], "what is found before 1990"))
    report.check("items keep pystac's schemas", lambda: valid_items(client, ids))
    report.check("collections keep pystac's schemas", lambda: valid_collections(client))


def collections(client: pystac_client.Client) -> set[str]:
    """Return the ids of all collections."""
    return {c.id for c in client.get_collections()}


def found(client: pystac_client.Client, service: Service, method: str) -> set[str]:
    """Return the ids of what a search of the region finds in pages of two."""
    search = client.search(intersects=service.region, method=method, limit=2)
    pages = list(itertools.islice(search.pages(), 100))
    expect(all(len(page) <= 2 for page in pages), True, "a page of at most two")
    names = [item.id for page in pages for item in page]
    expect(len(names), len(set(names)), "items in all pages")
    return set(names)


def items_of_collections(client: pystac_client.Client, service: Service) -> None:
    """Check that collections lead to their items."""
    for result in service.results:
        names = {item.id for item in client.get_collection(result.product).get_items()}
        expect(result.id in names, True, f"{result.name} in its collection")


def elsewhere(client: pystac_client.Client) -> list[str]:
    """Return what is found in the South Pacific."""
    return [item.id for item in client.search(bbox=[-130, -50, -120, -40]).items()]


def before(client: pystac_client.Client) -> list[str]:
    """Return what is found before the first Sentinel."""
    return [item.id for item in client.search(datetime="../1990-01-01T00:00:00Z").items()]


def validate(document: dict[str, Any]) -> None:
    """Raise what the core schema finds wrong, which pystac carries; those of extensions it would fetch."""
    pystac.validation.validate_dict({**document, "stac_extensions": []})


def valid_items(client: pystac_client.Client, ids: set[str]) -> None:
    """Check all items as they are served."""
    for item in client.search(ids=sorted(ids)).items_as_dicts():
        validate(item)
        pystac.Item.from_dict(item)


def valid_collections(client: pystac_client.Client) -> None:
    """Check all collections as they are served."""
    for collection in client.get_collections():
        validate(collection.to_dict(transform_hrefs=False))


if __name__ == "__main__":
    run("pystac-client", examine)

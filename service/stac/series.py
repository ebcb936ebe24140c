"""The series of a standing order: its results as a STAC collection of their own, besides that of the product."""

from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import Engine

from core.errors import UnknownResult, UnknownStandingOrder
from products.catalogue import PRODUCTS
from service.access.owners import caller_of
from service.links import GEOJSON, link
from service.schemas import StacDocument
from service.stac.collections import collection_of
from service.state import party_seen
from workers.queue.items import Extent, is_series_id
from workers.standing.store import StandingOrder, StandingOrders

MOST = 1000
"""Series in the list of collections."""


class SeriesList:
    """The series that one caller sees."""

    def __init__(self, engine: Engine, party: str | None) -> None:
        self._orders, self._party = StandingOrders(engine), party

    def find(self, collection_id: str) -> StandingOrder | None:
        """Return the standing order of a series; None = the id is not that of a series.

        Raises:
            UnknownResult: it is, and there is none of this id.
        """
        if not is_series_id(collection_id):
            return None
        try:
            return self._orders.find(collection_id, self._party)
        except UnknownStandingOrder:
            raise UnknownResult(collection_id) from None

    def all(self) -> list[StandingOrder]:
        """Return the standing orders whose series are listed, newest first."""
        return [o for o in self._orders.all(self._party, limit=MOST) if o.product in PRODUCTS]


async def _series(request: Request) -> SeriesList:
    return SeriesList(request.app.state.ledger.engine, party_seen(caller_of(request)))


CurrentSeries = Annotated[SeriesList, Depends(_series)]


def series_of(order: StandingOrder, extent: Extent | None, base: str) -> StacDocument:
    """Return the collection of a series; without an extent it has no items yet."""
    product = PRODUCTS[order.product]
    here = f"{base}/stac/collections/{order.id}"
    document: dict[str, Any] = collection_of(product, extent, base).model_dump(exclude_none=True)
    rhythm = f"every {order.every_days} days" if order.every_days else "when new scenes arrive"
    own = {
        "id": order.id,
        "title": order.title or f"{product.title}, made again {rhythm}",
        "description": f"{product.description} Made again {rhythm} for one region; the newest item comes first.",
    }
    kept = [x for x in document["links"] if x["rel"] not in ("self", "items")]
    links = [
        link(here, "self", title=own["title"]),
        link(f"{here}/items", "items", kind=GEOJSON, title="Items"),
        link(f"{base}/standing-orders/{order.id}", "via", title="The standing order"),
    ]
    return StacDocument.model_validate(
        {**document, **own, "links": [*(x.model_dump(exclude_none=True) for x in links), *kept]}
    )

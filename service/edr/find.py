"""Which result answers a query: the newest of the caller's party that fits. Results are never pooled. No pixels."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from core.errors import InvalidOption, JobDismissed, JobFailed, JobNotReady, UnknownJob, UnknownResult
from core.job import Job
from core.product import Layer
from core.timeline import Period, parse_period
from products.catalogue import PRODUCTS
from service.edr.parameters import OBSERVED, default_layers, key_of, layers_of_item, parameters_of
from service.edr.times import Asked, hull, meets, times_of_layers
from service.results import finished_job
from workers.queue.item_rows import Item
from workers.queue.items import Items, ItemSearch
from workers.queue.ledger import Ledger

OBSERVED_ID = "ndvi-observed"
"""Collection of what archives show of a pixel, read when it is asked for."""
PAGES = (1, 10, 50, 50, 50)
"""Results that are looked at, newest first: mostly the first of them answers."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """A finished job that answers a query."""

    job: Job
    item: Item
    """Its STAC item."""
    layers: tuple[Layer, ...]
    """Those that the query asks for."""
    times: Mapping[str, Period]
    """Of all layers, by name."""

    @property
    def crs(self) -> str:
        """CRS of its raster, `EPSG:CODE`."""
        return crs_of(self.item)

    @property
    def footprint(self) -> BaseGeometry:
        """What it covers, WGS84."""
        return shape(self.item["geometry"])


@dataclass(frozen=True, kw_only=True)
class Query:
    """What a query asks for, besides its place."""

    collection: str
    """Id of a product, or OBSERVED_ID."""
    names: tuple[str, ...] = ()
    """Parameters; empty = all."""
    times: Asked = ()


def check_collection(collection_id: str) -> None:
    """Check that there is a collection.

    Raises:
        UnknownResult: there is none of this id.
    """
    known = [*PRODUCTS, OBSERVED_ID]
    if collection_id not in known:
        raise UnknownResult(collection_id, known)


def products_of(collection_id: str) -> tuple[str, ...]:
    """Return the products whose results answer queries of a collection."""
    return tuple(PRODUCTS) if collection_id == OBSERVED_ID else (collection_id,)


def newest(ledger: Ledger, items: Items, query: Query, where: BaseGeometry, *, whole: bool) -> Result | None:
    """Return the newest result that meets a place and has what is asked for; None if there is none.

    Args:
        ledger, items: of the caller's party.
        query: what is asked for.
        where: WGS84.
        whole: prefer the newest that covers all of the place to one that covers a part.

    Raises:
        InvalidOption: a parameter that no result has.
    """
    partial: Result | None = None
    seen: dict[str, Layer] = {}
    if query.collection == OBSERVED_ID:
        check_names(query)
    for item in _candidates(items, query, where):
        seen |= parameters_of(layers_of_item(item))
        found = result_of(ledger, item, query)
        if found is None:
            continue
        if not whole or found.footprint.covers(where):
            return found
        partial = partial or found
    if partial is None:
        check_names(query, seen)
    return partial


def result_of(ledger: Ledger, item: Item, query: Query) -> Result | None:
    """Return the result of an item if it has something of what is asked for, and has not been dismissed meanwhile."""
    times = times_of_layers(layers_of_item(item), period_of(item))
    layers = layers_asked(item, query, times)
    if not layers:
        return None
    try:
        return Result(job=finished_job(ledger, item["id"]), item=item, layers=layers, times=times)
    except (UnknownJob, JobDismissed, JobNotReady, JobFailed):
        return None


def layers_asked(item: Item, query: Query, times: Mapping[str, Period]) -> tuple[Layer, ...]:
    """Return the layers of a result that a query asks for: none if it lacks one of the parameters.

    Observations are of no layer: a result answers by its archive if observations of its period are asked for.
    """
    layers = layers_of_item(item)
    if query.collection == OBSERVED_ID:
        return layers if meets(query.times, parse_period(period_of(item))) else ()
    if set(query.names) - set(parameters_of(layers)):
        return ()
    named = [layer for layer in layers if not query.names or key_of(layer) in query.names]
    return tuple(layer for layer in named if meets(query.times, times[layer.name]))


def period_of(item: Item) -> str:
    """Return the period of the observations that a result was made from, `START/END`."""
    return str(item["properties"]["landcast:params"]["period"])


def crs_of(item: Item) -> str:
    """Return the CRS of a result's raster, which items before version 0.2 state at the item."""
    return str((item["properties"] | item["assets"]["data"])["proj:code"])


def check_names(query: Query, seen: Iterable[str] = ()) -> None:
    """Check that the parameters of a query are those of its collection, or of results that were looked at.

    Raises:
        InvalidOption: one is not.
    """
    is_observed = query.collection == OBSERVED_ID
    own = [key_of(OBSERVED)] if is_observed else parameters_of(default_layers(query.collection))
    known = list(dict.fromkeys([*own, *seen]))
    for name in query.names:
        if name not in known:
            raise InvalidOption("parameter-name", name, f"'{query.collection}' has {', '.join(known)}")


def _candidates(items: Items, query: Query, where: BaseGeometry) -> Iterator[Item]:
    """Yield results that meet a place, newest first; observations may lie in any year, whatever a result is of."""
    start, end = (None, None) if query.collection == OBSERVED_ID else hull(query.times)
    search = ItemSearch(collections=products_of(query.collection), area=where, start=start, end=end)
    after = None
    for limit in PAGES:
        page = items.search(search, limit=limit, after=after)
        yield from page.items
        after = page.last
        if after is None:
            return

"""Descriptions of collections and their instances: where, when, and what can be asked. No values."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pyproj import CRS

from core.bands import NDVI
from core.product import Layer, Product
from products.catalogue import find_product
from service.edr.coords import CRS84, CRS84_URI
from service.edr.coverage import COVERAGE_JSON
from service.edr.find import OBSERVED_ID, crs_of
from service.edr.parameters import OBSERVED, default_layers, described, key_of, layers_of_item, parameters_of, plain
from service.edr.schemas import EdrCollection
from service.links import keywords_of, link
from workers.queue.item_rows import Item, times_of
from workers.queue.items import Extent

FORMATS = ["CoverageJSON", "CSV"]
GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"
WHOLE_GLOBE = (-180.0, -90.0, 180.0, 90.0)
OBSERVED_TITLE = "Observed NDVI"
OBSERVED_TEXT = (
    "NDVI of the clear observations of a pixel, read from the archive, and in the period, of the newest finished job "
    "that covers it, whatever its product."
)


def of_product(product: Product[Any], extent: Extent | None, newest: Iterable[Item], base: str) -> EdrCollection:
    """Return the collection of a product.

    Args:
        product: whose results it has.
        extent: of all its results; None = it has none yet.
        newest: some of them, whose parameters and CRSs it lists besides the defaults.
        base: URL of the service.
    """
    found = list(newest)
    layers = [*default_layers(product.id), *(layer for item in found for layer in layers_of_item(item))]
    zones = sorted({crs_of(item) for item in found})
    return _collection(
        product.id,
        f"{base}/edr/collections/{product.id}",
        title=product.title,
        description=product.description,
        keywords=keywords_of(product),
        extent=_extent(*_parts(extent)),
        crs=[CRS84, *zones],
        parameters=described(parameters_of(layers), about_url(base, product.id), plain, dated=False),
        queries=("position", "area", "instances"),
    )


def of_observed(base: str) -> EdrCollection:
    """Return the collection of what archives show."""
    return _collection(
        OBSERVED_ID,
        f"{base}/edr/collections/{OBSERVED_ID}",
        title=OBSERVED_TITLE,
        description=OBSERVED_TEXT,
        keywords=["Sentinel-2", NDVI.name],
        extent=_extent(WHOLE_GLOBE, None, None),
        crs=[CRS84],
        parameters=_observed(base),
        queries=("position", "instances"),
    )


def of_instance(collection_id: str, item: Item, base: str) -> EdrCollection:
    """Return one finished result of a collection; what archives show is of the period of the job."""
    stated, product = item["properties"], find_product(item["properties"]["landcast:product"])
    is_observed = collection_id == OBSERVED_ID
    layers: Mapping[str, Layer] = {} if is_observed else parameters_of(layers_of_item(item))
    start, end = (None, None) if is_observed else times_of(item)
    days = sorted({layer.date for layer in layers_of_item(item) if layer.date and not is_observed})
    return _collection(
        item["id"],
        f"{base}/edr/collections/{collection_id}/instances/{item['id']}",
        title=stated.get("title", product.title),
        description=stated.get("description", product.description),
        keywords=keywords_of(product),
        extent=_extent(_box(item["bbox"]), start, end, days),
        crs=[CRS84, crs_of(item)],
        parameters=_observed(base)
        if is_observed
        else described(layers, about_url(base, product.id), plain, dated=True),
        queries=("position",) if is_observed else ("position", "area"),
        further=[link(f"{base}/jobs/{item['id']}", "via", title="The job that made it")],
    )


def about_url(base: str, product_id: str) -> str:
    """Return the URL that identifiers of a product's parameters begin with."""
    return f"{base}/processes/{product_id}"


def _observed(base: str) -> dict[str, Any]:
    return described({key_of(OBSERVED): OBSERVED}, f"{base}/edr/collections/{OBSERVED_ID}", plain, dated=True)


def _collection(
    name: str,
    here: str,
    *,
    extent: dict[str, Any],
    parameters: dict[str, Any],
    queries: tuple[str, ...],
    further: Iterable[Any] = (),
    **texts: Any,
) -> EdrCollection:
    links = [link(here, "self"), *further]
    links += [_query_link(here, kind) for kind in queries]
    return EdrCollection(
        id=name,
        links=links,
        extent=extent,
        parameter_names=parameters,
        data_queries={kind: _data_query(here, kind) for kind in queries},
        output_formats=FORMATS,
        **texts,
    )


def _query_link(here: str, kind: str) -> Any:
    if kind == "instances":
        return link(f"{here}/instances", "instances", title="Finished results")
    return link(f"{here}/{kind}", "data", kind=COVERAGE_JSON, title=kind.capitalize())


def _data_query(here: str, kind: str) -> dict[str, Any]:
    variables: dict[str, Any] = {"title": kind.capitalize(), "query_type": kind}
    if kind != "instances":
        details = [{"crs": CRS84, "wkt": CRS.from_user_input("OGC:CRS84").to_wkt()}]
        variables |= {"output_formats": FORMATS, "default_output_format": FORMATS[0], "crs_details": details}
    return {"link": {"href": f"{here}/{kind}", "rel": "data", "variables": variables}}


def _extent(
    box: tuple[float, float, float, float], start: datetime | None, end: datetime | None, days: Iterable[str] = ()
) -> dict[str, Any]:
    """Return where and when; without times, only where."""
    spatial = {"bbox": [list(box)], "crs": CRS84_URI}
    if start is None or end is None:
        return {"spatial": spatial}
    interval = [f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in (start, end)]
    values = [f"{day}T00:00:00Z" for day in days] or ["/".join(interval)]
    return {"spatial": spatial, "temporal": {"interval": [interval], "values": values, "trs": GREGORIAN}}


def _parts(extent: Extent | None) -> tuple[tuple[float, float, float, float], datetime | None, datetime | None]:
    if extent is None:
        return WHOLE_GLOBE, None, None
    return _box(extent.bbox), datetime.fromtimestamp(extent.start, UTC), datetime.fromtimestamp(extent.end, UTC)


def _box(bounds: Iterable[float]) -> tuple[float, float, float, float]:
    """Return west, south, east, north within -180 to 180: all longitudes where the bounds cross 180 degrees."""
    west, south, east, north = bounds
    return (-180.0, south, 180.0, north) if east > 180 or west > east else (west, south, east, north)

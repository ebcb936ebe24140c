"""A process graph as an order: load_collection, then the process of one product, then save_result. Nothing else.

The archive is the collection, spatial and temporal extent are region and period.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from core.timeline import parse_date
from products.catalogue import PRODUCTS
from service.openeo.refusals import Flaw

PREFIX = "landcast_"
"""What processes of products begin with: they are not among those that openEO defines."""
DEFAULT = "default"
"""Collection of the archive that orders use if they name none."""
FORMAT = "GTiff"
OF_THE_SOURCE = ("region", "archive", "period")
"""Inputs of an order that are no arguments of its process."""
Node = Mapping[str, Any]
SHAPE = "load_collection, then one process that begins with 'landcast_', then save_result"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a process graph orders."""

    product: str
    inputs: dict[str, Any]


def process_id(product_id: str) -> str:
    """Return the id of the process of a product."""
    return PREFIX + product_id.replace("-", "_")


def read_graph(process: Any) -> Wanted:
    """Return what a process orders.

    Raises:
        Flaw: a node, an argument or a shape that is not supported.
    """
    graph = process.get("process_graph") if isinstance(process, dict) else None
    if not isinstance(graph, dict) or not all(_is_node(node) for node in graph.values()):
        raise Flaw("ProcessGraphInvalid", f"The process graph is not one: send {SHAPE}.")
    products = {process_id(name): name for name in PRODUCTS}
    known = ("load_collection", *products, "save_result")
    for node in graph.values():
        if node["process_id"] not in known:
            raise Flaw("ProcessUnsupported", f"There is no process '{node['process_id']}'; a graph is {SHAPE}.")
    save = _only(graph, [name for name, node in graph.items() if node.get("result")], ("save_result",))
    made = _only(graph, [_source(save)], tuple(products))
    load = _only(graph, [_source(made)], ("load_collection",))
    if len(graph) != 3:
        raise Flaw("ProcessGraphInvalid", f"The process graph has {len(graph)} nodes, and may have three: {SHAPE}.")
    _check_format(save)
    own = {name: value for name, value in made["arguments"].items() if name != "data" and value is not None}
    for name in OF_THE_SOURCE:
        if name in own:
            raise Flaw("ProcessArgumentUnsupported", f"'{name}' comes from load_collection; leave it out.")
    return Wanted(product=products[made["process_id"]], inputs={**own, **_observations(load["arguments"])})


def _is_node(node: Any) -> bool:
    return (
        isinstance(node, dict) and isinstance(node.get("process_id"), str) and isinstance(node.get("arguments"), dict)
    )


def _only(graph: Mapping[str, Node], names: list[str], kinds: tuple[str, ...]) -> Node:
    """Return the node of a name, which must be of one of some processes."""
    node = graph.get(names[0]) if len(names) == 1 else None
    if node is None or node["process_id"] not in kinds:
        raise Flaw("ProcessGraphInvalid", f"The process graph is not supported: send {SHAPE}.")
    return node


def _source(node: Node) -> str:
    data = node["arguments"].get("data")
    return str(data.get("from_node", "")) if isinstance(data, dict) else ""


def _check_format(save: Node) -> None:
    given = save["arguments"].get("format")
    if not isinstance(given, str) or given.upper() not in (FORMAT.upper(), "GEOTIFF", "COG"):
        raise Flaw("FormatUnsupported", f"Results are written as {FORMAT}, not as '{str(given)[:40]}'.")
    if further := [name for name in save["arguments"] if name not in ("data", "format", "options")]:
        raise Flaw("ProcessArgumentUnsupported", f"save_result has no argument '{further[0]}' here.")
    if save["arguments"].get("options"):
        raise Flaw("ProcessArgumentUnsupported", "save_result takes no options here; leave them out.")


def _observations(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs that load_collection gives."""
    known = ("id", "spatial_extent", "temporal_extent", "bands", "properties")
    for name in given:
        if name not in known:
            raise Flaw("ProcessArgumentUnsupported", f"load_collection has no argument '{name}' here.")
    for name in ("bands", "properties"):
        if given.get(name):
            raise Flaw("ProcessArgumentUnsupported", f"Each product reads the {name} that it needs; leave them out.")
    found: dict[str, Any] = {"region": _region(given.get("spatial_extent"))}
    if given.get("id") != DEFAULT:
        found["archive"] = given.get("id")
    if (extent := given.get("temporal_extent")) is not None:
        found["period"] = _period(extent)
    return found


def _region(extent: Any) -> Any:
    if not isinstance(extent, dict):
        raise Flaw("ProcessArgumentRequired", "load_collection needs a spatial_extent: a bounding box or GeoJSON.")
    if "type" in extent:
        return extent
    if extent.get("crs", 4326) not in (None, 4326, "4326", "EPSG:4326"):
        raise Flaw(
            "ProcessArgumentInvalid", "The spatial_extent is taken in WGS84 longitude/latitude (EPSG:4326) only."
        )
    try:
        west, south, east, north = (float(extent[side]) for side in ("west", "south", "east", "north"))
    except (KeyError, TypeError, ValueError):
        text = "A spatial_extent has the numbers west, south, east and north, or is GeoJSON."
        raise Flaw("ProcessArgumentInvalid", text) from None
    if not (west < east and south < north):
        text = "A spatial_extent has west below east and south below north; give one over 180 degrees as GeoJSON."
        raise Flaw("ProcessArgumentInvalid", text)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _period(extent: Any) -> str:
    """Return a temporal extent, whose end does not belong to it, as a period of whole days."""
    if not isinstance(extent, list) or len(extent) != 2 or not all(isinstance(end, str) for end in extent):
        text = "A temporal_extent is a list of two dates, START and END, or null; open ends are not supported."
        raise Flaw("ProcessArgumentInvalid", text)
    first, end = (_day(text) for text in extent)
    if end <= first:
        raise Flaw("TemporalExtentEmpty", "The temporal_extent holds no day: its end does not belong to it.")
    return f"{first}/{end - timedelta(days=1)}"


def _day(text: str) -> date:
    day, clock, rest = text.partition("T")
    if clock and rest not in ("00:00:00Z", "00:00:00", "00:00:00.000Z", "00:00:00+00:00"):
        raise Flaw("ProcessArgumentInvalid", "A temporal_extent has whole days, as 2021-03-01.")
    return parse_date(day)

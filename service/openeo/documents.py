"""What openEO says of the service: capabilities, file formats, processes, collections. No jobs."""

from typing import Any

from shapely.geometry import shape

from core.product import Product
from core.version import software_version
from products.catalogue import PRODUCTS
from service.links import link
from service.openeo.graph import DEFAULT, FORMAT, SHAPE, process_id
from service.schemas import ArchiveView
from service.stac.collections import STAC_VERSION

API_VERSION = "1.2.0"
CONFORMS_TO = ["https://api.openeo.org/1.2.0", "https://api.stacspec.org/v1.0.0/core"]
CUBE = {"type": "object", "subtype": "datacube"}
ENDPOINTS = {
    "/": ["GET"],
    "/credentials/basic": ["GET"],
    "/file_formats": ["GET"],
    "/collections": ["GET"],
    "/collections/{collection_id}": ["GET"],
    "/processes": ["GET"],
    "/validation": ["POST"],
    "/jobs": ["GET", "POST"],
    "/jobs/{job_id}": ["GET", "DELETE"],
    "/jobs/{job_id}/results": ["GET", "POST", "DELETE"],
    "/jobs/{job_id}/logs": ["GET"],
}


def capabilities(base: str) -> dict[str, Any]:
    """Return what the service can do."""
    links = [
        link(f"{base}/openeo/", "self"),
        link(f"{base}/.well-known/openeo", "version-history"),
        link(f"{base}/openeo/collections", "data"),
    ]
    return {
        "type": "Catalog",
        "id": "landcast",
        "title": "landcast",
        "description": f"NDVI forecasts, tree canopy and crop maps. A process graph is {SHAPE}.",
        "api_version": API_VERSION,
        "backend_version": software_version(),
        "stac_version": STAC_VERSION,
        "production": True,
        "conformsTo": CONFORMS_TO,
        "endpoints": [{"path": path, "methods": methods} for path, methods in ENDPOINTS.items()],
        "links": [x.model_dump(exclude_none=True) for x in links],
    }


def versions(base: str) -> dict[str, Any]:
    """Return where each version of the API is."""
    return {"versions": [{"url": f"{base}/openeo", "api_version": API_VERSION, "production": True}]}


def file_formats() -> dict[str, Any]:
    """Return the formats of results."""
    written = {
        "title": "GeoTIFF",
        "description": "Cloud Optimized GeoTIFF, with a STAC item and a picture.",
        "gis_data_types": ["raster"],
        "parameters": {},
    }
    return {"input": {}, "output": {FORMAT: written}}


def processes() -> list[dict[str, Any]]:
    """Return the processes that a graph may have."""
    load = _process(
        "load_collection",
        "Name archive, region and period.",
        [
            _parameter("id", "Archive: the id of a collection.", {"type": "string"}),
            _parameter("spatial_extent", "Bounding box or GeoJSON, WGS84.", {"type": "object"}),
            _parameter("temporal_extent", "First day, and the day after the last; null = all.", _TIMES, optional=True),
        ],
    )
    save_parameters = [
        _parameter("data", "Of a product.", CUBE),
        _parameter("format", FORMAT, {"type": "string", "enum": [FORMAT]}),
        _parameter("options", "None.", {"type": "object"}, optional=True),
    ]
    save = _process("save_result", "Write the result as files.", save_parameters)
    save["returns"]["schema"] = {"type": "boolean"}
    return [load, *(_of_product(product) for product in PRODUCTS.values()), save]


def collection(view: ArchiveView, base: str) -> dict[str, Any]:
    """Return an archive as a collection."""
    name, (start, end) = view.id or DEFAULT, view.period.split("/")
    west, south, east, north = _bounds(view.footprint)
    links = [link(f"{base}/openeo/collections/{name}", "self"), link(f"{base}/openeo/", "root")]
    return {
        "type": "Collection",
        "stac_version": STAC_VERSION,
        "id": name,
        "title": view.title,
        "description": f"{view.title}. {view.attribution}",
        "license": "other",
        "extent": {
            "spatial": {"bbox": [[west, south, east, north]]},
            "temporal": {"interval": [[f"{start}T00:00:00Z", f"{end}T00:00:00Z"]]},
        },
        "cube:dimensions": {
            "x": {"type": "spatial", "axis": "x", "extent": [west, east]},
            "y": {"type": "spatial", "axis": "y", "extent": [south, north]},
            "t": {"type": "temporal", "extent": [f"{start}T00:00:00Z", f"{end}T00:00:00Z"]},
        },
        "summaries": {},
        "links": [x.model_dump(exclude_none=True) for x in links],
    }


_TIMES = [{"type": "array", "subtype": "temporal-interval"}, {"type": "null"}]


def _of_product(product: Product[Any]) -> dict[str, Any]:
    own = {name: schema for name, schema in product.options.schemas().items() if name != "period"}
    parameters = [_parameter("data", "Observations, from load_collection.", CUBE)]
    parameters.append(_parameter("model", "Name of the weights.", {"type": "string"}, optional=True))
    parameters += [_parameter(n, s.get("description", n), s, optional=True) for n, s in own.items()]
    return _process(process_id(product.id), product.description, parameters)


def _process(name: str, description: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    returns = {"description": "The result.", "schema": dict(CUBE)}
    return {"id": name, "description": description, "parameters": parameters, "returns": returns, "links": []}


def _parameter(name: str, description: str, schema: Any, *, optional: bool = False) -> dict[str, Any]:
    found = {"name": name, "description": description, "schema": schema}
    return {**found, "optional": True, "default": None} if optional else found


def _bounds(footprint: dict[str, Any]) -> tuple[float, float, float, float]:
    bounds: tuple[float, float, float, float] = shape(footprint).bounds
    return bounds

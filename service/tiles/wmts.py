"""The capabilities document of a WMTS 1.0.0 with one job's layers: resource URLs alone, in WebMercatorQuad."""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from core.product import Layer
from service.preview import bounds_of
from service.tiles.zoom import EQUATOR_M, TILE_PX, deepest_zoom
from workers.queue.item_rows import Item

WMTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/xml": {"schema": {"type": "string"}}}, "description": "WMTS capabilities."}
}
MATRIX_SET = "WebMercatorQuad"
_W, _OWS, _XLINK = "http://www.opengis.net/wmts/1.0", "http://www.opengis.net/ows/1.1", "http://www.w3.org/1999/xlink"
_PIXEL_M = 0.00028
"""Size of a pixel on a screen, by which WMTS defines scales."""
for _prefix, _name in (("", _W), ("ows", _OWS), ("xlink", _XLINK)):
    register_namespace(_prefix, _name)


def capabilities(title: str, layers: Sequence[Layer], urls: Mapping[str, str], item: Item) -> bytes:
    """Return the document.

    Args:
        title: of the service.
        layers: of the job.
        urls: template of a tile's URL by name of the layer, with {TileMatrix}, {TileCol}, {TileRow}.
        item: STAC item of the job.
    """
    root = Element(f"{{{_W}}}Capabilities", version="1.0.0")
    service = SubElement(root, f"{{{_OWS}}}ServiceIdentification")
    for name, text in (("Title", title), ("ServiceType", "OGC WMTS"), ("ServiceTypeVersion", "1.0.0")):
        SubElement(service, f"{{{_OWS}}}{name}").text = text
    provider = SubElement(root, f"{{{_OWS}}}ServiceProvider")
    SubElement(provider, f"{{{_OWS}}}ProviderName").text = "landcast"
    contents = SubElement(root, f"{{{_W}}}Contents")
    for layer in layers:
        _add_layer(contents, layer, urls[layer.name], bounds_of(item))
    _add_matrix_set(contents, deepest_zoom(item))
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _add_layer(contents: Element, layer: Layer, url: str, bounds: Sequence[float]) -> None:
    west, south, east, north = bounds
    found = SubElement(contents, f"{{{_W}}}Layer")
    SubElement(found, f"{{{_OWS}}}Title").text = layer.description or layer.name
    box = SubElement(found, f"{{{_OWS}}}WGS84BoundingBox")
    SubElement(box, f"{{{_OWS}}}LowerCorner").text = f"{west} {south}"
    SubElement(box, f"{{{_OWS}}}UpperCorner").text = f"{east} {north}"
    SubElement(found, f"{{{_OWS}}}Identifier").text = layer.name
    style = SubElement(found, f"{{{_W}}}Style", isDefault="true")
    SubElement(style, f"{{{_OWS}}}Identifier").text = "default"
    SubElement(found, f"{{{_W}}}Format").text = "image/png"
    matrix = SubElement(SubElement(found, f"{{{_W}}}TileMatrixSetLink"), f"{{{_W}}}TileMatrixSet")
    matrix.text = MATRIX_SET
    SubElement(found, f"{{{_W}}}ResourceURL", format="image/png", resourceType="tile", template=url)


def _add_matrix_set(contents: Element, deepest: int) -> None:
    found = SubElement(contents, f"{{{_W}}}TileMatrixSet")
    SubElement(found, f"{{{_OWS}}}Identifier").text = MATRIX_SET
    SubElement(found, f"{{{_OWS}}}SupportedCRS").text = "urn:ogc:def:crs:EPSG::3857"
    SubElement(found, f"{{{_W}}}WellKnownScaleSet").text = f"http://www.opengis.net/def/wkss/OGC/1.0/{MATRIX_SET}"
    edge = EQUATOR_M / 2
    for z in range(deepest + 1):
        matrix = SubElement(found, f"{{{_W}}}TileMatrix")
        SubElement(matrix, f"{{{_OWS}}}Identifier").text = str(z)
        facts = {
            "ScaleDenominator": repr(EQUATOR_M / TILE_PX / 2**z / _PIXEL_M),
            "TopLeftCorner": f"{-edge!r} {edge!r}",
            "TileWidth": str(TILE_PX),
            "TileHeight": str(TILE_PX),
            "MatrixWidth": str(2**z),
            "MatrixHeight": str(2**z),
        }
        for name, text in facts.items():
            SubElement(matrix, f"{{{_W}}}{name}").text = text

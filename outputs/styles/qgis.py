"""Styles (.qml) and layer definitions (.qlr) of QGIS. QGIS takes the style of the same name when it opens a GeoTIFF.

Without it QGIS draws the first three bands as red, green and blue, whatever they hold.
"""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from core.product import Layer
from outputs.styles.choose import first_drawn, worth_drawing
from outputs.styles.renderer import pipe

VERSION = "3.22.0"
"""Oldest version of QGIS that these files are tried with."""


def style(layers: Sequence[Layer]) -> str:
    """Return the style of a raster: its classes, or its first median."""
    first = first_drawn(layers)
    root = Element("qgis", version=VERSION, styleCategories="Symbology")
    root.append(pipe(first, layers.index(first) + 1))
    SubElement(root, "blendMode").text = "0"
    return _text(root, "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>")


def layer_definition(layers: Sequence[Layer], *, file_name: str, title: str, crs: str) -> str:
    """Return a group of layers, each with its own colours: what is worth drawing, the first one switched on.

    Args:
        layers: of all bands of the raster.
        file_name: of the raster, which lies beside the definition.
        title: of the group.
        crs: of the raster, `EPSG:...`.
    """
    root = Element("qlr")
    tree = SubElement(root, "layer-tree-group")
    group = SubElement(tree, "layer-tree-group", name=title, expanded="1", checked="Qt::Checked")
    maps = SubElement(root, "maplayers")
    first = first_drawn(layers)
    for layer in worth_drawing(layers):
        known = {"id": layer.name, "name": _name(layer), "source": f"./{file_name}", "providerKey": "gdal"}
        shown = ("Qt::Checked", "1") if layer is first else ("Qt::Unchecked", "0")
        SubElement(group, "layer-tree-layer", known, checked=shown[0], expanded=shown[1])
        maps.append(_map_layer(layer, layers.index(layer) + 1, file_name, crs))
    return _text(root, "<!DOCTYPE qgis-layer-definition>")


def _map_layer(layer: Layer, band: int, file_name: str, crs: str) -> Element:
    found = Element("maplayer", type="raster", hasScaleBasedVisibilityFlag="0")
    texts = {"id": layer.name, "datasource": f"./{file_name}", "layername": _name(layer), "provider": "gdal"}
    for name, text in texts.items():
        SubElement(found, name).text = text
    SubElement(found, "abstract").text = layer.description
    SubElement(SubElement(SubElement(found, "srs"), "spatialrefsys"), "authid").text = crs
    found.append(pipe(layer, band))
    SubElement(found, "blendMode").text = "0"
    return found


def _name(layer: Layer) -> str:
    return f"{layer.name} {layer.date}" if layer.date and layer.date not in layer.name else layer.name


def _text(root: Element, doctype: str) -> str:
    indent(root)
    return f"{doctype}\n{tostring(root, encoding='unicode')}\n"

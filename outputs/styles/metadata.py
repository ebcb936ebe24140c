"""Metadata of bands with a legend in the file that GDAL reads beside a raster (.aux.xml, PAM): names and colours.

GDAL keeps a palette in the GeoTIFF for its first band alone. So the colours of all bands with a legend are in their
raster attribute tables, which QGIS (3.30), ArcGIS and GDAL read.
"""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from core.product import Layer, LegendEntry

INTEGER, TEXT = 0, 2
"""Types of fields (GDALRATFieldType)."""
FIELDS = (
    ("Value", INTEGER, 5),
    ("Class", TEXT, 2),
    ("Red", INTEGER, 6),
    ("Green", INTEGER, 7),
    ("Blue", INTEGER, 8),
)
"""Name, type and use (GDALRATFieldUsage) of each column."""


def metadata(layers: Sequence[Layer]) -> str:
    """Return the metadata of a raster; empty if no layer has a legend."""
    root = Element("PAMDataset")
    for number, layer in enumerate(layers, start=1):
        if layer.legend:
            band = SubElement(root, "PAMRasterBand", band=str(number))
            _name(band, layer.legend)
            _tabulate(band, layer.legend)
    indent(root)
    return f"{tostring(root, encoding='unicode')}\n" if len(root) else ""


def _name(band: Element, legend: Sequence[LegendEntry]) -> None:
    """Add the name of each value from 0 on, empty where there is none."""
    labels = {entry.value: entry.label for entry in legend}
    names = SubElement(band, "CategoryNames")
    for value in range(max(labels) + 1):
        SubElement(names, "Category").text = labels.get(value, "")


def _tabulate(band: Element, legend: Sequence[LegendEntry]) -> None:
    table = SubElement(band, "GDALRasterAttributeTable", tableType="thematic")
    for position, (name, kind, use) in enumerate(FIELDS):
        field = SubElement(table, "FieldDefn", index=str(position))
        for key, text in (("Name", name), ("Type", str(kind)), ("Usage", str(use))):
            SubElement(field, key).text = text
    for number, entry in enumerate(legend):
        row = SubElement(table, "Row", index=str(number))
        for cell in (entry.value, entry.label, *entry.colour):
            SubElement(row, "F").text = str(cell)

"""How QGIS draws one band: the colours of a legend, or a scale of colours as in quicklooks. As QGIS 3.22 writes it."""

from xml.etree.ElementTree import Element, SubElement

from core.product import Layer, LegendEntry
from outputs.styles.scales import scale_of

RAMPS = {
    "ylgn": "ffffe5 f7fcb9 d9f0a3 acdd8e 77c679 40aa5c 228343 006737 004529",
    "brbg": "543005 995d13 cfa256 f1dfb3 f4f5f5 b4e2db 58b0a7 0c7169 003c30",
    "viridis": "440154 472d7b 3b528b 2c728e 21918c 28ae80 5ec962 addc30 fde725",
}
"""Colours at equal steps from the least to the greatest value, as Matplotlib has them; QGIS interpolates."""


def pipe(layer: Layer, band: int) -> Element:
    """Return the element `pipe` of a style or layer.

    Args:
        layer: with a legend it is drawn in its colours, and other values are transparent.
        band: its number in the file, from 1.
    """
    found = Element("pipe")
    renderer = _paletted(layer, band) if layer.legend else _scaled(layer, band)
    found.append(renderer)
    return found


def _paletted(layer: Layer, band: int) -> Element:
    renderer = _renderer("paletted", band)
    palette = SubElement(renderer, "colorPalette")
    for entry in layer.legend:
        SubElement(palette, "paletteEntry", value=str(entry.value), label=entry.label, color=_hex(entry), alpha="255")
    return renderer


def _scaled(layer: Layer, band: int) -> Element:
    low, high, name = scale_of(layer)
    renderer = _renderer("singlebandpseudocolor", band, classificationMin=f"{low:g}", classificationMax=f"{high:g}")
    shader = SubElement(
        SubElement(renderer, "rastershader"),
        "colorrampshader",
        colorRampType="INTERPOLATED",
        classificationMode="2",
        clip="0",
        minimumValue=f"{low:g}",
        maximumValue=f"{high:g}",
    )
    colours = RAMPS[name].split()
    for number, colour in enumerate(colours):
        value = f"{low + number * (high - low) / (len(colours) - 1):g}"
        SubElement(shader, "item", value=value, label=value, color=f"#{colour}", alpha="255")
    return renderer


def _renderer(kind: str, band: int, **further: str) -> Element:
    known = {"type": kind, "band": str(band), "opacity": "1", "alphaBand": "-1", "nodataColor": ""}
    renderer = Element("rasterrenderer", known | further)
    SubElement(renderer, "rasterTransparency")
    return renderer


def _hex(entry: LegendEntry) -> str:
    return "#" + "".join(f"{part:02x}" for part in entry.colour)

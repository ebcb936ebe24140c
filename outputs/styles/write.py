"""The files beside a GeoTIFF, by their names. They belong to it, and are replaced with it."""

from collections.abc import Sequence
from pathlib import Path

from core.product import Layer
from outputs.atomic import remove, written_aside
from outputs.styles.metadata import metadata
from outputs.styles.qgis import layer_definition, style

STYLE, DEFINITION, METADATA = ".qml", ".qlr", ".tif.aux.xml"
"""What replaces the ending .tif of the raster."""


def write_styles(path: Path, layers: Sequence[Layer], *, title: str, crs: str) -> None:
    """Write style and layer definition of QGIS, and if any layer has a legend, metadata as GDAL reads them.

    Args:
        path: of the finished GeoTIFF.
        layers: of all its bands.
        title: of the product.
        crs: of the raster, `EPSG:...`.
    """
    texts = {
        STYLE: style(layers),
        DEFINITION: layer_definition(layers, file_name=path.name, title=title, crs=crs),
        METADATA: metadata(layers),
    }
    for ending, text in texts.items():
        if text:
            with written_aside(path.with_suffix(ending)) as aside:
                aside.write_text(text, encoding="utf-8")


def remove_styles(path: Path) -> None:
    """Remove the files beside a GeoTIFF that another one is about to replace: they would draw it wrongly."""
    for ending in (STYLE, DEFINITION, METADATA):
        remove(path.with_suffix(ending))

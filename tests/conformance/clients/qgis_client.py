"""QGIS without a screen: rasters by URL and WMTS layers, drawn and compared with the palette."""

import os
from typing import Any

from tests.conformance.clients.report import Different, Report, Result, Service, expect, run

WIDTH = 256
TOLERANCE = 0.02
DRAWN = ("canopy", "change", "crop", "forecast")


def examine(service: Service, report: Report) -> None:
    """Draw class maps, a change map and a forecast."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from qgis.core import Qgis, QgsApplication  # Debian's python3-qgis

    QgsApplication.setPrefixPath("/usr", True)
    app = QgsApplication([], False)
    app.initQgis()
    report.version = Qgis.QGIS_VERSION.split("-")[0]
    for name in DRAWN:
        result = service.result(name)
        report.check(f"{name}: raster by URL", lambda one=result: by_url(service, one))
        report.check(f"{name}: raster of the download", lambda one=result: drawn_right(str(one.tif), "gdal", one))
        report.check(f"{name}: WMTS", lambda one=result: by_wmts(service, one))
    app.exitQgis()


def by_url(service: Service, result: Result) -> None:
    """Draw a raster as it is opened by its URL."""
    drawn_right(f"/vsicurl/{service.href(result)}", "gdal", result)


def by_wmts(service: Service, result: Result) -> None:
    """Draw the first layer of the WMTS."""
    layer = first_layer(result)
    source = f"contextualWMSLegend=0&crs=EPSG:3857&format=image/png&layers={layer}&styles=default"
    source += f"&tileMatrixSet=WebMercatorQuad&url={service.url}/jobs/{result.id}/wmts"
    drawn_right(source, "wms", result)


def first_layer(result: Result) -> str:
    """Return the name of the first band."""
    from osgeo import gdal

    file = gdal.Open(str(result.tif))
    return str(file.GetRasterBand(1).GetDescription()).split()[0].rstrip(":")


def drawn_right(source: str, provider: str, result: Result) -> None:
    """Draw a source over the extent of the file, and compare shares of colours with those of its classes."""
    from qgis.core import QgsRasterLayer

    layer = QgsRasterLayer(source, result.name, provider)
    if not layer.isValid():
        raise Different(f"the layer is not valid: {layer.error().summary()}")
    drawn = shares_of_picture(picture(layer, result))
    if result.name == "forecast":
        expect(len(drawn) > 8, True, "a picture of many tones")
        return
    for colour, share in shares_of_classes(result).items():
        if abs(drawn.get(colour, 0.0) - share) > TOLERANCE:
            raise Different(f"colour {colour} covers {drawn.get(colour, 0.0):.3f}, not {share:.3f}")


def picture(layer: Any, result: Result) -> Any:
    """Draw a layer over the extent of the file, a pixel of the picture for each of the file."""
    from qgis.core import QgsCoordinateReferenceSystem, QgsMapRendererParallelJob, QgsMapSettings, QgsRasterLayer
    from qgis.PyQt.QtCore import QSize
    from qgis.PyQt.QtGui import QColor

    file = QgsRasterLayer(str(result.tif), "file", "gdal")
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(QgsCoordinateReferenceSystem(file.crs()))
    settings.setExtent(file.extent())
    settings.setOutputSize(QSize(file.width(), file.height()))
    settings.setBackgroundColor(QColor(0, 0, 0, 0))
    settings.setFlag(QgsMapSettings.Antialiasing, False)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    return job.renderedImage()


def shares_of_picture(image: Any) -> dict[tuple[int, int, int], float]:
    """Return the share of each colour among opaque pixels."""
    seen = []
    for y in range(image.height()):
        for x in range(image.width()):
            colour = image.pixelColor(x, y)
            if colour.alpha() == 255:
                seen.append((colour.red(), colour.green(), colour.blue()))
    return {colour: seen.count(colour) / len(seen) for colour in set(seen)}


def shares_of_classes(result: Result) -> dict[tuple[int, int, int], float]:
    """Return the share of each class among seen pixels, by its colour in the palette."""
    from osgeo import gdal

    file = gdal.Open(str(result.tif))  # kept, as its band would outlive it
    band = file.GetRasterBand(1)
    palette, pixels = band.GetColorTable(), band.ReadAsArray().ravel().tolist()
    seen = [n for n in pixels if n != 255]
    return {tuple(palette.GetColorEntry(n)[:3]): seen.count(n) / len(seen) for n in set(seen)}


if __name__ == "__main__":
    run("qgis", examine)

"""Draws GeoTIFFs and layer definitions as QGIS opens them, without a window. Run by the Python that QGIS comes with.

Usage: draw_in_qgis.py FOLDER NAME...: NAME.tif becomes NAME.qgis.png, pixel by pixel, and NAME.qlr NAME-N.qgis.png.
"""

import json
import os
import sys
from importlib import import_module
from typing import Any

os.environ["QT_QPA_PLATFORM"] = "offscreen"

core, qt, gui = (import_module(f"qgis.{name}") for name in ("core", "PyQt.QtCore", "PyQt.QtGui"))


def draw(layer: Any, path: str) -> dict[str, Any]:
    settings = core.QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setExtent(layer.extent())
    settings.setOutputSize(qt.QSize(layer.width(), layer.height()))
    settings.setBackgroundColor(gui.QColor(255, 255, 255))
    job = core.QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    job.renderedImage().save(path)
    band = layer.renderer().usesBands()[0]
    return {"name": layer.name(), "kind": layer.renderer().type(), "band": band, "crs": layer.crs().authid()}


def main() -> None:
    application = core.QgsApplication([], False)
    application.initQgis()
    found: dict[str, Any] = {}
    folder, *names = sys.argv[1:]
    for name in names:
        path = f"{folder}/{name}"
        found[name] = draw(core.QgsRasterLayer(f"{path}.tif", name), f"{path}.qgis.png")
        project = core.QgsProject()
        is_read, error = core.QgsLayerDefinition.loadLayerDefinition(f"{path}.qlr", project, project.layerTreeRoot())
        assert is_read, error
        layers = [entry.layer() for entry in project.layerTreeRoot().findLayers()]
        shown = [entry.isVisible() for entry in project.layerTreeRoot().findLayers()]
        drawn = [draw(layer, f"{path}-{number}.qgis.png") for number, layer in enumerate(layers)]
        found[f"{name}.qlr"] = [{**d, "shown": s} for d, s in zip(drawn, shown, strict=True)]
    print(json.dumps(found), flush=True)
    os._exit(0)  # taking QGIS down in order crashes now and then, after all is done


main()

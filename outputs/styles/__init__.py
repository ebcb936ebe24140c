"""Files beside a GeoTIFF that say how to draw it: for QGIS, and for all programs that read it with GDAL."""

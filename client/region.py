"""Regions as an order sends them, from what a caller has at hand. The service checks their shape."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import InvalidRegion
from core.region import parse_region

WGS84 = "EPSG:4326"
EXPECTED = (
    "it is a GeoJSON object, the path of a GeoJSON file, a shapely polygon in WGS84, or a GeoDataFrame with a CRS; "
    "read other files with geopandas.read_file first"
)


def region_geojson(region: Any) -> dict[str, Any]:
    """Return a region as GeoJSON, WGS84 longitude/latitude.

    Args:
        region: a GeoJSON object; the path of a GeoJSON file; a GeoDataFrame or GeoSeries in any CRS that it states,
            whose polygons are joined; anything else with `__geo_interface__` in WGS84, such as a shapely polygon.

    Raises:
        InvalidRegion: it is none of these, or a GeoDataFrame without a CRS.
    """
    if isinstance(region, Mapping):
        return dict(region)
    if isinstance(region, str | Path):
        return parse_region(region).to_geojson()
    if hasattr(region, "to_crs"):
        return _of_frame(region)
    if hasattr(region, "__geo_interface__"):
        return dict(region.__geo_interface__)
    raise InvalidRegion(EXPECTED)


def _of_frame(frame: Any) -> dict[str, Any]:
    """Return the polygons of a GeoDataFrame or GeoSeries, without their other columns."""
    if frame.crs is None:
        raise InvalidRegion("the GeoDataFrame states no CRS; set it with set_crs")
    polygons = frame.geometry.to_crs(WGS84)
    return {"type": "FeatureCollection", "features": [_feature(g) for g in polygons if g is not None]}


def _feature(geometry: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {}, "geometry": dict(geometry.__geo_interface__)}

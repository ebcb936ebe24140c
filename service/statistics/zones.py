"""Polygons of a request in the CRS of a map, bounded in number, in vertices and in the values that lie under them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shapely import union_all
from shapely.geometry.base import BaseGeometry

from core.errors import InvalidOption, InvalidRegion
from core.region import EDGE_DEGREES, WGS84, parse_polygons, reproject, segmentize, unwrap, wrap
from workers.region_limits import MAX_OUTLINE_DEGREES, check_outlines, check_positions

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

MOST_FEATURES = 10_000
MOST_VALUES = 20_000_000
"""Values under the bounding boxes of all polygons, times the layers: some seconds of reading."""


@dataclass(frozen=True, kw_only=True)
class Zone:
    """One feature of the request."""

    geometry: BaseGeometry | None
    """In the CRS of the map; None if it has no area that can be measured."""
    reason: str = ""
    """Why it cannot be measured, a sentence."""


def read_zones(features: Sequence[Mapping[str, Any]], crs: str, *, stated: Any = None) -> list[Zone]:
    """Return features in their order, projected.

    Args:
        features: of the request, WGS84.
        crs: of the map.
        stated: member `crs` of the collection, if it has one.

    Raises:
        InvalidOption: there are none, or too many.
        InvalidRegion: they state another CRS, or their outlines together would make too much work.
    """
    if not 0 < len(features) <= MOST_FEATURES:
        raise InvalidOption("features", len(features), f"a request has 1 to {MOST_FEATURES:,} of them")
    check_positions({"features": list(features), "crs": stated})
    zones, length = [], 0.0
    for feature in features:
        try:
            polygons = parse_polygons({"type": "Feature", "geometry": feature.get("geometry")}, check_outlines)
        except InvalidRegion as error:
            zones.append(Zone(geometry=None, reason=str(error)))
            continue
        shape = unwrap(union_all([wrap(p) for p in polygons]))
        length = _longer(length, shape)
        zones.append(Zone(geometry=reproject(segmentize(shape, EDGE_DEGREES), WGS84, crs)))
    return zones


def _longer(length: float, shape: BaseGeometry) -> float:
    length += shape.length
    if length > MAX_OUTLINE_DEGREES:
        raise InvalidRegion(
            f"the outlines of all features are longer than {MAX_OUTLINE_DEGREES * 111:,.0f} km; send them in parts"
        )
    return length


def check_values(zones: Sequence[Zone], cog: "DatasetReader", layers: int) -> None:
    """Check how much would be read.

    Raises:
        InvalidOption: too much for one request.
    """
    cell, (west, south, east, north) = abs(cog.res[0] * cog.res[1]), cog.bounds
    values = 0.0
    for zone in zones:
        if zone.geometry is not None:
            left, low, right, high = zone.geometry.bounds
            width, height = min(right, east) - max(left, west), min(high, north) - max(low, south)
            values += max(width, 0.0) * max(height, 0.0) / cell * layers
    if values > MOST_VALUES:
        raise InvalidOption(
            "features",
            f"{len(zones):,} polygons, {layers} layers",
            f"they lie over {values:,.0f} values of the map, and a request may read {MOST_VALUES:,}; name fewer layers "
            "with ?layer=, or send the features in parts",
        )

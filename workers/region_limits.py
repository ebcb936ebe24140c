"""How much work the outline of a region from outside may make: vertices, length, edges beside each other.

The time of an intersection or a union grows with these three. Regions of a user's own files are not limited.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely import STRtree, get_coordinates, linestrings
from shapely.geometry.base import BaseGeometry

from core.errors import InvalidRegion
from core.region import EDGE_DEGREES, Region, parse_polygons, region_from, split_edges
from ingest.rules.places import foreign_crs, member_crs

MAX_VERTICES = 50_000
"""The coast of Norway at 100 m, or the fields of a district."""
MAX_OUTLINE_DEGREES = 200.0
"""About 20,000 km: the outlines of 20,000 fields of 5 ha. Edges are cut to EDGE_DEGREES before they are projected."""
MAX_NEAR_EDGES = 500_000
"""Most pairs of edges whose boxes touch: each may be a crossing. Maps of fields have 4 to 20 an edge."""
FEW_EDGES = 1_000
"""So few edges cannot have more pairs."""
CHUNK = 64
"""Edges that are looked up together, so that a search ends soon after it has found too many."""
MEMBERS = ("features", "geometry", "geometries", "coordinates")
"""Members of GeoJSON objects in which there are positions."""


def parse_limited_region(document: dict[str, Any]) -> Region:
    """Read a region as `core.region.parse_region` does, unless its outline would make too much work.

    Raises:
        InvalidRegion: as there; or too many vertices, too long an outline, or too many edges beside each other.
    """
    check_positions(document)
    polygons = parse_polygons(document, check_outlines)
    region = region_from(polygons)
    _check_vertices(len(get_coordinates(region.geometry)))
    return region


def check_positions(document: Any) -> None:
    """Check the CRS and the number of positions of what may be a GeoJSON object, before any geometry is made of them.

    Raises:
        InvalidRegion: it states another CRS than WGS84, or there are too many positions.
    """
    count, waiting = 0, [document]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            if stated := foreign_crs(member_crs(found)):
                raise InvalidRegion(
                    f"it states the CRS {stated}, and is read as WGS84 longitude/latitude; transform it"
                )
            waiting += [found[name] for name in MEMBERS if name in found]
        elif isinstance(found, list) and found and isinstance(found[0], int | float):
            count += 1
            _check_vertices(count)
        elif isinstance(found, list):
            waiting += found


def check_outlines(geometries: Sequence[BaseGeometry], *, longest_degrees: float = MAX_OUTLINE_DEGREES) -> None:
    """Check the outlines of geometries that are not known to be valid.

    Args:
        longest_degrees: of all outlines together.

    Raises:
        InvalidRegion: one of them, or all together, would make too much work.
    """
    total = sum(g.length for g in geometries)
    if total > longest_degrees:
        raise InvalidRegion(
            f"its outline is about {total * 111:,.0f} km long, and that of one order may have "
            f"{longest_degrees * 111:,.0f} km; simplify it, or order it in parts"
        )
    edges = _edges(geometries)
    if len(edges) > FEW_EDGES and _has_many_near(edges):
        raise InvalidRegion(
            f"more than {MAX_NEAR_EDGES:,} pairs of its edges lie on or beside each other; simplify its outline, or "
            "order it in parts"
        )


def _check_vertices(count: int) -> None:
    if count > MAX_VERTICES:
        raise InvalidRegion(
            f"it has more than {MAX_VERTICES:,} vertices, the most of one order; simplify its outline, or order it in "
            "parts"
        )


def _edges(geometries: Sequence[BaseGeometry]) -> NDArray[np.object_]:
    """Return the edges of all outlines in pieces of EDGE_DEGREES, those from one ring to the next included."""
    points = [split_edges(p, EDGE_DEGREES)[2] for p in map(get_coordinates, geometries) if len(p) > 1]
    pairs = [np.stack([p[:-1], p[1:]], axis=1) for p in points]
    return np.asarray(linestrings(np.concatenate([np.empty((0, 2, 2)), *pairs])))


def _has_many_near(edges: NDArray[np.object_]) -> bool:
    tree, found = STRtree(edges), -len(edges)  # each edge finds itself once, and each pair is found twice
    for start in range(0, len(edges), CHUNK):
        found += tree.query(edges[start : start + CHUNK]).shape[1]
        if found > 2 * MAX_NEAR_EDGES:
            return True
    return False

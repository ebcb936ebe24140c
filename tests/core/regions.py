"""Regions for tests: small, asymmetric, in Bavaria unless a test states otherwise."""

from typing import Any

from core.region import Region, parse_region


def square(west: float = 11.0, south: float = 48.0, *, width: float = 0.02, height: float = 0.01) -> dict[str, Any]:
    east, north = west + width, south + height
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def triangle() -> Region:
    """A region without any symmetry: flips and transposes of its mask show."""
    return parse_region(
        {"type": "Polygon", "coordinates": [[[11.0, 48.0], [11.02, 48.002], [11.003, 48.012], [11.0, 48.0]]]}
    )

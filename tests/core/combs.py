"""Regions that are valid, small as files, and costly to compute with."""

import math
from typing import Any


def comb(
    teeth: int,
    *,
    pitch: float = 0.0004,
    height: float = 0.2,
    turn: float = 0.0,
    west: float = 11.0,
    south: float = 48.0,
) -> dict[str, Any]:
    """A comb of so many teeth, half as wide as their pitch (degrees), turned about its corner by an angle."""
    points = [(0.0, 0.0)]
    for number in range(teeth):
        x = number * pitch
        points += [(x, height), (x + pitch / 2, height), (x + pitch / 2, height / 1000), (x + pitch, height / 1000)]
    points += [(teeth * pitch, 0.0), (0.0, 0.0)]
    c, s = math.cos(turn), math.sin(turn)
    ring = [[round(west + x * c - y * s, 9), round(south + x * s + y * c, 9)] for x, y in points]
    return {"type": "Polygon", "coordinates": [ring]}


def crossed_combs(teeth: int, *, pitch: float) -> dict[str, Any]:
    """Two combs across each other: united, each pair of teeth crosses four times."""
    upright = comb(teeth, pitch=pitch, height=teeth * pitch)
    lying = [[11.0 + (y - 48.0), 48.0 + (x - 11.0)] for x, y in upright["coordinates"][0]]
    shapes = [upright, {"type": "Polygon", "coordinates": [lying[::-1]]}]
    return {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": g} for g in shapes]}

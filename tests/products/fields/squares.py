"""A window of 10 m pixels, and squares and discs on it."""

from affine import Affine
from shapely import Point, box
from shapely.geometry.base import BaseGeometry

from core.grid import Window

WEST, NORTH = 500_000.0, 5_300_000.0
WINDOW = Window(crs="EPSG:32633", transform=Affine(10, 0, WEST, 0, -10, NORTH), shape_yx=(30, 40))


def square(column: float, row: float, pixels: float) -> BaseGeometry:
    """A square whose upper left corner lies at a column and row."""
    left, top = WEST + 10 * column, NORTH - 10 * row
    return box(left, top - 10 * pixels, left + 10 * pixels, top)


def disc(column: float, row: float, radius_m: float) -> BaseGeometry:
    """A disc around a place in columns and rows."""
    return Point(WEST + 10 * column, NORTH - 10 * row).buffer(radius_m)

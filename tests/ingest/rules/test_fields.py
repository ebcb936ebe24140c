"""What a field may be."""

import pytest
from shapely import MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from ingest.rules.fields import area_km2, defect_of

SMALL = box(11.0, 48.0, 11.001, 48.001)


@pytest.mark.parametrize(
    ("geometry", "own", "words"),
    [
        (SMALL, SMALL, ""),
        (None, None, "it has no geometry"),
        (None, Point(11, 48), "it is a Point, and only polygons have pixels"),
        (Polygon([(11, 48), (11.1, 48.1), (11.1, 48), (11, 48.1)]), SMALL, "its outline crosses itself or is flat"),
        (box(11, 48, float("inf"), 49), SMALL, "its coordinates lie outside the range of its CRS"),
        (box(11, 48, 11.2, 48.1), SMALL, "and a field at most 100 km2"),
        (MultiPolygon([SMALL, box(11.9, 48.0, 11.901, 48.001)]), SMALL, "and a field over 25 km at most"),
    ],
)
def test_what_cannot_be_measured_says_why(geometry: BaseGeometry | None, own: BaseGeometry | None, words: str) -> None:
    assert words in defect_of(geometry, own)
    assert bool(defect_of(geometry, own)) == bool(words)


def test_an_area_is_that_on_the_ellipsoid_whichever_way_an_outline_runs() -> None:
    degree = box(0, 0, 1, 1)
    assert area_km2(degree) == pytest.approx(12_308.8, rel=1e-4)
    assert area_km2(degree.reverse()) == pytest.approx(area_km2(degree))

"""Random regions near borders of UTM zones, 180 degrees and the equator."""

from hypothesis import strategies as st
from shapely import affinity, box

from core.region import Region, region_from

PLACES = [(11.95, 48.0), (179.97, -17.0), (-180.02, 52.0), (5.98, 62.0), (-60.01, -33.0), (32.98, 78.0), (20.0, -0.01)]
"""South-west corners near borders of zones, 180 degrees, the equator, and far north."""


@st.composite
def hard_regions(draw: st.DrawFn) -> Region:
    """A region of up to three parts with holes and specks, near the borders of zones and 180 degrees."""
    west, south = draw(st.sampled_from(PLACES))
    parts = []
    for number in range(draw(st.integers(1, 3))):
        x = west + 0.02 * number + draw(st.floats(0, 0.003))
        y = south + draw(st.floats(0, 0.005))
        width, height = draw(st.floats(1e-6, 0.012)), draw(st.floats(1e-6, 0.006))
        part = affinity.rotate(box(x, y, x + width, y + height), draw(st.sampled_from([0, 3, 45])))
        hole = affinity.scale(part, draw(st.floats(0.1, 0.9)), draw(st.floats(0.1, 0.9)))
        parts.append(part.difference(hole) if draw(st.booleans()) else part)
    return region_from(parts)

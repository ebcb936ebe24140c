"""Places in words, and longitude and latitude the wrong way round."""

import numpy as np
import pytest
from shapely import box

from ingest.rules.places import are_degrees, are_swapped_degrees, in_words, parse_crs, swapped_hint
from ingest.rules.refusal import Refused


def test_bounds_are_said_in_degrees() -> None:
    assert in_words((11, 48, 12, 49)) == "11.0000 to 12.0000 degrees east and 48.0000 to 49.0000 degrees north"


@pytest.mark.parametrize(
    ("bounds", "degrees", "swapped"),
    [
        ((11, 48, 12, 49), True, False),
        ((48, 105, 49, 106), False, True),
        ((600_000, 5_000_000, 600_100, 5_000_100), False, False),
    ],
)
def test_degrees_are_told_from_metres_and_from_swapped_ones(
    bounds: tuple[float, float, float, float], degrees: bool, swapped: bool
) -> None:
    assert (are_degrees(bounds), are_swapped_degrees(bounds)) == (degrees, swapped)


def test_places_that_fit_the_other_way_round_are_hinted_at() -> None:
    source = box(11, 48, 12, 49)
    assert "swapped" in swapped_hint(np.array([[48.5, 11.5], [0, 0]]), source)
    assert swapped_hint(np.array([[40.0, 11.5]]), source) == ""


def test_a_crs_is_read_or_refused_with_how_to_write_it() -> None:
    assert parse_crs("EPSG:25832").to_epsg() == 25832
    with pytest.raises(Refused, match=r"--crs UTM32: it is no CRS; write it as EPSG:25832"):
        parse_crs("UTM32")

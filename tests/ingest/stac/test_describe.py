"""What a STAC API states about itself."""

from datetime import date

from core.bands import OPTICAL_NAMES, RADAR_NAMES
from ingest.stac.describe import choose_collections, describe_api


def test_collections_are_chosen_by_what_they_are() -> None:
    many = ["landsat-c2-l2", "sentinel-2-l2a", "sentinel-2-l1c", "sentinel-1-grd", "sentinel-1-rtc"]
    assert choose_collections(many) == ("sentinel-2-l2a", "sentinel-1-rtc")
    assert choose_collections(["mine", "yours"]) == ("mine", "yours")
    both = describe_api("https://a.org", {}, [{"id": "mine"}])
    assert both.bands == (*OPTICAL_NAMES, *RADAR_NAMES)


def test_unusable_extents_are_replaced_by_the_earth() -> None:
    odd = {"spatial": {"bbox": [[1]]}, "temporal": {"interval": [[None, "never"]]}}
    stated = describe_api("https://a.org", {}, [{"id": "mine", "extent": odd}])
    assert (stated.start, stated.end, stated.bounds) == (date(2015, 6, 27), None, ((-180, -80, 180, 84),))
    across = {"spatial": {"bbox": [[170, -20, -170, -10]]}, "temporal": {"interval": [["2017-01-01", "2018-01-01"]]}}
    stated = describe_api("https://a.org", {}, [{"id": "mine", "extent": across}])
    assert stated.bounds == ((170, -20, 180, -10), (-180, -20, -170, -10))
    assert (stated.start, stated.end) == (date(2017, 1, 1), date(2018, 1, 1))

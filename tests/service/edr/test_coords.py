"""Places of queries."""

import pytest
from pyproj import Transformer

from core.errors import InvalidOption
from service.edr.coords import CRS84, MOST_CHARACTERS, read_area, read_crs, read_place, uri_of

SQUARE = "POLYGON((10.34 48.02, 10.35 48.02, 10.35 48.03, 10.34 48.03, 10.34 48.02))"


@pytest.mark.parametrize("text", ["POINT(10.344 48.0239)", "point (10.344 48.0239)", "  Point ( 10.344   48.0239 ) "])
def test_a_point_is_read_however_it_is_written(text: str) -> None:
    place = read_place(text, CRS84)
    assert (place.longitude, place.latitude) == (10.344, 48.0239)


def test_a_point_in_a_utm_zone_is_the_same_place() -> None:
    x, y = Transformer.from_crs("EPSG:4326", "EPSG:32632", always_xy=True).transform(10.344, 48.0239)
    place = read_place(f"POINT({x} {y})", "EPSG:32632")
    assert (place.longitude, place.latitude) == pytest.approx((10.344, 48.0239), abs=1e-9)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "write Well-Known Text"),
        ("10.344,48.0239", "write Well-Known Text"),
        ("POINT(10.344,48.0239)", "write Well-Known Text"),
        ("POINT(10.344 48.0239) and more", "write Well-Known Text"),
        ("POINT(10.344 48.0239)\x00", "write Well-Known Text"),
        ("SRID=4326;POINT(10.344 48.0239)", "write Well-Known Text"),
        ("POINT EMPTY", "an empty POINT"),
        ("MULTIPOINT((10 48),(11 48))", "a MULTIPOINT"),
        ("LINESTRING(10 48, 11 48)", "a LINESTRING"),
        (SQUARE, "a POLYGON"),
        ("POINT Z(10 48 500)", "neither height nor measure"),
        ("POINT(10 48 500)", "neither height nor measure"),
        ("POINT M(10 48 500)", "neither height nor measure"),
        ("POINT(nan 48)", "not all finite"),
        ("POINT(1e400 48)", "not all finite"),
        ("POINT(-inf 48)", "not all finite"),
        ("POINT(10 91)", "longitude"),
        ("POINT(181 48)", "longitude"),
        ("POINT(" + "1" * MOST_CHARACTERS + " 1)", "characters"),
    ],
)
def test_what_is_no_place_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidOption, match=reason) as refused:
        read_place(text, CRS84)
    assert len(str(refused.value)) < 300


def test_metres_that_are_not_on_the_globe_are_refused() -> None:
    with pytest.raises(InvalidOption, match="metres"):
        read_place("POINT(1e12 1e12)", "EPSG:32632")


def test_an_area_is_read_in_degrees_and_in_metres() -> None:
    assert read_area(SQUARE, CRS84).bounds_wgs84 == pytest.approx((10.34, 48.02, 10.35, 48.03))
    in_metres = read_area(
        "MULTIPOLYGON(((600000 5319700, 600400 5319700, 600400 5320000, 600000 5319700)))", "EPSG:32632"
    )
    assert in_metres.area_km2 == pytest.approx(0.06, rel=2e-3)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("POINT(10 48)", "a POINT"),
        ("POLYGON EMPTY", "an empty POLYGON"),
        ("POLYGON((10 48, 11 48, 11 49))", "write Well-Known Text"),
        ("POLYGON((10 48, 11 49, 11 48, 10 49, 10 48))", "itself"),
        ("POLYGON((10 48, nan 48, 11 49, 10 48))", "not all finite"),
        ("POLYGON((10 48, 11 48, 11 95, 10 48))", "coords"),
        ("POLYGON Z((10 48 1, 11 48 1, 11 49 1, 10 48 1))", "neither height nor measure"),
    ],
)
def test_what_is_no_area_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidOption, match=reason):
        read_area(text, CRS84)


@pytest.mark.parametrize(
    ("text", "crs"),
    [
        (None, CRS84),
        ("CRS84", CRS84),
        ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", CRS84),
        ("epsg:32632", "EPSG:32632"),
        ("EPSG:3857", "EPSG:3857"),
        ("http://www.opengis.net/def/crs/EPSG/0/32760", "EPSG:32760"),
        ("urn:ogc:def:crs:EPSG::25832", "EPSG:25832"),
        ("urn:ogc:def:crs:EPSG:9.9:25832", "EPSG:25832"),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", CRS84),
    ],
)
def test_crs84_and_projected_ones_are_known(text: str | None, crs: str) -> None:
    assert read_crs(text) == crs
    assert read_crs(uri_of(crs)) == crs


@pytest.mark.parametrize(
    "text",
    [
        "EPSG:4326",
        "EPSG:2263",
        "EPSG:4978",
        "EPSG:999999",
        "EPSG:9" * 9,
        "wgs84",
        "urn:ogc:def:crs:EPSG::4326",
        "+proj=utm",
        "x" * 9999,
    ],
)
def test_another_crs_is_refused(text: str) -> None:
    with pytest.raises(InvalidOption, match="CRS84"):
        read_crs(text)


def test_an_outline_longer_than_the_globe_is_refused_before_it_is_cut_into_edges() -> None:
    with pytest.raises(InvalidOption, match="does not lie on the globe"):
        read_area("POLYGON((0 0, 1e12 0, 1e12 1e12, 0 0))", "EPSG:32632")

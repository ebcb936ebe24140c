"""Polygons as an order brings them: ids, every kind of rubbish, and limits."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import InvalidOption
from ingest.field_file import read_fields
from ingest.rules.fields import MAX_FIELDS
from products.fields.columns import COLUMNS
from tests.workers.fields.jobs import collection, feature, square
from workers.fields import collection as limits
from workers.fields.collection import FieldCollection, read_collection

SQUARE = square(10, 4)
WEST, SOUTH = SQUARE["coordinates"][0][2]


def ring(*points: tuple[float, float]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[*points, points[0]]]}


def read(*features: Any, **further: Any) -> FieldCollection:
    return read_collection(collection(features), taken=COLUMNS, **further)


def defects(*geometries: Any) -> list[str]:
    """Defects of fields that follow a good one."""
    return [f.defect for f in read(feature(SQUARE), *map(feature, geometries)).fields[1:]]


def refusal(document: Any, **further: Any) -> str:
    with pytest.raises(InvalidOption) as refused:
        read_collection(document, taken=COLUMNS, **further)
    return str(refused.value)


def test_fields_are_those_that_the_command_line_reads_from_the_same_file(tmp_path: Path) -> None:
    features = [feature(square(n, 2), id=n, plot=f"p{n}", name=f"Näme {n}", score=0.5) for n in (3, 1, 2)]
    path = tmp_path / "fields.geojson"
    path.write_text(json.dumps(collection(features)), encoding="utf-8")
    for column in ("", "plot", "name", "score"):
        ours = read(*features, id_column=column)
        theirs = read_fields(path, id_column=column)
        assert ours.id_column == theirs.id_column
        assert ours.fields == theirs.fields


def test_ids_are_the_property_id_else_those_of_the_features_else_names_else_numbers() -> None:
    plain = {**feature(SQUARE, ID="a", name="n"), "id": "own"}
    assert [(f.id, f.name) for f in read(plain).fields] == [("a", "n")]
    without = {**feature(SQUARE, name="n"), "id": 7}
    found = read(without, {**without, "id": None})
    assert ([f.id for f in found.fields], found.id_column) == ([7, 2], "id")
    assert read(feature(SQUARE, Name="n")).id_column == "Name"
    assert [f.id for f in read(feature(SQUARE), {**feature(SQUARE), "properties": None}).fields] == [1, 2]


def test_whole_numbers_stay_whole_and_what_no_table_holds_becomes_text() -> None:
    def ids(*values: Any) -> list[Any]:
        return [f.id for f in read(*(feature(SQUARE, id=v) for v in values)).fields]

    assert [(v, type(v)) for v in ids(1.0, 2, None)] == [(1, int), (2, int), (3, int)]
    assert ids(1.5, float("nan")) == [1.5, 2]
    assert ids(10**40, "\ud800x", "a\x00b", {"a": 1}) == [str(10**40), "?x", "a?b", "{'a': 1}"]
    assert ids("same", "same", "  ") == ["same", "same", 3]


def test_what_cannot_be_measured_is_a_field_with_its_reason() -> None:
    crossed = ring((WEST, SOUTH), (WEST + 0.01, SOUTH + 0.01), (WEST + 0.01, SOUTH), (WEST, SOUTH + 0.01))
    sliver = ring((WEST, SOUTH), (WEST + 1, SOUTH), (WEST + 1, SOUTH + 0.0001))
    large = ring((WEST, SOUTH), (WEST + 0.2, SOUTH), (WEST + 0.2, SOUTH + 0.2), (WEST, SOUTH + 0.2))
    for geometry, part in (
        (None, "it has no geometry"),
        ({}, "it has no geometry"),
        ("POLYGON", "it has no geometry"),
        ({"type": "Point", "coordinates": [WEST, SOUTH]}, "it is a Point, and only polygons have pixels"),
        ({"type": "LineString", "coordinates": [[WEST, SOUTH], [WEST, SOUTH + 1]]}, "it is a LineString"),
        ({"type": "Polygon"}, "its coordinates do not form a polygon"),
        ({"type": "Polygon", "coordinates": []}, "the polygon is empty"),
        ({"type": "Polygon", "coordinates": [[[WEST, float("nan")], [WEST, SOUTH], [1, 2]]]}, "no finite number"),
        ({"type": "Polygon", "coordinates": [[[WEST, SOUTH, 1], [WEST, SOUTH]]]}, "do not form a polygon"),
        (crossed, "its outline crosses itself or is flat"),
        (large, "it covers 3"),
        (sliver, "it reaches over 74 km, and a field over 25 km at most"),
    ):
        (found,) = defects(geometry)
        assert part in found, geometry


def test_polygons_of_nested_collections_are_one_field() -> None:
    inner = {"type": "GeometryCollection", "geometries": [square(20, 2), {"type": "Point", "coordinates": [1, 2]}]}
    whole = {"type": "GeometryCollection", "geometries": [inner, SQUARE, None]}
    (found,) = read(feature(whole)).fields
    assert (found.geometry and found.geometry.geom_type, found.defect) == ("MultiPolygon", "")
    high = {"type": "Polygon", "coordinates": [[[*p, 500.0] for p in SQUARE["coordinates"][0]]]}
    (flat,) = read(feature(high)).fields
    assert flat.geometry is not None
    assert not flat.geometry.has_z


def test_a_field_across_180_degrees_is_cut_there_however_it_is_written() -> None:
    east = ring((179.999, -17), (180.001, -17), (180.001, -16.999), (179.999, -16.999))
    west = ring((-180.001, -17), (-179.999, -17), (-179.999, -16.999), (-180.001, -16.999))
    one, two = read(feature(east), feature(west)).fields
    assert one.geometry is not None
    assert one.geometry.bounds[::2] == (-180, 180)
    assert one.geometry.equals_exact(two.geometry, 1e-9, normalize=True)
    assert (one.defect, two.defect) == ("", "")


def test_rubbish_is_refused_with_a_sentence() -> None:
    old = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}
    metres = ring((600_000, 5_300_000), (600_100, 5_300_000), (600_100, 5_300_100))
    for document, part in (
        (None, "send a GeoJSON FeatureCollection"),
        ("fields", "send a GeoJSON FeatureCollection"),
        (SQUARE, "'Polygon'"),
        (feature(SQUARE), "'Feature'"),
        ({"type": "FeatureCollection"}, "it holds no features"),
        ({"type": "FeatureCollection", "features": {}}, "it holds no features"),
        (collection([]), "it holds no features"),
        (collection([feature(SQUARE), SQUARE]), "its feature 2 is not a GeoJSON Feature"),
        (collection([feature(None)]), "none of them has a usable polygon; of the first, it has no geometry"),
        (collection([feature(metres)]), "are not degrees; send longitude and latitude of WGS84"),
        (collection([feature(ring((48, 160), (49, 160), (49, 161)))]), "latitude seem to be swapped"),
        ({**collection([feature(SQUARE)]), "crs": old}, "EPSG::25832"),
        (collection([feature(SQUARE)] * (MAX_FIELDS + 1)), "'10,001 features'"),
    ):
        sentence = refusal(document)
        assert part in sentence
        assert sentence.endswith(".")
    crs84 = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    assert len(read_collection({**collection([feature(SQUARE)]), "crs": crs84}).fields) == 1


def test_the_column_of_ids_must_be_there_and_have_a_name_of_its_own() -> None:
    whole = collection([feature(SQUARE, plot=1, date="x", FID=3)])
    assert "the properties of the features are plot, date, FID" in refusal(whole, id_column="owner")
    for name in ("date", "FID"):
        assert "rename the property" in refusal(whole, id_column=name)


def test_too_many_vertices_or_geometries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_VERTICES", 12)
    assert "more than 12 vertices" in refusal(collection([feature(SQUARE)] * 3))
    monkeypatch.setattr(limits, "MAX_GEOMETRIES", 5)
    nested = {"type": "GeometryCollection", "geometries": [SQUARE] * 6}
    assert "more than 5 geometries" in refusal(collection([feature(nested)]))

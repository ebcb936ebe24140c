"""Vector files of every format, and tables of points."""

import json
import zipfile
from functools import partial
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
from shapely import Point, box

from ingest.rules.refusal import Refused
from ingest.vector_file import extent, layers, read_layers, read_vector
from ingest.vector_sources import PACKED
from tests.ingest.remote_files import serve

SHAPES = [box(11.0, 48.0, 11.1, 48.2), box(11.3, 48.0, 11.4, 48.1)]
VIRTUAL = "<OGRVRTDataSource><OGRVRTLayer name='own'><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
"""What GDAL takes for a virtual file, whatever its ending."""
WRITTEN = [
    "a.gpkg",
    "a.shp",
    "a.fgb",
    "a.geojson",
    "a.kml",
    "a.parquet",
    "a.geoparquet",
    "a.zip",
    "a.kmz",
    "a.wkt",
    "a.txt",
]


def write(path: Path, *, crs: str = "EPSG:4326") -> Path:
    """Write two polygons of classes x and y; formats without a CRS of their own hold degrees."""
    table = geopandas.GeoDataFrame({"class": ["x", "y"]}, geometry=SHAPES, crs="EPSG:4326").to_crs(crs)
    match path.suffix:
        case ".parquet" | ".geoparquet":
            table.to_parquet(path)
        case ".wkt" | ".txt":
            path.write_text("\n".join(g.wkt for g in table.geometry))
        case ".kmz":
            pack(path, [write(path.with_suffix(".kml"))])
        case ".zip":
            write(path.with_suffix(".shp"), crs=crs)
            pack(path, [path.with_suffix(s) for s in (".shp", ".shx", ".dbf", ".prj")])
        case ".kml":
            table.to_file(path, driver="KML", engine="pyogrio")
        case _:
            table.to_file(path, engine="pyogrio")
    return path


def pack(path: Path, files: list[Path]) -> None:
    with zipfile.ZipFile(path, "w") as packed:
        for file in files:
            packed.write(file, file.name)


@pytest.mark.parametrize("name", WRITTEN)
def test_every_format_gives_the_same_features(tmp_path: Path, name: str) -> None:
    found = read_vector(write(tmp_path / name), most=10)
    assert found.name == name
    found_shapes = sorted(found.table.geometry, key=lambda g: g.bounds)
    assert all(g.symmetric_difference(s).area < 1e-9 for g, s in zip(found_shapes, SHAPES, strict=True))
    assert found.crs.to_epsg() == 4326
    assert sum(len(f.table) for f in read_layers(tmp_path / name, crs="", most=10)) == 2
    assert bool(found.remarks) == name.endswith(("wkt", "txt"))


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_geojson_with_a_byte_order_mark_is_read(tmp_path: Path, mark: bytes) -> None:
    path = write(tmp_path / "a.geojson")
    path.write_bytes(mark + path.read_bytes())
    assert len(read_vector(path, most=10).table) == 2


def test_a_missing_crs_is_refused_and_may_be_stated(tmp_path: Path) -> None:
    path = write(tmp_path / "a.shp", crs="EPSG:25832")
    (tmp_path / "a.prj").unlink()
    with pytest.raises(Refused, match=r"does not state its CRS \(its .prj file is missing\); give it by --crs EPSG:"):
        read_vector(path, most=10)
    found = read_vector(path, crs="EPSG:25832", most=10)
    assert found.crs.to_epsg() == 25832
    with pytest.raises(Refused, match="--crs UTM: it is no CRS"):
        read_vector(path, crs="UTM", most=10)


def test_coordinates_that_are_not_degrees_are_refused_and_swapped_ones_named(tmp_path: Path) -> None:
    (tmp_path / "m.wkt").write_text("POLYGON ((600000 5000000, 600100 5000000, 600100 5000100, 600000 5000000))")
    with pytest.raises(Refused, match=r"does not state its CRS .*--crs EPSG"):
        read_vector(tmp_path / "m.wkt", most=1)
    (tmp_path / "e.wkt").write_text("SRID=25832;POINT (600000 5000000)")
    assert read_vector(tmp_path / "e.wkt", most=1).crs.to_epsg() == 25832
    point = {"type": "Point", "coordinates": [48.0, 105.0]}
    (tmp_path / "s.geojson").write_text(json.dumps(point))
    with pytest.raises(Refused, match="not degrees; longitude and latitude seem to be swapped"):
        read_vector(tmp_path / "s.geojson", most=1)
    (tmp_path / "p.geojson").write_text(json.dumps({**point, "coordinates": [600000, 5000000]}))
    with pytest.raises(Refused, match="of a projected CRS, give it by --crs"):
        read_vector(tmp_path / "p.geojson", most=1)


@pytest.mark.parametrize(
    "text",
    [
        "lon,lat,class\n11,48,x\n12,49,y\n",
        "Longitude;Latitude;class\n11,0;48,0;x\n12,0;49,0;y\n",
        "wkt,class\nPOINT (11 48),x\nPOINT (12 49),y\n",
    ],
)
def test_tables_of_points_are_read_as_people_have_them(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.csv").write_text(text)
    found = read_vector(tmp_path / "p.csv", most=10)
    assert [(g.x, g.y) for g in found.table.geometry] == [(11, 48), (12, 49)]
    assert found.table["class"].tolist() == ["x", "y"]


def test_tables_without_degrees_are_refused_with_what_they_have(tmp_path: Path) -> None:
    pd.DataFrame({"x": [600000.0], "y": [5000000.0]}).to_parquet(tmp_path / "p.parquet")
    with pytest.raises(Refused, match=r"needs the columns lon and lat.*its columns are x, y; for x and y give the CRS"):
        read_vector(tmp_path / "p.parquet", most=1)
    assert read_vector(tmp_path / "p.parquet", crs="EPSG:25832", most=1).table.geometry[0] == Point(600000, 5000000)
    (tmp_path / "q.csv").write_text("lon,lat\n48,105\n")
    with pytest.raises(Refused, match="row 1 are not degrees; longitude and latitude seem to be swapped"):
        read_vector(tmp_path / "q.csv", most=1)
    (tmp_path / "r.csv").write_text("lon,lat\n11,48\n,\n")
    assert read_vector(tmp_path / "r.csv", most=1).table.geometry.isna().tolist() == [False, True]


def test_layers_are_listed_and_their_extent_is_that_of_all_features(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", crs="EPSG:25832")
    assert layers(path) == ["a"]
    found = read_vector(path, most=10, near=box(0, 0, 1, 1))
    assert len(found.table) == 0
    np.testing.assert_allclose(extent(path, "", found.crs)[:, 0], [11.0, 11.3], atol=0.01)
    with pytest.raises(Refused, match="--layer b: it has the layers a; choose one by --layer"):
        read_vector(path, layer="b", most=1)


@pytest.mark.parametrize("name", [n for n in WRITTEN if n != "a.zip"] + ["a.zip"])
def test_broken_and_missing_files_are_refused_in_one_clause(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused, match="no such file"):
        read_vector(tmp_path / name, most=1)
    (tmp_path / name).write_bytes(b"\x89PNG\xff\xfe" * 50)
    with pytest.raises(Refused, match=r"cannot be read|not readable|has no row") as caught:
        read_vector(tmp_path / name, most=1)
    assert "\n" not in str(caught.value)


def test_another_format_is_refused_with_those_that_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_text("x")
    with pytest.raises(Refused, match=r"its ending is none of \.gpkg, \.shp"):
        read_vector(tmp_path / "a.docx", most=1)
    with pytest.raises(Refused, match="holds more than 1 features"):
        read_layers(write(tmp_path / "a.gpkg"), crs="", most=1)


@pytest.mark.parametrize("name", ["a.kml", "a.gpkg", "a.fgb", "a.shp", "a.geojson", "a.json", "a.kmz", "a.zip"])
def test_a_virtual_file_by_any_name_is_refused_and_reads_nothing_elsewhere(tmp_path: Path, name: str) -> None:
    (tmp_path / "served").mkdir()
    write(tmp_path / "served" / "own.geojson")
    with serve(tmp_path / "served") as server:
        virtual = VIRTUAL.format(f"/vsicurl/{server.url}/own.geojson")
        path = tmp_path / name
        if path.suffix in PACKED:
            inner = tmp_path / f"b{PACKED[path.suffix]}"
            inner.write_text(virtual)
            pack(path, [inner])
        else:
            path.write_text(virtual)
        for read in (partial(read_vector, most=10), partial(read_layers, crs="", most=10), layers):
            with pytest.raises(Refused, match="which its ending says it is"):
                read(path)
    assert server.faults.requested == []


def test_a_kml_file_may_begin_with_a_comment_and_a_prefix(tmp_path: Path) -> None:
    text = write(tmp_path / "a.kml").read_text()
    head, rest = text.split("?>", 1)
    (tmp_path / "b.kml").write_text(f"{head}?><!-- {'made by hand ' * 500} -->{rest}")
    assert len(read_vector(tmp_path / "b.kml", most=10).table) == 2


def test_a_zip_that_is_damaged_inside_is_refused(tmp_path: Path) -> None:
    content = bytearray(write(tmp_path / "a.zip").read_bytes())
    content[60:120] = bytes(60)
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(Refused):
        read_vector(tmp_path / "a.zip", most=10)


SQUARE = {"type": "Polygon", "coordinates": [[[11, 48], [11.1, 48], [11.1, 48.1], [11, 48]]]}


def stating(path: Path, crs: object) -> Path:
    feature = {"type": "Feature", "properties": {"crs": "mine"}, "geometry": SQUARE}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature], "crs": crs}))
    return path


@pytest.mark.parametrize(
    "crs",
    [
        "EPSG:25832",
        {"type": "name", "properties": {"name": "WGS 84 / UTM zone 32N"}},
        {"type": "link", "properties": {"href": "https://example.org/crs/31467", "type": "esriwkt"}},
    ],
    ids=str,
)
def test_a_stated_crs_that_is_not_understood_is_not_taken_for_wgs84(tmp_path: Path, crs: object) -> None:
    path = stating(tmp_path / "a.geojson", crs)
    for read in (lambda: read_vector(path, most=9), lambda: read_layers(path, crs="", most=9)):
        with pytest.raises(Refused, match=r"it states the CRS .*, which is not understood; give it by --crs"):
            read()
    assert read_vector(path, crs="EPSG:4326", most=9).crs.to_epsg() == 4326


@pytest.mark.parametrize(
    ("crs", "code"), [(None, 4326), ("EPSG:4326", 4326), ({"type": "EPSG", "properties": {"code": 25832}}, 25832)]
)
def test_a_stated_crs_that_is_understood_is_taken(tmp_path: Path, crs: object, code: int) -> None:
    assert read_vector(stating(tmp_path / "a.geojson", crs), most=9).crs.to_epsg() == code


@pytest.mark.parametrize("where", ["feature", "geometry"])
def test_a_crs_of_a_feature_or_geometry_is_not_passed_over(tmp_path: Path, where: str) -> None:
    stated = {"crs": {"type": "name", "properties": {"name": "EPSG:4314"}}}
    own = {where: stated}
    feature = {"type": "Feature", "properties": {}, "geometry": {**SQUARE, **own.get("geometry", {})}}
    document = {"type": "FeatureCollection", "features": [{**feature, **own.get("feature", {})}]}
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps(document))
    with pytest.raises(Refused, match="it states the CRS EPSG:4314, which is not understood"):
        read_vector(path, most=9)

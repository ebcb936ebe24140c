import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import geopandas
import pytest
from shapely import box, union_all
from shapely.geometry import LineString, Point, Polygon, shape
from shapely.geometry.base import BaseGeometry

from core.errors import InvalidRegion
from core.region import MAX_FILE_BYTES
from core.source import ReadAs
from ingest import region_file
from ingest.region_file import read_region, read_region_file
from tests.conftest import ROOT
from tests.core.regions import square

FIELD = shape(square(11.0, 48.0))
TWO = [shape(square(11.0, 48.0)), shape(square(11.04, 48.0))]


def write(path: Path, polygons: Sequence[BaseGeometry], *, crs: str = "EPSG:4326", driver: str | None = None) -> Path:
    table = geopandas.GeoDataFrame({"name": ["x"] * len(polygons)}, geometry=polygons, crs="EPSG:4326")
    table.to_crs(crs).to_file(path, driver=driver, engine="pyogrio")
    return path


def zipped(folder: Path, files: list[Path]) -> Path:
    target = folder / "fields.zip"
    with zipfile.ZipFile(target, "w") as packed:
        for file in files:
            packed.write(file, f"inner folder/{file.name}")
    return target


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:25832", "EPSG:3857"])
@pytest.mark.parametrize(
    ("name", "driver"), [("a.gpkg", None), ("a.shp", None), ("A.FGB", "FlatGeobuf"), ("a.geojson", None)]
)
def test_a_file_of_any_format_and_crs_gives_the_polygon_in_wgs84(
    tmp_path: Path, name: str, driver: str | None, crs: str
) -> None:
    read = shape(read_region_file(write(tmp_path / name, [FIELD], crs=crs, driver=driver)))
    assert read.symmetric_difference(FIELD).area < 1e-4 * FIELD.area


def test_kml_is_read_with_heights_and_points_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.kml", [FIELD, Point(3, 4), LineString([(0, 0), (1, 1)])], driver="KML")
    assert shape(read_region_file(path)).symmetric_difference(FIELD).area < 1e-9


def test_shapefiles_in_a_zip_are_united(tmp_path: Path) -> None:
    for name, polygon in zip(("a", "b"), TWO, strict=True):
        write(tmp_path / f"{name}.shp", [polygon], crs="EPSG:32632")
    path = zipped(tmp_path, [*tmp_path.glob("a.*"), *tmp_path.glob("b.*")])
    assert shape(read_region_file(path)).symmetric_difference(union_all(TWO)).area < 1e-4 * FIELD.area


def test_all_layers_of_a_geopackage_are_united(tmp_path: Path) -> None:
    for name, polygon in zip(("one", "two"), TWO, strict=True):
        table = geopandas.GeoDataFrame(geometry=[polygon], crs="EPSG:4326")
        table.to_file(tmp_path / "a.gpkg", layer=name, engine="pyogrio")
    assert shape(read_region_file(tmp_path / "a.gpkg")).equals(union_all(TWO))


def test_a_polygon_across_180_degrees_in_metres_is_cut_there(tmp_path: Path) -> None:
    table = geopandas.GeoDataFrame(geometry=[box(815_000, 8_110_000, 825_000, 8_120_000)], crs="EPSG:32760")
    table.to_file(tmp_path / "fiji.gpkg", engine="pyogrio")
    read = shape(read_region_file(tmp_path / "fiji.gpkg"))
    assert read.geom_type == "MultiPolygon"
    assert read.bounds[::2] == (-180, 180)
    assert read.area < 0.02


def test_geojson_is_read_without_geopandas(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(
        json.dumps({**square(), "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC::CRS84"}}})
    )
    code = (
        "import sys; from pathlib import Path; import cli.main; from ingest.region_file import read_region_file;"
        f"print(read_region_file(Path({str(path)!r}))['type'], *({{'geopandas', 'pyogrio'}} & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert printed.stdout.split() == ["Polygon"]


def refused(path: Path) -> str:
    with pytest.raises(InvalidRegion) as error:
        read_region_file(path)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("ending", [*region_file.FORMATS, ".other"])
def test_missing_files_and_files_of_another_format_are_refused(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    assert "cannot be read" in refused(path)
    path.write_bytes(b"\x89PNG\xff\xfe" * 50)
    assert re.search("cannot be read|not readable|has no row", refused(path))


@pytest.mark.parametrize("part", ["prj", "shx"])
def test_a_shapefile_without_a_part_names_what_is_missing(part: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.shp", [FIELD])
    (tmp_path / f"a.{part}").unlink()
    assert f".{part} file is missing" in refused(path)


def test_files_without_polygons_are_refused(tmp_path: Path) -> None:
    assert "holds no polygon" in refused(write(tmp_path / "a.gpkg", [Point(11, 48)]))
    (tmp_path / "note.txt").write_text("x")
    assert "holds no Shapefile" in refused(zipped(tmp_path, [tmp_path / "note.txt"]))


def test_large_files_and_zip_bombs_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    assert "larger than 16 MiB" in refused(path)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.shp", bytes(9 * MAX_FILE_BYTES))
    assert "larger than 16 MiB" in refused(tmp_path / "bomb.zip")


def test_too_many_features_are_refused(tmp_path: Path) -> None:
    specks = [Point(11 + 1e-4 * n, 48).buffer(1e-5, quad_segs=1) for n in range(region_file.MAX_FEATURES + 1)]
    assert "more than 10000 features" in refused(write(tmp_path / "a.fgb", specks, driver="FlatGeobuf"))


def test_a_region_that_is_too_large_is_refused_as_ever(tmp_path: Path) -> None:
    assert "order it in at least" in refused(write(tmp_path / "a.gpkg", [box(0, 0, 11, 11)]))


def collection(*geometries: object) -> dict[str, object]:
    features = [{"type": "Feature", "properties": {}, "geometry": g} for g in geometries]
    return {"type": "FeatureCollection", "features": features}


def test_one_feature_without_a_polygon_does_not_stop_the_others(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    empty = {"type": "Polygon", "coordinates": []}
    path.write_text(json.dumps(collection(square(11.0, 48.0), None, empty, {"type": "Point", "coordinates": [11, 48]})))
    found = read_region(path)
    assert shape(found.geojson).equals(FIELD)
    assert found.summary.remarks == (
        "2 features have no geometry and are left out.",
        "1 feature is no polygon and is left out.",
    )
    table = geopandas.GeoDataFrame({"a": [1, 2, 3]}, geometry=[FIELD, None, Point(11, 48)], crs="EPSG:4326")
    table.to_file(tmp_path / "a.gpkg", engine="pyogrio")
    assert read_region(tmp_path / "a.gpkg").summary.remarks == (
        "1 feature has no geometry and is left out.",
        "1 feature is no polygon and is left out.",
    )


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_geometry_collection_and_a_byte_order_mark_are_read(tmp_path: Path, mark: str) -> None:
    document = {"type": "GeometryCollection", "geometries": [square(11.0, 48.0), square(11.04, 48.0)]}
    (tmp_path / "a.geojson").write_text(mark + json.dumps(document), encoding="utf-8")
    assert shape(read_region_file(tmp_path / "a.geojson")).equals(union_all(TWO))


def test_wkt_kmz_and_geoparquet_are_regions(tmp_path: Path) -> None:
    (tmp_path / "a.wkt").write_text(FIELD.wkt)
    found = read_region(tmp_path / "a.wkt")
    assert shape(found.geojson).equals(FIELD)
    assert found.summary.remarks == ("It states no CRS; its coordinates are taken as longitude and latitude of WGS84.",)
    geopandas.GeoDataFrame(geometry=[FIELD], crs="EPSG:4326").to_crs("EPSG:25832").to_parquet(tmp_path / "a.parquet")
    assert shape(read_region_file(tmp_path / "a.parquet")).symmetric_difference(FIELD).area < 1e-4 * FIELD.area
    write(tmp_path / "doc.kml", [FIELD], driver="KML")
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as packed:
        packed.write(tmp_path / "doc.kml", "doc.kml")
    assert shape(read_region_file(tmp_path / "a.kmz")).symmetric_difference(FIELD).area < 1e-9


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32632"])
@pytest.mark.parametrize("ending", ["gpkg", "shp", "fgb", "kml", "geojson", "parquet", "wkt"])
def test_a_polygon_that_crosses_itself_is_refused_in_every_format(ending: str, crs: str, tmp_path: Path) -> None:
    crossing = Polygon([(11.0, 48.0), (11.02, 48.01), (11.02, 48.0), (11.0, 48.01)])
    path = tmp_path / f"bow.{ending}"
    if ending == "wkt":
        path.write_text(crossing.wkt)
    elif ending == "parquet":
        geopandas.GeoDataFrame(geometry=[crossing], crs="EPSG:4326").to_crs(crs).to_parquet(path)
    else:
        is_kml = ending == "kml"
        write(path, [crossing], crs="EPSG:4326" if is_kml else crs, driver="KML" if is_kml else None)
    with pytest.raises(InvalidRegion, match="crosses itself"):
        read_region(path)


def test_a_table_is_no_region(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("series_id,time,ndvi\na,2021-05-01,0.3\n")
    with pytest.raises(InvalidRegion, match="is a table, and a region is a file of polygons"):
        read_region(path)


def test_a_crs_may_be_stated(tmp_path: Path) -> None:
    path = write(tmp_path / "a.shp", [FIELD], crs="EPSG:25832")
    (tmp_path / "a.prj").unlink()
    assert "give it by --crs EPSG:" in refused(path)
    read = shape(read_region(path, read_as=ReadAs(crs="EPSG:25832")).geojson)
    assert read.symmetric_difference(FIELD).area < 1e-4 * FIELD.area


def test_longitude_and_latitude_the_wrong_way_round_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.geojson").write_text(json.dumps(square(48.0, 105.0)))
    assert "longitude and latitude seem to be swapped" in refused(tmp_path / "a.geojson")


@pytest.mark.parametrize("member", ["crs", "CRS"])
def test_a_region_in_a_stated_crs_is_moved_however_the_member_is_written(tmp_path: Path, member: str) -> None:
    stated = {member: {"type": "name", "properties": {"name": "EPSG:4314"}}}
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({**square(11.0, 48.0), **stated}))
    west = min(x for x, _ in read_region(path).geojson["coordinates"][0])
    assert 0.0005 < 11.0 - west < 0.003

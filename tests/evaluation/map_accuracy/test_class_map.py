"""Class maps of every kind: names, pixels, classes and areas, or a refusal."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from core.errors import InvalidOption
from evaluation.map_accuracy import class_map
from evaluation.map_accuracy.class_map import classes_at, count_classes, locate, open_class_map
from tests.evaluation.map_accuracy.class_maps import (
    NAMES,
    NODATA,
    codes,
    quiet,
    write_map,
    write_plain,
)
from tests.ingest.remote_files import serve


def test_names_and_area_of_pixels_are_those_of_our_own_files(drawn_map: Path) -> None:
    found = open_class_map(drawn_map)
    assert (found.band_name, dict(found.names)) == ("class", NAMES)
    assert found.pixel_ha == pytest.approx(0.01)


def test_classes_are_counted_the_same_whatever_the_windows(
    drawn_map: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = write_map(tmp_path / "big.tif", codes((1100, 600)))
    values, counts = np.unique(codes((1100, 600)), return_counts=True)
    for most in (2048 * 2048, 512 * 512):
        monkeypatch.setattr(class_map, "WINDOW_PIXELS", most)
        census = count_classes(open_class_map(big), quiet)
        assert census.codes.tolist() == values[:3].tolist()
        assert census.pixels.tolist() == counts[:3].tolist()
        assert census.nodata == counts[3] == 50
    assert len(census.counts) > 1


def test_striped_rasters_are_read_by_windows_of_whole_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_map, "WINDOW_PIXELS", 70 * 16)
    plain = write_plain(tmp_path / "plain.tif", codes(), nodata=NODATA, blockysize=4)
    census = count_classes(open_class_map(plain), quiet)
    assert len(census.counts) == 6
    rows, columns = np.nonzero(codes() != 254)
    found, is_valid = classes_at(open_class_map(plain), rows, columns)
    assert np.array_equal(np.where(is_valid, found, NODATA), codes()[rows, columns])


def test_the_float_form_of_our_maps_names_its_classes_too(tmp_path: Path) -> None:
    path = write_plain(tmp_path / "crop.tif", codes().astype(np.float32) % 7, nodata=np.nan)
    with rasterio.open(path, "r+") as raster:
        raster.set_band_description(1, "class")
        raster.update_tags(1, DESCRIPTION="Most probable class: 0 non-crop; 1 temporary crop")
    assert open_class_map(path).names == {0: "Non-crop", 1: "Temporary crop"}


def test_every_pixel_of_a_class_has_one_number_to_be_drawn_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_map, "WINDOW_PIXELS", 70 * 16)
    found = open_class_map(write_plain(tmp_path / "plain.tif", codes(), nodata=NODATA, blockysize=4))
    census = count_classes(found, quiet)
    for number, code in enumerate(NAMES):
        rows, columns = locate(found, census, np.arange(census.pixels[number]), number)
        assert np.array_equal(np.stack([rows, columns], axis=1), np.argwhere(codes() == code))
        some = np.array([0, 3, census.pixels[number] - 1])
        assert np.array_equal(locate(found, census, some, number)[0], rows[some])


@pytest.mark.parametrize(
    ("profile", "sentence"),
    [
        ({"crs": "EPSG:4326", "transform": Affine(1e-4, 0, 10, 0, -1e-4, 50)}, "in degrees"),
        ({"crs": "EPSG:3857", "transform": Affine(10, 0, 1e6, 0, -10, 6.5e6)}, "areas in its CRS"),
        ({"crs": None}, "does not state its CRS"),
        ({"nodata": 3}, "all of its pixels are nodata"),
    ],
)
def test_maps_whose_areas_are_not_known_are_refused(tmp_path: Path, profile: dict[str, object], sentence: str) -> None:
    path = write_plain(tmp_path / "map.tif", np.full((40, 30), 3, np.uint8), **profile)
    with pytest.raises(InvalidOption, match=sentence):
        count_classes(open_class_map(path), quiet)


@pytest.mark.parametrize(("dtype", "sentence"), [(np.float32, "whole numbers"), (np.int16, "more than 255 values")])
def test_rasters_that_hold_no_classes_are_refused(tmp_path: Path, dtype: type[np.generic], sentence: str) -> None:
    scale = 1000 if dtype is np.int16 else 0.7
    pixels = (np.arange(1200).reshape(40, 30) * scale / 30).astype(dtype)
    with pytest.raises(InvalidOption, match=sentence):
        count_classes(open_class_map(write_plain(tmp_path / "map.tif", pixels)), quiet)


def test_feet_become_hectares(tmp_path: Path) -> None:
    path = write_plain(
        tmp_path / "map.tif", codes(), crs="EPSG:2263", transform=Affine(30, 0, 984_000, 0, -30, 210_000)
    )
    assert open_class_map(path).pixel_ha == pytest.approx((30 * 1200 / 3937) ** 2 / 10_000)


def test_the_band_of_a_map_of_ours_is_found_by_what_it_states_not_by_its_name(tmp_path: Path) -> None:
    path = write_map(tmp_path / "change.tif", codes())
    with rasterio.open(path, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as raster:
        raster.update_tags(1, LANDCAST_VARIABLE="probability", LANDCAST_CLASS_NAME="gain")
        raster.update_tags(2, LANDCAST_VARIABLE="change")
    assert open_class_map(path).band == 2
    with rasterio.open(path, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as raster:
        raster.update_tags(1, LANDCAST_VARIABLE="")
        raster.update_tags(2, LANDCAST_VARIABLE="")
    assert open_class_map(path).band_name == "class"


def test_a_virtual_raster_by_another_name_is_refused_and_one_by_its_name_reads_no_network(
    drawn_map: Path, tmp_path: Path
) -> None:
    with serve(drawn_map.parent) as server:
        with rasterio.open(drawn_map) as given:
            profile = given.profile
        virtual = (
            f'<VRTDataset rasterXSize="{profile["width"]}" rasterYSize="{profile["height"]}"><SRS>EPSG:32632</SRS>'
            "<GeoTransform>600000, 10, 0, 5320000, 0, -10</GeoTransform>"
            '<VRTRasterBand dataType="Byte" band="1"><SimpleSource><SourceFilename>'
            f"/vsicurl/{server.url}/{drawn_map.name}</SourceFilename><SourceBand>1</SourceBand></SimpleSource>"
            "</VRTRasterBand></VRTDataset>"
        )
        for name in ("a.tif", "a.img", "a.vrt"):
            (tmp_path / name).write_text(virtual)
            with pytest.raises(InvalidOption, match=r"cannot be read|is no GeoTIFF"):
                count_classes(open_class_map(tmp_path / name), quiet)
    assert server.faults.requested == []

from pathlib import Path

from outputs.styles.write import remove_styles
from outputs.write_raster import pick_layers, write_raster
from tests.outputs.rasters import class_map, forecast, origin
from tests.outputs.styles.maps import written

BESIDE_CLASSES = ["map.qlr", "map.qml", "map.tif", "map.tif.aux.xml"]


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_a_raster_that_takes_the_place_of_another_has_its_own_style(tmp_path: Path) -> None:
    write_raster(class_map(), tmp_path / "map.tif", origin())
    assert names(tmp_path) == BESIDE_CLASSES
    assert "paletted" in (tmp_path / "map.qml").read_text()
    write_raster(forecast(), tmp_path / "map.tif", origin())
    assert names(tmp_path) == ["map.qlr", "map.qml", "map.tif"]
    assert "paletted" not in (tmp_path / "map.qml").read_text()


def test_bands_are_those_of_the_file_when_layers_are_chosen(tmp_path: Path) -> None:
    write_raster(pick_layers(class_map(), ["clear_count", "class"]), tmp_path / "map.tif", origin())
    assert 'band="2"' in (tmp_path / "map.tif.aux.xml").read_text()
    assert 'type="singlebandpseudocolor" band="1"' in (tmp_path / "map.qml").read_text()
    assert 'type="paletted" band="2"' in (tmp_path / "map.qlr").read_text()


def test_the_same_map_has_the_same_files(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        written(tmp_path / folder)
    assert len(names(tmp_path / "a")) == 11
    for name in names(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_cubes_have_nothing_beside_them_and_styles_are_removed_alone(tmp_path: Path) -> None:
    write_raster(class_map(), tmp_path / "map.nc", origin())
    assert names(tmp_path) == ["map.nc"]
    write_raster(class_map(), tmp_path / "map.tif", origin())
    remove_styles(tmp_path / "map.tif")
    assert names(tmp_path) == ["map.nc", "map.tif"]

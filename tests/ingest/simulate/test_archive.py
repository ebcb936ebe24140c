"""The sample archive, generated small and read like any other."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import pystac
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rio_cogeo.cogeo import cog_validate

from core.cube import Cube
from core.grid import Window
from core.region import Region, parse_region
from core.settings import Settings
from ingest.build.cube import build_cube
from ingest.simulate.archive import CORNER, CRS, sample_region, write_archive
from ingest.stac.folder import StacFolder, open_stac_folder

SIZE = 32
FIRST, LAST = date(2021, 12, 20), date(2022, 2, 28)
WINDOW = Window(crs=CRS, transform=Affine(10, 0, CORNER[0], 0, -10, CORNER[1]), shape_yx=(SIZE, SIZE))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "small"
    write_archive(path, seed=3, size=SIZE, first=FIRST, last=LAST)
    return path


@pytest.fixture(scope="module")
def archive(folder: Path) -> StacFolder:
    return open_stac_folder(folder, settings=Settings(tile_size=16))


@pytest.fixture(scope="module")
def cube(archive: StacFolder) -> Cube:
    return build_cube(archive, WINDOW, archive.period, archive.bands)


def test_everything_states_that_it_is_simulated(folder: Path, archive: StacFolder, cube: Cube) -> None:
    assert archive.is_simulated
    assert cube.is_simulated
    assert archive.title.startswith("Simulated")
    for path in folder.rglob("*.json"):
        document = json.loads(path.read_text())
        assert document.get("properties", document)["landcast:simulated"] is True, path
    for path in folder.rglob("*.tif"):
        with rasterio.open(path) as raster:
            assert raster.tags()["simulated"] == "true", path


def test_the_same_seed_gives_the_same_pixels(folder: Path, tmp_path: Path) -> None:
    write_archive(tmp_path / "again", seed=3, size=SIZE, first=FIRST, last=LAST)
    one, other = (sorted(p.relative_to(f) for p in f.rglob("*.*")) for f in (folder, tmp_path / "again"))
    assert one == other
    for path in (p for p in one if p.suffix == ".tif"):
        assert _pixels(folder / path).tobytes() == _pixels(tmp_path / "again" / path).tobytes(), path


def test_every_raster_is_a_valid_cog(folder: Path) -> None:
    for path in sorted(folder.rglob("*.tif"))[::4]:
        is_valid, errors, warnings = cog_validate(path, strict=True)
        assert is_valid, (path, errors, warnings)


def test_every_item_is_valid_stac(folder: Path) -> None:
    catalogue = pystac.Catalog.from_file(str(folder / "catalog.json"))
    items = list(catalogue.get_items(recursive=True))
    assert items
    for item in items:
        assert Path(item.get_self_href() or "").is_relative_to(folder)
        item.stac_extensions = []  # their schemas live on the network; the core schema is in pystac
        item.validate()


def test_all_bands_come_back_in_physical_units(cube: Cube) -> None:
    assert not cube.failures
    assert cube.optical == ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")
    assert cube.radar == ("VV", "VH")
    for band in cube.optical:
        seen = cube.data[band].values
        assert 0 <= np.nanmin(seen) < np.nanmax(seen) < 1, band
    assert -20 < float(np.nanmedian(cube.data["VV"])) < -5
    assert float(np.nanmedian(cube.data["VH"])) < float(np.nanmedian(cube.data["VV"])) - 3


def test_plants_are_brighter_in_near_infrared_than_in_red(cube: Cube, folder: Path) -> None:
    canopy = _pixels(folder / "truth" / "canopy.tif")[0]
    red, nir = (cube.data[b].values[:, canopy == 1] for b in ("B04", "B08"))
    assert np.isfinite(red).any()
    assert np.nanmedian(nir) > 4 * np.nanmedian(red)


def test_the_change_of_offset_in_january_2022_leaves_no_step(cube: Cube, folder: Path) -> None:
    canopy = _pixels(folder / "truth" / "canopy.tif")[0]
    days = cube.data["time"].values
    new = days >= np.datetime64("2022-01-25")
    red = cube.data["B04"].values[:, canopy == 1]
    assert np.isfinite(red[new]).any()
    assert np.isfinite(red[~new]).any()
    assert abs(np.nanmedian(red[new]) - np.nanmedian(red[~new])) < 0.02


def test_clouds_are_masked(cube: Cube) -> None:
    clear = np.isfinite(cube.ndvi()).mean(axis=(1, 2))
    assert 0.05 < clear.mean() < 0.9
    assert np.nanpercentile(cube.data["B02"].values, 99) < 0.35


def test_tiles_agree_with_the_whole_on_both_sides_of_a_border(archive: StacFolder, cube: Cube) -> None:
    grid = archive.grid(Region(geometry=archive.footprint))
    assert grid.origin_xy == (0, 0)
    tiles = grid.tiles(Region(geometry=archive.footprint.buffer(-1e-4)))
    assert len(tiles) == 4
    for tile in tiles:
        part = build_cube(archive, tile.window, archive.period, ("B04", "B11", "VV"))
        row, column = tile.window.offset_in(WINDOW)
        for band in part.data.data_vars:
            whole = cube.data[band].values[:, row : row + 16, column : column + 16]
            np.testing.assert_array_equal(part.data[band].values, whole, str(band))


def test_truth_is_no_band_of_the_archive(archive: StacFolder, folder: Path) -> None:
    assert {p.stem for p in (folder / "truth").iterdir()} == {"crop", "canopy", "parcel"}
    assert not {"crop", "canopy", "parcel"} & set(archive.bands)
    assert all("truth" not in json.dumps(s.properties) for s in archive.search(WINDOW, archive.period))


def test_the_sample_region_lies_inside_and_crosses_tiles() -> None:
    region = parse_region(sample_region())
    whole = Window(crs=CRS, transform=WINDOW.transform, shape_yx=(192, 192))
    assert whole.footprint_wgs84.contains(region.geometry)
    assert 0.65 < region.area_km2 / 3.6864 < 0.85


def _pixels(path: Path) -> NDArray[np.generic]:
    with rasterio.open(path) as raster:
        return np.asarray(raster.read())

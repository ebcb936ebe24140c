"""The same scenes through a STAC API, Sentinel Hub and a folder give equal cubes."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from numpy.typing import NDArray
from shapely.geometry import mapping

from core.bands import OPTICAL_NAMES
from core.cube import Cube
from core.grid import Window
from core.settings import Settings
from core.timeline import Period
from ingest.archive import Archive
from ingest.build.cube import build_cube
from ingest.build.reader import reader_from
from ingest.registry import open_archive
from ingest.simulate.rasters import write_raster
from tests.ingest.sentinel_hub.server import SentinelHubServer, ServedScene, settings_for
from tests.ingest.stac.server import serve

EXTENT = Window(crs="EPSG:32632", transform=Affine(10, 0, 600_000, 0, -10, 5_600_960), shape_yx=(96, 120))
"""Where the files have pixels."""
WINDOW = replace(EXTENT, transform=EXTENT.transform * Affine.translation(18, 21), shape_yx=(50, 63))
"""Off the 20 m lattice by one pixel."""
JUNE = Period(start=date(2022, 6, 1), end=date(2022, 6, 30))
COARSE = ("B05", "B06", "B07", "B8A", "B11", "B12", "SCL")
SCENES = [
    ServedScene(item_id="S2A_20220607", time=datetime(2022, 6, 7, 10, 30, tzinfo=UTC)),
    ServedScene(item_id="S2B_20220612", time=datetime(2022, 6, 12, 10, 30, tzinfo=UTC), platform="sentinel-2b"),
    ServedScene(item_id="S1A_D", time=datetime(2022, 6, 8, 5, 30, tzinfo=UTC), sensor="s1", platform="sentinel-1a"),
    ServedScene(
        item_id="S1A_A",
        time=datetime(2022, 6, 8, 17, 10, tzinfo=UTC),
        sensor="s1",
        platform="sentinel-1a",
        orbit="ascending",
    ),
]
BANDS = (*OPTICAL_NAMES, "VV", "VH")


def pixels(x: NDArray[np.float64], y: NDArray[np.float64], scene: ServedScene, band: str) -> NDArray[Any]:
    """Return numbers that tell place, day and band apart, reflectance in whole digital numbers."""
    column, row = (x - 600_000)[None] / 10, (5_600_960 - y)[:, None] / 10
    if band == "SCL":
        return np.where((column - 60) ** 2 + (row - 40) ** 2 < 90, 9.0, 4.0)
    first = 0.02 * (1 + sum(map(ord, band)) % 7) + 1e-2 * scene.time.day
    shown = first + 1e-3 * (column % 30) + 2e-3 * (row % 17) + (0.004 if scene.orbit == "ascending" else 0)
    return shown if band in ("VV", "VH") else np.rint(shown * 1e4) / 1e4


def write_files(folder: Path) -> list[dict[str, Any]]:
    """Write each scene as COGs, 20 m bands on the 20 m lattice; return its items."""
    folder.mkdir(parents=True)
    coarse = replace(EXTENT, transform=Affine(20, 0, 600_000, 0, -20, 5_600_960), shape_yx=(48, 60))
    items = []
    for scene in SCENES:
        names = ("VV", "VH") if scene.sensor == "s1" else (*OPTICAL_NAMES, "SCL")
        for name in names:
            window = coarse if name in COARSE else EXTENT
            values = pixels(*window.centres(), scene, name)
            path = folder / f"{scene.item_id}_{name}.tif"
            write_raster(path, window, _stored(values, name)[None], (name,), nodata=None if scene.sensor == "s1" else 0)
        items.append(_item(scene, names))
    return items


def _stored(values: NDArray[Any], name: str) -> NDArray[Any]:
    if name in ("VV", "VH"):
        return values.astype(np.float32)
    return values.astype(np.uint8) if name == "SCL" else np.rint(values * 1e4 + 1000).astype(np.uint16)


def _item(scene: ServedScene, names: tuple[str, ...]) -> dict[str, Any]:
    footprint = EXTENT.footprint_wgs84
    optical = {"s2:processing_baseline": "05.10"} if scene.sensor == "s2" else {}
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": scene.item_id,
        "collection": "sentinel-2-l2a" if scene.sensor == "s2" else "sentinel-1-rtc",
        "geometry": mapping(footprint),
        "bbox": list(footprint.bounds),
        "properties": {
            "datetime": scene.time.isoformat().replace("+00:00", "Z"),
            "proj:epsg": 32632,
            "platform": scene.platform,
            "sat:orbit_state": scene.orbit,
            **optical,
        },
        "links": [],
        "assets": {n: {"href": f"./{scene.item_id}_{n}.tif", "type": "image/tiff; application=geotiff"} for n in names},
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("sources") / "files"
    items = write_files(place)
    links = [{"rel": "item", "href": f"./{i['id']}.json"} for i in items]
    catalogue = {"type": "Catalog", "stac_version": "1.0.0", "id": "same", "description": "Same", "links": links}
    for name, document in [("catalog", catalogue), *((i["id"], i) for i in items)]:
        (place / f"{name}.json").write_text(json.dumps(document))
    return place


@pytest.fixture(scope="module")
def cubes(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Cube]]:
    home = tmp_path_factory.mktemp("home")
    items = [json.loads(p.read_text()) for p in sorted(folder.glob("S*.json"))]
    collections = ["sentinel-2-l2a", "sentinel-1-rtc"]
    with (
        SentinelHubServer(scenes=SCENES, pixels=pixels) as hub,
        serve(folder, items, collections=collections) as served,
    ):
        plain = Settings(home=home, requests_per_second=1000.0)
        archives: dict[str, tuple[Archive, Settings]] = {
            "folder": (open_archive(str(folder), plain), plain),
            "stac": (open_archive(served.url, plain), plain),
            "sentinel-hub": (open_archive("cdse", settings_for(hub, home)), plain),
        }
        yield {name: _cube(archive, settings) for name, (archive, settings) in archives.items()}


def _cube(archive: Archive, settings: Settings) -> Cube:
    reader = replace(reader_from(settings), block_size=128)
    return build_cube(archive, WINDOW, JUNE, BANDS, reader=reader)


@pytest.mark.parametrize("source", ["folder", "stac", "sentinel-hub"])
def test_a_source_gives_the_pixels_that_were_there(cubes: dict[str, Cube], source: str) -> None:
    cube = cubes[source]
    assert not cube.failures
    assert set(cube.data.data_vars) == set(BANDS)
    hidden = np.isnan(cube.data["B04"].values[0])
    assert 0 < hidden.mean() < 0.5
    for number, scene in enumerate(s for s in SCENES if s.sensor == "s2"):
        expected = pixels(*WINDOW.centres(), scene, "B04")
        np.testing.assert_allclose(cube.data["B04"].values[number][~hidden], expected[~hidden], atol=1.1e-4)


@pytest.mark.parametrize("source", ["stac", "sentinel-hub"])
@pytest.mark.parametrize("band", BANDS)
def test_the_same_scenes_through_another_source_give_an_equal_cube(
    cubes: dict[str, Cube], source: str, band: str
) -> None:
    one, other = cubes["folder"].data, cubes[source].data
    tolerance = 2e-3 if band in ("VV", "VH") else 1.1e-4
    np.testing.assert_allclose(other[band].values, one[band].values, atol=tolerance)


@pytest.mark.parametrize("source", ["folder", "stac", "sentinel-hub"])
def test_ascending_and_descending_passes_of_one_day_stay_apart(cubes: dict[str, Cube], source: str) -> None:
    data = cubes[source].data
    np.testing.assert_array_equal(data["orbit_s1"].values, [1, 2])
    assert len(np.unique(data["time_s1"].values)) == 1
    assert float(np.abs(data["VV"].values[0] - data["VV"].values[1]).min()) > 0

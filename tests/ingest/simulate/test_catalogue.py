"""The STAC catalogue of the sample archive."""

import json
from datetime import date
from pathlib import Path

import pystac
import pytest
from affine import Affine

from core.grid import Window
from ingest.simulate.catalogue import write_catalogue
from ingest.simulate.rasters import Written
from ingest.stac.items import walk_items

WINDOW = Window(crs="EPSG:32632", transform=Affine(10, 0, 600_000, 0, -10, 5_600_000), shape_yx=(8, 12))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    bands = {"10m.tif": ("B04", "B08"), "SCL.tif": ("SCL",)}
    scenes = [
        Written(day=date(2021, 5, 1), sensor="s2", folder=tmp_path / "s2" / "old", files=bands, cloud_percent=12.34),
        Written(day=date(2022, 5, 1), sensor="s2", folder=tmp_path / "s2" / "new", files=bands),
        Written(day=date(2022, 5, 2), sensor="s1", folder=tmp_path / "s1" / "one", files={"radar.tif": ("VV", "VH")}),
    ]
    write_catalogue(tmp_path, WINDOW, scenes, generator="7", seed=3)
    return tmp_path


def test_the_catalogue_is_valid_stac_with_relative_links(folder: Path) -> None:
    document = json.loads((folder / "catalog.json").read_text())
    assert (document["landcast:generator"], document["landcast:seed"], document["landcast:simulated"]) == ("7", 3, True)
    assert all(not link["href"].startswith("/") for link in document["links"])
    items = list(pystac.Catalog.from_file(str(folder / "catalog.json")).get_items(recursive=True))
    assert sorted(i.id for i in items) == ["new", "old", "one"]
    for item in items:
        item.stac_extensions = []  # their schemas lie on the network
        item.validate()


def test_items_state_where_bands_lie_and_how_they_are_stored(folder: Path) -> None:
    items = {i.scene.scene_id: i for i in walk_items(folder / "catalog.json")}
    assert set(items["old"].sources) == {"B04", "B08", "SCL"}
    assert items["old"].sources["B08"].index == 2
    assert [items[n].sources["B04"].coding.offset for n in ("old", "new")] == [0.0, -0.1]
    assert (items["one"].scene.sensor, items["one"].sources["VH"].coding.scale) == ("s1", 0.01)
    assert items["old"].scene.properties["eo:cloud_cover"] == 12.3
    assert items["old"].transform == (10, 0, 600_000, 0, -10, 5_600_000)

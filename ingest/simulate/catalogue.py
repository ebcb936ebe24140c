"""The STAC catalogue of the sample archive. Every collection and item states that it is simulated."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pystac
from shapely.geometry import mapping

from core.grid import Window
from ingest.simulate.rasters import (
    NODATA_DB,
    RADAR_SCALE,
    SCALE,
    Written,
    reflectance_offset,
)

EXTENSIONS = (
    "https://stac-extensions.github.io/projection/v2.0.0/schema.json",
    "https://stac-extensions.github.io/raster/v2.0.0/schema.json",
    "https://stac-extensions.github.io/eo/v2.0.0/schema.json",
)
COLLECTIONS = {
    "s2": ("simulated-sentinel-2-l2a", "Simulated Sentinel-2 surface reflectance (PROSAIL); not measured"),
    "s1": ("simulated-sentinel-1-grd", "Simulated Sentinel-1 backscatter (water cloud model); not measured"),
}
OVERPASS = {"s2": time(10, 30, tzinfo=UTC), "s1": time(17, 15, tzinfo=UTC)}
LICENCE = "CC0-1.0"


def write_catalogue(folder: Path, window: Window, scenes: Sequence[Written], *, generator: str, seed: int) -> None:
    """Write catalogue, collections and items beside the rasters, all links relative.

    Args:
        folder: of the archive.
        window: of the 10 m bands.
        scenes: every scene on disk.
        generator: version of what made the pixels.
        seed: of the pixels.
    """
    catalogue = pystac.Catalog(
        id="sample",
        title="Simulated Sentinel-1 and Sentinel-2 archive",
        description="A simulated landscape seen by simulated satellites, to try landcast on. Nothing was measured.",
        extra_fields={"landcast:simulated": True, "landcast:generator": generator, "landcast:seed": seed},
    )
    for sensor in sorted({s.sensor for s in scenes}):
        mine = [s for s in scenes if s.sensor == sensor]
        collection = _collection(sensor, window, mine)
        catalogue.add_child(collection)
        _place(collection, folder / sensor / "collection.json")
        for scene in mine:
            item = _item(scene, window)
            collection.add_item(item)
            _place(item, scene.folder / "item.json")
    _place(catalogue, folder / "catalog.json")
    catalogue.save(catalog_type=pystac.CatalogType.SELF_CONTAINED)


def _place(thing: pystac.STACObject, path: Path) -> None:
    thing.set_self_href(str(path))


def _collection(sensor: str, window: Window, scenes: Sequence[Written]) -> pystac.Collection:
    name, description = COLLECTIONS[sensor]
    days: list[datetime | None] = [_moment(s) for s in (scenes[0], scenes[-1])]
    return pystac.Collection(
        id=name,
        description=description,
        title=description.split(";")[0],
        license=LICENCE,
        extent=pystac.Extent(
            pystac.SpatialExtent([list(window.footprint_wgs84.bounds)]), pystac.TemporalExtent([days])
        ),
        extra_fields={"landcast:simulated": True},
    )


def _item(scene: Written, window: Window) -> pystac.Item:
    footprint = window.footprint_wgs84
    properties: dict[str, Any] = {
        "title": f"Simulated {'Sentinel-2' if scene.sensor == 's2' else 'Sentinel-1'} scene of {scene.day}",
        "landcast:simulated": True,
        "platform": "simulated",
        "license": LICENCE,
        "proj:code": window.crs,
    }
    if scene.sensor == "s2":
        properties["eo:cloud_cover"] = round(scene.cloud_percent, 1)
    item = pystac.Item(
        id=scene.folder.name,
        geometry=dict(mapping(footprint)),
        bbox=list(footprint.bounds),
        datetime=_moment(scene),
        properties=properties,
        stac_extensions=list(EXTENSIONS),
    )
    for file, bands in scene.files.items():
        item.add_asset(Path(file).stem, _asset(scene, file, bands, window))
    return item


def _asset(scene: Written, file: str, bands: Sequence[str], window: Window) -> pystac.Asset:
    rows, columns = window.shape_yx
    factor = 2 if file in ("20m.tif", "SCL.tif") else 1
    move = window.transform
    return pystac.Asset(
        href=f"./{file}",
        media_type=pystac.MediaType.COG,
        title=f"Simulated {', '.join(bands)}",
        roles=["data"],
        extra_fields={
            "bands": [_band(scene, name) for name in bands],
            "gsd": move.a * factor,
            "proj:shape": [rows // factor, columns // factor],
            "proj:transform": [move.a * factor, 0.0, move.c, 0.0, move.e * factor, move.f],
        },
    )


def _band(scene: Written, name: str) -> dict[str, Any]:
    if name == "SCL":
        return {"name": name, "data_type": "uint8", "nodata": 0}
    if scene.sensor == "s1":
        return {"name": name, "data_type": "int16", "nodata": NODATA_DB, "unit": "dB", "raster:scale": RADAR_SCALE}
    offset = reflectance_offset(scene.day)
    return {"name": name, "data_type": "uint16", "nodata": 0, "raster:scale": SCALE, "raster:offset": offset}


def _moment(scene: Written) -> datetime:
    return datetime.combine(scene.day, OVERPASS[scene.sensor])

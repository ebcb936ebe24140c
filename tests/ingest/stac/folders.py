"""A tiny STAC catalogue of COGs, as other programs write them: assets named red and nir, or one file with all."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from shapely.geometry import mapping

from core.grid import Window
from ingest.simulate.rasters import write_raster

SHAPE = (12, 16)
WINDOW = Window(crs="EPSG:32632", transform=Affine(10, 0, 600_000, 0, -10, 5_600_120), shape_yx=SHAPE)
COARSE = Window(crs="EPSG:32632", transform=Affine(20, 0, 600_000, 0, -20, 5_600_120), shape_yx=(6, 8))
PIXELS = (1000 + 16 * np.arange(12)[:, None] + np.arange(16)[None]).astype(np.uint16)
"""Asymmetric numbers, different in every pixel."""
DARK = (PIXELS - 700).astype(np.uint16)
"""The same as dark as vegetation is in the visible, so that no offset can have been left in."""
CLASSES = np.full((6, 8), 4, np.uint8)
CLASSES[1, 2] = 9


def asset(href: str, **extra: Any) -> dict[str, Any]:
    return {"href": href, "type": "image/tiff; application=geotiff; profile=cloud-optimized", **extra}


def item(name: str, day: str, assets: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": name,
        "geometry": mapping(WINDOW.footprint_wgs84),
        "bbox": list(WINDOW.footprint_wgs84.bounds),
        "properties": {
            "datetime": f"{day}T10:30:00Z",
            "proj:epsg": 32632,
            "s2:processing_baseline": "02.14",
            **properties,
        },
        "links": [],
        "assets": assets,
    }


def write_catalogue(folder: Path, items: list[dict[str, Any]]) -> Path:
    """Write a catalogue with items beside it; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    links = [{"rel": "item", "href": f"./{i['id']}.json"} for i in items]
    catalogue = {"type": "Catalog", "stac_version": "1.0.0", "id": "tiny", "description": "Tiny", "links": links}
    for name, document in [("catalog", catalogue), *((i["id"], i) for i in items)]:
        (folder / f"{name}.json").write_text(json.dumps(document))
    return folder


def write_bands(folder: Path, **bands: NDArray[Any]) -> None:
    """Write each band as a COG of its own, coarse ones on the coarse lattice."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, pixels in bands.items():
        window = WINDOW if pixels.shape == SHAPE else COARSE
        write_raster(folder / f"{name}.tif", window, pixels[None], (name,), nodata=0)


def earth_search_folder(folder: Path) -> Path:
    """Two scenes as Earth Search describes them: one of an old, one of a new processing baseline, and one of radar."""
    write_bands(folder, red=PIXELS, nir=PIXELS + 2000, scl=CLASSES, swir16=PIXELS[::2, ::2].copy())
    power = (PIXELS / 20000).astype(np.float32)
    write_raster(folder / "vv.tif", WINDOW, power[None], ("vv",), nodata=None)
    optical = {n: asset(f"./{n}.tif") for n in ("red", "nir", "scl", "swir16")}
    return write_catalogue(
        folder,
        [
            item("old", "2021-05-01", optical, **{"s2:processing_baseline": "03.01"}),
            item("new", "2022-05-01", optical, **{"s2:processing_baseline": "04.00"}),
            item(
                "applied",
                "2022-05-06",
                optical,
                **{"s2:processing_baseline": "04.00", "earthsearch:boa_offset_applied": True},
            ),
            item("radar", "2021-05-02", {"vv": asset("./vv.tif")}),
        ],
    )

"""STAC items as different archives write them."""

from typing import Any

from ingest.io.hosts import Hosts
from ingest.rasters.item import RasterItem
from ingest.stac.items import item_from_dict, reachable
from tests.ingest.stac.folders import asset, item

HOSTS = Hosts(name="test", allowed=("data.example.com", "s3://eodata"))


HOST = "https://data.example.com"


def read(document: dict[str, Any], **options: Any) -> RasterItem | None:
    return item_from_dict(document, f"{HOST}/items/one.json", resolve=reachable(HOSTS), **options)


def known(document: dict[str, Any], **options: Any) -> RasterItem:
    found = read(document, **options)
    assert found is not None
    return found


def optical(name: str = "one", *, assets: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    stated = {"s2:processing_baseline": None, **properties}
    return item(name, "2022-06-07", assets or {"red": asset(f"{HOST}/red.tif")}, **stated)


def earth_search(**properties: Any) -> dict[str, Any]:
    """An item as Earth Search v1 writes it: COGs, the same bands as JPEG 2000, and pictures."""
    stated = {"raster:bands": [{"nodata": 0, "data_type": "uint16", "scale": 0.0001, "offset": -0.1}]}
    red = {"eo:bands": [{"name": "red", "common_name": "red"}], "gsd": 10, "roles": ["data"], **stated}
    colours = {"eo:bands": [{"common_name": c} for c in ("red", "green", "blue")]}
    assets = {
        "red-jp2": {"href": "s3://sentinel-s2-l2a/tiles/32/T/MT/B04.jp2", "type": "image/jp2", **red},
        "red": asset(f"{HOST}/B04.tif", **red),
        "rededge1": asset(f"{HOST}/B05.tif", **{"eo:bands": [{"name": "rededge1", "common_name": "rededge"}]}),
        "scl": asset(f"{HOST}/SCL.tif", roles=["data", "reflectance"]),
        "thumbnail": {"href": "https://elsewhere.example.com/preview.jpg", "type": "image/jpeg"},
        "visual": asset("https://elsewhere.example.com/TCI.tif", **colours),
    }
    stated = {
        "platform": "sentinel-2a",
        "grid:code": "MGRS-32TMT",
        "s2:datatake_id": "GS2A_20220607T103031_036345_N04.00",
        "s2:processing_baseline": "04.00",
        "updated": "2022-11-06T00:57:12.111Z",
    }
    return optical("S2A_32TMT_20220607_0_L2A", assets=dict(sorted(assets.items())), **{**stated, **properties})


def planetary(name: str = "S2A_MSIL2A_20220607T103031_R108_T32TMT_20220608T001122", **stated: Any) -> dict[str, Any]:
    """An item as the Planetary Computer writes it: neither scale nor offset, a picture among the data."""
    bands = [("B04", "red"), ("B8A", "rededge")]
    assets = {b: asset(f"{HOST}/{b}.tif", **{"eo:bands": [{"name": b, "common_name": c}]}) for b, c in bands}
    colours = {"eo:bands": [{"name": b} for b in ("B04", "B03", "B02")], "roles": ["data"]}
    assets = {"visual": asset(f"{HOST}/TCI.tif", **colours), **assets, "SCL": asset(f"{HOST}/SCL.tif")}
    properties = {"platform": "Sentinel-2A", "s2:mgrs_tile": "32TMT", "s2:processing_baseline": "04.00", **stated}
    return optical(name, assets=assets, **properties)


def copernicus() -> dict[str, Any]:
    """An item as the Copernicus Data Space writes it: STAC 1.1 bands, every band at several pixel sizes."""
    stated = {"raster:scale": 0.0001, "raster:offset": -0.1, "nodata": 0, "data_type": "uint16", "type": "image/jp2"}
    folder = "s3://eodata/Sentinel-2/MSI/L2A/one.SAFE/IMG_DATA"

    def band(name: str, metres: int) -> dict[str, Any]:
        bands = [{"name": name, "eo:common_name": "x"}] if name.startswith("B") else []
        return {"href": f"{folder}/{name}_{metres}m.jp2", "gsd": metres, "bands": bands, **stated}

    pairs = [("B04", 60), ("B04", 20), ("B04", 10), ("B8A", 60), ("B8A", 20), ("SCL", 60), ("SCL", 20)]
    assets = {f"{n}_{m}m": band(n, m) for n, m in pairs}
    colours = [{"name": b} for b in ("B04", "B03", "B02")]
    assets["TCI_10m"] = {"href": f"{folder}/TCI_10m.jp2", "type": "image/jp2", "bands": colours}
    name = "S2A_MSIL2A_20180605T102021_N0500_R065_T32TMT_20230810T001122"
    return {
        **optical(name, assets=assets, **{"platform": "sentinel-2a", "processing:version": "05.00"}),
        "stac_version": "1.1.0",
    }


def radar(name: str, **properties: Any) -> dict[str, Any]:
    return item(name, "2022-06-07", {"vv": asset(f"{HOST}/vv.tif")}, platform="SENTINEL-1A", **properties)

"""Statistics of layers under polygons by exact coverage (exactextract). No HTTP."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from shapely.geometry import mapping

from core.ground.scale import ground_m2
from core.product import Layer
from service.statistics.zones import Zone

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

Statistics = dict[str, Any]
"""Of one layer under one polygon; None where nothing valid lies under it."""

OPERATIONS = {"min": "min", "max": "max", "mean": "mean", "std": "stdev"}
"""Name in the answer: of the value of exactextract. Each pixel counts with the share of it that lies in the polygon."""
QUANTILES = {"median": 0.5, "p25": 0.25, "p75": 0.75}
"""Name in the answer: the smallest value that at least this share of the valid area does not exceed.

exactextract's own quantiles are interpolated between distinct values, which is wrong where values repeat.
"""


def measure(cog: "DatasetReader", layers: Sequence[Layer], zones: Sequence[Zone]) -> list[dict[str, Statistics]]:
    """Return the statistics of each zone by name of the layer; of a zone without a geometry, an empty dict.

    Args:
        cog: the map, open.
        layers: with a legend they are classes, and have areas and shares in place of a mean.
        zones: in the CRS of the map.
    """
    found: list[dict[str, Statistics]] = [{} for _ in zones]
    for layer in layers:
        for number, values in _of_layer(cog, layer, zones).items():
            found[number][layer.name] = values
    return found


def _of_layer(cog: "DatasetReader", layer: Layer, zones: Sequence[Zone]) -> dict[int, Statistics]:
    from exactextract import exact_extract
    from exactextract.feature import JSONFeatureSource
    from exactextract.raster import RasterioRasterSource

    rows = [
        {"type": "Feature", "properties": {"number": n}, "geometry": mapping(z.geometry)}
        for n, z in enumerate(zones)
        if z.geometry is not None
    ]
    if not rows:
        return {}
    band = RasterioRasterSource(cog, cog.descriptions.index(layer.name) + 1)
    own = () if layer.legend else OPERATIONS.values()
    answer = exact_extract(band, JSONFeatureSource(rows), ["count", "unique", "frac", *own], include_cols=["number"])
    properties = [a["properties"] for a in answer]
    cell_m2 = abs(cog.res[0] * cog.res[1])
    crs = str(cog.crs)
    found: dict[int, Statistics] = {}
    for p in properties:
        zone = zones[p["number"]]
        found[p["number"]] = _statistics(layer, p, _pixels(zone, cell_m2), _ground_cell_m2(cell_m2, crs, zone))
    return found


def _ground_cell_m2(cell_m2: float, crs: str, zone: Zone) -> float:
    """Return the area of a pixel on the ground, in the middle of a zone."""
    if zone.geometry is None or zone.geometry.is_empty:
        return cell_m2
    middle = zone.geometry.centroid
    return ground_m2(cell_m2, crs, (middle.x, middle.y))


def _pixels(zone: Zone, cell_m2: float) -> float:
    return 0.0 if zone.geometry is None else zone.geometry.area / cell_m2


def _statistics(layer: Layer, found: Mapping[str, Any], pixels: float, cell_m2: float) -> Statistics:
    count = float(found["count"] or 0.0)
    shared = {"count": round(count, 3), "valid_share": round(min(1.0, count / pixels), 4)}
    if layer.legend:
        return shared | _classes(layer, found, count * cell_m2 / 1e4)
    if count == 0:
        return dict.fromkeys((*OPERATIONS, *QUANTILES)) | shared
    return {name: _number(found[own]) for name, own in OPERATIONS.items()} | _quantiles(found) | shared


def _quantiles(found: Mapping[str, Any]) -> Statistics:
    values, weights = np.asarray(found["unique"], np.float64), np.asarray(found["frac"], np.float64)
    asked = list(QUANTILES.values())
    of_area = np.quantile(values, asked, weights=weights, method="inverted_cdf")
    return dict(zip(QUANTILES, map(_number, of_area), strict=True))


def _classes(layer: Layer, found: Mapping[str, Any], valid_ha: float) -> Statistics:
    shares = dict(zip(np.asarray(found["unique"]).tolist(), np.asarray(found["frac"]).tolist(), strict=True))
    of = {e.label: float(shares.get(e.value, 0.0)) for e in layer.legend}
    return {
        "area_ha": {label: round(share * valid_ha, 4) for label, share in of.items()},
        "share": {label: round(share, 4) if valid_ha > 0 else None for label, share in of.items()},
    }


def _number(value: Any) -> float | None:
    return None if value is None or not np.isfinite(value) else float(f"{float(value):.6g}")

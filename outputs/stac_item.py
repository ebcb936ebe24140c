"""The STAC item of a finished raster (STAC 1.1): where, when, what is in it and how it was made. Links are relative.

Fields of the extensions are written as they specify: projection 1.2 (the one version with both `proj:code` and the
`proj:epsg` that GDAL's STACIT driver reads), raster 2.0, classification 2.0, file 2.1, eo 1.1 (names of bands, which
odc-stac finds there alone); processing, forecast and render: stac_extensions.py. Only the raster has `proj:`: readers
take each asset with a projection, or each if the item has one, for a raster on the same grid.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
import pystac
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from core.ground.scale import ground_edge_m
from core.product import Layer, LegendEntry
from core.rasters.coding import Coding
from core.region import Region
from core.timeline import parse_date, parse_period
from outputs.atomic import written_aside
from outputs.cog import RasterFile
from outputs.provenance import MAX_NOTES, SIMULATED, Provenance
from outputs.stac_extensions import FORECAST, PROCESSING, RENDER, forecast_fields, processing_fields, renders
from outputs.styles.write import DEFINITION, METADATA, STYLE

EXTENSIONS = [
    "https://stac-extensions.github.io/projection/v1.2.0/schema.json",
    "https://stac-extensions.github.io/raster/v2.0.0/schema.json",
    "https://stac-extensions.github.io/classification/v2.0.0/schema.json",
    "https://stac-extensions.github.io/file/v2.1.0/schema.json",
    "https://stac-extensions.github.io/eo/v1.1.0/schema.json",
    PROCESSING,
    RENDER,
]
COG, PNG, NETCDF = pystac.MediaType.COG, pystac.MediaType.PNG, "application/x-netcdf"
QGIS_STYLE, QGIS_LAYERS, XML = (
    "application/x-qgis-layer-settings",
    "application/x-qgis-layer-definition",
    "application/xml",
)
SHA256_MULTIHASH = "1220"
"""Prefix of a sha256 of 32 bytes as a multihash, which the file extension requires."""


def build_item(
    item_id: str,
    raster: RasterFile,
    origin: Provenance,
    footprint: BaseGeometry,
    *,
    pixels: tuple[int, int],
    created: str = "",
) -> pystac.Item:
    """Describe a result.

    Args:
        item_id: of the job, or of the file.
        raster: the finished COG; other files of the result lie beside it.
        origin: how it was made.
        footprint: what it covers, WGS84.
        pixels: seen pixels, pixels of the region.
        created: ISO 8601 UTC; left out if empty.

    Returns:
        An item with relative links to the files; an API that serves it adds collection and links.
    """
    start, end, nominal = _times(raster, origin)
    forecast = forecast_fields(raster.layers, origin)
    further = {"gsd": ground_edge_m(raster.window), "renders": renders(raster.layers, raster.codings)}
    further |= {"created": created} if created else {}
    item = pystac.Item(
        id=item_id,
        geometry=dict(mapping(footprint)),
        bbox=list(Region(geometry=footprint).bounds_wgs84),
        datetime=nominal,
        start_datetime=start,
        end_datetime=end,
        properties=_properties(origin, pixels) | processing_fields(origin, created) | forecast | further,
        stac_extensions=[*EXTENSIONS, *([FORECAST] if forecast else [])],
    )
    for name, asset in _assets(raster, origin).items():
        item.add_asset(name, asset)
    return item


def write_item(item: pystac.Item, path: Path) -> None:
    """Write an item as JSON, whole or not at all."""
    document = item.to_dict(include_self_link=False, transform_hrefs=False)
    with written_aside(path) as aside:
        aside.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _times(raster: RasterFile, origin: Provenance) -> tuple[datetime, datetime, datetime]:
    """Return first, last and nominal time: of the layers' dates if they differ, else of the observed period."""
    period = parse_period(origin.params["period"])
    dates = sorted({parse_date(layer.date) for layer in raster.layers if layer.date})
    if len(dates) > 1:
        first, last = dates[0], dates[-1]
        return _midnight(first), _midnight(last), _midnight(first)
    return _midnight(period.start), _midnight(period.end), _midnight(dates[0] if dates else period.end)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _properties(origin: Provenance, pixels: tuple[int, int]) -> dict[str, Any]:
    seen, total = pixels
    optional = {
        "landcast:model_version": origin.model_version,
        "landcast:backend": list(origin.backends),
        "landcast:areas": dict(origin.areas),
        "landcast:applicability": origin.applicability,
        "landcast:decline": origin.decline,
        "landcast:evidence": dict(origin.evidence),
    }
    return {name: value for name, value in optional.items() if value} | {
        "title": f"{origin.title} (simulated)" if origin.is_simulated else origin.title,
        "description": f"{SIMULATED} {origin.attribution}" if origin.is_simulated else origin.attribution,
        "landcast:product": origin.product,
        "landcast:params": dict(origin.params),
        "landcast:model": origin.model,
        "landcast:model_sha256": origin.model_sha256,
        "landcast:version": origin.version,
        "landcast:attribution": origin.attribution,
        "landcast:simulated": origin.is_simulated,
        **_inputs(origin),
        "landcast:clear_share": round(seen / total, 6) if total else 0.0,
    }


def _inputs(origin: Provenance) -> dict[str, Any]:
    """Return which scenes the result was made of, and what could not be read."""
    return {
        "landcast:archive": origin.archive,
        "landcast:archives": list(origin.archives),
        "landcast:preparation": dict(origin.preparation),
        "landcast:input": list(origin.input_lines()),
        "landcast:notes": list(origin.notes[:MAX_NOTES]),
        "landcast:scenes": list(origin.scenes),
        "landcast:complete": not origin.gaps,
        "landcast:gaps": [gap.to_geojson() for gap in origin.gaps],
        "landcast:completeness": round(origin.completeness, 6),
        "landcast:failures": [asdict(f) for f in origin.failures],
    }


def _projection(raster: RasterFile) -> dict[str, Any]:
    window = raster.window
    return {
        "proj:code": window.crs,
        "proj:epsg": int(window.crs.split(":")[1]),
        "proj:shape": list(window.shape_yx),
        "proj:transform": list(window.transform)[:9],
        "proj:bbox": list(window.bounds),
    }


def _assets(raster: RasterFile, origin: Provenance) -> dict[str, pystac.Asset]:
    beside = {
        "thumbnail": (raster.path.with_suffix(".png"), PNG, ["thumbnail", "overview"], "Quicklook"),
        "plot": (raster.path.with_name(f"{raster.path.stem}_pixel.png"), PNG, ["overview"], "Forecast of one pixel"),
        "netcdf": (raster.path.with_suffix(".nc"), NETCDF, ["data"], "Forecast cube"),
        "style": (raster.path.with_suffix(STYLE), QGIS_STYLE, ["metadata", "style"], "Colours for QGIS"),
        "definition": (raster.path.with_suffix(DEFINITION), QGIS_LAYERS, ["metadata", "style"], "Layers for QGIS"),
        "legend": (raster.path.with_suffix(METADATA), XML, ["metadata", "legend"], "Names of classes for GDAL"),
    }
    assets = {"data": _asset(raster.path, COG, ["data"], origin.title, _data_fields(raster))}
    found = {name: given for name, given in beside.items() if given[0].exists()}
    return assets | {name: _asset(path, kind, roles, title, {}) for name, (path, kind, roles, title) in found.items()}


def _asset(path: Path, kind: str, roles: list[str], title: str, fields: Mapping[str, Any]) -> pystac.Asset:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    facts = {"file:size": path.stat().st_size, "file:checksum": SHA256_MULTIHASH + digest}
    return pystac.Asset(f"./{path.name}", title=title, media_type=kind, roles=roles, extra_fields={**facts, **fields})


def _data_fields(raster: RasterFile) -> dict[str, Any]:
    first = raster.codings[0]
    return {
        "data_type": first.dtype,
        "nodata": "nan" if np.isnan(first.nodata) else int(first.nodata),
        "raster:spatial_resolution": ground_edge_m(raster.window),
        "raster:sampling": "area",
        **_projection(raster),
        "bands": [_band(layer) | _scale(raster.coding(n)) for n, layer in enumerate(raster.layers)],
        "eo:bands": [{"name": layer.name} for layer in raster.layers],
    }


def _band(layer: Layer) -> dict[str, Any]:
    band: dict[str, Any] = {"name": layer.name, "description": layer.description}
    if layer.unit:
        band["unit"] = layer.unit
    band |= {f"landcast:{name}": value for name, value in _meaning(layer).items() if value not in ("", None)}
    if layer.legend:
        band["classification:classes"] = [_class(entry) for entry in layer.legend]
    return band


def _scale(coding: Coding) -> dict[str, Any]:
    """Return how to get the values of a band: number * scale + offset; empty where the numbers are the values."""
    return {} if coding.is_plain else {"raster:scale": coding.scale, "raster:offset": coding.offset}


def _meaning(layer: Layer) -> dict[str, Any]:
    return {
        "date": layer.date,
        "variable": str(layer.variable),
        "quantile": layer.quantile,
        "class_name": layer.class_name,
        "class_code": layer.class_code,
    }


def _class(entry: LegendEntry) -> dict[str, Any]:
    return {
        "value": entry.value,
        "name": re.sub(r"[^0-9A-Za-z-_]+", "_", entry.label.lower()),
        "title": entry.label,
        "description": entry.label,
        "color_hint": "".join(f"{part:02X}" for part in entry.colour),
    }

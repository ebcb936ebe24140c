"""Finished maps of all kinds with their STAC items, made up and seeded: smooth fields, an unseen corner, gaps."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from shapely.geometry import Polygon, box, mapping

from core.grid import Window
from core.job import Gap
from core.product import Layer, LegendEntry, Raster, Variable
from core.region import reproject
from core.timeline import Period
from outputs.cog import open_cog, write_cog
from outputs.measure import measure_raster
from outputs.provenance import Failure, Provenance
from outputs.stac_item import build_item, write_item
from outputs.write_raster import write_raster
from products.catalogue import find_product

DAYS = Period(start=date(2019, 1, 1), end=date(2022, 10, 31))
NORTH = Window(crs="EPSG:32632", transform=Affine(10, 0, 600_000, 0, -10, 5_600_000), shape_yx=(120, 150))
SOUTH = Window(crs="EPSG:32723", transform=Affine(10, 0, 300_000, 0, -10, 7_500_000), shape_yx=(150, 60))
TINY = replace(NORTH, shape_yx=(1, 1))
LONG = replace(NORTH, shape_yx=(12, 600))
EVIDENCE = {
    "months_seen": 22.0,
    "months_read": 36,
    "seasons_seen": ["April to September", "October to March"],
    "band_groups": ["10 m bands", "red edge"],
    "seen_recently": True,
}
CREDIT = "Contains modified Copernicus Sentinel data 2019-2022; licence of the Sentinel data applies."


def finished(
    folder: Path,
    product_id: str,
    *,
    window: Window = NORTH,
    has_gap: bool = False,
    is_unseen: bool = False,
    has_item: bool = True,
    notes: tuple[str, ...] = (),
    **options: Any,
) -> Path:
    """Write a finished map and its item; return the GeoTIFF."""
    product = find_product(product_id)
    resolved = product.resolve(product.options.read(options), available=DAYS)
    layers = product.layers(resolved)
    raster = Raster(
        layers=layers,
        pixels=_pixels(layers, window, is_unseen=is_unseen),
        window=window,
        nodata=255.0 if layers[0].dtype == "uint8" else np.nan,
    )
    origin = _origin(product, resolved, measure_raster(raster, product, resolved), notes)
    region = _region(window)
    if has_gap:
        west, south, east, north = reproject(region, "EPSG:4326", "EPSG:4326").bounds
        part = box(west, south, (west + east) / 2, (south + north) / 2).intersection(region)
        reason = "the archive did not answer"
        origin = origin.with_gaps((Gap(tile_key="t1", geometry=dict(mapping(part)), reason=reason),))
    path = folder / f"{product_id}.tif"
    write_raster(raster, path, origin)
    if has_item:
        seen = int((~raster.is_unseen()).sum())
        item = build_item(
            "0123456789abcdef0123456789abcdef",
            open_cog(path),
            origin,
            region,
            pixels=(seen, raster.pixels[0].size),
            created="2022-11-02T09:30:00Z",
        )
        write_item(item, path.with_suffix(".json"))
    return path


def many_classes(folder: Path, labels: list[str]) -> Path:
    """Write a class map with classes of a user's own, without an item."""
    legend = tuple(
        LegendEntry(value=n, label=label, colour=(37 * n % 256, 91 * n % 256, 53 * n % 256))
        for n, label in enumerate(labels)
    )
    layers = (
        Layer(name="class", description="Class", variable=Variable.CLASS, legend=legend, dtype="uint8"),
        Layer(name="clear_count", description="Seen", variable=Variable.CLEAR_COUNT, unit="count", dtype="uint8"),
    )
    rows, columns = NORTH.shape_yx
    pixels = np.stack(
        [np.add.outer(np.arange(rows), np.arange(columns)) // 9 % len(labels), np.full(NORTH.shape_yx, 9)]
    )
    raster = Raster(layers=layers, pixels=pixels.astype(np.uint8), window=NORTH, nodata=255.0)
    table = [{"label": e.label, "mapped_ha": 1.0, "expected_ha": None, "low_ha": None, "high_ha": None} for e in legend]
    origin = replace(_bare(), areas={"total_ha": float(len(labels)), "classes": table})
    write_cog(raster, folder / "types.tif", origin.tags())
    return folder / "types.tif"


def _pixels(layers: tuple[Layer, ...], window: Window, *, is_unseen: bool) -> NDArray[Any]:
    """Return layers of smooth random fields in the range of each; a corner is unseen."""
    rng, shape = np.random.default_rng(11), window.shape_yx
    first = gaussian_filter(rng.normal(size=shape), min(8, min(shape)))
    field = (first - first.min()) / max(float(np.ptp(first)), 1e-9)
    pixels = np.stack([_values(layer, field) for layer in layers])
    is_codes = layers[0].dtype == "uint8"
    nodata = 255 if is_codes else np.nan
    pixels[:, : shape[0] // 6, : shape[1] // 5] = nodata
    if is_unseen:
        pixels[:] = nodata
    return pixels.astype(np.uint8 if is_codes else np.float32)


def _values(layer: Layer, field: NDArray[Any]) -> NDArray[Any]:
    if layer.legend:
        return np.floor(field * 0.999 * len(layer.legend))
    if layer.variable in (Variable.PROBABILITY, Variable.SIGNIFICANCE):
        share = np.clip(1.3 - abs(3 * field - 0.5 - (layer.class_code or 0)), 0.02, 0.98)
        return share * 100 if layer.unit == "%" else share
    if layer.variable == Variable.CLEAR_COUNT:
        return np.floor(60 * field)
    if layer.variable == Variable.PERCENTILE:
        return 1 + 98 * field
    if layer.variable == Variable.DAYS_TO_CLEAR:
        return np.floor(30 * field)
    season = 0.15 * np.sin(int((layer.date or "2022-01-01")[5:7]) / 2)
    return 0.3 + 0.5 * field + season + (0.5 if layer.quantile is None else layer.quantile - 0.5) * 0.3


def _origin(product: Any, options: Any, areas: dict[str, Any], notes: tuple[str, ...]) -> Provenance:
    failure = Failure(scene_id="S2B_1", time="2022-05-01T10:00:00Z", tile="t1", reason="it is damaged")
    is_class = product.id in ("canopy", "crop")
    return replace(
        _bare(),
        product=product.id,
        title=product.title,
        params=options.to_json() | {"period": str(DAYS)},
        areas=areas,
        failures=(failure,),
        notes=notes,
        evidence=EVIDENCE if is_class else {},
    )


def _bare() -> Provenance:
    return Provenance(
        product="crop",
        title="Crop types",
        model="canopy",
        model_sha256="ab" * 32,
        version="0.1.0",
        archive="earth-search",
        attribution=CREDIT,
        is_simulated=False,
        params={"period": str(DAYS)},
        scenes=tuple(f"S2A_{n}" for n in range(214)),
        reads=428,
        failures=(),
        model_version="2026-11-20",
        backends=("onnxruntime cpu float32",),
        archives=("earth-search",),
    )


def _region(window: Window) -> Polygon:
    """Return a polygon with six corners inside a window, WGS84."""
    west, south, east, north = window.bounds
    width, height = east - west, north - south
    corners = [(0.02, 0.1), (0.6, 0.02), (0.98, 0.2), (0.9, 0.97), (0.3, 0.9), (0.03, 0.7)]
    polygon = Polygon([(west + x * width, south + y * height) for x, y in corners])
    found: Polygon = reproject(polygon, window.crs, "EPSG:4326")
    return found

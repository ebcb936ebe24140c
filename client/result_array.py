"""A result's GeoTIFF as an xarray dataset, from nothing but what docs/reference/files.md says of the file.

Libraries are loaded when a file is read, so that the client alone stays light.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import UnknownResult
from core.rasters.coding import coding_of

if TYPE_CHECKING:
    import xarray as xr

GRID_MAPPING = "spatial_ref"
"""Name that rioxarray and odc-geo look for."""
TIFF_TAGS = {"TIFFTAG_IMAGEDESCRIPTION": "title", "TIFFTAG_SOFTWARE": "source", "TIFFTAG_COPYRIGHT": "license"}


@dataclass(frozen=True, kw_only=True)
class _Band:
    """One band and what it means."""

    number: int
    """From 1."""
    name: str
    tags: dict[str, str]

    @property
    def quantile(self) -> str:
        return self.tags.get("LANDCAST_QUANTILE", "")

    @property
    def date(self) -> str:
        return self.tags.get("LANDCAST_DATE", "")

    @property
    def stack(self) -> str:
        """Variable that it is one date, or one quantile of a date, of; empty = it is a variable of its own."""
        is_plain = "LEGEND" in self.tags or "LANDCAST_CLASS_NAME" in self.tags or not self.date
        return "" if is_plain else self.tags.get("LANDCAST_VARIABLE", "").lower()


def read_result(path: Path, layers: Sequence[str] = ()) -> "xr.Dataset":
    """Read a result into memory.

    Class maps: a variable (y, x) for each band, `class`, `p_conifer`, `clear_count`, ...; its `flag_values`,
    `class_names` and `class_colours` explain codes. Forecasts and filled gaps: `ndvi(quantile, time, y, x)`, and where
    it was ordered `climatology(time, y, x)`. All are float32, NaN = not seen. The CRS is in the coordinate
    `spatial_ref`, where `.rio.crs` and `.odc.crs` find it. The attributes have title, licence, model and the other
    tags of the file.

    Args:
        path: of the GeoTIFF.
        layers: names of bands to read; empty = all.

    Raises:
        UnknownResult: there is no such band.
    """
    import rasterio
    import xarray as xr

    with rasterio.open(path) as raster:
        chosen = list(_chosen(raster, layers))
        found = xr.Dataset(coords=_place(raster), attrs=_attributes(raster.tags()))
        is_forecast = any(_band(raster, number).quantile for number in raster.indexes)
        for name, bands in _grouped(chosen, is_forecast=is_forecast).items():
            found[name] = _stacked(raster, bands) if bands[0].stack and is_forecast else _single(raster, bands[0])
            found[name].encoding["grid_mapping"] = GRID_MAPPING
    return found


def _chosen(raster: Any, layers: Sequence[str]) -> Iterator[_Band]:
    known = {name: number for number, name in enumerate(raster.descriptions, start=1)}
    for name in layers or known:
        if name not in known:
            raise UnknownResult(name, list(known))
        yield _band(raster, known[name])


def _band(raster: Any, number: int) -> _Band:
    return _Band(number=number, name=raster.descriptions[number - 1], tags=raster.tags(number))


def _grouped(bands: Sequence[_Band], *, is_forecast: bool) -> dict[str, list[_Band]]:
    """Return bands by the variable that they become."""
    found: dict[str, list[_Band]] = {}
    for band in bands:
        found.setdefault((band.stack if is_forecast else "") or band.name, []).append(band)
    return found


def _single(raster: Any, band: _Band) -> "xr.DataArray":
    """Return (y, x) of one band; codes have their legend in the attributes."""
    import xarray as xr

    attributes: dict[str, Any] = {"long_name": band.tags.get("DESCRIPTION", band.name)}
    if unit := band.tags.get("UNIT", ""):
        attributes["units"] = unit
    legend = json.loads(band.tags.get("LEGEND", "[]"))
    if legend:
        attributes["flag_values"] = [entry["value"] for entry in legend]
        attributes["flag_meanings"] = " ".join(re.sub(r"\W+", "_", entry["label"].lower()) for entry in legend)
        attributes["class_names"] = [entry["label"] for entry in legend]
        attributes["class_colours"] = ["#" + "".join(f"{c:02x}" for c in entry["colour"]) for entry in legend]
    return xr.DataArray(_pixels(raster, [band])[0], dims=("y", "x"), attrs=attributes)


def _stacked(raster: Any, bands: Sequence[_Band]) -> "xr.DataArray":
    """Return (quantile, time, y, x), or (time, y, x) of what has no quantiles; NaN where there is no such band."""
    import numpy as np
    import xarray as xr

    dates, quantiles = sorted({b.date for b in bands}), sorted({float(b.quantile) for b in bands if b.quantile})
    pixels = _pixels(raster, bands)
    values = np.full((max(1, len(quantiles)), len(dates), *pixels.shape[1:]), np.nan, np.float32)
    for band, own in zip(bands, pixels, strict=True):
        values[quantiles.index(float(band.quantile)) if quantiles else 0, dates.index(band.date)] = own
    coordinates: dict[str, Any] = {"time": np.array(dates, "datetime64[ns]")}
    attributes = {"long_name": bands[0].tags["LANDCAST_VARIABLE"], "units": bands[0].tags.get("UNIT", "1")}
    if not quantiles:
        return xr.DataArray(values[0], dims=("time", "y", "x"), coords=coordinates, attrs=attributes)
    coordinates["quantile"] = quantiles
    return xr.DataArray(values, dims=("quantile", "time", "y", "x"), coords=coordinates, attrs=attributes)


def _pixels(raster: Any, bands: Sequence[_Band]) -> Any:
    """Return (L, Y, X) float32 values of bands; NaN = nodata."""
    import numpy as np

    stored = raster.read([band.number for band in bands])
    values = (coding_of(raster, b.number).values(own) for b, own in zip(bands, stored, strict=True))
    return np.stack(list(values))


def _place(raster: Any) -> dict[str, Any]:
    """Return the coordinates: centres of the pixels, and the CRS as CF and GDAL have it."""
    import numpy as np
    from pyproj import CRS

    crs, place = CRS.from_wkt(raster.crs.to_wkt()), raster.transform
    geo_transform = f"{place.c} {place.a} {place.b} {place.f} {place.d} {place.e}"
    mapping = {**crs.to_cf(), "spatial_ref": crs.to_wkt(), "GeoTransform": geo_transform}
    return {
        "y": ("y", place.f + place.e * (np.arange(raster.height) + 0.5)),
        "x": ("x", place.c + place.a * (np.arange(raster.width) + 0.5)),
        GRID_MAPPING: ((), np.int32(0), mapping),
    }


def _attributes(tags: dict[str, str]) -> dict[str, str]:
    named = {own: tags[theirs] for theirs, own in TIFF_TAGS.items() if theirs in tags}
    return named | {name.lower(): text for name, text in tags.items() if name.startswith("LANDCAST_")}

"""A class map on disk: its classes' names, the pixels of each class, the class at some pixels, read window by window.

Accuracy is in assess.py, samples are in sample.py.
"""

import json
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from core.errors import InvalidOption
from core.ground.scale import area_scale
from core.product import Variable
from core.progress import Progress
from evaluation.map_accuracy.virtual_map import check_virtual
from outputs.cog import read_layer
from products import canopy, crop

CLASS = "class"
"""Band that holds the classes in maps of ours that do not state the bands' variables yet."""
SHORT_NAMES = {"canopy": canopy.CLASSES, "crop": crop.CLASSES}
"""Names of the classes 0, 1, ... in the tables and probability bands of our products, by product."""
DRIVERS = {".tif": "GTiff", ".tiff": "GTiff", ".vrt": "VRT", ".img": "HFA"}
"""By ending; GDAL itself goes by the content, reads a table of points as a grid, and a virtual file by any name."""
NO_NETWORK = {"CPL_VSIL_CURL_ALLOWED_FILENAME": "none"}
"""The only address that GDAL may open; virtual_map.py looks at the sources of a virtual file before that."""
MAX_CLASSES = 255
WINDOW_PIXELS = 2048 * 2048
"""Pixels read at once: about 50 MB with what is computed from them."""
MAX_AREA_ERROR = 0.01
"""Largest difference of a pixel's area from its area on the ellipsoid; in UTM it is below 0.3 %."""
CODED = re.compile(r"(?:^|[:;] )(\d+) ([^;]+)")
"""A class in the description of a band without a legend: `Most probable class: 0 no tree canopy; 1 conifer`. Maps of
other tools and of older versions have no better: this is the one place where a description is parsed."""


@dataclass(frozen=True, kw_only=True)
class ClassMap:
    """A raster of class codes; opened for each read."""

    path: Path
    band: int
    """Number of the band, from 1."""
    band_name: str
    """Its description; empty where it has none."""
    names: Mapping[int, str]
    """Names of the classes by code; empty where the file has none."""
    aliases: Mapping[str, int]
    """Further names that a class may be called by."""
    crs: CRS
    transform: Affine
    shape_yx: tuple[int, int]
    pixel_ha: float
    """Area of a pixel in hectares."""
    is_simulated: bool
    """The file is tagged as made from simulated data."""
    evidence: Mapping[str, Any]
    """What the map rests on, as its tags state it; empty where they do not."""
    notes: tuple[str, ...]
    """Notes in its tags, in their order."""

    def name(self, code: int) -> str:
        """Return the name of a class, its code where it has none."""
        return self.names.get(code, str(code))

    def code(self, label: str) -> int | None:
        """Return the code of a class given by name or code; None where the map has no such class."""
        found = {_plain(name): code for code, name in self.names.items()}
        found = {_plain(alias): code for alias, code in self.aliases.items()} | found
        if _plain(label) in found:
            return found[_plain(label)]
        try:
            number = float(label)
        except ValueError:
            return None
        is_code = number.is_integer() and (not self.names or int(number) in self.names)
        return int(number) if is_code else None


@dataclass(frozen=True, kw_only=True)
class Census:
    """The pixels of each class, window by window."""

    codes: NDArray[np.int64]
    """(K,) ascending."""
    counts: NDArray[np.int64]
    """(W, K) pixels of each class in each window."""
    nodata: int
    """Pixels without a class."""

    @property
    def pixels(self) -> NDArray[np.int64]:
        """Pixels (K,) of each class."""
        return np.asarray(self.counts.sum(axis=0))


def open_class_map(path: Path, *, layer: str | None = None, names: Mapping[int, str] | None = None) -> ClassMap:
    """Read the description of a class map, but no pixels.

    Args:
        path: GeoTIFF, VRT or ERDAS Imagine, in a projected CRS whose pixels are of one area.
        layer: description of the band; None = the band whose tags say that it holds classes, else the band `class`,
            else the first.
        names: of classes by code, in place of those in the file.

    Raises:
        InvalidOption: no such file or band, no CRS, a geographic one, or one that distorts areas.
    """
    with _opened(path) as raster:
        band = _band(raster, path, layer)
        crs = _crs(raster, path)
        product = raster.tags().get("LANDCAST_PRODUCT", "")
        return ClassMap(
            path=path,
            band=band,
            band_name=raster.descriptions[band - 1] or "",
            names=_names(raster, band) if names is None else names,
            aliases={name: code for code, name in enumerate(SHORT_NAMES.get(product, ()))},
            crs=crs,
            transform=raster.transform,
            shape_yx=raster.shape,
            pixel_ha=_pixel_ha(raster, crs, path),
            is_simulated=raster.tags().get("LANDCAST_SIMULATED") == "yes",
            evidence=json.loads(raster.tags().get("LANDCAST_EVIDENCE", "{}")),
            notes=tuple(raster.tags().get("LANDCAST_NOTES", "").splitlines()),
        )


def count_classes(found: ClassMap, progress: Progress) -> Census:
    """Count the pixels of each class.

    Raises:
        InvalidOption: the band holds other values than classes, or only nodata.
    """
    counts: list[dict[int, int]] = []
    seen: set[int] = set()
    nodata = 0
    with _opened(found.path) as raster:
        windows = list(_windows(raster))
        for number, window in enumerate(windows, start=1):
            codes, is_valid = _read(raster, found, window)
            values, numbers = np.unique(codes[is_valid], return_counts=True)
            counts.append(dict(zip(values.tolist(), numbers.tolist(), strict=True)))
            nodata += int(is_valid.size - is_valid.sum())
            seen |= counts[-1].keys()
            if len(seen) > MAX_CLASSES:
                raise InvalidOption("MAP", found.path, f"its band holds more than {MAX_CLASSES} values, so no classes")
            progress(number / len(windows))
    if not seen:
        raise InvalidOption("MAP", found.path, "all of its pixels are nodata")
    table = [[row.get(code, 0) for code in sorted(seen)] for row in counts]
    return Census(codes=np.array(sorted(seen), np.int64), counts=np.array(table, np.int64), nodata=nodata)


def classes_at(
    found: ClassMap, rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return (N,) codes at pixels inside the map, and whether there is one; only windows with such a pixel are read."""
    codes, is_valid = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.bool_)
    with _opened(found.path) as raster:
        for window in _windows(raster):
            row, column = rows - window.row_off, columns - window.col_off
            inside = (0 <= row) & (row < window.height) & (0 <= column) & (column < window.width)
            if inside.any():
                block, block_valid = _read(raster, found, window)
                codes[inside] = block[row[inside], column[inside]]
                is_valid[inside] = block_valid[row[inside], column[inside]]
    return codes, is_valid


def locate(
    found: ClassMap, census: Census, drawn: NDArray[np.int64], number: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rows and columns (N,) of some pixels of a class.

    Args:
        found, census: the map and its count.
        drawn: (N,) ascending numbers of the class' pixels in the order of reading, from 0.
        number: place of the class in the census.
    """
    ends = census.counts[:, number].cumsum()
    rows, columns = [], []
    with _opened(found.path) as raster:
        for window, count, end in zip(_windows(raster), census.counts[:, number], ends, strict=True):
            here = drawn[(end - count <= drawn) & (drawn < end)] - (end - count)
            if len(here):
                codes, is_valid = _read(raster, found, window)
                places = np.flatnonzero((codes == census.codes[number]) & is_valid)[here]
                rows.append(places // window.width + window.row_off)
                columns.append(places % window.width + window.col_off)
    return np.concatenate(rows), np.concatenate(columns)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if not path.exists():
        raise InvalidOption("MAP", path, "there is no such file")
    if path.suffix.lower() not in DRIVERS:
        raise InvalidOption("MAP", path, f"a map ends in {', '.join(DRIVERS)}")
    if path.suffix.lower() == ".vrt":
        check_virtual(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # a missing CRS is refused below
            raster = rasterio.open(path, driver=DRIVERS[path.suffix.lower()])
        with raster, rasterio.Env(**NO_NETWORK):
            yield raster
    except RasterioError as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise InvalidOption("MAP", path, f"it cannot be read as a raster ({reason})") from None


def _band(raster: Any, path: Path, layer: str | None) -> int:
    names = list(raster.descriptions)
    if layer is None:
        return _band_of_classes(raster)
    if layer in names:
        return names.index(layer) + 1
    have = ", ".join(n for n in names if n) or "without names"
    raise InvalidOption("--layer", layer, f"the bands of '{path}' are {have}")


def _band_of_classes(raster: Any) -> int:
    """Return the first band whose variable is a class or change; of a map without tags `class`, else the first."""
    for band in raster.indexes:
        if read_layer(raster, band).variable in (Variable.CLASS, Variable.CHANGE):
            return int(band)
    names = list(raster.descriptions)
    return names.index(CLASS) + 1 if CLASS in names else 1


def _names(raster: Any, band: int) -> dict[int, str]:
    """Return names by code from the legend of our own files, else from the band's description."""
    layer = read_layer(raster, band)
    if layer.legend:
        return {entry.value: entry.label for entry in layer.legend}
    return {int(code): name.strip().capitalize() for code, name in CODED.findall(layer.description)}


def _crs(raster: Any, path: Path) -> CRS:
    if raster.crs is None:
        raise InvalidOption("MAP", path, "it does not state its CRS, without which areas cannot be computed")
    crs = CRS.from_wkt(raster.crs.to_wkt())
    if not crs.is_projected:
        raise InvalidOption(
            "MAP", path, "its CRS is in degrees, so its pixels differ in area; project it to UTM (gdalwarp)"
        )
    return crs


def _pixel_ha(raster: Any, crs: CRS, path: Path) -> float:
    """Return the area of a pixel in hectares; refuse a CRS in which it differs from that on the ground."""
    metres = crs.axis_info[0].unit_conversion_factor
    error = max(abs(_area_scale(raster, crs, share) - 1) for share in (0.0, 0.5, 1.0))
    if not error <= MAX_AREA_ERROR:
        raise InvalidOption(
            "MAP", path, f"areas in its CRS ({crs.name}) are wrong by {error:.0%}; project it to UTM (gdalwarp)"
        )
    return abs(float(raster.transform.determinant)) * metres**2 / 10_000


def _area_scale(raster: Any, crs: CRS, share: float) -> float:
    """Return the area in the CRS over that on the ellipsoid, some way from the first pixel to the last."""
    x, y = raster.xy(share * raster.height, share * raster.width, offset="ul")
    return float(area_scale(crs, np.array([x]), np.array([y]))[0])


def _windows(raster: Any) -> Iterator[Window]:
    """Yield windows of whole blocks that tile the raster, row by row."""
    block_height, block_width = raster.block_shapes[0]
    width = raster.width if block_width == raster.width else min(raster.width, _whole(block_width, 2048))
    height = min(raster.height, _whole(block_height, WINDOW_PIXELS // width))
    for row in range(0, raster.height, height):
        for column in range(0, raster.width, width):
            yield Window(column, row, min(width, raster.width - column), min(height, raster.height - row))


def _whole(block: int, wanted: int) -> int:
    return int(max(block, wanted // block * block))


def _read(raster: Any, found: ClassMap, window: Window) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return (Y, X) codes, 0 where there is none, and whether there is one."""
    block = raster.read(found.band, window=window, masked=True)
    is_valid = ~np.ma.getmaskarray(block)
    if block.dtype.kind == "f":
        is_valid &= np.isfinite(block.data)
    values = np.where(is_valid, block.data, 0)
    if values.dtype.kind not in "iuf" or (values != np.rint(values)).any():
        raise InvalidOption(
            "MAP", found.path, "its band holds other values than whole numbers, so no classes; see --layer"
        )
    return values.astype(np.int64), is_valid


def _plain(name: str) -> str:
    """Return a name as it is compared: case, underscores and hyphens make no difference."""
    return " ".join(re.sub(r"[_-]", " ", name).casefold().split())

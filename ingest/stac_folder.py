"""An archive that is a folder of COGs with a STAC catalogue. What items say is read in stac_items."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from core.bands import CHANNELS, Floats
from core.errors import InvalidCube, ReadFailed
from core.grid import Grid, Window
from core.region import Region
from core.timeline import Period
from ingest.archive import Scene
from ingest.decode import decode, is_clear
from ingest.fingerprint import fingerprint
from ingest.stac_items import MASK_NAMES, BandSource, StacItem, load_json, walk_items

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

logger = logging.getLogger(__name__)

CATALOGUE_NAMES = ("catalog.json", "collection.json")


class StacFolder:
    """COGs on disk as an archive: each item is a scene. Implements `ingest.archive.Archive`."""

    def __init__(self, catalogue: Path, items: Sequence[StacItem], *, tile_size: int) -> None:
        document = load_json(catalogue)
        self._items = {i.scene.scene_id: i for i in items}
        self._tile_size = tile_size
        self.name = str(document.get("id", catalogue.parent.name))
        self.title = str(document.get("title") or document.get("description") or self.name)
        self.attribution = _attribution(document, items)
        self.is_simulated = any(bool(i.scene.properties.get("landcast:simulated")) for i in items)
        days = [i.scene.time.date() for i in items]
        self.period = Period(start=min(days), end=max(days))
        self.bands = tuple(b for b in CHANNELS if any(b in i.sources for i in items))
        shapes = {i.geometry.wkb: i.geometry for i in items}
        self.footprint: BaseGeometry = unary_union(list(shapes.values()))
        self.fingerprint = fingerprint(catalogue.parent)

    def grid(self, region: Region) -> Grid:
        """Return the lattice of the finest rasters, in the CRS of most items that touch the region."""
        touching = [i for i in self._items.values() if i.geometry.intersects(region.geometry)]
        codes = Counter(_placed(i)[0] for i in touching or self._items.values())
        crs = codes.most_common(1)[0][0]
        transforms = [t for c, t in map(_placed, touching or self._items.values()) if c == crs]
        a, _, west, _, _, north = min(transforms, key=lambda t: abs(t[0]))
        origin = (west % a, north % a)
        return Grid(crs=crs, resolution_m=abs(a), tile_size=self._tile_size, origin_xy=origin)

    def search(self, window: Window, period: Period) -> list[Scene]:
        """List the items in a period whose footprint touches the window."""
        area = window.footprint_wgs84
        found = [i for i in self._items.values() if period.contains(i.scene.time.date())]
        scenes = [i.scene for i in found if i.geometry.intersects(area)]
        return sorted(scenes, key=lambda s: (s.time, s.scene_id))

    def read(self, scene: Scene, window: Window, bands: tuple[str, ...]) -> dict[str, Floats]:
        """Read some bands of one item, nearest pixel where its lattice is another; clear pixels only.

        Raises:
            ReadFailed: a file is missing, truncated or no raster.
        """
        from rasterio.errors import RasterioError

        item = self._items.get(scene.scene_id)
        if item is None:
            raise ReadFailed(scene.scene_id, "it belongs to another archive")
        masks = [m for m in MASK_NAMES if m in item.sources][:1]
        if not masks and scene.sensor == "s2":
            logger.warning("no_cloud_mask_taken_as_clear archive=%s scene=%s", self.name, scene.scene_id)
        try:
            raw = _read_sources({b: s for b, s in item.sources.items() if b in (*bands, *masks)}, window)
        except (RasterioError, OSError) as error:
            raise ReadFailed(scene.scene_id, _reason(error)) from error
        hidden = ~is_clear(raw[masks[0]][0], masks[0]) if masks else np.zeros(window.shape_yx, bool)
        values = {}
        for band in (b for b in bands if b in raw):
            stored, is_inside = raw[band]
            physical = decode(stored, item.sources[band].coding, band)
            values[band] = np.where(is_inside & ~hidden, physical, np.float32(np.nan)).astype(np.float32)
        return values


def find_catalogue(path: Path) -> Path | None:
    """Return the STAC file that a path names: itself, or the catalogue in a folder; None if there is none."""
    if path.is_file():
        return path if path.suffix == ".json" else None
    return next((path / name for name in CATALOGUE_NAMES if (path / name).is_file()), None)


def open_stac_folder(catalogue: Path, *, tile_size: int) -> StacFolder:
    """Open a static catalogue on disk.

    Raises:
        InvalidCube: it cannot be read, leads out of its folder, or links to no item with a band we know.
    """
    items = list(walk_items(catalogue))
    if not items:
        raise InvalidCube(catalogue, "the catalogue links to no item with a band of Sentinel-1 or Sentinel-2")
    bands = {b for i in items for b in i.sources}
    if "B04" not in bands or not bands & {"B08", "B8A"}:
        raise InvalidCube(catalogue, "its items hold no red (B04) or no near infrared (B08, B8A)")
    return StacFolder(catalogue, items, tile_size=tile_size)


def _attribution(document: Mapping[str, Any], items: Sequence[StacItem]) -> str:
    licence = document.get("license") or next((i.scene.properties.get("license") for i in items), None)
    providers = ", ".join(str(p.get("name")) for p in document.get("providers") or [])
    return f"Licence: {licence or 'not stated'}" + (f"; {providers}" if providers else "")


def _placed(item: StacItem) -> tuple[str, tuple[float, ...]]:
    """Return CRS and finest transform of an item, from its raster where the item does not say."""
    if item.crs and item.transform:
        return item.crs, item.transform
    import rasterio

    try:
        with rasterio.open(next(iter(item.sources.values())).file) as raster:
            return str(raster.crs), tuple(raster.transform)[:6]
    except rasterio.errors.RasterioError as error:
        raise ReadFailed(item.scene.scene_id, _reason(error)) from error


def _reason(error: Exception) -> str:
    """Return what went wrong without the folder names that GDAL puts into its messages."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return " ".join(word.rsplit("/", 1)[-1] if "/" in word else word for word in text.split())


def _read_sources(sources: Mapping[str, BandSource], window: Window) -> dict[str, tuple[NDArray[Any], NDArray[Any]]]:
    """Return stored numbers (Y, X) and where there are any (Y, X), each file opened once."""
    import rasterio

    found: dict[str, tuple[NDArray[Any], NDArray[Any]]] = {}
    with rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR", GDAL_NUM_THREADS="1"):
        for file in sorted({s.file for s in sources.values()}):
            mine = {b: s.index for b, s in sources.items() if s.file == file}
            with rasterio.open(file) as raster:
                pixels, is_inside = read_window(raster, list(mine.values()), window)
            found |= {b: (p, is_inside) for b, p in zip(mine, pixels, strict=True)}
    return found


def read_window(raster: "DatasetReader", indexes: list[int], window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Read the raster's pixel nearest to each pixel centre of a window.

    Args:
        raster: opened; any north-up lattice in the window's CRS, or any raster in another.
        indexes: band numbers, from 1.
        window: may reach beyond the raster.

    Returns:
        (B, Y, X) stored numbers, 0 outside; (Y, X) True where the raster has pixels.
    """
    from rasterio.vrt import WarpedVRT

    move: Affine = raster.transform
    if str(raster.crs) != window.crs or move.b or move.d or move.e > 0:
        rows, columns = window.shape_yx
        with WarpedVRT(
            raster, crs=window.crs, transform=window.transform, height=rows, width=columns, add_alpha=True
        ) as warped:
            alpha = warped.read(warped.count)
            return np.asarray(warped.read(indexes)), np.asarray(alpha > 0)
    x, y = window.centres()
    columns_at = np.floor((x - move.c) / move.a).astype(int)
    rows_at = np.floor((y - move.f) / move.e).astype(int)
    return _take(raster, indexes, rows_at, columns_at)


def _take(
    raster: "DatasetReader", indexes: list[int], rows_at: NDArray[np.int_], columns_at: NDArray[np.int_]
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Read pixels by row (Y,) and column (X,) number; numbers outside the raster give 0."""
    has_row = (rows_at >= 0) & (rows_at < raster.height)
    has_column = (columns_at >= 0) & (columns_at < raster.width)
    shape = (len(indexes), len(rows_at), len(columns_at))
    pixels = np.zeros(shape, raster.dtypes[indexes[0] - 1])
    is_inside = has_row[:, None] & has_column[None, :]
    if not is_inside.any():
        return pixels, is_inside
    rows, columns = rows_at[has_row], columns_at[has_column]
    span = ((int(rows[0]), int(rows[-1]) + 1), (int(columns[0]), int(columns[-1]) + 1))
    block = raster.read(indexes, window=span)
    pixels[np.ix_(range(len(indexes)), has_row, has_column)] = block[
        np.ix_(range(len(indexes)), rows - rows[0], columns - columns[0])
    ]
    return pixels, is_inside

"""An archive that is one cube file, or a folder of cube files. Contents of a cube file: ingest.cubes.read."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from threading import Lock

import numpy as np
import xarray as xr
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from core.bands import CHANNELS, RADAR_NAMES, WEATHER_NAMES, Floats
from core.errors import InvalidCube, ReadFailed
from core.grid import Grid, Window
from core.region import Region
from core.source import AS_STATED, InputSummary, ReadAs
from core.timeline import Period, to_date, to_day, to_days
from ingest.archive import Abilities, Reading, Scene, Sensor
from ingest.cubes.layout import AXES
from ingest.cubes.read import CubeFile, RemoteCube, cut_window, is_simulated, open_cube, window_slices
from ingest.io.fingerprint import fingerprint
from ingest.preprocess.radar import to_power

logger = logging.getLogger(__name__)

SENSORS: dict[str, Sensor] = {"time": "s2", "time_s1": "s1", "time_weather": "weather"}
CUBE_SUFFIXES = (".nc", ".zarr")
MAX_SKEW = 0.25
"""Share of a pixel by which a lattice of square pixels may miss the file's own pixels at its far end."""


class CubeArchive:
    """Cube files as an archive: each date of a file is a scene. Implements `ingest.archive.Archive`."""

    def __init__(
        self, path: Path | RemoteCube, files: Sequence[CubeFile], *, tile_size: int, content_hash: str = ""
    ) -> None:
        """Set up the archive; `content_hash` is the fingerprint of a cube that is not on disk."""
        self._files = {f.path.name: f for f in files}
        self._tile_size = tile_size
        self._blocks: dict[tuple[str, tuple[str, ...]], _Block] = {}
        self._lock = Lock()
        self.name = path.stem
        self.title = _attribute(files, "title") or f"Cube {path.name}"
        self.attribution = _attribute(files, "license") or "Licence not stated in the file"
        self.is_simulated = any(is_simulated(f.attrs) for f in files)
        self.period = Period(
            start=to_date(min(_span(f)[0] for f in files)), end=to_date(max(_span(f)[1] for f in files))
        )
        self.bands = tuple(b for b in CHANNELS if any(b in f.bands for f in files))
        self.footprint: BaseGeometry = unary_union([f.layout.window.footprint_wgs84 for f in files])
        self.fingerprint = content_hash or (fingerprint(path) if isinstance(path, Path) else "")
        self.is_cached = isinstance(path, RemoteCube)
        held = {SENSORS[AXES[b]] for b in self.bands}
        self.abilities = Abilities(sensors=tuple(s for s in SENSORS.values() if s in held))
        self.summary: InputSummary | None = _summary(self.name, files)

    def grid(self, region: Region) -> Grid:
        """Return the pixel lattice of the file that shares most of the region."""
        shared = [f.layout.window.footprint_wgs84.intersection(region.geometry).area for f in self._files.values()]
        file = list(self._files.values())[int(np.argmax(shared))]
        return lattice(file.layout.window, tile_size=self._tile_size)

    def search(self, window: Window, period: Period) -> list[Scene]:
        """List the dates of the files that lie on the window's lattice and touch it; files on another are logged."""
        for file in self._files.values():
            if not _on_lattice(file, window) and file.layout.window.footprint_wgs84.intersects(window.footprint_wgs84):
                logger.warning("left_out_other_lattice archive=%s file=%s", self.name, file.path.name)
        scenes = [s for f in self._files.values() if _touches(f, window) for s in _scenes(f, period, self.fingerprint)]
        return sorted(scenes, key=lambda s: (s.time, s.scene_id))

    def read(self, scene: Scene, window: Window, bands: tuple[str, ...]) -> Reading:
        """Read one date, masked as the file states; all dates of a window are read at once and kept for the next call.

        Raises:
            ReadFailed: the file cannot be read, or no longer exists.
        """
        file = self._files.get(str(scene.properties.get("file")))
        if file is None:
            raise ReadFailed(scene.scene_id, "it belongs to another archive")
        axis = next(a for a, s in SENSORS.items() if s == scene.sensor)
        block = self._load(scene, file, window, tuple(b for b in file.bands if b in bands and AXES[b] == axis))
        day = to_day(scene.time.date())
        values = {str(b): _place(block, str(b), day, window) for b in block.data.data_vars}
        linear = {b: to_power(v) if b in RADAR_NAMES else v for b, v in values.items()}
        return Reading(values=linear, is_masked=bool(file.layout.clear_variable))

    def _load(self, scene: Scene, file: CubeFile, window: Window, bands: tuple[str, ...]) -> "_Block":
        """Return the pixels of a window; blocks of one window are kept, one per file and set of bands."""
        key = (file.path.name, bands)
        with self._lock:
            self._blocks = {k: b for k, b in self._blocks.items() if b.window == window}
            if key not in self._blocks:
                data = _read_block(scene, file, window, bands)
                self._blocks[key] = _Block(data=data, window=window, file_window=file.layout.window)
            return self._blocks[key]


@dataclass(frozen=True, kw_only=True)
class _Block:
    """Pixels of one window, all dates: files are often stored with the whole time axis in one piece."""

    data: xr.Dataset
    window: Window
    """The window."""
    file_window: Window
    """Of the whole file."""


def open_cube_archive(path: Path, *, tile_size: int, read_as: ReadAs = AS_STATED) -> CubeArchive:
    """Open a cube file or a folder of them; files of a folder that allow no NDVI are skipped and logged.

    Raises:
        InvalidCube: the file is no cube, its pixels form no square lattice, or the folder holds no usable cube.
    """
    if path.suffix in CUBE_SUFFIXES or path.is_file():
        return CubeArchive(path, [_checked(open_cube(path, read_as=read_as))], tile_size=tile_size)
    files, reasons = [], []
    for candidate in sorted(p for p in path.iterdir() if p.suffix in CUBE_SUFFIXES):
        try:
            files.append(_checked(open_cube(candidate, read_as=read_as)))
        except InvalidCube as error:
            logger.warning("cube_skipped file=%s reason=%s", candidate.name, error)
            reasons.append(error)
    if not files:
        raise reasons[0] if len(reasons) == 1 else InvalidCube(path, "the folder holds no cube file with NDVI")
    return CubeArchive(path, files, tile_size=tile_size)


def open_remote_cube(place: RemoteCube, *, tile_size: int, content_hash: str) -> CubeArchive:
    """Open a cube that is not on disk.

    Raises:
        InvalidCube: as `open_cube_archive`.
    """
    return CubeArchive(place, [_checked(open_cube(place))], tile_size=tile_size, content_hash=content_hash)


def _summary(name: str, files: Sequence[CubeFile]) -> InputSummary:
    """Return what one file or a folder of files was taken for."""
    if len(files) == 1:
        return files[0].summary
    found = [f.summary for f in files]
    return InputSummary(
        name=name,
        layout=f"folder of {len(files)} cubes",
        taken=tuple(dict.fromkeys(text for s in found for text in (s.layout, *s.taken))),
        remarks=tuple(f"{s.name}: {remark}" for s in found for remark in s.remarks),
    )


def lattice(window: Window, *, tile_size: int) -> Grid:
    """Return the grid on which a window lies; its origin is (0, 0) if the corners are multiples of the pixel size."""
    size = window.resolution_m
    west, _, _, north = window.bounds
    origin = (_remainder(west, size), _remainder(north, size))
    return Grid(crs=window.crs, resolution_m=size, tile_size=tile_size, origin_xy=origin)


def _remainder(corner: float, size: float) -> float:
    """Return corner modulo size; 0 where it is a multiple but for rounding."""
    rest = corner - np.floor(corner / size) * size
    return 0.0 if min(rest, size - rest) < 1e-6 * size else float(rest)


def _checked(file: CubeFile) -> CubeFile:
    """Check that tiles can be cut from a file: a CRS with a code, pixels square enough."""
    window = file.layout.window
    if not window.crs.startswith("EPSG:"):
        raise InvalidCube(file.path, "its coordinate reference system has no EPSG code, so tiles cannot be named")
    skew = abs(window.resolution_m + window.transform.e) / window.resolution_m * max(window.shape_yx)
    if skew > MAX_SKEW:
        raise InvalidCube(file.path, "its pixels are not square")
    return file


def _attribute(files: Sequence[CubeFile], name: str) -> str:
    """Return an attribute on which all files agree; else empty."""
    values = {str(f.attrs.get(name, "")) for f in files}
    return values.pop() if len(values) == 1 else ""


def _span(file: CubeFile) -> tuple[int, int]:
    days = np.concatenate([file.days(axis) for axis in SENSORS])
    return int(days.min()), int(days.max())


def _on_lattice(file: CubeFile, window: Window) -> bool:
    mine = file.layout.window
    return mine.crs == window.crs and abs(mine.resolution_m - window.resolution_m) <= 1e-6 * window.resolution_m


def _touches(file: CubeFile, window: Window) -> bool:
    if not _on_lattice(file, window):
        return False
    rows, columns = window_slices(file.layout.window, window)
    return bool(rows.stop > rows.start and columns.stop > columns.start)


def _scenes(file: CubeFile, period: Period, version: str) -> list[Scene]:
    return [
        Scene(
            scene_id=f"{file.path.stem}/{sensor}/{to_date(day)}",
            time=datetime.combine(to_date(day), time(), UTC),
            sensor=sensor,
            properties={"file": file.path.name},
            version=version,
        )
        for axis, sensor in SENSORS.items()
        for day in file.days(axis)
        if period.contains(to_date(day))
    ]


def _read_block(scene: Scene, file: CubeFile, window: Window, bands: tuple[str, ...]) -> xr.Dataset:
    try:
        return file.read(bands, window_slices(file.layout.window, window))
    except InvalidCube as error:
        raise ReadFailed(scene.scene_id, str(error)) from error


def _place(block: _Block, band: str, day: int, window: Window) -> Floats:
    """Return (Y, X) of the window: the block's pixels where the file has some, NaN elsewhere."""
    variable = block.data[band]
    values = variable.values[to_days(variable[variable.dims[0]].values) == day][0]
    if band in WEATHER_NAMES:
        return np.full(window.shape_yx, values, np.float32)
    part = cut_window(block.file_window, window_slices(block.file_window, window))
    row, column = part.offset_in(window)
    placed = np.full(window.shape_yx, np.nan, np.float32)
    placed[row : row + part.shape_yx[0], column : column + part.shape_yx[1]] = values
    return placed

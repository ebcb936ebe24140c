"""An archive that is one cube file, or a folder of cube files. Contents of a cube file: ingest.cubes.read."""

import hashlib
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
from core.errors import DoubtfulNumbers, InvalidCube, ReadFailed
from core.grid import Grid, Window, lattice
from core.region import Region
from core.source import AS_STATED, InputSummary, ReadAs, counted
from core.timeline import Period, to_date, to_day, to_days
from ingest.archive import Abilities, Reading, Scene, Sensor
from ingest.cubes.layout import AXES
from ingest.cubes.open_file import RemoteCube
from ingest.cubes.pixels import cut_window, window_slices
from ingest.cubes.read import AS_SET, CubeFile, is_simulated, open_cube
from ingest.io.fingerprint import fingerprint
from ingest.preprocess.prepare import Preparation
from ingest.preprocess.radar import to_power

logger = logging.getLogger(__name__)

SENSORS: dict[str, Sensor] = {"time": "s2", "time_s1": "s1", "time_weather": "weather"}
CUBE_SUFFIXES = (".nc", ".zarr")
MAX_SKEW = 0.25
"""Share of a pixel by which a lattice of square pixels may miss the file's own pixels at its far end."""


class CubeArchive:
    """Cube files as an archive: each date of a file is a scene. Implements `ingest.archive.Archive`."""

    def __init__(
        self,
        path: Path | RemoteCube,
        files: Sequence[CubeFile],
        *,
        tile_size: int,
        content_hash: str = "",
        skipped: Sequence[str] = (),
    ) -> None:
        """Set up the archive.

        Args:
            path: of the file, or of the folder.
            files: usable ones.
            tile_size: in pixels.
            content_hash: fingerprint of a cube that is not on disk.
            skipped: a sentence on each file of the folder that is not used.
        """
        self._files = {f.path.name: f for f in files}
        self._tile_size = tile_size
        self._blocks: dict[tuple[str, tuple[str, ...]], _Block] = {}
        self._lock = Lock()
        self.name = path.stem
        self.summary: InputSummary | None = _summary(path, files, skipped)
        self.title = _attribute(files, "title") or f"Cube {path.name}"
        self.attribution = _attribute(files, "license") or "Licence not stated in the file"
        self.is_simulated = any(is_simulated(f.attrs) for f in files)
        self.period = Period(
            start=to_date(min(_span(f)[0] for f in files)), end=to_date(max(_span(f)[1] for f in files))
        )
        self.bands = tuple(b for b in CHANNELS if any(b in f.bands for f in files))
        self.footprint: BaseGeometry = unary_union([f.layout.window.footprint_wgs84 for f in files])
        self.fingerprint = _fingerprint(content_hash or (fingerprint(path) if isinstance(path, Path) else ""), files)
        self.is_cached = isinstance(path, RemoteCube)
        held = {SENSORS[AXES[b]] for b in self.bands}
        self.abilities = Abilities(sensors=tuple(s for s in SENSORS.values() if s in held))

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
        return Reading(values=linear, is_masked=True, masked_by=file.mask_used)

    def _load(self, scene: Scene, file: CubeFile, window: Window, bands: tuple[str, ...]) -> "_Block":
        """Return the pixels of a window; blocks of one window are kept, one per file and set of bands."""
        key = (file.path.name, bands)
        with self._lock:
            self._blocks = {k: b for k, b in self._blocks.items() if b.window == window}
            if key not in self._blocks:
                try:
                    data = _read_block(scene, file, window, bands)
                except DoubtfulNumbers as error:
                    raise (_of_one(file, error) if len(self._files) > 1 else error) from None
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


def open_cube_archive(
    path: Path, *, tile_size: int, read_as: ReadAs = AS_STATED, preparation: Preparation = AS_SET
) -> CubeArchive:
    """Open a cube file or a folder of them; files of a folder that allow no NDVI are skipped, which its summary says.

    Raises:
        InvalidCube: the file is no cube, its pixels form no square lattice, or the folder holds no usable cube.
    """
    if path.suffix in CUBE_SUFFIXES or path.is_file():
        return CubeArchive(path, [_open(path, read_as, preparation)], tile_size=tile_size)
    files, reasons, skipped = [], [], []
    for candidate in sorted(p for p in path.iterdir() if p.suffix in CUBE_SUFFIXES):
        try:
            files.append(_open(candidate, read_as, preparation))
        except InvalidCube as error:
            logger.warning("cube_skipped file=%s reason=%s", candidate.name, error)
            reasons.append(error)
            skipped.append(f"The file {candidate.name} is not used: {error}")
    if not files:
        raise reasons[0] if len(reasons) == 1 else InvalidCube(path, "the folder holds no cube file with NDVI")
    return CubeArchive(path, files, tile_size=tile_size, skipped=[*skipped, *_other_lattices(files)])


def open_remote_cube(
    place: RemoteCube,
    *,
    tile_size: int,
    content_hash: str,
    read_as: ReadAs = AS_STATED,
    preparation: Preparation = AS_SET,
) -> CubeArchive:
    """Open a cube that is not on disk.

    Raises:
        InvalidCube: as `open_cube_archive`.
    """
    file = _open(place, read_as, preparation)
    return CubeArchive(place, [file], tile_size=tile_size, content_hash=content_hash)


def _open(path: Path | RemoteCube, read_as: ReadAs, preparation: Preparation) -> CubeFile:
    """Open a file and check that tiles can be cut from it."""
    return _checked(open_cube(path, read_as=read_as, preparation=preparation))


def _of_one(file: CubeFile, error: DoubtfulNumbers) -> DoubtfulNumbers:
    """Return the refusal of one file among several, for all of which an option holds."""
    reason = str(error).partition(": ")[2].rstrip(".")
    name = file.path.name
    return DoubtfulNumbers(file.path, f"{reason}; an option holds for all files of a folder: read {name} by itself")


def _fingerprint(content: str, files: Sequence[CubeFile]) -> str:
    """Return the fingerprint of a content as the user states that it is read."""
    stated = files[0].read_as.key()
    return hashlib.sha256(f"{content} {stated}".encode()).hexdigest() if stated else content


def _summary(path: Path | RemoteCube, files: Sequence[CubeFile], skipped: Sequence[str]) -> InputSummary:
    """Return the summary of the only file, or of a folder: that of its first file, and every file's remarks."""
    if len(files) == 1 and not skipped:
        return files[0].summary
    own = files[0].summary
    remarks = [f"{f.path.name}: {remark}" for f in files for remark in f.summary.remarks]
    layout = f"folder of {counted(len(files), 'cube file', 'cube files')}; the first, {own.name}, is a {own.layout}"
    return InputSummary(name=path.name, layout=layout, taken=own.taken).with_remarks(*skipped, *remarks)


def _other_lattices(files: Sequence[CubeFile]) -> list[str]:
    """Return a sentence on each file whose pixels do not lie on the lattice of the first."""
    first = files[0].layout.window
    return [
        f"The pixels of {f.path.name} lie on another lattice than those of {files[0].path.name}: one order reads one."
        for f in files[1:]
        if not _on_lattice(f, first)
    ]


def _checked(file: CubeFile) -> CubeFile:
    """Check that tiles can be cut from a file: a CRS with a code, pixels square enough."""
    window = file.layout.window
    if not window.crs.startswith("EPSG:"):
        reason = "its coordinate reference system has no EPSG code, so tiles cannot be named; give it with --crs"
        raise InvalidCube(file.path, reason)
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
    except DoubtfulNumbers:  # of the whole file, and the user's to settle: no scene has failed
        raise
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

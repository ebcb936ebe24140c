"""Pixels of labels, read from an archive or a cube into a labelled set, each tile once; sample_pixels chooses them."""

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from shapely import bounds, box, buffer, centroid, get_coordinates, intersects
from shapely.geometry.base import BaseGeometry

from core.bands import CHANNELS, Floats
from core.cube import Cube, Series
from core.errors import InvalidOption
from core.grid import Grid, Window
from core.progress import Progress
from core.region import WGS84, Region
from core.source import InputSummary
from core.timeline import Days, Period, to_date, to_day
from ingest.archive import Archive
from ingest.build.cube import build_cube
from ingest.build.reader import Reader
from ingest.cubes.pixels import cut_window, window_slices
from ingest.rules.places import in_words, swapped_hint
from ingest.source import CubeSource
from models.training_set import Labels, TrainingSet
from products import canopy, crop
from training.labels.class_mapping import ClassMap
from training.labels.read_file import LabelFile
from training.labels.sample_pixels import Drawn, LabelledSet, draw_pixels, move, place_blocks, thin, without_conflicts

logger = logging.getLogger(__name__)

READ_DAYS = {"canopy": canopy.DAYS, "crop": crop.DAYS}
"""Observations up to a label's date that are read: as many as the product reads for a map by default."""
MAX_PIXELS = 20_000
"""Most pixels of all labels together; series of three years of them fill about 1.5 GB."""
LAST_DAY = "the last day of the source, as nothing else was stated"
"""How labels are dated where neither file nor option does."""
POINT_DEGREES = 1e-6
"""A point is looked up in the archive as a polygon of this size."""


class PixelSource(Protocol):
    """Where pixels come from. `read` gives NaN for what was not seen, and raises what reading cubes raises."""

    name: str
    """As cards carry it: without its folder."""
    attribution: str
    """Licence and credit; empty = not stated."""
    is_simulated: bool
    footprint: BaseGeometry
    """In WGS84."""
    period: Period
    summary: InputSummary | None
    """What it was taken for; None = an archive that states everything."""

    def grid(self, region: Region) -> Grid:
        """Return the lattice on which a region is read."""
        ...

    def held(self, drawn: Drawn) -> Drawn:
        """Return the pixels that can be read."""
        ...

    def read(self, window: Window, period: Period, asked: NDArray[np.bool_]) -> Cube:
        """Read a window that lies on the lattice and within the source; pixels not marked in `asked` may be NaN."""
        ...


class ArchivePixels:
    """Pixels of an archive, through the same read blocks and cache as maps."""

    def __init__(self, archive: Archive, bands: Sequence[str], reader: Reader) -> None:
        """Take an opened archive, the bands to read, and how."""
        self._archive, self._bands, self._reader = archive, bands, reader
        self.name, self.attribution = archive.name, archive.attribution
        self.is_simulated, self.footprint, self.period = archive.is_simulated, archive.footprint, archive.period
        self.summary = archive.summary

    def grid(self, region: Region) -> Grid:
        """Return the archive's lattice at a region."""
        return self._archive.grid(region)

    def held(self, drawn: Drawn) -> Drawn:
        """Return all pixels: those beyond the archive are never seen."""
        return drawn

    def read(self, window: Window, period: Period, asked: NDArray[np.bool_]) -> Cube:
        """Build a cube of a window."""
        return build_cube(self._archive, window, period, self._bands, reader=self._reader, wanted=asked)


class CubePixels:
    """Pixels of a cube file, read as maps of it read them."""

    def __init__(self, source: CubeSource, tile_size: int) -> None:
        """Take an opened file."""
        self._cube = source.whole
        self.summary: InputSummary | None = source.summary
        window = self._cube.window
        west, south, _, _ = window.bounds
        self._grid = Grid(
            crs=window.crs, resolution_m=window.resolution_m, tile_size=tile_size, origin_xy=(west, south)
        )
        self.name, self.attribution = source.name, ""
        self.is_simulated, self.footprint = self._cube.is_simulated, window.footprint_wgs84
        self.period = self._cube.period

    def grid(self, region: Region) -> Grid:
        """Return the file's own lattice."""
        return self._grid

    def held(self, drawn: Drawn) -> Drawn:
        """Return the pixels that lie in the file."""
        height, width = self._cube.shape_yx
        fits = (drawn.columns >= 0) & (drawn.columns < width) & (drawn.rows >= 0) & (drawn.rows < height)
        return drawn.take(fits)

    def read(self, window: Window, period: Period, asked: NDArray[np.bool_]) -> Cube:
        """Cut a window out of the file."""
        rows, columns = window_slices(self._cube.window, window)
        part = replace(
            self._cube,
            data=self._cube.data.isel(y=rows, x=columns),
            window=cut_window(self._cube.window, (rows, columns)),
        )
        return part.between(period)


@dataclass(frozen=True, kw_only=True)
class LabelOptions:
    """How a file of labels is read."""

    task: str
    """`canopy` or `crop`."""
    classes: ClassMap
    year: int | None = None
    """Year of all labels, where the file states no dates; None = the last day of the source."""
    block_km: float = 10.0
    max_per_polygon: int = 50
    seed: int = 0


def read_labelled(labels: LabelFile, source: PixelSource, options: LabelOptions, progress: Progress) -> LabelledSet:
    """Draw pixels of labels and read what was seen of each up to its label's date.

    Raises:
        InvalidOption: a value means no class, no label lies in the source, or none has a pixel that was ever clear.
    """
    codes = options.classes.apply(labels.values, labels.name)
    places = move(labels.geometries, labels.crs, WGS84)
    is_inside = _inside(places, source)
    _check_inside(is_inside, places, labels.name, source)
    days = _reference_days(labels, source, options)
    is_dated = (days >= to_day(source.period.start)) & (days - READ_DAYS[options.task] < to_day(source.period.end))
    chosen = np.nonzero(is_inside & is_dated & (codes != -1))[0]
    drawn, clashes = _draw(labels, places, chosen, source, options, codes, days)
    read = [pixel for d in drawn for pixel in _read_tiles(source, d, days, READ_DAYS[options.task], progress, drawn)]
    owners = np.array([owner for owner, _, _ in read], np.int64)
    left_out = (
        *labels.left_out,
        *_counted(int((~is_inside).sum()), "outside the source"),
        *_counted(int((is_inside & ~is_dated).sum()), "dated outside the source's period"),
        *_counted(int((codes == -1).sum()), "of values mapped to -"),
        *_counted(len(chosen) - len(np.unique(owners)), "too small or thin for a pixel, or never seen clearly"),
    )
    if not len(owners):
        raise InvalidOption("--labels", labels.name, f"no label has a clear pixel; left out: {', '.join(left_out)}")
    blocks = np.full(len(places), "", "U40")
    blocks[is_inside] = place_blocks(places[is_inside], options.block_km)
    training = TrainingSet(
        name="user",
        licence=f"labels of the user ({labels.name}), pixels of {source.name}. {source.attribution}".strip(),
        series=pack([f"{o}/{n}" for n, o in enumerate(owners)], [d for _, d, _ in read], [v for *_, v in read]),
        places=blocks[owners],
        labels={options.task: codes[owners]},
        is_simulated=source.is_simulated,
    )
    facts = _facts(labels, source, options, days[owners]) | {
        "left_out": list(left_out),
        "pixels_claimed_by_two_classes": clashes,
    }
    return _labelled_set(training, owners, days[owners], options, facts)


def _labelled_set(
    training: TrainingSet, owners: NDArray[np.int64], days: Days, options: LabelOptions, facts: dict[str, object]
) -> LabelledSet:
    return LabelledSet(
        training=training,
        reference_days=days,
        owners=owners,
        classes=options.classes.classes,
        task=options.task,
        block_km=options.block_km,
        facts=facts,
    )


def _facts(labels: LabelFile, source: PixelSource, options: LabelOptions, days: Days) -> dict[str, object]:
    """Return for the card where labels and pixels come from, and the dates of the labels."""
    dated_by = LAST_DAY if labels.days is None else "the file"
    return {
        "file": labels.name,
        "source": source.name,
        "dates": f"{to_date(days.min())} to {to_date(days.max())}",
        "dated_by": dated_by if options.year is None else "the year given for all",
    }


def pack(ids: Sequence[str], days: Sequence[Days], values: Sequence[Floats]) -> Series:
    """Return series of different lengths as one, the shorter ones padded with unseen repetitions of their last day.

    Args:
        days, values: (T,) and (T, C) of each; T is at least 1.
    """
    length = max(len(d) for d in days)
    all_days = np.stack([np.pad(d, (0, length - len(d)), mode="edge") for d in days])
    all_values = np.full((len(days), length, len(CHANNELS)), np.nan, np.float32)
    for row, own in zip(all_values, values, strict=True):
        row[: len(own)] = own
    return Series(ids=np.array(ids), days=all_days.astype(np.int32), values=all_values)


def _counted(count: int, why: str) -> tuple[str, ...]:
    return (f"{count} {why}",) if count else ()


def _inside(places: NDArray[np.object_], source: PixelSource) -> NDArray[np.bool_]:
    """Return (N,) which labels touch the source; those that cannot be placed on the globe do not."""
    extents = bounds(places)
    is_placed = np.isfinite(extents).all(axis=1)
    inside = np.zeros(len(places), np.bool_)
    inside[is_placed] = intersects(places[is_placed], source.footprint)
    return inside


def _check_inside(is_inside: NDArray[np.bool_], places: NDArray[np.object_], file: str, source: PixelSource) -> None:
    """Refuse labels of which none lies in the source; names where both lie."""
    if is_inside.any():
        return
    centres = get_coordinates(centroid(places))
    centres = centres[np.isfinite(centres).all(axis=1)]
    lie, hint = "", ""
    if len(centres):
        (west, south), (east, north) = centres.min(axis=0), centres.max(axis=0)
        lie = f"; they lie at {in_words((west, south, east, north))}"
        hint = swapped_hint(centres, source.footprint)
    covers = in_words(source.footprint.bounds)
    reason = f"none of its {len(is_inside)} labels lies within '{source.name}', which covers {covers}{lie}{hint}"
    raise InvalidOption("--labels", file, reason)


def _reference_days(labels: LabelFile, source: PixelSource, options: LabelOptions) -> Days:
    """Return (N,) the day of each label: its date, or the end of the year; of a crop always the end of the year."""
    if options.year is not None:
        return np.full(len(labels), to_day(date(options.year, 12, 31)), np.int32)
    if labels.days is None:
        return np.full(len(labels), to_day(source.period.end), np.int32)
    if options.task == "canopy":
        return labels.days
    return np.array([to_day(date(to_date(d).year, 12, 31)) for d in labels.days], np.int32)


def _draw(
    labels: LabelFile,
    places: NDArray[np.object_],
    chosen: NDArray[np.int64],
    source: PixelSource,
    options: LabelOptions,
    codes: Labels,
    days: Days,
) -> tuple[list[Drawn], int]:
    """Return the pixels of the chosen labels by lattice, and how many more two classes claimed."""
    members: dict[Grid, list[int]] = defaultdict(list)
    for number in chosen:
        members[source.grid(_as_region(places[number]))].append(int(number))
    parts, clashes = [], 0
    for grid, numbers in members.items():
        shapes = move(labels.geometries[numbers], labels.crs, grid.crs)
        found = [
            draw_pixels(s, grid, options.max_per_polygon, (options.seed, n))
            for s, n in zip(shapes, numbers, strict=True)
        ]
        owners = np.repeat(numbers, [len(f) for f in found])
        columns, rows = np.concatenate([*found, np.empty((0, 2), np.int64)]).T
        held = source.held(Drawn(grid=grid, columns=columns, rows=rows, owners=owners))
        kept, odd = without_conflicts(held, codes, days)
        clashes += odd
        parts += [kept] if len(kept) else []
    return thin(parts, MAX_PIXELS), clashes


def _as_region(place: BaseGeometry) -> Region:
    """Return a label as a region; a point as a square around it."""
    return Region(geometry=place if place.area > 0 else box(*buffer(place, POINT_DEGREES).bounds))


def _read_tiles(
    source: PixelSource,
    drawn: Drawn,
    days: Days,
    read_days: int,
    progress: Progress,
    all_drawn: Sequence[Drawn],
) -> Iterator[tuple[int, Days, Floats]]:
    """Yield owner, (T,) days and (T, C) values of each pixel that was ever seen; each tile is read once."""
    before = sum(len(d) for d in all_drawn[: all_drawn.index(drawn)])
    total, done = sum(len(d) for d in all_drawn), 0
    tiles = drawn.by_tile()
    logger.info("labels_read crs=%s tiles=%d pixels=%d", drawn.grid.crs, len(tiles), len(drawn))
    for tile in tiles:
        yield from _read_tile(source, tile, days, read_days)
        done += len(tile)
        progress((before + done) / total)


def _read_tile(source: PixelSource, tile: Drawn, days: Days, read_days: int) -> Iterator[tuple[int, Days, Floats]]:
    window, rows, columns = tile.window()
    asked = np.zeros(window.shape_yx, np.bool_)
    asked[rows, columns] = True
    last = days[tile.owners]
    whole = Period(start=to_date(last.min() - read_days + 1), end=to_date(last.max()))
    period = whole.overlap(source.period)
    if period is None:
        return
    cube = source.read(window, period, asked)
    if not cube.data.data_vars:
        return
    for row in np.unique(rows):
        at = np.nonzero(rows == row)[0]
        series = cube.series(slice(int(row), int(row) + 1)).take(columns[at])
        for number, day, value in zip(at, series.days, series.values, strict=True):
            fits = (day <= last[number]) & (day > last[number] - read_days)
            seen = fits & np.isfinite(value).any(axis=1)
            if seen.any():
                yield int(tile.owners[number]), day[seen], value[seen]

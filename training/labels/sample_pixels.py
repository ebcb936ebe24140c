"""Labels to pixels and to a training set: shrinking, drawing, blocks, counts. Reads no file and no archive."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import Transformer
from shapely import buffer, centroid, contains_xy, get_coordinates, get_parts, get_type_id, transform
from shapely.geometry.base import BaseGeometry

from core.errors import InvalidOption
from core.grid import Grid, Window
from core.region import WGS84
from core.timeline import Days
from models.training_set import Labels, TrainingSet

EDGE_PIXELS = 1.0
"""Polygons are shrunk by so many pixels: what lies on their edge is of two covers, and outlines are often off."""
MAX_CANDIDATES = 1_000_000
"""Pixels of a polygon that are looked at; of a larger one, those of a coarser lattice."""
LEAST_PER_CLASS = 10
"""Labels of a class without which nothing is trained."""
FEW = 50
"""Labels in all below which the accuracy on the card is hardly informative."""
FEW_BLOCKS = 5
"""Blocks with a class below which its accuracy stands for these blocks alone."""
LEAST_BLOCKS = 3
"""With fewer, a fold could not be calibrated by models that learned from more than one block."""
POINT = 0
"""Type of a point in shapely."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Pixels of one lattice that were drawn from labels, N of them."""

    grid: Grid
    columns: NDArray[np.int64]
    """(N,) counted eastwards from the grid's origin."""
    rows: NDArray[np.int64]
    """(N,) counted northwards from the grid's origin."""
    owners: NDArray[np.int64]
    """(N,) number of the label."""

    def __len__(self) -> int:
        return len(self.owners)

    def take(self, at: NDArray[np.int64] | NDArray[np.bool_]) -> "Drawn":
        """Return some of the pixels."""
        return Drawn(grid=self.grid, columns=self.columns[at], rows=self.rows[at], owners=self.owners[at])

    def by_tile(self) -> list["Drawn"]:
        """Return the pixels of each tile of the grid, tiles in a fixed order."""
        size = self.grid.tile_size
        tiles = np.column_stack([-(self.rows // size), self.columns // size])
        _, tile = np.unique(tiles, axis=0, return_inverse=True)
        return [self.take(np.nonzero(tile.ravel() == t)[0]) for t in range(int(tile.max(initial=-1)) + 1)]

    def window(self) -> tuple[Window, NDArray[np.int64], NDArray[np.int64]]:
        """Return the smallest window with all pixels, and in it their (N,) rows from the north and (N,) columns."""
        (x0, y0), size = self.grid.origin_xy, self.grid.resolution_m
        west, north = int(self.columns.min()), int(self.rows.max())
        corner = Affine(size, 0, x0 + west * size, 0, -size, y0 + (north + 1) * size)
        rows, columns = north - self.rows, self.columns - west
        shape_yx = (int(rows.max()) + 1, int(columns.max()) + 1)
        return Window(crs=self.grid.crs, transform=corner, shape_yx=shape_yx), rows, columns


@dataclass(frozen=True, kw_only=True)
class LabelledSet:
    """Labelled series of a user, each at most up to the date of its label."""

    training: TrainingSet
    """Series, blocks as places, codes under the task's name."""
    reference_days: Days
    """(N,) day of the label, the last with observations that are read; days since 1970-01-01."""
    owners: NDArray[np.int64]
    """(N,) number of the label that a pixel was drawn from."""
    classes: tuple[str, ...]
    """Names in the order of the codes."""
    task: str
    block_km: float
    """Edge of a block."""
    facts: dict[str, object] = field(default_factory=dict)
    """For the card: file, archive, what was left out."""

    @property
    def codes(self) -> Labels:
        """(N,) class of each series."""
        return self.training.labels[self.task]

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many labels, pixels and blocks each class has."""
        rows = [self.codes == code for code in range(len(self.classes))]
        return {
            name: {
                "labels": len(np.unique(self.owners[at])),
                "pixels": int(at.sum()),
                "blocks": len(np.unique(self.training.places[at])),
            }
            for name, at in zip(self.classes, rows, strict=True)
        }

    def take(self, rows: NDArray[np.bool_]) -> TrainingSet:
        """Return some of the series."""
        return self.training.take(rows)


def draw_pixels(geometry: BaseGeometry, grid: Grid, most: int, seed: Sequence[int]) -> NDArray[np.int64]:
    """Draw pixels that show one label and nothing else.

    A polygon is shrunk by one pixel, and pixels with their centre in what is left are drawn without repetition. If it
    holds no centre, the pixel at the polygon's centroid is taken where its centre lies in the polygon. A point stands
    for the pixel that it lies in.

    Args:
        geometry: polygon or point, single or multi, in the grid's CRS.
        most: pixels at most.
        seed: of the draw.

    Returns:
        (N, 2) columns and rows counted from the grid's origin; N = 0 for a polygon too small or thin.
    """
    if geometry.area == 0:
        parts = get_parts(geometry)
        points = get_coordinates(parts[get_type_id(parts) == POINT])
        found = np.unique(_pixel_of(points, grid), axis=0)
    else:
        found = _inner_pixels(buffer(geometry, -EDGE_PIXELS * grid.resolution_m), grid, seed)
        found = found if len(found) else _central_pixel(geometry, grid)
    if len(found) <= most:
        return found
    return found[np.sort(np.random.default_rng(seed).choice(len(found), most, replace=False))]


def _pixel_of(points: NDArray[np.float64], grid: Grid) -> NDArray[np.int64]:
    """Return (N, 2) columns and rows of the pixels that hold (N, 2) points."""
    return np.asarray(np.floor((points - np.array(grid.origin_xy)) / grid.resolution_m), np.int64)


def _centres(pixels: NDArray[np.int64], grid: Grid) -> NDArray[np.float64]:
    return np.asarray(np.array(grid.origin_xy) + (pixels + 0.5) * grid.resolution_m)


def _inner_pixels(polygon: BaseGeometry, grid: Grid, seed: Sequence[int]) -> NDArray[np.int64]:
    """Return (N, 2) pixels with their centre in a polygon, which may be empty; of a huge one, every so many-th."""
    if polygon.is_empty:
        return np.empty((0, 2), np.int64)
    low, high = _pixel_of(np.array(polygon.bounds).reshape(2, 2), grid)
    step = max(1, int(np.ceil(np.sqrt(np.prod(high - low + 1.0) / MAX_CANDIDATES))))
    first = low + np.random.default_rng([*seed, 1]).integers(0, step, 2)
    columns, rows = np.meshgrid(*(np.arange(a, b + 1, step) for a, b in zip(first, high, strict=True)))
    pixels = np.column_stack([columns.ravel(), rows.ravel()])
    return np.asarray(pixels[contains_xy(polygon, *_centres(pixels, grid).T)])


def _central_pixel(polygon: BaseGeometry, grid: Grid) -> NDArray[np.int64]:
    pixels = _pixel_of(get_coordinates(centroid(polygon)), grid)
    return np.asarray(pixels[contains_xy(polygon, *_centres(pixels, grid).T)])


def move(geometries: NDArray[np.object_], source: str, target: str) -> NDArray[np.object_]:
    """Return (N,) geometries in another CRS, vertices one by one, x before y in both."""
    transformer = Transformer.from_crs(source, target, always_xy=True)
    return np.asarray(
        transform(geometries, lambda points: np.column_stack(transformer.transform(points[:, 0], points[:, 1]))), object
    )


def place_blocks(geometries: NDArray[np.object_], block_km: float) -> NDArray[np.str_]:
    """Return (N,) the square block in which the centroid of each label lies, so that no label is in two.

    Blocks are counted in Lambert's azimuthal equal-area projection around the labels' middle.

    Args:
        geometries: in WGS84.
        block_km: edge of a block.
    """
    points = get_coordinates(centroid(geometries))
    longitude, latitude = np.round(np.median(points, axis=0), 1)
    crs = f"+proj=laea +lat_0={latitude} +lon_0={longitude} +datum=WGS84 +units=m"
    x, y = Transformer.from_crs(WGS84, crs, always_xy=True).transform(*points.T)
    across, up = (np.floor(v / (1000 * block_km)).astype(int) for v in (x, y))
    return np.array([f"block_{i}_{j}" for i, j in zip(across, up, strict=True)])


def thin(drawn: list[Drawn], limit: int) -> list[Drawn]:
    """Keep so few pixels of each label that all together are no more than a limit; one of each label always stays."""
    if sum(len(d) for d in drawn) <= limit:
        return drawn
    counts = np.concatenate([np.unique(d.owners, return_counts=True)[1] for d in drawn])
    most = max(m for m in range(1, int(counts.max()) + 1) if m == 1 or np.minimum(counts, m).sum() <= limit)
    return [d.take(_first_of_each(d.owners, most)) for d in drawn]


def _first_of_each(owners: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return the positions of some evenly spread members of each group of equal neighbours."""
    _, first, counts = np.unique(owners, return_index=True, return_counts=True)
    spread = [f + np.unique(np.linspace(0, n - 1, min(n, most)).round()) for f, n in zip(first, counts, strict=True)]
    return np.sort(np.concatenate(spread)).astype(np.int64)


def without_conflicts(drawn: Drawn, codes: Labels, days: Days) -> tuple[Drawn, int]:
    """Drop pixels that labels of different classes claim for one day, and all but the first of those claimed alike.

    Args:
        codes, days: by label.

    Returns:
        What is left, and how many pixels were claimed by more than one class.
    """
    keys = np.column_stack([drawn.columns, drawn.rows, days[drawn.owners]])
    _, first, at = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    mine = codes[drawn.owners].astype(np.int64)
    is_odd = np.zeros(len(first), np.bool_)
    np.logical_or.at(is_odd, at.ravel(), mine != mine[first][at.ravel()])
    return drawn.take(np.sort(first[~is_odd])), int(is_odd.sum())


def check_counts(found: LabelledSet) -> tuple[str, ...]:
    """Return warnings about small numbers of labels, one sentence each.

    Raises:
        InvalidOption: a class has fewer than ten labels or lies in one block, or there are fewer than three blocks.
    """
    counts = found.counts()
    file = str(found.facts.get("file", ""))
    blocks = len(np.unique(found.training.places))
    smaller = f"blocks have {found.block_km:g} km, and --block-km makes them smaller"
    scarce = [f"{n} has {c['labels']}" for n, c in counts.items() if c["labels"] < LEAST_PER_CLASS]
    if scarce:
        need = f"each class needs at least {LEAST_PER_CLASS} labels with clear pixels, and {' and '.join(scarce)}"
        raise InvalidOption("--labels", file, need)
    if blocks < LEAST_BLOCKS:
        reason = f"its labels lie in {blocks} of the blocks that folds are made of, and {LEAST_BLOCKS} are needed"
        raise InvalidOption("--labels", file, f"{reason}; {smaller}")
    lonely = [n for n, c in counts.items() if c["blocks"] < 2]
    if lonely:
        reason = f"all labels of {' and of '.join(lonely)} lie in one block, and a class can be tested from 2 on"
        raise InvalidOption("--labels", file, f"{reason}; {smaller}")
    return _warnings(counts, len(np.unique(found.owners)))


def _warnings(counts: dict[str, dict[str, int]], labels: int) -> tuple[str, ...]:
    found = []
    if labels < FEW:
        found.append(f"There are {labels} labels in all, and with fewer than {FEW} the accuracy is hardly informative.")
    found += [
        f"Class {name} lies in {c['blocks']} blocks, and its accuracy holds for little else with fewer than "
        f"{FEW_BLOCKS}."
        for name, c in counts.items()
        if c["blocks"] < FEW_BLOCKS
    ]
    return tuple(found)

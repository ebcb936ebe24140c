"""The map of the sample archive: parcels of fields, forests, hedges, water, houses. What grows is in phenology."""

from dataclasses import dataclass, field

import numpy as np
import scipy  # loads scipy.ndimage when it is first used: the service starts without
from numpy.typing import NDArray

from core.bands import Floats

FINE_M = 5.0
"""Resolution of the map in metres; satellites see the mean of 2 x 2 or 4 x 4."""
FIELD_HA = (1.2, 7.0)
"""Fields are split until they are smaller than a size drawn from this range."""
FIELD_ANGLE = 0.33
"""Direction of the field rows, radians."""
HEDGE_M = (10.0, 20.0)
"""Widths of hedges are drawn from this range."""

STAND_KINDS = ("conifer", "broadleaf", "mixed")

Plane = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """One patch of ground with one use."""

    cover: str
    """`cropland` or a key of phenology.COVERS."""
    canopy: int = 0
    """0 none, 1 conifer, 2 broadleaf while it stands."""
    is_felled: bool = False
    """Its trees are felled while the archive runs."""
    is_planting: bool = False
    """Its trees were planted shortly before the archive begins."""
    is_hedge: bool = False
    """A row of trees along a field."""


@dataclass(frozen=True, kw_only=True)
class Landscape:
    """The map."""

    parcels: tuple[Parcel, ...]
    parcel_at: Plane
    """(2 Y, 2 X) number of the parcel, 5 m pixels, row 0 in the north."""
    vigour: Floats
    """(2 Y, 2 X) how well plants do within their parcel, -1..1."""
    texture: Floats
    """(2 Y, 2 X) factor on reflectance: crowns, roofs, ripples."""


@dataclass
class _Sketch:
    """A map being drawn: later strokes lie above earlier ones."""

    rng: np.random.Generator
    edge: int
    """Rows and columns, 5 m pixels."""
    parcels: list[Parcel] = field(default_factory=list)
    at: Plane = field(default_factory=lambda: np.zeros((0, 0), np.int64))

    def draw(self, where: NDArray[np.bool_], parcel: Parcel) -> None:
        """Give some pixels to a new parcel."""
        self.at[where] = len(self.parcels)
        self.parcels.append(parcel)

    def axes(self) -> tuple[Floats, Floats]:
        """Return (Y, X) metres southwards and eastwards of each pixel, borders bent a little as real ones are."""
        rows, columns = np.mgrid[: self.edge, : self.edge].astype(np.float32) * np.float32(FINE_M)
        bend = [12 * smooth_noise(self.rng, (self.edge, self.edge), 14) for _ in range(2)]
        return rows + bend[0], columns + bend[1]


def draw_landscape(rng: np.random.Generator, size: int, *, hedge_m: tuple[float, float] = HEDGE_M) -> Landscape:
    """Draw the map.

    Args:
        rng: the same state gives the same map.
        size: rows and columns of 10 m pixels.
        hedge_m: least and largest width of hedges; the map is otherwise the same whatever it is.
    """
    sketch = _Sketch(rng=rng, edge=2 * size, at=np.zeros((2 * size, 2 * size), np.int64))
    _draw_fields(sketch, hedge_m)
    _draw_forests(sketch)
    _draw_water(sketch)
    _draw_village(sketch)
    shape = (sketch.edge, sketch.edge)
    grain = rng.standard_normal(shape).astype(np.float32)
    rough = np.array([0.08 if p.canopy or p.cover == "built-up" else 0.025 for p in sketch.parcels], np.float32)
    return Landscape(
        parcels=tuple(sketch.parcels),
        parcel_at=sketch.at,
        vigour=np.clip(0.6 * smooth_noise(rng, shape, 8) + 0.35 * smooth_noise(rng, shape, 25), -1, 1),
        texture=np.clip(1 + grain * rough[sketch.at], 0.6, 1.5).astype(np.float32),
    )


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], scale: float) -> Floats:
    """Return (Y, X) noise of mean 0 and standard deviation 1 that varies over `scale` pixels."""
    noise = scipy.ndimage.gaussian_filter(rng.standard_normal(shape), scale, mode="reflect")
    return np.asarray((noise - noise.mean()) / max(float(noise.std()), 1e-9), np.float32)


def _draw_fields(sketch: _Sketch, hedge_m: tuple[float, float]) -> None:
    """Cover everything with fields, meadows among them, and plant hedges along some."""
    down, right = sketch.axes()
    along = right * np.cos(FIELD_ANGLE) + down * np.sin(FIELD_ANGLE)
    across = -right * np.sin(FIELD_ANGLE) + down * np.cos(FIELD_ANGLE)
    box = (float(along.min()), float(along.max()) + 1, float(across.min()), float(across.max()) + 1)
    boxes = _split(sketch.rng, box)
    for west, east, north, south in boxes:
        inside = (along >= west) & (along < east) & (across >= north) & (across < south)
        cover = "grassland" if sketch.rng.random() < 0.2 else "cropland"
        sketch.draw(inside, Parcel(cover=cover))
    for west, east, north, south in boxes:
        if sketch.rng.random() < 0.28:
            width = sketch.rng.uniform(*hedge_m)
            is_lengthwise = sketch.rng.random() < 0.6
            inside = (along >= west) & (along < east) & (across >= north) & (across < south)
            edge = across < north + width if is_lengthwise else along < west + width
            sketch.draw(inside & edge, Parcel(cover="broadleaf", canopy=2, is_hedge=True))


def _split(rng: np.random.Generator, box: tuple[float, float, float, float]) -> list[tuple[float, float, float, float]]:
    """Split a rectangle in two, again and again, into fields."""
    west, east, north, south = box
    width, height = east - west, south - north
    if width * height < rng.uniform(*FIELD_HA) * 1e4:
        return [box]
    cut = rng.uniform(0.35, 0.65)
    if width > 1.4 * height:
        middle = west + cut * width
        return _split(rng, (west, middle, north, south)) + _split(rng, (middle, east, north, south))
    middle = north + cut * height
    return _split(rng, (west, east, north, middle)) + _split(rng, (west, east, middle, south))


def _draw_forests(sketch: _Sketch) -> None:
    """Draw a forest of conifer, broadleaved and mixed stands with a stand to be felled and one newly planted."""
    edge = sketch.edge
    down, right = sketch.axes()
    reach = edge * FINE_M
    lobes = smooth_noise(sketch.rng, (edge, edge), edge / 14)
    high = 0.55 * lobes + 2.6 * (0.42 - np.hypot(down / reach - 0.2, 0.75 * (right / reach - 0.28)) * 1.35)
    low = 0.6 * lobes + 2.6 * (0.2 - np.hypot(down / reach - 0.84, right / reach - 0.8) * 1.3)
    stand = np.floor(3.2 * (right + 0.35 * down) / reach).astype(int) + 10 * np.floor(3.1 * down / reach).astype(int)
    forest, grove = high > 0.35, low > 0.2
    kinds = _stand_kinds(stand, forest, grove)
    for number, kind in kinds.items():
        _draw_stand(sketch, (forest | grove) & (stand == number), kind)
    pure = forest & np.isin(stand, [n for n, kind in kinds.items() if kind == "conifer"])
    trees = np.argwhere(pure)
    for cut, parcel in (
        (0.3, Parcel(cover="conifer", canopy=1, is_felled=True)),
        (0.75, Parcel(cover="conifer", is_planting=True)),
    ):
        row, column = trees[int(cut * len(trees))] * FINE_M if len(trees) else (reach, reach)
        near = (np.abs(down - row) < 0.045 * reach) & (np.abs(right - column) < 0.06 * reach)
        sketch.draw(near & pure, parcel)


def _draw_stand(sketch: _Sketch, where: NDArray[np.bool_], kind: str) -> None:
    if kind != "mixed":
        sketch.draw(where, Parcel(cover=kind, canopy=1 if kind == "conifer" else 2))
        return
    groups = smooth_noise(sketch.rng, (sketch.edge, sketch.edge), 1.4) > 0
    sketch.draw(where & groups, Parcel(cover="conifer", canopy=1))
    sketch.draw(where & ~groups, Parcel(cover="broadleaf", canopy=2))


def _stand_kinds(stand: Plane, forest: NDArray[np.bool_], grove: NDArray[np.bool_]) -> dict[int, str]:
    """Return stand number -> kind: the forest's largest stand is conifer, the grove's broadleaf, the rest in turn."""
    numbers, counts = np.unique(stand[forest | grove], return_counts=True)
    kinds = {int(n): STAND_KINDS[i % len(STAND_KINDS)] for i, n in enumerate(numbers[np.argsort(-counts)])}
    for part, kind in ((grove, "broadleaf"), (forest, "conifer")):
        mine, sizes = np.unique(stand[part], return_counts=True)
        if len(mine):
            kinds[int(mine[np.argmax(sizes)])] = kind
    return kinds


def _draw_water(sketch: _Sketch) -> None:
    """Draw a small river with a wooded bank and a pond."""
    down, right = sketch.axes()
    reach = sketch.edge * FINE_M
    bed = reach * (
        0.68 + 0.07 * np.sin(right / reach * 7.0) + 0.03 * np.sin(right / reach * 17.0 + 1.0) - 0.15 * right / reach
    )
    bank = np.abs(down - bed)
    wooded = smooth_noise(sketch.rng, (sketch.edge, sketch.edge), 18) > 0.1
    sketch.draw((bank < 55) & ~wooded, Parcel(cover="grassland"))
    sketch.draw((bank < 28) & wooded, Parcel(cover="broadleaf", canopy=2))
    sketch.draw(bank < 11, Parcel(cover="water"))
    pond = np.hypot((down - 0.52 * reach) / 0.8, right - 0.86 * reach) + 25 * smooth_noise(
        sketch.rng, (sketch.edge, sketch.edge), 16
    )
    sketch.draw(pond < 0.06 * reach, Parcel(cover="water"))


def _draw_village(sketch: _Sketch) -> None:
    """Draw houses among gardens and trees, and two roads."""
    shape = (sketch.edge, sketch.edge)
    down, right = sketch.axes()
    reach = sketch.edge * FINE_M
    away = np.hypot(down - 0.86 * reach, 0.75 * (right - 0.26 * reach)) + 35 * smooth_noise(sketch.rng, shape, 12)
    village = away < 0.11 * reach
    plots = smooth_noise(sketch.rng, shape, 1.6)
    sketch.draw(village, Parcel(cover="grassland"))
    sketch.draw(village & (plots > 0.9), Parcel(cover="broadleaf", canopy=2))
    sketch.draw(village & (plots < 0.25), Parcel(cover="built-up"))
    water = np.isin(sketch.at, [n for n, p in enumerate(sketch.parcels) if p.cover == "water"])
    road = np.abs(right - (0.26 + 0.16 * (0.86 - down / reach)) * reach) < 4.5
    lane = np.abs(down - (0.86 - 0.22 * (right / reach - 0.26)) * reach) < 4.0
    sketch.draw((road | lane) & ~water, Parcel(cover="built-up"))

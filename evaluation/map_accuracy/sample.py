"""A stratified random sample of a class map to be labelled: how many points, where, and the file to fill in.

Sizes and allocation are in evaluation/map_accuracy/estimators.py, reading of the map in class_map.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import InvalidOption
from core.progress import Progress
from evaluation.map_accuracy.class_map import Census, ClassMap, count_classes, locate, open_class_map
from evaluation.map_accuracy.estimators import (
    Z95,
    allocate,
    class_size,
    expected_overall,
    expected_users,
    sample_size,
    shared_size,
    smallest_sample,
)
from evaluation.map_accuracy.reference import SAMPLE_LAYER, STRATUM, WEIGHT
from outputs.atomic import written_aside
from outputs.provenance import SIMULATED
from outputs.reports.numbers import percent
from outputs.reports.report import Table
from outputs.reports.text import table_text

COUNT_SHARE = 0.6
"""Share of the work that counting the map stands for; the rest is drawing."""
Pixels = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True, kw_only=True)
class SampleOptions:
    """Options of a sample."""

    half_width: float
    """Of the 95 % interval of the overall accuracy."""
    size: int | None
    """Points in all; None = as many as the half-width needs."""
    expected: Mapping[str, float]
    """User's accuracy that is expected of classes, by name or code."""
    expected_of_others: float
    """Of the classes that `expected` does not name."""
    per_class_min: int
    """Points of each class at least."""
    seed: int


@dataclass(frozen=True, kw_only=True)
class SamplePlan:
    """How many points are drawn of each class, and the intervals that they should give."""

    map: str
    options: SampleOptions
    names: tuple[str, ...]
    """(K) of the classes."""
    codes: NDArray[np.int64]
    """(K,)."""
    pixels: NDArray[np.int64]
    """(K,) of the map."""
    expected: NDArray[np.float64]
    """(K,) user's accuracy."""
    needed: int
    """Points that the half-width needs at least (equation 13)."""
    shared: int
    """Points that it needs with the minima of the classes."""
    points: NDArray[np.int64]
    """(K,) that are drawn."""
    is_simulated: bool

    @property
    def weights(self) -> NDArray[np.float64]:
        """Share of each class (K,) in the map."""
        return np.asarray(self.pixels / self.pixels.sum())


def draw_sample(
    path: Path,
    out: Path,
    options: SampleOptions,
    progress: Progress,
    *,
    layer: str | None = None,
    names: Mapping[int, str] | None = None,
) -> SamplePlan:
    """Draw a sample of a class map and write it as a GeoPackage.

    Args:
        path: the map, see `open_class_map`, also for `layer` and `names`.
        out: `.gpkg`; its layer `sample` has points at pixel centres in the map's CRS, in random order.
        progress: called with the share of the work done, 0..1.

    Raises:
        InvalidOption: a file that cannot be used, a class that does not exist, or a size that does not fit.
    """
    found = open_class_map(path, layer=layer, names=names)
    census = count_classes(found, lambda share: progress(COUNT_SHARE * share))
    plan = plan_sample(found, census, options)
    rng = np.random.default_rng(options.seed)
    drawn = []
    for number, points in enumerate(plan.points):
        pixels = np.sort(rng.choice(int(plan.pixels[number]), int(points), replace=False))
        drawn.append(locate(found, census, pixels, number))
        progress(COUNT_SHARE + (1 - COUNT_SHARE) * (number + 1) / len(plan.points))
    _write(plan, drawn, found, out, rng)
    return plan


def plan_sample(found: ClassMap, census: Census, options: SampleOptions) -> SamplePlan:
    """Decide how many points are drawn of each class.

    Raises:
        InvalidOption: a class that does not exist, or a size that does not fit.
    """
    pixels, expected = census.pixels, _expected(found, census, options)
    needed = sample_size(pixels, expected, options.half_width / Z95)
    least = smallest_sample(pixels, least=options.per_class_min)
    shared = shared_size(pixels, expected, options.half_width / Z95, least=options.per_class_min)
    size = shared if options.size is None else options.size
    if size < least:
        reason = f"{len(pixels)} classes of at least {options.per_class_min} points need {least}; see --per-class-min"
        raise InvalidOption("--size", size, reason)
    if size > pixels.sum():
        raise InvalidOption("--size", size, f"the map has {pixels.sum():,} pixels with a class")
    return SamplePlan(
        map=found.path.name,
        options=options,
        names=tuple(found.name(int(code)) for code in census.codes),
        codes=census.codes,
        pixels=pixels,
        expected=expected,
        needed=needed,
        shared=shared,
        points=allocate(size, pixels, least=options.per_class_min),
        is_simulated=found.is_simulated,
    )


def render_plan(plan: SamplePlan) -> str:
    """Return the number of points drawn and the intervals that they should give, for a terminal."""
    options, reach = plan.options, Z95 * expected_overall(plan.pixels, plan.expected, plan.points)
    sentences = [
        f"{plan.map}: {plan.pixels.sum():,} pixels with a class; {plan.points.sum():,} points drawn.",
        f"A 95 % interval of ± {options.half_width:g} of the overall accuracy needs {plan.needed:,} points (Olofsson "
        f"et al. 2014, equation 13), with at least {options.per_class_min} in each class {plan.shared:,}.",
        f"The points drawn are expected to give ± {reach:.3f}.",
    ]
    last = f"points for ± {options.half_width:g}"
    heads = ("class", "code", "share", "expected user's", "points", "expected ±", last)
    table = table_text(Table(heads=heads, rows=[_row(plan, k) for k in range(len(plan.names))]))
    return "\n\n".join(["\n".join(sentences), table, "\n".join(_notes(plan))])


def _row(plan: SamplePlan, k: int) -> list[str]:
    points, accuracy = int(plan.points[k]), float(plan.expected[k])
    reach = Z95 * expected_users(plan.expected, plan.points)[k]
    return [
        plan.names[k],
        str(plan.codes[k]),
        percent(plan.weights[k], decimals=2),
        f"{accuracy:g}",
        f"{points:,}",
        f"{reach:.3f}" if points > 1 else "not defined",
        f"{class_size(accuracy, plan.options.half_width):,}",
    ]


def _notes(plan: SamplePlan) -> Iterator[str]:
    yield "The last column is the number of points that a class needs for such an interval of its own user's accuracy."
    for name, points, pixels in zip(plan.names, plan.points, plan.pixels, strict=True):
        if points == pixels:
            yield f"{name}: all of its pixels are drawn."
    if plan.is_simulated:
        yield SIMULATED


def _expected(found: ClassMap, census: Census, options: SampleOptions) -> NDArray[np.float64]:
    """Return (K,) the user's accuracy that is expected of each class."""
    expected = np.full(len(census.codes), options.expected_of_others)
    for label, accuracy in options.expected.items():
        code = found.code(label)
        if code is None or code not in census.codes:
            have = ", ".join(found.name(int(code)) for code in census.codes)
            raise InvalidOption("--expected-accuracy", f"{label}={accuracy:g}", f"the classes of the map are {have}")
        expected[census.codes == code] = accuracy
    return expected


def _write(plan: SamplePlan, drawn: list[Pixels], found: ClassMap, out: Path, rng: np.random.Generator) -> None:
    """Write the points in random order, so that neither id nor position in the table gives the class away."""
    rows, cols = (np.concatenate(parts) + 0.5 for parts in zip(*drawn, strict=True))
    order = rng.permutation(len(rows))
    t = found.transform
    points = geopandas.points_from_xy(t.a * cols + t.b * rows + t.c, t.d * cols + t.e * rows + t.f)[order]
    empty = pd.Series([None] * len(order), dtype=object)
    table = {
        "id": np.arange(1, len(order) + 1),
        STRATUM: np.repeat(plan.codes, plan.points)[order],
        WEIGHT: np.repeat(plan.weights, plan.points)[order],
        "class": empty,
        "confidence": empty,
        "comment": empty,
    }
    with written_aside(out) as aside:
        geopandas.GeoDataFrame(table, geometry=points, crs=found.crs).to_file(
            aside, layer=SAMPLE_LAYER, driver="GPKG", engine="pyogrio"
        )

"""Accuracy and areas of a class map from reference points: read both, compare them, estimate shares of the area.

The estimators are in estimators.py; how the report looks is in report.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidOption
from core.progress import Progress
from core.source import AS_STATED, InputSummary, ReadAs
from evaluation.map_accuracy.class_map import Census, ClassMap, classes_at, count_classes, open_class_map
from evaluation.map_accuracy.estimators import Assessment, assess
from evaluation.map_accuracy.reference import OPTION, ReferencePoints, read_reference

OUTSIDE, NODATA, UNLABELLED = "outside the map", "on pixels of nodata", "without a label"
"""Why a point is left out."""


@dataclass(frozen=True, kw_only=True)
class MapClass:
    """One class of the map or of the reference."""

    code: int
    name: str
    pixels: int
    """Of the map; 0 = the class occurs in the reference only."""


@dataclass(frozen=True, kw_only=True)
class Stratum:
    """One stratum of the sample."""

    name: str
    weight: float
    """Share of the map."""
    points: int
    """How many could be used."""


@dataclass(frozen=True, kw_only=True)
class MapAccuracy:
    """A finished assessment."""

    map: str
    """Name of the file."""
    band: str
    reference: str
    """Name of the file."""
    classes: tuple[MapClass, ...]
    """In the order of the K axis."""
    strata: tuple[Stratum, ...]
    are_strata_classes: bool
    """True: the map's own classes; False: columns of the reference file."""
    left_out: Mapping[str, int]
    """Points that could not be used, by reason; reasons that hold for none are absent."""
    shared: int
    """Points that lie in a pixel with another one."""
    assessment: Assessment
    pixel_ha: float
    nodata_pixels: int
    is_simulated: bool
    evidence: Mapping[str, Any]
    """What the map rests on, as its tags state it."""
    notes: tuple[str, ...]
    """Notes in the map's tags."""

    @property
    def points(self) -> int:
        """Points that were used."""
        return int(self.assessment.counts.sum())

    @property
    def mapped_ha(self) -> float:
        """Area of all pixels with a class."""
        return self.pixel_ha * sum(c.pixels for c in self.classes)

    @property
    def assessed_ha(self) -> float:
        """Area that the estimates describe."""
        return self.mapped_ha * self.assessment.covered


def assess_map(
    path: Path,
    reference: Path,
    progress: Progress,
    *,
    column: str = "class",
    layer: str | None = None,
    names: Mapping[int, str] | None = None,
    read_as: ReadAs = AS_STATED,
    say: Callable[[InputSummary], None] = lambda _: None,
) -> MapAccuracy:
    """Assess a class map by reference points.

    Args:
        path: the map, see `open_class_map`, also for `layer` and `names`.
        reference: the points, see `read_reference`, also for `column`.
        progress: called with the share of the map that is counted, 0..1.
        read_as: what the user states about the points.
        say: called with what the points were taken for, before anything is counted; may raise.

    Raises:
        InvalidOption: a file that cannot be used, a label that is no class, or no point that can be used.
    """
    found = open_class_map(path, layer=layer, names=names)
    points = read_reference(reference, column=column, crs=found.crs, read_as=read_as)
    say(points.summary)
    truth = _codes_of(points, found, reference)
    place = _place(points, found)
    rows, columns = place
    mapped = np.zeros(len(truth), np.int64)
    reasons = _reasons(points, found, place)
    is_inside = reasons != OUTSIDE
    mapped[is_inside], is_valid = classes_at(found, rows[is_inside], columns[is_inside])
    reasons[is_inside] = np.where(is_valid, reasons[is_inside], NODATA)
    is_used = reasons == ""
    if not is_used.any():
        raise InvalidOption(OPTION, reference, f"none of its points can be used: {_count(reasons)}")
    census = count_classes(found, progress)
    classes = _classes(found, census, truth[is_used])
    strata, stratum = _strata(points, census, mapped)
    counts = _counts(stratum[is_used], mapped[is_used], truth[is_used], len(strata), [c.code for c in classes])
    return MapAccuracy(
        map=path.name,
        band=found.band_name or f"band {found.band}",
        reference=reference.name,
        classes=classes,
        strata=tuple(
            Stratum(name=_stratum_name(name, found), weight=weight, points=int(counts[number].sum()))
            for number, (name, weight) in enumerate(strata.items())
        ),
        are_strata_classes=not points.weights,
        left_out=_tally(reasons),
        shared=_shared(rows[is_used], columns[is_used]),
        assessment=assess(counts, np.array(list(strata.values()))),
        pixel_ha=found.pixel_ha,
        nodata_pixels=census.nodata,
        is_simulated=found.is_simulated,
        evidence=found.evidence,
        notes=found.notes,
    )


def _codes_of(points: ReferencePoints, found: ClassMap, path: Path) -> NDArray[np.int64]:
    """Return (N,) the code of each label, 0 where a point has none."""
    codes = {label: found.code(label) for label in set(points.labels.tolist()) if label}
    unknown = sorted(label for label, code in codes.items() if code is None)
    if unknown:
        known = ", ".join(f"{code} {name}" for code, name in found.names.items())
        hint = f"classes are {known}" if known else "it names none; give codes, or names with --classes 1=forest,2=..."
        raise InvalidOption(OPTION, path, f"its label '{unknown[0]}' is no class of '{found.path.name}' ({hint})")
    return np.array([codes.get(label) or 0 for label in points.labels], np.int64)


def _place(points: ReferencePoints, found: ClassMap) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (N,) rows and columns of the pixels of points, -1 where the CRS has no such place."""
    inverse = ~found.transform
    with np.errstate(invalid="ignore"):
        column = inverse.a * points.x + inverse.b * points.y + inverse.c
        row = inverse.d * points.x + inverse.e * points.y + inverse.f
    most = np.iinfo(np.int32).max
    rows, columns = (
        np.floor(np.clip(np.nan_to_num(v, nan=-1.0, posinf=-1.0, neginf=-1.0), -1, most)) for v in (row, column)
    )
    return rows.astype(np.int64), columns.astype(np.int64)


def _reasons(
    points: ReferencePoints, found: ClassMap, place: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> NDArray[np.object_]:
    """Return (N,) why a point cannot be used, without looking at pixels; empty = it can."""
    (rows, columns), (height, width) = place, found.shape_yx
    is_outside = (rows < 0) | (columns < 0) | (rows >= height) | (columns >= width)
    reasons = np.where(points.labels == "", UNLABELLED, "").astype(object)
    reasons[is_outside] = OUTSIDE
    return reasons


def _classes(found: ClassMap, census: Census, truth: NDArray[np.int64]) -> tuple[MapClass, ...]:
    """Return all classes of which the map has a pixel or the reference a point, by code."""
    pixels = dict(zip(census.codes.tolist(), census.pixels.tolist(), strict=True))
    codes = sorted(pixels.keys() | set(truth.tolist()))
    return tuple(MapClass(code=code, name=found.name(code), pixels=pixels.get(code, 0)) for code in codes)


def _strata(
    points: ReferencePoints, census: Census, mapped: NDArray[np.int64]
) -> tuple[dict[str, float], NDArray[np.int64]]:
    """Return the weight of each stratum, and (N,) the number of the stratum of each point."""
    labels = points.strata
    weights = points.weights
    if not weights:
        shares = census.pixels / census.pixels.sum()
        weights = {str(code): float(share) for code, share in zip(census.codes, shares, strict=True)}
        labels = np.array([str(code) for code in mapped], object)
    number = {name: place for place, name in enumerate(weights)}
    return weights, np.array([number.get(label, -1) for label in labels], np.int64)


def _counts(
    stratum: NDArray[np.int64], mapped: NDArray[np.int64], truth: NDArray[np.int64], strata: int, codes: list[int]
) -> NDArray[np.int64]:
    """Return (S, K, K) points by stratum, map class and reference class."""
    counts = np.zeros((strata, len(codes), len(codes)), np.int64)
    np.add.at(counts, (stratum, np.searchsorted(codes, mapped), np.searchsorted(codes, truth)), 1)
    return counts


def _stratum_name(name: str, found: ClassMap) -> str:
    code = found.code(name)
    return name if code is None else found.name(code)


def _shared(rows: NDArray[np.int64], columns: NDArray[np.int64]) -> int:
    counts = np.unique(np.stack([rows, columns]), axis=1, return_counts=True)[1]
    return int(counts[counts > 1].sum())


def _tally(reasons: NDArray[np.object_]) -> dict[str, int]:
    return {reason: n for reason in (OUTSIDE, NODATA, UNLABELLED) if (n := int((reasons == reason).sum()))}


def _count(reasons: NDArray[np.object_]) -> str:
    return ", ".join(f"{number} {reason}" for reason, number in _tally(reasons).items())

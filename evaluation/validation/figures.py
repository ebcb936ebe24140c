"""The figures of a validation of a class model, for each data set. The report is in report.py.

Real and simulated data are kept apart from here on: no list, table or row holds both.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidOption
from core.version import software_version
from models.calibration.prediction_sets import Coverage, PredictionSets, measure_coverage
from models.metrics.class_curves import Curve, precision_recall_curve, reliability_curve, roc_curve
from models.metrics.class_scores import Blocks, ClassScores, check_outcome, mean_interval, predict_class, score_classes
from models.metrics.forecast_scores import Interval

SETS = "prediction_sets"
"""Field of a model card with the fitted prediction sets."""
CARD_FIELDS = ("task", "classes", "sha256", "training_data", "calibration", SETS)
"""Fields of a model card that the JSON form carries beside FACTS."""
FACTS = (
    ("description", "What it is"),
    ("made_on", "Made on"),
    ("made_by", "Made by"),
    ("software_version", "Software"),
    ("parameters", "Parameters"),
    ("trunk_sha256", "sha256 of the trunk"),
    ("split", "Split"),
    ("licence", "Licence"),
)
"""Fields of a model card that a report repeats as they are, and their names."""


@dataclass(frozen=True, kw_only=True)
class Thumbnail:
    """A small picture of a map."""

    title: str
    png: bytes
    is_simulated: bool
    """Of simulated observations."""


@dataclass(frozen=True, kw_only=True)
class ValidationPart:
    """One data set that the model did not learn from: the truth, and what the model predicted."""

    title: str
    is_simulated: bool
    truth: NDArray[Any]
    """(N,) class 0..K-1."""
    probability: NDArray[Any]
    """(N, K) as products give them; rows of sum 1."""
    places: NDArray[Any]
    """(N,) block of each row: what is resampled as a whole."""
    classes: tuple[str, ...]
    """(K,) names."""
    is_inside: NDArray[np.bool_] | None = None
    """(N,) whether the row lies in the area of applicability; None = not measured."""


@dataclass(frozen=True, kw_only=True)
class Validation:
    """What a report describes."""

    name: str
    card: Mapping[str, Any]
    """Model card; its `prediction_sets`, if it has them, are measured on every part of as many classes."""
    parts: tuple[ValidationPart, ...]
    thumbnails: tuple[Thumbnail, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ClassCurves:
    """Curves of one class."""

    name: str
    reliability: Curve
    roc: Curve
    precision_recall: Curve


@dataclass(frozen=True, kw_only=True)
class Area:
    """Rows inside and outside the area of applicability, of one data set."""

    inside: Interval
    """Share of the rows."""
    accuracy_inside: Interval
    accuracy_outside: Interval
    """NaN where no row is outside."""


@dataclass(frozen=True, kw_only=True)
class PartFigures:
    """The figures of one data set."""

    title: str
    is_simulated: bool
    classes: tuple[str, ...]
    scores: ClassScores
    curves: tuple[ClassCurves, ...]
    """Of every class; of the second one alone where there are two, as the first one's are its mirror images."""
    coverage: Coverage | None
    """None where the card has no prediction sets of these classes."""
    area: Area | None


def measure(validation: Validation) -> tuple[PartFigures, ...]:
    """Measure the figures of every part.

    Raises:
        InvalidOption: there is no part, or the arrays of one do not fit each other.
    """
    if not validation.parts:
        raise InvalidOption("parts", "none", "a report needs at least one data set")
    content = validation.card.get(SETS)
    sets = PredictionSets.from_json(content) if content else None
    return tuple(_measure(part, sets) for part in validation.parts)


def card_facts(validation: Validation) -> list[tuple[str, str]]:
    """Return the facts of the model card, name and text; fields that it lacks are left out."""
    card = validation.card
    hashes = card.get("sha256", {})
    named = hashes.items() if isinstance(hashes, Mapping) else [("the weights", hashes)]
    facts = [("Model", validation.name), *((f"sha256 of {file}", str(value)) for file, value in named)]
    facts += [
        (title, f"{card[key]:,}" if isinstance(card[key], int) else str(card[key]))
        for key, title in FACTS
        if key in card
    ]
    if SETS in card:
        content = PredictionSets.from_json(card[SETS])
        thresholds = ", ".join(f"{t:.4f}" for t in content.threshold)
        facts += [("Prediction sets", f"{content.kind}, coverage {content.coverage:g}, threshold {thresholds}")]
    return facts


def training_sets(validation: Validation, *, is_simulated: bool) -> str:
    """Return the data that the model learned from, real or simulated; empty = none."""
    sets = [s for s in validation.card.get("training_data", ()) if s["simulated"] is is_simulated]
    return "; ".join(f"{s['set']} ({s['series']:,} series)" for s in sets)


def validation_json(validation: Validation, figures: tuple[PartFigures, ...]) -> dict[str, Any]:
    """Return a report as JSON types; what is not defined is null."""
    return {
        "model": validation.name,
        "card": {key: validation.card[key] for key in (*CARD_FIELDS, *dict(FACTS)) if key in validation.card},
        "software_version": software_version(),
        "real": [_part_json(p) for p in figures if not p.is_simulated],
        "simulated": [_part_json(p) for p in figures if p.is_simulated],
    }


def _measure(part: ValidationPart, sets: PredictionSets | None) -> PartFigures:
    y, p = check_outcome(part.truth, part.probability, part.places)
    if len(part.classes) != p.shape[1]:
        raise InvalidOption("classes", part.classes, f"'{part.title}' has probabilities of {p.shape[1]} classes")
    has_sets = sets is not None and len(sets.threshold) in (1, p.shape[1])
    return PartFigures(
        title=part.title,
        is_simulated=part.is_simulated,
        classes=part.classes,
        scores=score_classes(y, p, part.places),
        curves=tuple(
            _curves(part.classes[k], y == k, p[:, k], part.places) for k in range(int(p.shape[1] == 2), p.shape[1])
        ),
        coverage=measure_coverage(sets, y, p, part.places) if sets and has_sets else None,
        area=None if part.is_inside is None else _area(y == predict_class(p), part.is_inside, part.places),
    )


def _curves(name: str, is_class: NDArray[np.bool_], score: NDArray[Any], places: NDArray[Any]) -> ClassCurves:
    return ClassCurves(
        name=name,
        reliability=reliability_curve(is_class, score, places),
        roc=roc_curve(is_class, score, places),
        precision_recall=precision_recall_curve(is_class, score, places),
    )


def _area(is_right: NDArray[np.bool_], is_inside: NDArray[np.bool_], places: NDArray[Any]) -> Area:
    if is_inside.shape != is_right.shape:
        raise InvalidOption(
            "is_inside", f"shape {is_inside.shape}", f"it has one entry for each of {len(is_right)} rows"
        )
    blocks = Blocks.of(places)
    return Area(
        inside=mean_interval(is_inside, blocks),
        accuracy_inside=mean_interval(is_right, blocks, is_inside),
        accuracy_outside=mean_interval(is_right, blocks, ~is_inside),
    )


def _part_json(figures: PartFigures) -> dict[str, Any]:
    scores = asdict(figures.scores) | {"confusion": figures.scores.confusion.tolist()}
    scores["classes"] = dict(zip(figures.classes, scores["classes"], strict=True))
    return {
        "title": figures.title,
        "is_simulated": figures.is_simulated,
        "scores": _plain(scores),
        "curves": {
            c.name: {n: getattr(c, n).to_json() for n in ("reliability", "roc", "precision_recall")}
            for c in figures.curves
        },
        "coverage": _plain(asdict(figures.coverage)) if figures.coverage else None,
        "area": _plain(asdict(figures.area)) if figures.area else None,
    }


def _plain(value: Any) -> Any:
    """Return the same with rounded floats, and None for NaN."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return None if np.isnan(value) else round(value, 6)
    return value

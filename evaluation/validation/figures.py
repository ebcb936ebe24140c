"""Validation of a class model: what is judged, and the figures of it. Pages are in validation_report.py.

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
"""Fields of a model card that a reader is told as they are, and their names."""


@dataclass(frozen=True, kw_only=True)
class Thumbnail:
    """A small picture of a map."""

    title: str
    png: bytes
    is_simulated: bool
    """Of simulated observations."""


@dataclass(frozen=True, kw_only=True)
class ValidationPart:
    """One data set that the model did not learn from: what was true, and what the model said."""

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
    """(N,) whether the row lies in the area of applicability; None = not looked at."""


@dataclass(frozen=True, kw_only=True)
class Validation:
    """What a report is written about."""

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
    """What the area of applicability says of one data set."""

    inside: Interval
    """Share of the rows."""
    accuracy_inside: Interval
    accuracy_outside: Interval
    """NaN where no row is outside."""


@dataclass(frozen=True, kw_only=True)
class Judged:
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


def judge(validation: Validation) -> tuple[Judged, ...]:
    """Work out the figures of every part.

    Raises:
        InvalidOption: there is no part, or the arrays of one do not fit each other.
    """
    if not validation.parts:
        raise InvalidOption("parts", "none", "there is at least one data set to judge the model on")
    content = validation.card.get(SETS)
    sets = PredictionSets.from_json(content) if content else None
    return tuple(_judge(part, sets) for part in validation.parts)


def card_facts(validation: Validation) -> list[tuple[str, str]]:
    """Return what the model card says, name and text; fields that it lacks are left out."""
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
    """Return what the model learned from, real or simulated; empty = nothing."""
    sets = [s for s in validation.card.get("training_data", ()) if s["simulated"] is is_simulated]
    return "; ".join(f"{s['set']} ({s['series']:,} series)" for s in sets)


def validation_json(validation: Validation, judged: tuple[Judged, ...]) -> dict[str, Any]:
    """Return a report as JSON types; what cannot be said is null."""
    return {
        "model": validation.name,
        "card": {key: validation.card[key] for key in (*CARD_FIELDS, *dict(FACTS)) if key in validation.card},
        "software_version": software_version(),
        "real": [_part_json(j) for j in judged if not j.is_simulated],
        "simulated": [_part_json(j) for j in judged if j.is_simulated],
    }


def _judge(part: ValidationPart, sets: PredictionSets | None) -> Judged:
    y, p = check_outcome(part.truth, part.probability, part.places)
    if len(part.classes) != p.shape[1]:
        raise InvalidOption("classes", part.classes, f"'{part.title}' has probabilities of {p.shape[1]} classes")
    has_sets = sets is not None and len(sets.threshold) in (1, p.shape[1])
    return Judged(
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


def _part_json(judged: Judged) -> dict[str, Any]:
    scores = asdict(judged.scores) | {"confusion": judged.scores.confusion.tolist()}
    scores["classes"] = dict(zip(judged.classes, scores["classes"], strict=True))
    return {
        "title": judged.title,
        "is_simulated": judged.is_simulated,
        "scores": _plain(scores),
        "curves": {
            c.name: {n: getattr(c, n).to_json() for n in ("reliability", "roc", "precision_recall")}
            for c in judged.curves
        },
        "coverage": _plain(asdict(judged.coverage)) if judged.coverage else None,
        "area": _plain(asdict(judged.area)) if judged.area else None,
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

"""Options of class maps that depend on the model: sets, area of applicability, threshold, classes. No pixels.

What only the model's card tells is filled into an order's parameters as soon as the model is known, and kept with the
order: layers can then be told, and told again later, without the model.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from core.errors import InvalidOption
from core.product import Checkpoint, Params, Product
from models.registry import APPLICABILITY as AREA_FILE
from products.inputs import read_boolean, read_number

FILLED_IN = ("classes", "coverage", "dissimilarity_limit")
"""Options that are not asked for, but known from the model's card: class names, where they are not the product's own;
coverage of the sets; and the largest dissimilarity inside the area of applicability."""
SETS: dict[str, Any] = {
    "sets": {
        "type": "boolean",
        "default": False,
        "description": "Add the band set: all classes that a pixel may be, as a bit mask, so that the true one is "
        "among them as often as the model's card says.",
    },
}
APPLICABILITY: dict[str, Any] = {
    "applicability": {
        "type": "boolean",
        "default": False,
        "description": "Add the band dissimilarity: how unlike a pixel is to all that the model has learned from; and "
        "say which share of the pixels lies outside the model's area of applicability.",
    },
}
THRESHOLD: dict[str, Any] = {
    "threshold": {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "description": "Of a model with two classes: probability of the second one from which on it is mapped; "
        "default: that on the model's card, else 0.5.",
    },
}
MIDDLE = 0.5
"""Threshold of two classes where nothing else is said."""
LARGEST_CODE, MOST_CODED = 254, 2.54
"""Largest dissimilarity as a whole percent below nodata, and the number that it stands for."""
AGAIN = "make it again with landcast finetune"


@runtime_checkable
class ReadsCard(Protocol):
    """A product whose layers depend on the model."""

    def fill_in(self, params: Params, checkpoint: Checkpoint) -> Params:
        """Return the parameters with what the model's card says; done twice, it is the same as once.

        Raises:
            InvalidOption: the model cannot give what is asked for.
        """
        ...


def filled_in(product: Product, params: Params, checkpoint: Checkpoint) -> Params:
    """Return parameters that `parse` gave with what the model adds to them."""
    return product.fill_in(params, checkpoint) if isinstance(product, ReadsCard) else params


def read_wishes(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return `sets` and `applicability` where they are asked for, and what had been filled in.

    Raises:
        InvalidOption: neither true nor false.
    """
    wanted = {name: True for name in ("sets", "applicability") if read_boolean(inputs, name)}
    return wanted | {name: inputs[name] for name in FILLED_IN if name in inputs}


def read_threshold(inputs: Mapping[str, Any]) -> dict[str, float]:
    """Return the option `threshold`, or none where the model decides.

    Raises:
        InvalidOption: it is no number, or outside 0..1.
    """
    if inputs.get("threshold") in (None, ""):
        return {}
    return {"threshold": read_number(inputs, "threshold", MIDDLE, least=0.0, most=1.0, unit="a probability")}


def fill_in(params: Params, checkpoint: Checkpoint, own: tuple[str, ...]) -> Params:
    """Return parameters with what a model's card says.

    Args:
        own: the product's classes; `classes` is filled in where the model has others.

    Raises:
        InvalidOption: the model has no sets, no area of applicability, or no two classes, and the order wants them.
    """
    options = {name: value for name, value in params.options.items() if name not in FILLED_IN}
    classes = tuple(checkpoint.card.get("classes", own))
    if classes != own:
        options["classes"] = list(classes)
    options |= _threshold(options, checkpoint, classes)
    if options.get("sets"):
        options["coverage"] = _coverage(checkpoint, classes)
    if options.get("applicability"):
        options["dissimilarity_limit"] = _limit(checkpoint, options)
    return Params(period=params.period, options=options)


def _threshold(options: Mapping[str, Any], checkpoint: Checkpoint, classes: tuple[str, ...]) -> dict[str, float]:
    if "threshold" in options and len(classes) != 2:
        reason = f"it belongs to a model of two classes, and '{checkpoint.name}' has {len(classes)}"
        raise InvalidOption("threshold", options["threshold"], reason)
    if "threshold" in options or len(classes) != 2 or "threshold" not in checkpoint.card:
        return {}
    return {"threshold": float(checkpoint.card["threshold"])}


def _coverage(checkpoint: Checkpoint, classes: tuple[str, ...]) -> float:
    from models.calibration.prediction_sets import MOST_CLASSES  # loads SciPy

    if "prediction_sets" not in checkpoint.card:
        raise InvalidOption("sets", "true", f"the card of the model '{checkpoint.name}' has no sets; {AGAIN}")
    if len(classes) > MOST_CLASSES:
        reason = f"a bit mask holds {MOST_CLASSES} classes, and the model '{checkpoint.name}' has {len(classes)}"
        raise InvalidOption("sets", "true", reason)
    return float(checkpoint.card["prediction_sets"]["coverage"])


def _limit(checkpoint: Checkpoint, options: Mapping[str, Any]) -> float:
    from models.calibration.applicability import Applicability  # loads SciPy

    path = Path(checkpoint.folder) / AREA_FILE
    if not path.is_file():
        reason = f"there is no {AREA_FILE} beside the model '{checkpoint.name}'; {AGAIN}"
        raise InvalidOption("applicability", "true", reason)
    limit = float(f"{Applicability.load(path).threshold:.6g}")
    if limit >= MOST_CODED and options.get("probabilities") == "percent":
        reason = f"this model's area reaches to {limit:g}, and whole percents to {MOST_CODED:g}; ask for float"
        raise InvalidOption("probabilities", "percent", reason)
    return limit

"""Options that canopy and crop maps share, and what the model's card adds to them once the model is known. No pixels.

The order keeps what the card adds, so that the layers can be described later without the model.
"""

from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from core.checkpoint import Checkpoint
from core.errors import InvalidOption
from core.options import FromCard, InRange, Names, Options, YesNo
from models.calibration.applicability import Applicability
from models.calibration.prediction_sets import MOST_CLASSES
from models.registry import APPLICABILITY as AREA_FILE

MIDDLE = 0.5
"""Threshold of two classes where neither the order nor the card gives one."""
MOST_MONTHS = 36
"""Calendar months that a model reads at most."""
LARGEST_CODE, MOST_CODED = 254, 2.54
"""Largest dissimilarity as a whole percent below nodata, and as a number."""
AGAIN = "make it again with landcast finetune"


class ClassMapOptions(Options):
    """Options of a class map."""

    probabilities: Literal["percent", "float"] | None = Field(
        default=None,
        description="percent: all bands are uint8 with nodata 255 and a palette. float: all bands are float32, "
        "shares 0..1 with NaN. Tables hold floats unless percent is chosen.",
        json_schema_extra={"shown_default": "percent"},
    )
    sets: YesNo = Field(
        default=False,
        description="Add the band set: all classes that a pixel may have, as a bit mask. The true class is among them "
        "as often as the model's card states.",
    )
    applicability: YesNo = Field(
        default=False,
        description="Add the band dissimilarity: how much a pixel differs from the training data of the model. Also "
        "report the share of pixels outside the model's area of applicability.",
    )
    evidence: YesNo = Field(
        default=False,
        description="Add the bands months_seen and seasons_seen: the calendar months with a clear observation that the "
        "model reads, and the halves of the year in which they lie.",
    )
    min_evidence: Annotated[float, InRange(0, MOST_MONTHS, "a number of months")] = Field(
        default=0.0,
        description="Leave pixels empty that have a clear observation in fewer calendar months than this.",
    )
    classes: Annotated[Names | None, FromCard()] = None
    """Classes of the model, where they are not the product's own."""
    coverage: Annotated[float | None, FromCard()] = None
    """Share of pixels whose true class is in their set."""
    dissimilarity_limit: Annotated[float | None, FromCard()] = None
    """Largest dissimilarity inside the area of applicability."""

    @property
    def is_percent(self) -> bool:
        """Whether probabilities are whole percent."""
        return self.probabilities == "percent"

    @property
    def dtype(self) -> str:
        """Type of the pixels: bytes, or floats where probabilities are."""
        return "uint8" if self.is_percent else "float32"


Chosen = TypeVar("Chosen", bound=ClassMapOptions)


def add_card(options: Chosen, checkpoint: Checkpoint, own: tuple[str, ...]) -> Chosen:
    """Return options with what a model's card adds; done twice, it is the same as once.

    Args:
        own: the product's classes; `classes` is added where the model has others.

    Raises:
        InvalidOption: the order has sets or applicability, and the model lacks them.
    """
    classes = classes_of(checkpoint, own)
    limit = _limit(checkpoint, options) if options.applicability else None
    return options.but(
        classes=None if classes == own else classes,
        coverage=_coverage(checkpoint, classes) if options.sets else None,
        dissimilarity_limit=limit,
    )


def classes_of(checkpoint: Checkpoint, own: tuple[str, ...]) -> tuple[str, ...]:
    """Return the classes of a model, by default the product's own."""
    return tuple(checkpoint.card.get("classes", own))


def _coverage(checkpoint: Checkpoint, classes: tuple[str, ...]) -> float:
    if "prediction_sets" not in checkpoint.card:
        raise InvalidOption("sets", "true", f"the card of the model '{checkpoint.name}' has no sets; {AGAIN}")
    if len(classes) > MOST_CLASSES:
        reason = f"a bit mask holds {MOST_CLASSES} classes, and the model '{checkpoint.name}' has {len(classes)}"
        raise InvalidOption("sets", "true", reason)
    return float(checkpoint.card["prediction_sets"]["coverage"])


def _limit(checkpoint: Checkpoint, options: ClassMapOptions) -> float:
    path = Path(checkpoint.folder) / AREA_FILE
    if not path.is_file():
        reason = f"there is no {AREA_FILE} beside the model '{checkpoint.name}'; {AGAIN}"
        raise InvalidOption("applicability", "true", reason)
    limit = float(f"{Applicability.load(path).threshold:.6g}")
    if limit >= MOST_CODED and options.is_percent:
        reason = f"the area of this model reaches {limit:g}, and whole percents only {MOST_CODED:g}; choose float"
        raise InvalidOption("probabilities", "percent", reason)
    return limit

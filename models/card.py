"""What a model's card must hold for landcast to use the model: checked when models are listed, not in mid-order.

Only the shapes of what the code reads; whether the files fit is `models.registry.verify`.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

NonNegative = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    """A part of a card: what is not named here is not read, or not by all models."""

    model_config = ConfigDict(strict=True, extra="ignore")


class _Network(_Part):
    form: str = ""
    layers: NonNegative | None = None
    context: NonNegative | None = None
    query_features: NonNegative | None = None
    trunk: dict[str, Any] | None = None
    trees: list[Any] | None = None


class _Sets(_Part):
    coverage: Share


class Card(_Part):
    """The fields of `card.json` that are read."""

    name: str = Field(min_length=1)
    task: str = Field(min_length=1)
    sha256: dict[str, str]
    default: bool = False
    classes: list[str] | None = None
    bands: list[str] | None = None
    network: _Network | None = None
    calibration: dict[str, Any] | None = None
    prediction_sets: _Sets | None = None
    threshold: Share | None = None

    @model_validator(mode="after")
    def _complete(self) -> "Card":
        lacking = [name for name, found in self._needed() if not found and found != 0]
        if lacking:
            raise ValueError(f"it lacks {', '.join(lacking)}")
        return self

    def _needed(self) -> list[tuple[str, object]]:
        """Return the fields that a model of this form cannot do without."""
        if self.network is None:
            return [("network", None)]
        network = self.network
        if network.form == "calendar":
            return []
        needed: list[tuple[str, object]] = [("network.query_features", network.query_features)]
        if network.form == "classes":
            needed += [("classes", self.classes), ("calibration", self.calibration), ("network.trunk", network.trunk)]
        elif self.task == "forecast":
            needed += [("network.layers", network.layers), ("network.context", network.context)]
        return needed


def damage_of_card(content: Any) -> str:
    """Return what is wrong with the content of a card, as the clause of a sentence; empty if nothing is."""
    try:
        Card.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        if not place:
            return str(first["msg"]).removeprefix("Value error, ")
        if first["type"] == "missing":
            return f"it lacks {place}"
        return f"its '{place}' is not as it should be ({first['msg'][:1].lower()}{first['msg'][1:]})"
    return ""

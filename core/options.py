"""Options of products: their types, checks and texts. The options of one product are in the product's own file.

One typed model for each product gives the JSON schema of an order's inputs, the options of the command line, the
checks, and the tables in the docs. Values may be texts, as query strings, forms and the command line send them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
)
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from core.errors import InvalidOption
from core.timeline import Period, parse_date, parse_duration, parse_period

Mark = TypeVar("Mark")


@dataclass(frozen=True)
class InRange:
    """A number from `least` to `most`, also as text; `phrase` describes it: `a probability`."""

    least: float
    most: float
    phrase: str

    def check(self, value: Any) -> float:
        """Return a value as a number.

        Raises:
            ValueError: it is no number, or outside the range.
        """
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not self.least <= number <= self.most:
            raise ValueError(f"it is {self.phrase} from {self.least:g} to {self.most:g}")
        return number

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check before pydantic does, so that our sentence describes a wrong number."""
        return core_schema.no_info_before_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Return the range as JSON schema."""
        return {"type": "number", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True)
class MapsOnly:
    """Marks a field that does not apply to tables: it needs the class or the neighbours of a pixel."""


@dataclass(frozen=True)
class FromCard:
    """Marks a field that comes from the model's card, not from the order."""


@dataclass(frozen=True)
class FromFile:
    """Marks a field whose content the command line reads from a JSON file."""


@dataclass(frozen=True)
class PerSeries:
    """Marks a field that may differ between the series of a table, whose values a file gives by the option `option`."""

    option: str


def _parse_yes_no(value: Any) -> bool:
    if value in ("true", "True") or value is True:
        return True
    if value in ("false", "False") or value is False:
        return False
    raise ValueError("it is true or false")


def _split(value: Any) -> tuple[Any, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise ValueError("it is a list, or a text with commas")
    stripped = (p.strip() if isinstance(p, str) else p for p in parts)
    return tuple(p for p in stripped if p != "")


def _split_numbers(value: Any) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in _split(value))
    except (TypeError, ValueError, OverflowError):
        raise ValueError("it is a list of numbers, or a text with commas") from None


PLAIN_TYPES = {"dict_type": "a JSON object", "string_type": "a text", "tuple_type": "a list"}
"""What a value should be, by the error of pydantic."""
PERIOD_PATTERN = r"^\d{4}-\d{2}-\d{2}(T[^/]*)?/\d{4}-\d{2}-\d{2}(T[^/]*)?$"
Day = Annotated[date, BeforeValidator(parse_date), WithJsonSchema({"type": "string", "format": "date"})]
"""A date; YYYY-MM-DD as text."""
Days = Annotated[tuple[Day, ...], BeforeValidator(_split)]
"""Several dates, also as one text with commas."""
Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
"""Several names, also as one text with commas."""
Numbers = Annotated[tuple[float, ...], BeforeValidator(_split_numbers)]
"""Several numbers, also as one text with commas."""
PeriodOption = Annotated[
    Period,
    BeforeValidator(parse_period),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": PERIOD_PATTERN}),
]
"""START/END."""
Duration = Annotated[
    int, BeforeValidator(parse_duration), PlainSerializer(lambda n: f"{n}d"), WithJsonSchema({"type": "string"})
]
"""A number of days; 150d as text."""
YesNo = Annotated[bool, BeforeValidator(_parse_yes_no), WithJsonSchema({"type": "boolean"})]


class Options(BaseModel):
    """Options that every product has; the products' models add fields. None = the default follows from the data."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)

    period: PeriodOption | None = Field(
        default=None,
        title="Period of the observations",
        description="DATE/DATE, first and last day; default: all that the archive has and the product can use.",
    )

    @classmethod
    def read(cls, inputs: Mapping[str, Any]) -> Self:
        """Check the inputs of an order; None and empty texts count as not given. What a card gives is read back too.

        Raises:
            InvalidOption, InvalidPeriod: one sentence about the first wrong input.
        """
        given = {name: value for name, value in inputs.items() if value is not None and value != ""}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise cls._refusal(error, given) from None

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready inputs, from which `read` makes the same options."""
        return self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)

    def but(self, **changes: Any) -> Self:
        """Return the options with other values, without checks."""
        return self.model_copy(update=changes)

    @property
    def days(self) -> Period:
        """Period of resolved options."""
        assert self.period is not None, "the product's resolve gives a period"
        return self.period

    @property
    def window(self) -> Period:
        """Days of which an observation is needed, of resolved options: the period, unless a product needs fewer."""
        return self.days

    @classmethod
    def choices(cls) -> dict[str, FieldInfo]:
        """Return the fields that an order may set, by name."""
        return {n: f for n, f in cls.model_fields.items() if marker(f, FromCard) is None}

    @classmethod
    def schemas(cls) -> dict[str, dict[str, Any]]:
        """Return the JSON schema of each input that an order may set, by name."""
        found = cls.model_json_schema()["properties"]
        return {n: _plain_schema(found[n], f) for n, f in cls.choices().items()}

    @classmethod
    def _refusal(cls, error: ValidationError, given: Mapping[str, Any]) -> InvalidOption:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            return InvalidOption("input", name, f"the inputs are {', '.join(cls.choices())}")
        return InvalidOption(name, given.get(name), _allowed(first))


def marker(field: FieldInfo, kind: type[Mark]) -> Mark | None:
    """Return the mark of a kind on a field, None if it has none."""
    return next((m for m in field.metadata if isinstance(m, kind)), None)


def _allowed(error: Mapping[str, Any]) -> str:
    """Return the clause that states which values a field takes."""
    if error["type"] == "literal_error":
        return f"it is {str(error['ctx']['expected']).replace(chr(39), '')}"
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    if error["type"] in PLAIN_TYPES:
        return f"it is {PLAIN_TYPES[error['type']]}"
    return str(error["msg"]).lower()


def _plain_schema(schema: Mapping[str, Any], field: FieldInfo) -> dict[str, Any]:
    """Return a schema without null as a type, and without titles and defaults that pydantic adds."""
    parts = [p for p in schema.get("anyOf", []) if p.get("type") != "null"]
    own = {k: v for k, v in schema.items() if k not in ("anyOf", "title", "default")}
    merged = (parts[0] if len(parts) == 1 else {}) | own
    if field.title:
        merged["title"] = field.title
    shown = merged.pop("shown_default", field.default)
    return merged if shown is None or shown == () else {**merged, "default": shown}

"""Options of orders by product, for editors and type checkers. The service checks the values and has the defaults.

docs/reference/products.md says what each means; a test compares the names with the products.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, TypedDict

Day = date | str
"""A date, or a text like `2024-05-01`."""


class OrderOptions(TypedDict, total=False):
    """Options of every order."""

    period: str
    """Observations to use: `START/END`."""
    archive: str
    model: str
    fail_on_gaps: bool
    title: str
    priority: Literal["low", "normal", "high"]
    max_cost: Mapping[str, float]
    """Limits of `seconds` of workers, `pixels`, `scene_reads`, `read_bytes`, `processing_units`, as in an estimate."""


class ForecastOptions(OrderOptions, total=False):
    """Options of `ndvi-forecast`."""

    issue_date: Day
    horizon: str
    step: str
    dates: Sequence[Day]
    variables: Sequence[str]
    quantiles: Sequence[float]
    extra_layers: Sequence[Literal["climatology", "anomaly"]]
    """Layers of each date besides the quantiles; default: none."""
    pooled: bool
    blend: Mapping[str, Any]


class GapFillOptions(OrderOptions, total=False):
    """Options of `ndvi-gap-fill`."""

    since: Day
    until: Day
    step: str
    dates: Sequence[Day]


class AnomalyOptions(OrderOptions, total=False):
    """Options of `ndvi-anomaly`."""

    date: Day
    last: str


class ClassOptions(OrderOptions, total=False):
    """Options of class maps."""

    probabilities: Literal["percent", "float"]
    sets: bool
    applicability: bool
    evidence: bool
    min_evidence: float


class CanopyOptions(ClassOptions, total=False):
    """Options of `canopy`."""

    date: Day
    change: str
    """`D1/D2`: map the change between two dates."""
    significance: float
    decline: bool
    mmu: float


class CropOptions(ClassOptions, total=False):
    """Options of `crop`."""

    threshold: float


class FieldOptions(TypedDict, total=False):
    """Options of orders of fields."""

    id: str
    """Column that names the fields."""
    products: Sequence[str]
    """Of `ndvi-forecast`, `crop`, `canopy`."""
    dates: Sequence[Day]
    issue_date: Day
    period: str
    archive: str
    title: str
    priority: Literal["low", "normal", "high"]
    max_cost: Mapping[str, float]
    """As of all orders."""


def plain(value: Any) -> Any:
    """Return a value of an option as JSON has it: dates as text, sequences as lists."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(inner) for inner in value]
    return value

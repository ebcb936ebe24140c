"""What is ordered of fields: products with options and models, all of one issue date. Nothing is read here."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from core.checkpoint import Checkpoint
from core.errors import InvalidOption, InvalidPeriod
from core.options import Options
from core.product import Product
from core.settings import Settings
from core.timeline import Period, parse_date
from models.registry import APPLICABILITY, find_checkpoint
from products.catalogue import find_product
from products.order import add_card, check_source, parse

FORECAST = "ndvi-forecast"
PRODUCTS = (FORECAST, "crop", "canopy")
"""Products that fields are answered with, in order; all of them by default."""
NO_MODELS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Part:
    """One product of the order."""

    product: Product[Any]
    options: Options
    """Resolved."""
    checkpoint: Checkpoint


@dataclass(frozen=True, kw_only=True)
class FieldOrder:
    """All of the order; the same for all fields."""

    parts: tuple[Part, ...]
    issue: date
    """Only earlier observations are used."""

    @property
    def period(self) -> Period:
        """Days that are read: all that any product uses, before the issue date."""
        starts = [p.options.days.start for p in self.parts]
        end = min(max(p.options.days.end for p in self.parts), self.issue - timedelta(days=1))
        return Period(start=min(starts), end=end)

    @property
    def bands(self) -> tuple[str, ...]:
        """Bands that are read."""
        return tuple(dict.fromkeys(b for p in self.parts for b in p.product.bands))

    @property
    def forecast(self) -> Part | None:
        """The forecast, if it is ordered."""
        return next((p for p in self.parts if p.product.id == FORECAST), None)

    @property
    def maps(self) -> tuple[Part, ...]:
        """The class maps that are ordered."""
        return tuple(p for p in self.parts if p.product.id != FORECAST)


def notes_on(order: FieldOrder, *, source: str, credit: str) -> tuple[str, ...]:
    """Return sentences on what the numbers rest on: observations, models, credit."""
    models = ", ".join(f"{p.product.title} by the model {p.checkpoint.name}" for p in order.parts)
    days = f"Observations of {order.period} from '{source}'; nothing from {order.issue} on was used."
    return (days, f"{models}.", credit)


def check_products(names: Sequence[str]) -> tuple[str, ...]:
    """Return the products of an order, each once; none = all.

    Raises:
        InvalidOption: one that fields are not answered with.
    """
    for name in names:
        if name not in PRODUCTS:
            raise InvalidOption("products", name, f"the products of fields are {', '.join(PRODUCTS)}")
    return tuple(n for n in PRODUCTS if n in names) or PRODUCTS


def bands_of(names: Sequence[str]) -> tuple[str, ...]:
    """Return the bands that products read."""
    return tuple(dict.fromkeys(b for n in names for b in find_product(n).bands))


def resolve(
    names: Sequence[str],
    inputs: Mapping[str, Any],
    settings: Settings,
    *,
    available: Period,
    shown: Collection[str],
    source: str,
    models: Mapping[str, str] = NO_MODELS,
) -> FieldOrder:
    """Resolve an order.

    Args:
        names: of products; empty = all.
        inputs: `dates`, `issue_date` and `period`; missing ones follow from the source.
        available: days that the source shows.
        shown: its bands.
        source: its name.
        models: names of the models by product; missing ones are the defaults.

    Raises:
        RequestError: an input is wrong, or the source cannot show what is needed.
    """
    products = check_products(names)
    if inputs.get("dates") and FORECAST not in products:
        raise InvalidOption("dates", inputs["dates"], f"they are target dates of {FORECAST}, which is not ordered")
    given = inputs.get("issue_date")
    issue = parse_date(given) if given else available.end + timedelta(days=1)
    if issue <= available.start:
        raise InvalidPeriod(issue, f"the observations of '{source}' begin on {available.start}")
    before = Period(start=available.start, end=min(available.end, issue - timedelta(days=1)))
    parts = []
    for name in products:
        product = find_product(name)
        checkpoint = find_checkpoint(models.get(name, ""), product.task, settings)
        own = {"issue_date": issue, "dates": inputs.get("dates")} if name == FORECAST else _of_map(checkpoint)
        options = parse(product, {**own, "period": inputs.get("period")}, available=before)
        options = add_card(product, options, checkpoint)
        check_source(product, options, available=before, shown=shown, name=source)
        parts.append(Part(product=product, options=options, checkpoint=checkpoint))
    return FieldOrder(parts=tuple(parts), issue=issue)


def _of_map(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return the options of a class map: shares, and dissimilarity where the model can tell it."""
    has_area = (Path(checkpoint.folder) / APPLICABILITY).is_file()
    return {"probabilities": "float", "applicability": has_area}

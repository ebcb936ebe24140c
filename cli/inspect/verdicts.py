"""What each product makes of an input: the checks of an order, with the default model, without running it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cli.inspect.observations import Seen
from core.errors import LandcastError, NoClearObservation
from core.product import Product
from core.settings import Settings
from core.source import SourceKind
from core.timeline import Period
from models.registry import find_checkpoint
from products.catalogue import PRODUCTS
from products.order import add_card, check_source, parse

READY = "ready"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An input as the checks of an order see it."""

    name: str
    kind: SourceKind
    period: Period
    bands: tuple[str, ...]
    seen: Seen


def verdicts(
    candidate: Candidate, settings: Settings, products: Mapping[str, Product[Any]] = PRODUCTS
) -> dict[str, str]:
    """Return `ready`, or the sentence of the refusal, for each product by its id."""
    return {name: _verdict(product, candidate, settings) for name, product in products.items()}


def _verdict(product: Product[Any], candidate: Candidate, settings: Settings) -> str:
    try:
        checkpoint = find_checkpoint("", product.task, settings)
        resolved = parse(product, {}, available=candidate.period, kind=candidate.kind)
        options = add_card(product, resolved, checkpoint)
        check_source(product, options, available=candidate.period, shown=candidate.bands, name=candidate.name)
        _check_seen(candidate, options.window)
    except LandcastError as error:
        return str(error)
    return READY


def _check_seen(candidate: Candidate, window: Period) -> None:
    """Refuse an input without a clear observation of the days that an order needs, where all of them were read.

    Raises:
        NoClearObservation: there is none among the pixels that were read.
    """
    seen = candidate.seen
    if seen.has_looked_at(window) and not seen.is_clear_in(window):
        what = f"'{candidate.name}'" if seen.basis.startswith("all") else f"the {seen.basis} read of '{candidate.name}'"
        raise NoClearObservation(what, window)

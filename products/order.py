"""Inputs of an order to checked options of a product: the one way, for tables, cubes and regions alike."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from core.checkpoint import Checkpoint
from core.errors import InvalidOption, MissingBand, NoClearObservation
from core.options import MapsOnly, Options, marker
from core.product import AnyOptions, Product, ReadsBands, ReadsCard
from core.source import SourceKind
from core.timeline import Period

NDVI_BANDS = (("B04 (red)", {"B04"}), ("B08 or B8A (near infrared)", {"B08", "B8A"}))


def parse(
    product: Product[AnyOptions], inputs: Mapping[str, Any], *, available: Period, kind: SourceKind = "region"
) -> AnyOptions:
    """Check the inputs of an order and fill in the defaults that follow from the source.

    Args:
        product: the ordered one.
        inputs: values by name; None and empty texts count as not given.
        available: days that the source covers.
        kind: of the source.

    Raises:
        InvalidOption, InvalidPeriod: one sentence about a wrong input.
    """
    options = product.options.read(inputs)
    options = _of_table(options, inputs) if kind == "table" else options
    return product.resolve(options, available=available)


def add_card(product: Product[AnyOptions], options: AnyOptions, checkpoint: Checkpoint) -> AnyOptions:
    """Return resolved options with the values of the model's card.

    Raises:
        InvalidOption: the model does not fit the order.
    """
    return product.add_card(options, checkpoint) if isinstance(product, ReadsCard) else options


def check_source(
    product: Product[AnyOptions], options: AnyOptions, *, available: Period, shown: Collection[str], name: str
) -> None:
    """Refuse a source without the days or bands that an order needs, whatever its kind.

    Raises:
        NoClearObservation: the period lies outside the days that the source covers.
        MissingBand: a band is missing.
    """
    if options.days.overlap(available) is None:
        raise NoClearObservation(f"'{name}', which covers {available},", options.days)
    require_ndvi(shown, name)
    if isinstance(product, ReadsBands):
        product.require(options, shown, name)


def require_ndvi(shown: Collection[str], name: str) -> None:
    """Refuse bands from which NDVI cannot be computed.

    Raises:
        MissingBand: names what is missing.
    """
    if "NDVI" in shown:
        return
    missing = [text for text, known in NDVI_BANDS if not known & set(shown)]
    if missing:
        raise MissingBand(name, missing, sorted(shown))


def default_period(options: Options, *, last: Any, days: int, available: Period) -> Period:
    """Return the period of the options; default: the `days` up to `last`, as far as the source has them."""
    if options.period is not None:
        return options.period
    longest = Period(start=last - timedelta(days=days - 1), end=last)
    return longest.overlap(available) or longest


def _of_table(options: AnyOptions, inputs: Mapping[str, Any]) -> AnyOptions:
    """Return options for a table: options of maps are refused, and probabilities are floats by default."""
    for name, field in options.choices().items():
        if marker(field, MapsOnly) and getattr(options, name) != field.default:
            raise InvalidOption(name, inputs[name], "it belongs to maps, and the input is a table")
    if "probabilities" in options.choices() and getattr(options, "probabilities") is None:  # noqa: B009
        return options.but(probabilities="float")
    return options

"""Dates of standing orders: those that a class map leaves out are held until the end of the month.

The last day of an archive moves with each new scene. A map up to that day would be another map of every tile each time;
one up to the end of the month is the same map of the tiles without a new scene, which the cache of tiles then has.
Forecasts are not held: each has an issue date of its own.
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from core.errors import InvalidOption
from core.product import Product
from core.settings import Settings
from core.timeline import Period
from ingest.archive import Archive
from products.class_options import ClassMapOptions
from products.order import parse
from workers.accept import Checked, check
from workers.dependencies import Dependencies

FIXED = ("issue_date", "date", "change", "period")
"""Inputs that fix the last day of the observations. After an issue date, new scenes change nothing; beside the others,
scenes of their days may still arrive."""


def held_dependencies(product: Product[Any], dependencies: Dependencies, *, every_days: int) -> Dependencies:
    """Return dependencies whose archives seem to reach to the end of the month, for class maps of new scenes."""
    if every_days or not issubclass(product.options, ClassMapOptions):
        return dependencies
    return replace(
        dependencies,
        open_archive=lambda spec, settings: cast(Archive, HeldArchive(dependencies.open_archive(spec, settings))),
    )


def check_standing(
    product: Product[Any], inputs: Mapping[str, Any], settings: Settings, dependencies: Dependencies, *, every_days: int
) -> Checked:
    """Check the order of a standing one as each of its runs does, and that they need not all give the same.

    Raises:
        RequestError: it cannot be ordered, or its dates are fixed and the archive already reaches beyond them.
    """
    found = check(product.id, inputs, settings, held_dependencies(product, dependencies, every_days=every_days))
    fixed = next((n for n in (FIXED if every_days else FIXED[:1]) if inputs.get(n)), None)
    archive = found.archive.inner if isinstance(found.archive, HeldArchive) else found.archive
    end = parse(product, found.order.params, available=found.archive.period).days.end
    if fixed is not None and end < archive.period.end:
        other = "" if fixed == FIXED[0] else ", or leave out every: then it runs when new scenes of these days arrive"
        why = f"each run would use the same days, up to {end}, and the archive already reaches to {archive.period.end}"
        raise InvalidOption(fixed, inputs[fixed], f"{why}; leave it out{other}")
    return found


class HeldArchive:
    """An archive whose period ends with the month of its last day; all else is the archive's own."""

    def __init__(self, archive: Archive) -> None:
        self.inner = archive

    @property
    def period(self) -> Period:
        """First date of any scene to the end of the month of the last."""
        return until_month_end(self.inner.period)

    def __getattr__(self, name: str) -> Any:
        """Return what the archive itself has."""
        return getattr(self.inner, name)


def until_month_end(period: Period) -> Period:
    """Return a period that ends with the last day of its last month."""
    end = period.end
    return Period(start=period.start, end=end.replace(day=monthrange(end.year, end.month)[1]))

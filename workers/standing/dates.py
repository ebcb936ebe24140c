"""Dates of standing orders: those that a class map leaves out are held until the end of the month.

The last day of an archive moves with each new scene. A map up to that day would be another map of every tile each time;
one up to the end of the month is the same map of the tiles without a new scene, which the cache of tiles then has.
Forecasts are not held: each has an issue date of its own.
"""

from calendar import monthrange
from dataclasses import replace
from typing import Any, cast

from core.product import Product
from core.timeline import Period
from ingest.archive import Archive
from products.class_options import ClassMapOptions
from workers.dependencies import Dependencies


def held_dependencies(product: Product[Any], dependencies: Dependencies, *, every_days: int) -> Dependencies:
    """Return dependencies whose archives seem to reach to the end of the month, for class maps of new scenes."""
    if every_days or not issubclass(product.options, ClassMapOptions):
        return dependencies
    return replace(
        dependencies,
        open_archive=lambda spec, settings: cast(Archive, HeldArchive(dependencies.open_archive(spec, settings))),
    )


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

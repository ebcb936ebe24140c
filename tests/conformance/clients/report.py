"""What one client says of a service: its checks, one by one, as JSON on the last line of its output.

The clients run in environments of their own, so nothing here or beside it loads landcast or a package.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any


class Different(AssertionError):
    """An answer is not what it should be; the sentence says how."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """One finished job of the service."""

    name: str
    """`forecast`, `canopy`, `change`, ..."""
    id: str
    product: str
    tif: Path
    """Copy of the raster, as the service sends it."""
    cube: Path | None
    """Copy of the NetCDF cube, if there is one."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """A running service and what has been ordered of it."""

    url: str
    region: dict[str, Any]
    results: tuple[Result, ...]

    def href(self, result: Result) -> str:
        """Return the URL of a raster."""
        return f"{self.url}/files/{result.id}/{result.product}.tif"

    def item(self, result: Result) -> str:
        """Return the URL of a STAC item."""
        return f"{self.url}/stac/collections/{result.product}/items/{result.id}"

    def result(self, name: str) -> Result:
        """Return a result by its name."""
        return next(r for r in self.results if r.name == name)


@dataclass
class Report:
    """Checks of a client and what they found."""

    version: str
    checks: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def check(self, what: str, do: Callable[[], object]) -> None:
        """Carry out one check; what it raises is its problem."""
        self.checks.append(what)
        try:
            do()
        except Exception as error:
            self.problems.append(f"{what}: {type(error).__name__}: {' '.join(str(error).split())[:400]}")

    def note(self, what: str, found: list[str]) -> None:
        """Record a check that finds its problems itself."""
        self.checks.append(what)
        self.problems += [f"{what}: {' '.join(text.split())[:400]}" for text in found]


def needed_input(process_id: str) -> str:
    """Return the input without which a process is not ordered: a region, but of the one that answers fields."""
    return "fields" if process_id == "fields" else "region"


def expect(found: object, wanted: object, what: str = "") -> None:
    """Raise if something is not what it should be."""
    if found != wanted:
        raise Different(f"{what} is {found!r}, not {wanted!r}")


def installed(package: str) -> str:
    """Return the version of a package in this environment; empty if it is not there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def read_service() -> Service:
    """Return the service that the command line names by a JSON file."""
    given = json.loads(Path(sys.argv[1]).read_text())
    results = tuple(
        Result(**{**one, "tif": Path(one["tif"]), "cube": Path(one["cube"]) if one["cube"] else None})
        for one in given["results"]
    )
    return Service(url=given["url"], region=given["region"], results=results)


def run(package: str, examine: Callable[[Service, Report], None]) -> None:
    """Examine the service and print the report."""
    report = Report(installed(package))
    examine(read_service(), report)
    print(json.dumps({"version": report.version, "checks": report.checks, "problems": report.problems}))

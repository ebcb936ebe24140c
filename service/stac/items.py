"""The finished items on disk: read, checked against the ledger, searched. No HTTP; links are made in stac.py."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from core.job import JobState
from core.settings import Settings
from products.catalogue import PRODUCTS
from workers.queue.ledger import Ledger

Item = dict[str, Any]

PAGE_OF_JOBS = 500


@dataclass(frozen=True, kw_only=True)
class Query:
    """What an item search asks for; None = anything."""

    collections: tuple[str, ...] | None = None
    ids: tuple[str, ...] | None = None
    area: BaseGeometry | None = None
    """WGS84."""
    start: datetime | None = None
    end: datetime | None = None

    def fits(self, item: Item) -> bool:
        """Tell whether an item is asked for."""
        return (
            (self.collections is None or item["collection"] in self.collections)
            and (self.ids is None or item["id"] in self.ids)
            and self._fits_time(item)
            and (self.area is None or self.area.intersects(shape(item["geometry"])))
        )

    def _fits_time(self, item: Item) -> bool:
        first, last = times_of(item)
        return (self.end is None or first <= self.end) and (self.start is None or last >= self.start)


def times_of(item: Item) -> tuple[datetime, datetime]:
    """Return the first and last moment that an item speaks of."""
    found = item["properties"]
    single = found.get("datetime")
    first, last = found.get("start_datetime") or single, found.get("end_datetime") or single
    return parse_time(first), parse_time(last)


def parse_time(text: str) -> datetime:
    """Return an RFC 3339 time as UTC; without a zone it is taken as UTC."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def is_simulated(item: Item) -> bool:
    """Tell whether an item was computed from simulated observations."""
    return bool(item["properties"].get("landcast:simulated"))


def read_item(path: Path) -> Item:
    """Return the item in a file; read once per content."""
    return dict(_read(path, path.stat().st_mtime_ns))


@lru_cache(maxsize=4096)
def _read(path: Path, mtime_ns: int) -> Item:
    found: Item = json.loads(path.read_text(encoding="utf-8"))
    found.setdefault("collection", found["properties"]["landcast:product"])  # on disk it stands alone
    return found


def items(ledger: Ledger, settings: Settings) -> list[Item]:
    """Return the items of all successful jobs, newest first."""
    return [read_item(path) for path in _paths(ledger, settings)]


def _paths(ledger: Ledger, settings: Settings) -> Iterator[Path]:
    offset = 0
    while found := ledger.jobs(limit=PAGE_OF_JOBS, offset=offset, state=JobState.SUCCESSFUL):
        offset += len(found)
        for job in found:
            path = settings.home / "jobs" / job.id / f"{job.order.product}.json"
            if job.order.product in PRODUCTS and path.is_file():
                yield path

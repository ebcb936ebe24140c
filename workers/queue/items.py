"""The items table: every published result, found by place, time, collection and id. Opens no file of a job.

SQL compares collections, ids, times and bounding boxes; shapely then compares geometries where boxes leave a doubt.
Pages continue after a place in the list, not after a number of items, so items that are added or removed between two
pages neither repeat nor hide others.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, delete, func, literal, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from core.job import JobState
from core.region import unwrap
from workers.queue.item_rows import Item, item_row
from workers.queue.schema import items, jobs, reading

_NEWEST_FIRST = (items.c.created.desc(), items.c.job_id)
_IDS_PER_QUERY = 500
"""SQLite and PostgreSQL both limit the number of values in one statement."""


@dataclass(frozen=True, kw_only=True)
class ItemSearch:
    """Conditions of a search, all of which an item must meet; None = any."""

    collections: tuple[str, ...] | None = None
    ids: tuple[str, ...] | None = None
    area: BaseGeometry | None = None
    """WGS84, longitudes within -180..180."""
    start: datetime | None = None
    """The item ends at this moment or later."""
    end: datetime | None = None
    """The item starts at this moment or earlier."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Position of an item in the list, newest first."""

    created: float
    """Seconds since 1970."""
    job_id: str


@dataclass(frozen=True, kw_only=True)
class ItemPage:
    """Some of the items that a search finds."""

    items: list[Item]
    """Newest first."""
    matched: int
    """Number of all items that the search finds."""
    last: Place | None
    """Place of the page's last item if more items follow, else None."""


@dataclass(frozen=True, kw_only=True)
class Extent:
    """Where and when the items of a collection are."""

    bbox: tuple[float, float, float, float]
    """West, south, east, north in degrees; east is greater than 180 if an item crosses 180 degrees."""
    start: float
    """Seconds since 1970."""
    end: float


class Items:
    """Published results in the ledger's database. May be used from several threads."""

    def __init__(self, engine: Engine) -> None:
        """Read from the ledger's engine; the ledger itself adds and removes items with their jobs."""
        self._engine = engine

    def search(self, wanted: ItemSearch, *, limit: int, after: Place | None = None) -> ItemPage:
        """Return the next `limit` items that a search finds, newest first."""
        with reading(self._engine) as connection:
            if wanted.area is None:
                matched, places = _found(connection, _conditions(wanted), limit=limit, after=after)
            else:
                matched, places = _found_in(connection, _conditions(wanted), wanted.area, after=after)
            shown = places[:limit]
            documents = _documents(connection, [place.job_id for place in shown])
        return ItemPage(items=documents, matched=matched, last=shown[-1] if len(places) > len(shown) else None)

    def find(self, collection: str, item_id: str) -> Item | None:
        """Return one item; None if the collection has no item of the id."""
        query = select(items.c.document).where(items.c.job_id == item_id, items.c.collection == collection)
        with reading(self._engine) as connection:
            document = connection.scalar(query)
        return None if document is None else json.loads(document)

    def extents(self) -> dict[str, Extent]:
        """Return the extent of every collection that has items."""
        c = items.c
        box = (func.min(c.west), func.min(c.south), func.max(c.east), func.max(c.north))
        query = select(c.collection, *box, func.min(c.start_time), func.max(c.end_time)).group_by(c.collection)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return {name: Extent(bbox=tuple(bbox), start=start, end=end) for name, *bbox, start, end in rows}


def add_item(connection: Connection, job_id: str, item: Item) -> bool:
    """Add the item of a successful job in a transaction; False = the job is not successful (any more).

    An item that is there already stays as it is. The job's row is locked until the transaction ends, so that the job
    cannot be dismissed in between.
    """
    is_successful = and_(jobs.c.id == job_id, jobs.c.state == JobState.SUCCESSFUL)
    job = connection.execute(
        select(jobs.c.product, jobs.c.created).where(is_successful).with_for_update()
    ).one_or_none()
    if job is None:
        return False
    row = item_row(item, job_id=job_id, product=job.product, created=job.created)
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(insert(items).values(**row).on_conflict_do_nothing())
    return True


def remove_item(connection: Connection, job_id: str) -> None:
    """Remove the item of a job in a transaction, if it has one."""
    connection.execute(delete(items).where(items.c.job_id == job_id))


def _conditions(wanted: ItemSearch) -> list[ColumnElement[bool]]:
    """Return what SQL can compare: all but the exact geometry."""
    found: list[ColumnElement[bool]] = []
    if wanted.collections is not None:
        found.append(items.c.collection.in_(wanted.collections))
    if wanted.ids is not None:
        found.append(items.c.job_id.in_(wanted.ids))
    if wanted.start is not None:
        found.append(items.c.end_time >= wanted.start.timestamp())
    if wanted.end is not None:
        found.append(items.c.start_time <= wanted.end.timestamp())
    if wanted.area is not None:
        found.append(_box_touches(unwrap(wanted.area).bounds))
    return found


def _box_touches(bounds: tuple[float, float, float, float]) -> ColumnElement[bool]:
    """Compare bounding boxes on the circle of longitudes: a box east of 180 degrees meets one that begins at -180."""
    west, south, east, north = bounds
    turns = [and_(items.c.west + turn <= east, items.c.east + turn >= west) for turn in (-360, 0, 360)]
    return and_(items.c.south <= north, items.c.north >= south, or_(*turns))


def _follows(after: Place | None) -> ColumnElement[bool]:
    """Tell whether an item comes after a place of the list."""
    if after is None:
        return literal(value=True)
    older, next_of_same = items.c.created < after.created, items.c.job_id > after.job_id
    return and_(items.c.created <= after.created, or_(older, next_of_same))


def _found(
    connection: Connection, conditions: Sequence[ColumnElement[bool]], *, limit: int, after: Place | None
) -> tuple[int, list[Place]]:
    """Return the number of all items found and the places of at most limit + 1 after a place."""
    matched = connection.scalar(select(func.count()).select_from(items).where(*conditions))
    query = select(items.c.created, items.c.job_id).where(*conditions)
    if after is not None:
        query = query.where(_follows(after))
    rows = connection.execute(query.order_by(*_NEWEST_FIRST).limit(limit + 1))
    return int(matched or 0), [Place(created=row.created, job_id=row.job_id) for row in rows]


def _found_in(
    connection: Connection, conditions: Sequence[ColumnElement[bool]], area: BaseGeometry, *, after: Place | None
) -> tuple[int, list[Place]]:
    """Return the number of all items that touch an area, and the places of those after a place."""
    box = (items.c.west, items.c.south, items.c.east, items.c.north)
    query = select(items.c.created, items.c.job_id, *box, _follows(after).label("follows")).where(*conditions)
    candidates = connection.execute(query.order_by(*_NEWEST_FIRST)).all()
    found = _touching(connection, candidates, area)
    return len(found), [Place(created=row.created, job_id=row.job_id) for row in found if row.follows]


def _touching(connection: Connection, candidates: Sequence[Row[Any]], area: BaseGeometry) -> list[Row[Any]]:
    """Return the candidates that touch an area; where it covers the bounding box, the geometry need not be read."""
    if not candidates:
        return []
    shapely.prepare(area)
    boxes = np.array([row[2:6] for row in candidates])
    is_found = shapely.covers(area, shapely.box(*boxes.T))
    doubtful = np.flatnonzero(~is_found)
    geometries = _geometries(connection, [candidates[int(n)].job_id for n in doubtful])
    is_found[doubtful] = shapely.intersects(area, geometries)
    return [row for row, found in zip(candidates, is_found, strict=True) if found]


def _geometries(connection: Connection, ids: Sequence[str]) -> Any:
    found = dict(_rows_of(connection, (items.c.job_id, items.c.geometry), ids))
    return shapely.from_wkb([found[job_id] for job_id in ids])


def _documents(connection: Connection, ids: Sequence[str]) -> list[Item]:
    found = dict(_rows_of(connection, (items.c.job_id, items.c.document), ids))
    return [json.loads(found[job_id]) for job_id in ids]


def _rows_of(connection: Connection, columns: Sequence[ColumnElement[Any]], ids: Sequence[str]) -> Iterable[Any]:
    for first in range(0, len(ids), _IDS_PER_QUERY):
        query = select(*columns).where(items.c.job_id.in_(ids[first : first + _IDS_PER_QUERY]))
        for row in connection.execute(query):
            yield tuple(row)

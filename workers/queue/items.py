"""The items table: every published result, found by place, time, collection and id. Opens no file of a job.

SQL compares collections, ids, times and bounding boxes; shapely then compares geometries where boxes leave a doubt.
Pages continue after a place in the list, not after a number of items, so items that are added or removed between two
pages neither repeat nor hide others.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ColumnElement, Connection, Engine, and_, case, delete, func, literal, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from core.job import JobState
from core.region import unwrap
from workers.queue.item_rows import Item, item_row
from workers.queue.schema import items, jobs, reading

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_NEWEST_FIRST = (items.c.created.desc(), items.c.job_id)
TURNS = (-360, 0, 360)
"""Degrees by which two longitudes that mean the same place may differ here."""
SERIES = "standing-"
"""What ids of standing orders begin with."""
_SERIES_ID = re.compile(rf"{SERIES}[0-9a-f]{{12}}")
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

    def __init__(self, engine: Engine, party: str | None = None) -> None:
        """Read items of a party, or of all; the ledger itself adds and removes items with their jobs."""
        self._engine, self._party = engine, party

    def of_party(self, party: str | None) -> "Items":
        """Return the items of one party alone; None = of all."""
        return Items(self._engine, party)

    def search(self, criteria: ItemSearch, *, limit: int, after: Place | None = None) -> ItemPage:
        """Return the next `limit` items that a search finds, newest first."""
        conditions = [*self._own(), *_conditions(criteria)]
        with reading(self._engine) as connection:
            if criteria.area is None:
                matched, places = _found(connection, conditions, limit=limit, after=after)
            else:
                matched, places = _found_in(connection, conditions, criteria.area, limit=limit, after=after)
            shown = places[:limit]
            documents = _documents(connection, [place.job_id for place in shown])
        return ItemPage(items=documents, matched=matched, last=shown[-1] if len(places) > len(shown) else None)

    def find(self, collection: str, item_id: str) -> Item | None:
        """Return one item; None if the collection has no item of the id."""
        query = select(items.c.document).where(items.c.job_id == item_id, _belongs([collection]), *self._own())
        with reading(self._engine) as connection:
            document = connection.scalar(query)
        return None if document is None else json.loads(document)

    def extents(self) -> dict[str, Extent]:
        """Return the extent of every collection that has items."""
        c = items.c
        box = (func.min(c.west), func.min(c.south), func.max(c.east), func.max(c.north))
        query = select(c.collection, *box, func.min(c.start_time), func.max(c.end_time)).where(*self._own())
        with reading(self._engine) as connection:
            rows = connection.execute(query.group_by(c.collection)).all()
        return {name: Extent(bbox=tuple(bbox), start=start, end=end) for name, *bbox, start, end in rows}

    def extent_of(self, collection: str) -> Extent | None:
        """Return the extent of one collection; None = it has no items."""
        c = items.c
        box = (func.min(c.west), func.min(c.south), func.max(c.east), func.max(c.north))
        query = select(*box, func.min(c.start_time), func.max(c.end_time)).where(_belongs([collection]), *self._own())
        with reading(self._engine) as connection:
            *bbox, start, end = connection.execute(query).one()
        return None if start is None else Extent(bbox=tuple(bbox), start=start, end=end)

    def _own(self) -> list[ColumnElement[bool]]:
        return [] if self._party is None else [items.c.party == self._party]


def add_item(connection: Connection, job_id: str, item: Item) -> bool:
    """Add the item of a successful job in a transaction; False = the job is not successful (any more).

    An item that is there already stays as it is. The job's row is locked until the transaction ends, so that the job
    cannot be dismissed in between.
    """
    is_successful = and_(jobs.c.id == job_id, jobs.c.state == JobState.SUCCESSFUL)
    query = select(jobs.c.product, jobs.c.created, jobs.c.party).where(is_successful).with_for_update()
    job = connection.execute(query).one_or_none()
    if job is None:
        return False
    row = item_row(item, job_id=job_id, product=job.product, created=job.created, party=job.party)
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    connection.execute(insert(items).values(**row).on_conflict_do_nothing())
    return True


def remove_item(connection: Connection, job_id: str) -> None:
    """Remove the item of a job in a transaction, if it has one."""
    connection.execute(delete(items).where(items.c.job_id == job_id))


def _conditions(criteria: ItemSearch) -> list[ColumnElement[bool]]:
    """Return what SQL can compare: all but the exact geometry."""
    found: list[ColumnElement[bool]] = []
    if criteria.collections is not None:
        found.append(_belongs(criteria.collections))
    if criteria.ids is not None:
        found.append(items.c.job_id.in_(criteria.ids))
    if criteria.start is not None:
        found.append(items.c.end_time >= criteria.start.timestamp())
    if criteria.end is not None:
        found.append(items.c.start_time <= criteria.end.timestamp())
    if criteria.area is not None:
        found.append(_box_touches(unwrap(criteria.area).bounds))
    return found


def is_series_id(text: str) -> bool:
    """Tell whether a text can be the id of a standing order, and of the series of its results."""
    return _SERIES_ID.fullmatch(text) is not None


def _belongs(collections: Sequence[str]) -> ColumnElement[bool]:
    """Compare collections: products by their column, standing orders by the ids of their jobs, `ID-NUMBER`."""
    series = [name for name in collections if is_series_id(name)]
    of_series = [items.c.job_id.startswith(f"{name}-", autoescape=True) for name in series]
    return or_(items.c.collection.in_([name for name in collections if name not in series]), *of_series)


def _box_touches(bounds: tuple[float, float, float, float]) -> ColumnElement[bool]:
    """Compare bounding boxes on the circle of longitudes: a box east of 180 degrees meets one that begins at -180."""
    west, south, east, north = bounds
    turns = [and_(items.c.west + turn <= east, items.c.east + turn >= west) for turn in TURNS]
    return and_(items.c.south <= north, items.c.north >= south, or_(*turns))


def _follows(after: Place) -> ColumnElement[bool]:
    """Compare places: the item comes after this one in the list."""
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
    return int(matched or 0), [Place(created=created, job_id=job_id) for created, job_id in rows]


def _found_in(
    connection: Connection,
    conditions: Sequence[ColumnElement[bool]],
    area: BaseGeometry,
    *,
    limit: int,
    after: Place | None,
) -> tuple[int, list[Place]]:
    """Return the number of all items that touch an area and the places of at most limit + 1 after a place."""
    follows = literal(1) if after is None else case((_follows(after), 1), else_=0)
    box = (items.c.west, items.c.south, items.c.east, items.c.north)
    query = select(items.c.created, items.c.job_id, follows, *box).where(*conditions).order_by(*_NEWEST_FIRST)
    candidates = connection.execute(query).all()
    ids = [row[1] for row in candidates]
    bounds = np.array([[row[column] for row in candidates] for column in range(3, 7)])
    touches = _touches(connection, ids, bounds, area)
    shown = [row for row, is_found in zip(candidates, touches, strict=True) if is_found and row[2]][: limit + 1]
    return int(touches.sum()), [Place(created=row[0], job_id=row[1]) for row in shown]


def _touches(connection: Connection, ids: Sequence[str], bounds: Floats, area: BaseGeometry) -> Flags:
    """Tell which items touch an area; geometries are read only of those whose bounding box leaves a doubt.

    Args:
        connection: reads the table.
        ids: of N items.
        bounds: (4, N) west, south, east, north.
        area: any geometry.

    Returns:
        (N,) bool.
    """
    touches = _is_within(bounds, unwrap(area))
    doubtful = np.flatnonzero(~touches).tolist()
    found = dict(_rows_of(connection, (items.c.job_id, items.c.geometry), [ids[n] for n in doubtful]))
    geometries = [shapely.from_wkb(found.get(ids[n])) for n in doubtful]  # None touches nothing: removed meanwhile
    shapely.prepare(area)
    touches[doubtful] = shapely.intersects(area, np.array(geometries, object))
    return touches


def _is_within(bounds: Floats, area: BaseGeometry) -> Flags:
    """Tell which of N bounding boxes, (4, N), lie in an area; False for all if the area is not a rectangle."""
    west, south, east, north = area.bounds
    if area.geom_type != "Polygon" or not area.equals(shapely.box(west, south, east, north)):
        return np.zeros(bounds.shape[1], bool)
    is_between = [(bounds[0] + turn >= west) & (bounds[2] + turn <= east) for turn in TURNS]
    return np.asarray(np.any(is_between, axis=0) & (bounds[1] >= south) & (bounds[3] <= north))


def _documents(connection: Connection, ids: Sequence[str]) -> list[Item]:
    found = dict(_rows_of(connection, (items.c.job_id, items.c.document), ids))
    return [json.loads(found[job_id]) for job_id in ids if job_id in found]  # none removed meanwhile


def _rows_of(connection: Connection, columns: Sequence[ColumnElement[Any]], ids: Sequence[str]) -> Iterable[Any]:
    for first in range(0, len(ids), _IDS_PER_QUERY):
        query = select(*columns).where(items.c.job_id.in_(ids[first : first + _IDS_PER_QUERY]))
        for row in connection.execute(query):
            yield tuple(row)

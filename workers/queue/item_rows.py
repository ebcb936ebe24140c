"""Rows of the items table: an item's box, times and geometry as columns. No queries."""

import json
from datetime import UTC, datetime
from typing import Any

import shapely
from shapely.geometry import shape

from core.region import unwrap
from workers.store.store import Store, result_key

Item = dict[str, Any]
"""A STAC item as JSON holds it."""


def item_row(item: Item, *, job_id: str, product: str, created: float, party: str = "") -> dict[str, Any]:
    """Return the row of an item.

    Args:
        item: as `outputs.stac_item` writes it.
        job_id, product: the job that made it.
        created: when the job was accepted, seconds since 1970.
        party: whose job it is.

    Raises:
        KeyError, TypeError, ValueError, AttributeError, shapely.errors.ShapelyError: it is not a usable item.
    """
    geometry = shape(item["geometry"])
    west, south, east, north = unwrap(geometry).bounds
    if not west <= east:  # NaN: no coordinates
        raise ValueError("its geometry is empty")
    start, end = times_of(item)
    return {
        "job_id": job_id,
        "collection": product,
        "created": created,
        "west": west,
        "south": south,
        "east": east,
        "north": north,
        "start_time": start.timestamp(),
        "end_time": end.timestamp(),
        "geometry": shapely.to_wkb(geometry),
        "document": json.dumps({**item, "id": job_id, "collection": product}, ensure_ascii=False),
        "party": party,
    }


def read_item(store: Store, job_id: str, product: str) -> Item:
    """Return the STAC item of a job's result.

    Raises:
        FileNotFoundError: the job has no result, or one without an item.
        OSError, ValueError: it cannot be read, or is not a JSON object.
        StoreUnavailable: the store does not answer.
    """
    name = f"{product}.json"
    file = store.files(result_key(job_id)).get(name)
    if file is None:
        raise FileNotFoundError(f"job {job_id} has no file {name}")
    found = json.loads(b"".join(file.pieces(0, file.size)))
    if not isinstance(found, dict):
        raise ValueError("it is not a JSON object")
    return found


def times_of(item: Item) -> tuple[datetime, datetime]:
    """Return the first and last moment of an item; the same where it has only one."""
    properties = item["properties"]
    single = properties.get("datetime")
    first, last = properties.get("start_datetime") or single, properties.get("end_datetime") or single
    return parse_time(first), parse_time(last)


def parse_time(text: str) -> datetime:
    """Return an RFC 3339 time in UTC; a time without a zone is taken as UTC."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

"""Reading an item search: numbers, geometry, times, ids and page tokens. Searched in workers/queue/items.py."""

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from shapely import box
from shapely.errors import GEOSException
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from core.errors import InvalidOption, InvalidRegion
from products.catalogue import PRODUCTS
from service.results import is_job_id
from service.schemas import Search
from service.stac.times import read_interval
from workers.queue.items import ItemSearch, Place, is_series_id
from workers.region_limits import check_outlines, check_positions

LONGEST_DEGREES = 1200.0
"""Of the outline of `intersects`: the whole world has 1,080; nothing is projected."""
MAX_IDS = 1000
"""Most ids in one search, as many as items in one answer; databases limit the values in one statement."""


def _known(collections: Sequence[str]) -> tuple[str, ...]:
    """Return those collections that are products or series; all products where none is named.

    Raises:
        InvalidOption: too many series.
    """
    products = tuple(p for p in PRODUCTS if not collections or p in collections)
    series = tuple(dict.fromkeys(name for name in collections if is_series_id(name)))
    if len(series) > MAX_SERIES:
        raise InvalidOption("collections", f"{len(series)} series", f"a search may name {MAX_SERIES}")
    return (*products, *series)


MAX_SERIES = 100
"""Most series of standing orders in one search."""


def item_search(search: Search) -> ItemSearch:
    """Return the conditions of a search.

    Raises:
        InvalidOption: an unreadable box, geometry or time, both box and geometry, or too many ids.
    """
    if search.bbox is not None and search.intersects is not None:
        raise InvalidOption("intersects", "...", "a search has either bbox or intersects")
    if search.ids and len(search.ids) > MAX_IDS:
        raise InvalidOption("ids", f"{len(search.ids)} ids", f"a search may name {MAX_IDS}")
    start, end = read_interval(search.datetime)
    return ItemSearch(
        collections=_known(search.collections or ()),
        ids=tuple(filter(is_job_id, search.ids)) if search.ids else None,
        area=_area(search),
        start=start,
        end=end,
    )


def check_parameters(given: Iterable[str], known: Sequence[str]) -> None:
    """Check the names of query parameters, as `Search` checks those of a body (OGC API - Features, 7.15).

    Raises:
        InvalidOption: one is not known.
    """
    for name in given:
        if name not in known:
            raise InvalidOption("parameter", name, f"this address takes {', '.join(known)}")


def split_words(text: str | None) -> list[str] | None:
    """Return comma-separated words."""
    return [w.strip() for w in text.split(",") if w.strip()] if text else None


def split_numbers(name: str, text: str | None) -> list[float] | None:
    """Return comma-separated numbers.

    Raises:
        InvalidOption: a word that is no number.
    """
    if text is None:
        return None
    try:
        return [float(word) for word in text.split(",")]
    except ValueError:
        raise InvalidOption(name, text, "write numbers separated by commas") from None


def token_of(place: Place) -> str:
    """Return the token of the page that begins after a place in the list; `read_token` reads it back."""
    return f"{place.created!r}_{place.job_id}"


def read_token(token: str | None) -> Place | None:
    """Return the place after which a page begins; None = the first page.

    Raises:
        InvalidOption: it is not a token of ours.
    """
    if token is None:
        return None
    created, _, job_id = token.partition("_")
    try:
        place = Place(created=float(created), job_id=job_id)
    except ValueError:
        place = Place(created=math.nan, job_id="")
    if not math.isfinite(place.created) or not is_job_id(place.job_id):
        raise InvalidOption("token", token, "take it from the 'next' link of the same search, or start again")
    return place


def _area(search: Search) -> BaseGeometry | None:
    if search.bbox is not None:
        return read_box(search.bbox)
    return None if search.intersects is None else read_geometry(search.intersects)


def read_box(numbers: list[float]) -> BaseGeometry:
    """Return west, south, east, north as polygon; two polygons if it crosses the 180th meridian.

    Raises:
        InvalidOption: not 4 or 6 finite numbers in the range of degrees, or south above north.
    """
    text = ",".join(f"{n:g}" for n in numbers)
    if len(numbers) not in (4, 6) or not all(map(math.isfinite, numbers)):
        raise InvalidOption("bbox", text, "a box has 4 numbers: west,south,east,north")
    half = len(numbers) // 2
    (west, south), (east, north) = numbers[:2], numbers[half : half + 2]
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise InvalidOption("bbox", text, "write west,south,east,north in degrees, south below north")
    if west > east:
        return unary_union([box(west, south, 180, north), box(-180, south, east, north)])
    return box(west, south, east, north)


def read_geometry(geometry: Any) -> BaseGeometry:
    """Return a GeoJSON geometry, given as object or text.

    Raises:
        InvalidOption: it cannot be read as one.
    """
    try:
        loaded = json.loads(geometry) if isinstance(geometry, str) else geometry
        found = _limited(loaded)
        if found.is_valid and not found.is_empty and all(map(math.isfinite, found.bounds)):
            return found
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, GEOSException):
        pass
    raise InvalidOption("intersects", geometry, "write a valid GeoJSON geometry in WGS84 longitude/latitude")


def _limited(geometry: Any) -> BaseGeometry:
    """Return a geometry that takes little to compare with others.

    Raises:
        InvalidOption: its outline would make too much work.
    """
    try:
        check_positions(geometry)
        found: BaseGeometry = shape(geometry)
        check_outlines([found], longest_degrees=LONGEST_DEGREES)
    except InvalidRegion as error:
        raise InvalidOption("intersects", "...", error.reason) from None
    return found

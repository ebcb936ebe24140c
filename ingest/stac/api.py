"""An archive behind a STAC API, searched through pystac-client. Known APIs: presets; descriptions: describe."""

import json
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from threading import Lock
from typing import Any
from urllib.parse import urljoin, urlsplit

from pystac import STACError
from pystac_client import Client
from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO
from shapely import box, union_all
from shapely.geometry.base import BaseGeometry

from core.errors import ArchiveUnavailable, InvalidArchive, LandcastError, ReadFailed
from core.grid import Grid, Window
from core.region import Region
from core.settings import Settings
from core.source import InputSummary
from core.timeline import Period
from core.utm import utm_crs
from ingest.archive import Reading, Scene, search_boxes
from ingest.io.hosts import Hosts, allowed_hosts
from ingest.io.raster_files import Access, access_from
from ingest.io.web import TIMEOUT_SECONDS, describe_refusal, fetch, open_session
from ingest.rasters.item import RasterItem
from ingest.rasters.reader import read_item
from ingest.rasters.scenes import ITEM_ID, unique
from ingest.stac.describe import Catalogue, describe_api
from ingest.stac.items import item_from_dict, reachable

logger = logging.getLogger(__name__)

KEEP_SECONDS = 300.0
"""How long the result of a search is reused: a tile searches for its scenes once, then once per band and read block."""
MAX_KEPT = 32
MAX_ITEMS = 5_000
"""Items kept by name for reading, about 10 kB each; the oldest are dropped, and requested again when they are read."""
PAGE_ITEMS = 100
MAX_PAGES = 500
"""Largest number of pages of one search: ten years of a window have about 30, so more means endless paging."""
MAX_COLLECTION_PAGES = 20
ITEM_SEARCH = "item-search"
REFUSED = (401, 407, 451)
"""Statuses of a host that refuses us; other statuses mean that there is no API: a folder gives 403 or 404."""


class StacApi:
    """A STAC API as an archive: each item is a scene. Implements `ingest.archive.Archive`."""

    is_cached = True
    summary: InputSummary | None = None

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        settings: Settings,
        access: Access,
        timeout_s: float = TIMEOUT_SECONDS,
        max_pages: int = MAX_PAGES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalogue = catalogue
        self._settings = settings
        self._access = access
        self._timeout_s = timeout_s
        self._max_pages = max_pages
        self._clock = clock
        self._lock = Lock()
        self._client: Client | None = None
        self._kept: OrderedDict[tuple[Window, Period], tuple[float, list[Scene]]] = OrderedDict()
        self._items: OrderedDict[str, RasterItem] = OrderedDict()
        self.name = catalogue.name
        self.title = catalogue.title
        self.attribution = catalogue.attribution
        self.is_simulated = catalogue.is_simulated
        self.bands = catalogue.bands
        self.abilities = catalogue.abilities
        self.footprint: BaseGeometry = union_all([box(*b) for b in catalogue.bounds])
        self.fingerprint = catalogue.fingerprint

    @property
    def period(self) -> Period:
        """First date of any scene, to the last or today."""
        return Period(start=self._catalogue.start, end=self._catalogue.end or datetime.now(UTC).date())

    def grid(self, region: Region) -> Grid:
        """Return the 10 m lattice of the region's UTM zone, with the origin at (0, 0)."""
        return Grid(crs=utm_crs(region), tile_size=self._settings.jobs.tile_size)

    def search(self, window: Window, period: Period) -> list[Scene]:
        """List the scenes that touch a window in a period, ordered by time, then id; reuse a result for five minutes.

        Raises:
            ArchiveUnavailable: the catalogue cannot be searched.
            UntrustedAddress: it points to a host that is not allowed.
        """
        key = (window, period)
        with self._lock:
            asked_at, scenes = self._kept.get(key, (-KEEP_SECONDS * 2, []))
        if self._clock() - asked_at < KEEP_SECONDS:
            return list(scenes)
        items = self._find(window, period)
        scenes = sorted((i.scene for i in items), key=lambda s: (s.time, s.scene_id))
        with self._lock:
            _keep(self._kept, {key: (self._clock(), scenes)}, MAX_KEPT)
            _keep(self._items, {i.scene.scene_id: i for i in items}, MAX_ITEMS)
        return list(scenes)

    def read(self, scene: Scene, window: Window, bands: tuple[str, ...]) -> Reading:
        """Read some bands of one scene that `search` returned.

        Raises:
            ReadFailed: a file is missing, refused or cut short, or the scene is of another archive.
        """
        with self._lock:
            item = self._items.get(scene.scene_id)
        return read_item(item or self._find_again(scene), window, bands, self._access)

    def _find_again(self, scene: Scene) -> RasterItem:
        """Request one item by its name."""
        try:
            found = [i for d in self._documents(ids=[_item_id(scene)]) if (i := self._item(d))]
        except ArchiveUnavailable as error:
            raise ReadFailed(scene.scene_id, str(error)) from None
        same = next((i for i in found if _is_same(i.scene, scene)), None)
        if same is None:
            raise ReadFailed(scene.scene_id, "it belongs to another archive, or has been reprocessed")
        item = replace(same, scene=scene)
        with self._lock:
            _keep(self._items, {scene.scene_id: item}, MAX_ITEMS)
        return item

    def _find(self, window: Window, period: Period) -> list[RasterItem]:
        area = window.footprint_wgs84
        found: dict[tuple[str, ...], RasterItem] = {}
        between = f"{period.start}T00:00:00Z/{period.end}T23:59:59Z"
        for bounds in search_boxes(window):
            for document in self._documents(bbox=list(bounds), datetime=between):
                item = self._item(document)
                if item is not None and item.geometry.intersects(area) and period.contains(item.scene.time.date()):
                    key = (item.scene.scene_id, str(item.scene.time), str(document.get("collection")))
                    found.setdefault(key, item)
        return unique(found.values())

    def _item(self, document: Mapping[str, Any]) -> RasterItem | None:
        """Read one item; one without a date or a sensible footprint is left out and logged."""
        resolve = reachable(self._catalogue.hosts)
        try:
            return item_from_dict(
                document,
                _link(document, "self") or self._catalogue.url,
                resolve=resolve,
                convention=self._catalogue.convention,
            )
        except InvalidArchive as error:
            logger.warning("item_left_out archive=%s item=%s reason=%s", self.name, document.get("id"), error)
            return None

    def _documents(self, **query: Any) -> Iterator[dict[str, Any]]:
        """Yield the items of all pages of a search.

        Raises:
            ArchiveUnavailable, UntrustedAddress: as `search`.
        """
        collections = list(self._catalogue.collections) or None
        count, promised = 0, 0
        try:
            search = self._opened().search(collections=collections, limit=PAGE_ITEMS, **query)
            for number, page in enumerate(search.pages_as_dicts()):
                if number >= self._max_pages:
                    raise ArchiveUnavailable(self.name, f"its answer has more than {self._max_pages} pages")
                count, promised = count + len(page["features"]), int(page.get("numberMatched") or promised)
                yield from (dict(feature) for feature in page["features"])
        except APIError as error:
            raise _find_cause(error, self.name) from None
        except (STACError, NotImplementedError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ArchiveUnavailable(self.name, f"its answer is not that of a STAC API ({error!r:.200})") from None
        if count < promised:
            logger.warning("fewer_items_than_promised archive=%s items=%d promised=%d", self.name, count, promised)

    def _opened(self) -> Client:
        """Return the client, opened once. The first search requests the landing page."""
        with self._lock:
            if self._client is None:
                requests_io = StacApiIO(timeout=self._timeout_s, max_retries=None)
                requests_io.session = open_session(
                    self._catalogue.hosts,
                    tries=self._settings.archives.tries,
                    per_second=self._settings.archives.requests_per_second,
                    timeout_s=self._timeout_s,
                )
                self._client = Client.open(self._catalogue.url, stac_io=requests_io)
            return self._client


def _is_same(first: Scene, second: Scene) -> bool:
    return (_item_id(first), first.time, first.version) == (_item_id(second), second.time, second.version)


def _item_id(scene: Scene) -> str:
    """Return the id of a scene in the catalogue, where several items may have one id."""
    return str(scene.properties.get(ITEM_ID, scene.scene_id))


def is_stac_api(url: str, settings: Settings) -> bool:
    """Tell whether the landing page at an address is that of a STAC API with item search.

    Raises:
        ArchiveUnavailable: the address does not answer.
        UntrustedAddress: it is not https, or redirects to a host that is not allowed.
    """
    return _is_api(_landing(url, settings))


def _is_api(landing: Mapping[str, Any]) -> bool:
    conforms = landing.get("conformsTo")
    return isinstance(conforms, list) and any(ITEM_SEARCH in str(c) for c in conforms)


def open_stac_api(url: str, settings: Settings) -> StacApi:
    """Open any STAC API by the address of its landing page.

    Its collections of Sentinel-2 L2A and terrain-corrected Sentinel-1 are searched, or all if it has neither. Files are
    read from the API's own host and from LANDCAST_ARCHIVE_HOSTS.

    Raises:
        ArchiveUnavailable: it does not answer, or is no STAC API.
        UntrustedAddress: it is not https, or points to a host that is not allowed.
    """
    landing = _landing(url, settings)
    if not _is_api(landing):
        raise ArchiveUnavailable(urlsplit(url).netloc, "there is no STAC API with item search at its address")
    collections = _collections(url, landing, settings)
    catalogue = describe_api(url, landing, collections, hosts=settings.archives.hosts)
    return StacApi(catalogue, settings=settings, access=access_from(settings, catalogue.hosts))


def _landing(url: str, settings: Settings) -> dict[str, Any]:
    return _json(url, url, settings)


def _json(url: str, own: str, settings: Settings) -> dict[str, Any]:
    """Return a JSON object at an address of an archive, or an empty one if there is none."""
    name = urlsplit(own).netloc
    hosts = Hosts(name=name, allowed=allowed_hosts(own, settings.archives.hosts))
    session = open_session(hosts, tries=settings.archives.tries, per_second=settings.archives.requests_per_second)
    status, text = fetch(session, hosts.check(url), archive=name)
    if status in REFUSED:
        raise ArchiveUnavailable(name, describe_refusal(status, text))
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) and status == 200 else {}


def _collections(url: str, landing: Mapping[str, Any], settings: Settings) -> list[dict[str, Any]]:
    """Return all collections of an API, which may come in pages."""
    found: list[dict[str, Any]] = []
    place = _link(landing, "data") or url.rstrip("/") + "/collections"
    for _ in range(MAX_COLLECTION_PAGES):
        page = _json(urljoin(url, place), url, settings)
        listed = page.get("collections")
        found += [c for c in listed if isinstance(c, dict)] if isinstance(listed, list) else []
        place = _link(page, "next")
        if not place:
            return found
    raise ArchiveUnavailable(urlsplit(url).netloc, f"its collections fill more than {MAX_COLLECTION_PAGES} pages")


def _link(document: Mapping[str, Any], rel: str) -> str:
    """Return the address of a document's link; empty = it has none."""
    links = document.get("links")
    stated = [k for k in links if isinstance(k, dict) and k.get("rel") == rel] if isinstance(links, list) else []
    return next((str(k["href"]) for k in stated if k.get("href")), "")


def _find_cause(error: Exception, name: str) -> Exception:
    """Return the cause of pystac-client's error: ours, raised in its session, or the catalogue's refusal."""
    cause = error.__context__
    if isinstance(cause, LandcastError):
        return cause
    return ArchiveUnavailable(name, describe_refusal(getattr(error, "status_code", None), str(error)))


def _keep(kept: OrderedDict[Any, Any], new: Mapping[Any, Any], most: int) -> None:
    """Add entries, and drop the oldest ones beyond a limit."""
    for key, value in new.items():
        kept[key] = value
        kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)

"""Archives at a URL without a service: STAC catalogues, cubes and rasters on object storage or a web server.

Nothing outside the named folder is read, unless LANDCAST_ARCHIVE_HOSTS allows the host of an asset.
"""

import hashlib
import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import obstore
import xarray as xr
from filelock import FileLock
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import HTTPStore, S3Store
from rasterio.io import DatasetReader
from zarr.storage import ObjectStore

from core.errors import ArchiveUnavailable, InvalidArchive, InvalidCube
from core.settings import Settings
from core.source import AS_STATED, InputSummary, ReadAs
from ingest.archive import Archive
from ingest.cubes.archive import open_cube_archive, open_remote_cube
from ingest.cubes.open_file import RemoteCube
from ingest.io.hosts import Hosts, allowed_hosts
from ingest.io.raster_files import Access, S3Options, access_from, environment, open_raster
from ingest.rasters.folder import RasterFolder, find_items
from ingest.rasters.names import is_raster
from ingest.stac.folder import CATALOGUE_NAMES, NONE_UNREAD, Description, StacFolder, describe, describe_rasters, settle
from ingest.stac.items import LeftOut, Resolve, parse_stac, reachable, walk_items

logger = logging.getLogger(__name__)

LARGEST_FILE_BYTES = 4 * 1024**3
"""NetCDF files are downloaded before they are read; larger ones are better converted to Zarr."""
LARGEST_JSON_BYTES = 32 * 1024**2
MOST_OBJECTS = 50_000
"""Largest number of objects listed below one prefix; larger archives need a catalogue."""
TIMEOUT_S = 60
ENDPOINTS = {"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT"}


@dataclass(frozen=True, kw_only=True)
class Remote:
    """One folder or file at a URL, and the store that reads it."""

    url: str
    """Without a slash at its end."""
    base: str
    """`s3://bucket` or `https://host`: what paths of the store are relative to."""
    store: S3Store | HTTPStore = field(repr=False)
    settings: Settings = field(repr=False)
    hosts: Hosts

    @property
    def name(self) -> str:
        """Last part of the URL."""
        return unquote(self.url.rsplit("/", 1)[-1]) or urlsplit(self.url).netloc

    @property
    def is_listable(self) -> bool:
        """Tell whether objects below the URL can be listed; web servers have no common way to do so."""
        return self.url.startswith("s3://")

    @property
    def access(self) -> Access:
        """How its rasters are read."""
        return access_from(self.settings, self.hosts)

    def path(self, url: str) -> str:
        """Return the path of a URL in the store."""
        return unquote(urlsplit(url).path.lstrip("/"))

    def head(self, url: str) -> dict[str, Any] | None:
        """Return size, e_tag and time of an object; None where there is none.

        Raises:
            ArchiveUnavailable: the store does not answer, or denies access.
        """
        try:
            return dict(obstore.head(self.store, self.path(url)))
        except (NotFoundError, FileNotFoundError):
            return None
        except (BaseError, OSError) as error:
            raise ArchiveUnavailable(self.name, _reason(error)) from None

    def fetch(self, url: str) -> bytes:
        """Return the content of a small object, such as a STAC item.

        Raises:
            InvalidCube: it does not exist, or is too large.
            ArchiveUnavailable: the store does not answer, or denies access.
            UntrustedAddress: its address is not allowed.
        """
        self.hosts.check(url)
        if not url.startswith(f"{self.base}/"):
            raise InvalidArchive(self.url, "one of its links leads out of the catalogue's folder")
        try:
            answer = obstore.get(self.store, self.path(url))
            if answer.meta["size"] > LARGEST_JSON_BYTES:
                raise InvalidArchive(self.url, f"its file '{Path(urlsplit(url).path).name}' is too large for STAC")
            return bytes(answer.bytes())
        except (NotFoundError, FileNotFoundError):
            raise InvalidArchive(self.url, f"its file '{Path(urlsplit(url).path).name}' does not exist") from None
        except (BaseError, OSError) as error:
            raise ArchiveUnavailable(self.name, _reason(error)) from None


def open_remote_folder(url: str, settings: Settings, read_as: ReadAs = AS_STATED) -> Archive:
    """Open the archive at a URL: a STAC catalogue (.json), a cube (.zarr, .nc), or a folder with one of these.

    On object storage (`s3://bucket/prefix`), a folder may also consist of rasters whose names carry date and
    band. A `.nc` file is fetched once, up to 4 GB, and kept in LANDCAST_HOME.

    Raises:
        InvalidCube: there is no archive at the URL.
        ArchiveUnavailable: the store does not answer, or denies access.
        UntrustedAddress: the URL, or a link of the catalogue, is not allowed.
    """
    remote = open_remote(url, settings)
    if remote.url.endswith(".json"):
        return _open_catalogue(remote, remote.url, read_as)
    if remote.url.endswith(".nc"):
        return _open_netcdf(remote)
    if remote.url.endswith(".zarr"):
        return _open_zarr(remote)
    for name in CATALOGUE_NAMES:
        if remote.head(f"{remote.url}/{name}") is not None:
            return _open_catalogue(remote, f"{remote.url}/{name}", read_as)
    if any(remote.head(f"{remote.url}/{name}") is not None for name in ("zarr.json", ".zmetadata")):
        return _open_zarr(remote)
    if not remote.is_listable:
        raise InvalidArchive(url, "there is no catalog.json, collection.json or Zarr cube below it")
    return _open_listed(remote, read_as)


def open_remote(url: str, settings: Settings) -> Remote:
    """Make the store for a URL; sends no request yet.

    Raises:
        UntrustedAddress: it is neither `https://` nor `s3://`, or holds a password.
    """
    plain = url.split("?", 1)[0].split("#", 1)[0].rstrip("/")
    hosts = Hosts(name=plain.rsplit("/", 1)[-1], allowed=allowed_hosts(plain, settings.archives.hosts))
    hosts.check(plain)
    parts = urlsplit(plain)
    base = f"{parts.scheme}://{parts.netloc}"
    return Remote(url=plain, base=base, store=_store(base, settings), settings=settings, hosts=hosts)


def _store(url: str, settings: Settings) -> S3Store | HTTPStore:
    """Return a store whose paths begin at a URL."""
    if url.startswith("s3://"):
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        return _s3_store(bucket, unquote(prefix), settings)

    return HTTPStore.from_url(url, client_options=_client(url), retry_config=_retries(settings))


def _s3_store(bucket: str, prefix: str, settings: Settings) -> S3Store:

    options = S3Options.from_settings(settings)
    config: dict[str, Any] = {"region": options.region}
    if options.endpoint or ENDPOINTS & set(os.environ):  # those of the environment are of the store of results
        endpoint = options.endpoint or f"https://s3.{options.region}.amazonaws.com"
        config |= {"endpoint": endpoint, "aws_endpoint_url_s3": endpoint, "virtual_hosted_style_request": False}
    if options.access_key:
        keys = {"access_key_id": options.access_key, "secret_access_key": options.secret_key, "expires_at": None}
        config |= {"credential_provider": lambda: keys}  # without a session token of the environment
    else:
        config |= {"skip_signature": True}
    return S3Store(
        bucket,
        prefix=prefix or None,
        **config,
        client_options=_client(options.endpoint),
        retry_config=_retries(settings),
    )


def _client(url: str) -> Any:
    return {"timeout": f"{TIMEOUT_S}s", "connect_timeout": "15s", "allow_http": url.startswith("http://")}


def _retries(settings: Settings) -> Any:

    return {"max_retries": settings.archives.tries - 1, "retry_timeout": timedelta(seconds=TIMEOUT_S)}


def _open_catalogue(remote: Remote, url: str, read_as: ReadAs) -> StacFolder:
    content = remote.fetch(url)
    document = parse_stac(content, where=url)
    folder = url.rsplit("/", 1)[0]

    def fetch(place: str) -> dict[str, Any]:
        return parse_stac(content if place == url else remote.fetch(place), where=place)

    left_out = LeftOut()
    walk = walk_items(url, fetch=fetch, resolve=_below_folder(folder, remote), read_as=read_as, left_out=left_out)
    items, summary = settle(url, list(walk), left_out, read_as=read_as, access=remote.access)
    item_versions = sorted(f"{i.scene.scene_id}:{i.scene.version}" for i in items)
    description = describe(document, items, name=remote.name, content_hash=_hash(url, content.hex(), *item_versions))
    return _remote_folder(remote, description, items, summary, left_out.unread)


def _below_folder(folder: str, remote: Remote) -> Resolve:
    """Return a Resolve for links below a folder, and to further hosts that the settings name."""
    resolve = reachable(remote.hosts)

    def resolved(place: str, href: str) -> str:
        target = resolve(place, href)
        is_own = target.startswith(f"{remote.base}/")
        if is_own and (not target.startswith(f"{folder}/") or "/../" in unquote(target)):
            raise InvalidArchive(place, f"its link '{href.split('?', 1)[0]}' leads out of the catalogue's folder")
        return target

    return resolved


def _remote_folder(
    remote: Remote, description: Description, items: Any, summary: InputSummary, unread: Mapping[str, str] = NONE_UNREAD
) -> StacFolder:

    cached = replace(description, is_cached=True)
    tile_size = remote.settings.jobs.tile_size
    return StacFolder(cached, items, tile_size=tile_size, summary=summary, access=remote.access, unread=unread)


def _open_zarr(remote: Remote) -> Archive:

    heads = [remote.head(f"{remote.url}/{name}") for name in ("zarr.json", ".zmetadata", ".zgroup")]
    head = next((h for h in heads if h is not None), None)
    if head is None:
        raise InvalidCube(remote.url, "there is no Zarr store")

    store: Any = ObjectStore(_store(remote.url, remote.settings), read_only=True)

    def open_dataset() -> xr.Dataset:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*consolidated metadata.*")
            return xr.open_dataset(store, engine="zarr", mask_and_scale=False)

    place = RemoteCube(url=remote.url, open_dataset=open_dataset, errors=(BaseError,))
    content_hash = _hash(remote.url, str(head.get("e_tag")), str(head.get("last_modified")), str(head.get("size")))
    return open_remote_cube(place, tile_size=remote.settings.jobs.tile_size, content_hash=content_hash)


def _open_netcdf(remote: Remote) -> Archive:

    return open_cube_archive(_fetched(remote), tile_size=remote.settings.jobs.tile_size)


def _fetched(remote: Remote) -> Path:
    """Return the local copy of a file, fetched where there is none of this version.

    Raises:
        InvalidCube: it does not exist, or is larger than 4 GB.
        ArchiveUnavailable: the download ended early.
    """
    head = remote.head(remote.url)
    if head is None:
        raise InvalidCube(remote.url, "there is no such file")
    if head["size"] > LARGEST_FILE_BYTES:
        size_gb = head["size"] / 1e9
        raise InvalidCube(remote.url, f"it has {size_gb:.1f} GB, and files up to 4 GB are fetched; make it a Zarr cube")
    version = _hash(remote.url, str(head.get("e_tag")), str(head.get("last_modified")), str(head["size"]))
    folder = remote.settings.home / "cache" / "files" / version[:24]
    target = folder / remote.name
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        if not target.is_file():
            _fetch_into(remote, target, int(head["size"]))
    return target


def _fetch_into(remote: Remote, target: Path, size: int) -> None:
    """Download to a temporary file and move it into place once it is complete."""
    with NamedTemporaryFile(dir=target.parent, prefix=".part-", delete=False) as aside:
        written = 0
        try:
            for chunk in obstore.get(remote.store, remote.path(remote.url)).stream():
                written += aside.write(bytes(chunk))
        except (BaseError, OSError) as error:
            Path(aside.name).unlink()
            raise ArchiveUnavailable(remote.name, _reason(error)) from None
    if written != size:
        Path(aside.name).unlink()
        raise ArchiveUnavailable(remote.name, f"the download ended after {written} of {size} bytes")
    Path(aside.name).replace(target)
    logger.info("file_fetched archive=%s bytes=%d", remote.name, size)


def _open_listed(remote: Remote, read_as: ReadAs) -> StacFolder:
    """Open the rasters below a prefix by their names.

    Raises:
        InvalidCube: there are none, too many, or none with a date and a band.
    """
    versions = {f"{remote.base}/{quote(path)}": version for path, version in _listed(remote) if is_raster(path)}
    start = len(remote.url) + 1
    if not versions:
        raise InvalidArchive(remote.url, "it holds no STAC catalogue, no cube, and no raster (.tif, .tiff, .jp2)")
    rasters = RasterFolder(
        name=remote.name,
        files={href: unquote(href[start:].rpartition("/")[0]) for href in sorted(versions)},
        opener=_opener(remote.access),
        versions=versions,
        access=remote.access,
    )
    found = find_items(rasters, read_as=read_as)
    content_hash = _hash(remote.url, *(f"{h}:{v}" for h, v in sorted(versions.items())))
    return _remote_folder(remote, describe_rasters(remote.name, content_hash=content_hash), found.items, found.summary)


def _listed(remote: Remote) -> Iterator[tuple[str, str]]:
    """Yield path and version of the objects below a prefix."""
    count = 0
    try:
        for page in obstore.list(remote.store, prefix=remote.path(remote.url) or None):
            count += len(page)
            if count > MOST_OBJECTS:
                raise InvalidArchive(remote.url, f"more than {MOST_OBJECTS} objects lie below it; give it a catalogue")
            yield from ((str(o["path"]), str(o.get("e_tag") or o["last_modified"])) for o in page)
    except (BaseError, OSError) as error:
        raise ArchiveUnavailable(remote.name, _reason(error)) from None


def _opener(access: Access) -> Any:
    @contextmanager
    def opened(href: str) -> Iterator[DatasetReader]:
        with environment(access.s3), open_raster("/vsis3/" + unquote(href.removeprefix("s3://"))) as raster:
            yield raster

    return opened


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _reason(error: Exception) -> str:
    """Return the kind of an error of the store: its text holds addresses and may hold signatures."""
    kinds = {
        "PermissionDeniedError": "access was denied",
        "UnauthenticatedError": "it requires credentials",
        "NotFoundError": "there is no such object",
    }
    return kinds.get(type(error).__name__, f"the store did not answer as expected ({type(error).__name__})")

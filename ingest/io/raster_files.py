"""Access to raster files on disk, over HTTPS and on object storage: opening, retries and classified failures.

Pixels are read in ingest.stac.reader. Error messages hold neither folders nor hosts nor signatures.
"""

import logging
import re
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import rasterio
from rasterio import Env
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.session import DummySession, Session

from core.errors import ArchiveUnavailable, ReadFailed
from core.settings import Settings
from ingest.io.hosts import Hosts, TemporaryFailure, parse_retry_after, retried

if TYPE_CHECKING:
    from ingest.io.signing import Signer

logger = logging.getLogger(__name__)

T = TypeVar("T")

GDAL_OPTIONS = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",  # no listing, and nothing beside the file is read
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_NUM_THREADS": "1",  # scenes are read side by side already
    "GDAL_INGESTED_BYTES_AT_OPEN": "32768",  # the header of a COG in one request
    "GDAL_HTTP_MULTIRANGE": "YES",
    "GDAL_HTTP_MERGE_CONSECUTIVE_RANGES": "YES",
    "GDAL_HTTP_MAX_RETRY": "0",  # `retried` repeats requests and keeps to the rate limit of the host
    "GDAL_HTTP_CONNECTTIMEOUT": "15",
    "GDAL_HTTP_TIMEOUT": "120",
    "GDAL_HTTP_LOW_SPEED_LIMIT": "1000",
    "GDAL_HTTP_LOW_SPEED_TIME": "30",
}
ONE_BYTE_TIMEOUT_S = 15
REFUSED = (401, 403)
GONE = (404, 410)
S3_GONE = re.compile(r"does not exist|NoSuch(Key|Bucket)")
S3_REFUSED = re.compile(r"Access ?Denied|InvalidAccessKeyId|SignatureDoesNotMatch", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class S3Options:
    """How object storage is reached."""

    endpoint: str = ""
    """`https://host` of another storage than AWS; empty = AWS."""
    access_key: str = ""
    """Empty = read without signing."""
    secret_key: str = ""
    region: str = "us-west-2"
    """Region of the buckets of public satellite data on AWS; GDAL detects others."""

    def __repr__(self) -> str:
        """Keep the keys out of logs."""
        return f"S3Options(endpoint={self.endpoint!r}, is_signed={bool(self.access_key)})"

    @classmethod
    def from_settings(cls, settings: Settings) -> "S3Options":
        """Return the options that the settings state."""
        secret = settings.s3.secret_key.get_secret_value() if settings.s3.secret_key else ""
        return cls(endpoint=settings.s3.endpoint, access_key=settings.s3.access_key, secret_key=secret)


@dataclass(frozen=True, kw_only=True)
class Access:
    """How the files of an archive are reached."""

    hosts: Hosts | None = None
    """Hosts from which files may be read; None = only the local disk."""
    signer: "Signer | None" = None
    tries: int = 1
    per_second: float = 5.0
    """Largest number of files requested from one host in a second."""
    s3: S3Options = S3Options()


LOCAL = Access()
"""Files on this machine."""


def access_from(settings: Settings, hosts: Hosts | None) -> Access:
    """Return access to files that need no signature, as the settings allow it."""
    return Access(
        hosts=hosts,
        tries=settings.archives.tries,
        per_second=settings.archives.requests_per_second,
        s3=S3Options.from_settings(settings),
    )


def use_file(scene_id: str, href: str, access: Access, use: Callable[[DatasetReader], T]) -> T:
    """Open a file and use it; failures that may pass are retried.

    Args:
        scene_id: for messages.
        href: absolute path or unsigned URL.
        access: hosts, keys and retries.
        use: called with the opened raster, inside `environment`.

    Raises:
        ReadFailed: the file is missing, truncated, refused or no raster.
        UntrustedAddress: its address is not allowed for this archive.
    """
    is_remote = "://" in href
    if access.hosts is not None and is_remote:
        access.hosts.check(href)
    elif is_remote or href.startswith("/vsi"):
        raise ReadFailed(scene_id, "it names a file that is not on this machine")

    def attempt(number: int) -> T:
        try:
            path = _path(href, access)
        except ArchiveUnavailable as error:
            raise ReadFailed(scene_id, str(error)) from None
        try:
            with _fresh(path) if is_remote and number else nullcontext(), open_raster(path) as raster:
                return use(raster)
        except (RasterioError, OSError, ValueError) as error:
            if not is_remote:
                raise ReadFailed(scene_id, reason_of(error)) from error
            raise _classify_failure(
                scene_id, href, path, str(error), access
            ) from None  # the cause may hold a signature

    host = urlsplit(href).netloc
    tries = max(1, access.tries) if is_remote else 1
    try:
        return retried(attempt, tries=tries, host=host, per_second=access.per_second, retry_on=(TemporaryFailure,))
    except TemporaryFailure as error:
        again = f" (tried {tries} times)" if tries > 1 else ""
        raise ReadFailed(scene_id, f"{error}{again}") from None


def _path(href: str, access: Access) -> str | Path:
    """Return what GDAL opens: a path, or a virtual one of a signed URL."""
    if href.startswith("s3://"):
        return "/vsis3/" + unquote(href.removeprefix("s3://"))
    if "://" in href:
        return "/vsicurl/" + (access.signer.sign(href) if access.signer else href)
    return Path(href)


def open_raster(path: str | Path) -> DatasetReader:
    """Open a raster by the one driver of its suffix: other formats could point to files anywhere.

    Called inside `environment`. A file on disk needs no keys, so it is opened without rasterio's look for some, which
    sets GDAL's options anew for every file.
    """
    name = str(path).split("?", 1)[0].lower() if isinstance(path, str) else path.name.lower()
    driver = "JP2OpenJPEG" if name.endswith((".jp2", ".j2k")) else "GTiff"
    return rasterio.open(path, driver=driver) if isinstance(path, str) else DatasetReader(str(path), driver=driver)


def _fresh(path: str | Path) -> Env:
    """Return settings under which GDAL drops its cached state of a file, such as failures and truncated bytes."""
    return Env(session=DummySession(), CPL_VSIL_CURL_NON_CACHED=str(path).split("?", 1)[0])


def _classify_failure(scene_id: str, href: str, path: str | Path, text: str, access: Access) -> Exception:
    """Return the error to raise, temporary or final; never with GDAL's own text, which may hold signatures."""
    stated = re.search(r"HTTP response code[^:]*: (\d{3})", text)
    status, retry_after = (int(stated[1]), None) if stated else (0, None)
    if href.startswith("s3://") and not status:
        status = 404 if S3_GONE.search(text) else 403 if S3_REFUSED.search(text) else 0
    if status == 0 or status == 429 or status >= 500:
        status, retry_after = _request_one_byte(str(path).removeprefix("/vsicurl/"), status)
    if status in GONE:
        return ReadFailed(scene_id, f"{_file_name(href)} does not exist (HTTP {status})")
    if status in REFUSED:
        if access.signer is None:
            return ReadFailed(scene_id, f"{_file_name(href)} was refused (HTTP {status})")
        access.signer.forget(href)
    reason = f"was answered with HTTP {status}" if status >= 400 else "is truncated, damaged, or no raster"
    logger.info("file_failed scene=%s status=%d reason=%s", scene_id, status, reason)
    return TemporaryFailure(f"{_file_name(href)} {reason}", retry_after)


class _NoRedirect(HTTPRedirectHandler):
    """Follows no redirect: the next host may not be allowed."""

    def redirect_request(self, *_: object) -> None:
        """Return no further request."""


def _request_one_byte(url: str, status: int) -> tuple[int, float | None]:
    """Request one byte to learn what GDAL does not report: the status of a failed read, and the requested pause.

    Uses urllib, which writes no addresses into logs: they may be signed.
    """
    if not url.startswith(("https://", "http://")):
        return status, None
    try:
        request = Request(url, headers={"Range": "bytes=0-0"})  # noqa: S310 - `Hosts.check` has let it pass
        with build_opener(_NoRedirect).open(request, timeout=ONE_BYTE_TIMEOUT_S) as answer:
            return answer.status, None
    except HTTPError as error:
        with error:
            return error.code, parse_retry_after(error.headers.get("Retry-After"))
    except (OSError, ValueError):
        return status, None


def _file_name(href: str) -> str:
    return urlsplit(href).path.rsplit("/", 1)[-1]


def reason_of(error: Exception) -> str:
    """Return the message of an error on disk, without the folders that GDAL puts into it."""
    best = error.__cause__ if error.__cause__ is not None and "previous exception" in str(error) else error
    text = str(getattr(best, "errmsg", None) or best or type(error).__name__).splitlines()[0]
    return " ".join(word.rsplit("/", 1)[-1] if "/" in word else word for word in text.split())


class _Keys(Session):  # type: ignore[misc]
    """Hands the keys of object storage to GDAL."""

    def __init__(self, s3: S3Options) -> None:
        self._s3 = s3

    def get_credential_options(self) -> dict[str, str]:
        """Return options in GDAL's names."""
        return _s3_options(self._s3)


def environment(s3: S3Options) -> Env:
    """Return GDAL's settings for one read, of this thread alone."""
    return Env(session=_Keys(s3), **GDAL_OPTIONS)


def _s3_options(s3: S3Options) -> dict[str, str]:
    options = {"AWS_REGION": s3.region, "CPL_AWS_AUTODETECT_EC2": "NO"}
    if s3.access_key:
        keys = {"AWS_ACCESS_KEY_ID": s3.access_key, "AWS_SECRET_ACCESS_KEY": s3.secret_key}
        options |= {**keys, "AWS_SESSION_TOKEN": ""}  # one of the environment belongs to other keys
    else:
        options |= {"AWS_NO_SIGN_REQUEST": "YES"}
    if s3.endpoint:
        parts = urlsplit(s3.endpoint)
        options |= {
            "AWS_S3_ENDPOINT": parts.netloc,
            "AWS_HTTPS": "NO" if parts.scheme == "http" else "YES",
            "AWS_VIRTUAL_HOSTING": "FALSE",
        }
    return options

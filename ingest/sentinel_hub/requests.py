"""Requests to Sentinel Hub: the account, its token, its limits and its spending. Contents of requests: archive."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from hashlib import sha256
from threading import Lock
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error
from pydantic import SecretStr
from requests import RequestException, Response
from requests_oauthlib import OAuth2Session
from sentinelhub.api.catalog import SentinelHubCatalog
from sentinelhub.config import SHConfig
from sentinelhub.constants import CRS
from sentinelhub.data_collections import DataCollection
from sentinelhub.download.models import DownloadRequest
from sentinelhub.download.sentinelhub_client import SentinelHubDownloadClient
from sentinelhub.download.session import SentinelHubSession
from sentinelhub.exceptions import DownloadFailedException
from sentinelhub.geometry import BBox

from core.errors import ArchiveUnavailable, OverBudget
from ingest.io.hosts import TemporaryFailure, parse_retry_after, retried
from ingest.io.meter import METER

logger = logging.getLogger(__name__)

T = TypeVar("T")
Collection = Literal["SENTINEL2_L2A", "SENTINEL2_L1C", "SENTINEL1_IW", "SENTINEL1_IW_ASC", "SENTINEL1_IW_DES"]
"""Members of sentinelhub.DataCollection."""

TIMEOUT_SECONDS = 120.0
LONGEST_SECONDS = 60.0
"""Sentinel Hub's limits are counted by the minute. It writes Retry-After in milliseconds, gateways write seconds: a
number up to 60 is read as seconds, so that no request to a gateway is repeated within milliseconds."""
UNITS_HEADER = "x-processingunits-spent"
MAX_MESSAGE = 200
"""Longest part of the service's own message in our errors, in characters."""


class RequestFailed(Exception):
    """The service did not fulfil a request; `str()` is the reason, without secrets."""


class ServiceBusy(TemporaryFailure, RequestFailed):
    """The service cannot answer now; a later request may succeed."""


class TokenRefused(ServiceBusy):
    """The token is no longer accepted; a new one may be."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """Whose requests they are, and where they go."""

    archive: str
    """Name of the archive, for errors."""
    url: str
    """Base of the service, without a slash at the end."""
    token_url: str
    """Where it gives out tokens."""
    client_id: str = field(repr=False)
    """OAuth client."""
    client_secret: SecretStr
    """Its secret."""
    budget: float
    """Most processing units that this process may spend."""
    tries: int
    """How often a request that fails for a while is sent."""
    per_second: float
    """Most requests in a second."""


class Spending:
    """Processing units that one account has spent in this process. Safe to call from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.spent = 0.0
        """Settled so far."""
        self._reserved = 0.0

    def reserve(self, units: float, *, allowed: float, archive: str) -> None:
        """Set units aside for a request.

        Raises:
            OverBudget: with them, more than `allowed` would be spent.
        """
        with self._lock:
            left = allowed - self.spent - self._reserved
            if units > left:
                raise OverBudget(archive, units, max(left, 0.0), "processing units", "LANDCAST_SENTINELHUB_BUDGET")
            self._reserved += units

    def settle(self, reserved: float, spent: float) -> None:
        """Give back what was set aside and count what was spent."""
        with self._lock:
            self._reserved = max(self._reserved - reserved, 0.0)
            self.spent += spent
        METER.count_units(spent)


@cache
def spending_of(url: str, client_id: str) -> Spending:
    """Return the one Spending of an account, however often its archive is opened in this process."""
    return Spending()


class Service:
    """Sends requests of one account through the `sentinelhub` client. Methods may be called from several threads."""

    def __init__(self, account: Account, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.account = account
        self.spending = spending_of(account.url, account.client_id)
        self._sleep = sleep
        self._host = urlsplit(account.url).netloc
        self._lock = Lock()
        self._session: SentinelHubSession | None = None
        # At DEBUG they would write secret and token into the log.
        for name in ("oauthlib", "requests_oauthlib"):
            logging.getLogger(name).setLevel(logging.INFO)

    def config(self) -> SHConfig:
        """Return the client's configuration; no file and no environment variable is read. Tries are counted by us."""
        return SHConfig(
            use_defaults=True,
            sh_client_id=self.account.client_id,
            sh_client_secret=self.account.client_secret.get_secret_value(),
            sh_base_url=self.account.url,
            sh_token_url=self.account.token_url,
            max_download_attempts=1,
            max_retries=1,
            download_timeout_seconds=TIMEOUT_SECONDS,
        )

    def search(
        self, collection: Collection, bounds_wgs84: tuple[float, float, float, float], start: datetime, end: datetime
    ) -> list[dict[str, Any]]:
        """List the STAC items of a collection that touch a box between two times, all pages of them.

        Raises:
            RequestFailed: no list was returned.
            ArchiveUnavailable: the account is refused.
        """

        def listed(client: SentinelHubDownloadClient) -> list[dict[str, Any]]:
            catalogue = SentinelHubCatalog(config=client.config)
            catalogue.client = client
            place = BBox(bounds_wgs84, CRS.WGS84)
            found = catalogue.search(data_collection(collection, self.account.url), bbox=place, time=(start, end))
            return [dict(item) for item in found]

        try:
            return self._send_repeatedly(listed)
        except (KeyError, TypeError, ValueError) as error:
            raise RequestFailed(f"its list of scenes cannot be read ({type(error).__name__} {error})") from error

    def process(self, request: DownloadRequest, *, units: float) -> bytes:
        """Send a request for pixels and count what it costs; what fails costs nothing.

        Args:
            request: as `sentinelhub.SentinelHubRequest` prepares it.
            units: expected cost in processing units.

        Raises:
            OverBudget: the request would exceed the budget; it is not sent.
            RequestFailed: no pixels were returned.
            ArchiveUnavailable: the account is refused.
        """
        self.spending.reserve(units, allowed=self.account.budget, archive=self.account.archive)
        spent = 0.0
        try:
            answer = self._send_repeatedly(
                lambda client: client.download([request], max_threads=1, decode_data=False)[0]
            )
            spent = units_spent(answer.headers, units)
        finally:
            self.spending.settle(units, spent)
        total = self.spending.spent
        logger.info("units_spent archive=%s request=%.3f total=%.3f", self.account.archive, spent, total)
        return bytes(answer.content)

    def _send_repeatedly(self, send: Callable[[SentinelHubDownloadClient], T]) -> T:
        """Send up to the number of tries of the account, with the pauses that the service requests."""
        account = self.account
        try:
            return retried(
                lambda _: self._send(send),
                tries=account.tries,
                host=self._host,
                per_second=account.per_second,
                retry_on=(TemporaryFailure,),
                sleep=self._sleep,
            )
        except TokenRefused:
            raise self._refused() from None

    def _send(self, send: Callable[[SentinelHubDownloadClient], T]) -> T:
        """Send once; failures of the client become our errors."""
        session = self._opened_session()
        client = _Client(session=session, config=self.config())
        try:
            return send(client)
        except DownloadFailedException as error:
            raise self._failure(error.request_exception, session) from error
        except RequestException as error:
            raise self._failure(error, session) from error

    def _opened_session(self) -> SentinelHubSession:
        """Return the session, with a token that lives for two more minutes."""
        with self._lock:
            try:
                if self._session is None:
                    self._session = _Session(config=self.config())
                self._session.session_headers  # noqa: B018  # fetches a new token where the old one is about to expire
            except OAuth2Error:
                raise self._refused() from None
            except RequestException as error:
                if getattr(error.response, "status_code", 0) in (400, 401, 403):
                    raise self._refused() from None
                raise self._failure(error, None) from None
            return self._session

    def _failure(self, error: Exception | None, session: SentinelHubSession | None) -> Exception:
        """Return the error for a failed request: temporary, final, or a refused account."""
        response: Response | None = getattr(error, "response", None)
        if response is None:
            return ServiceBusy(f"the service cannot be reached ({type(error).__name__})")
        status = response.status_code
        if status == 401 and session is not None:
            with self._lock:
                self._session = None if self._session is session else self._session
            return TokenRefused("the service no longer accepts its token", 0.0)
        reason = f"the service answered {status}{self._message(response)}"
        if status >= 500 or status == 429:
            return ServiceBusy(reason, retry_after(response.headers))
        if status == 403:
            return ArchiveUnavailable(self.account.archive, f"{reason}; the account has no right or no units left")
        return RequestFailed(reason)

    def _message(self, response: Response) -> str:
        """Return the service's own message about a failure, shortened, without credentials."""
        try:
            stated = response.json()["error"]
            stated = stated["message"] if isinstance(stated, dict) else stated
        except (ValueError, KeyError, TypeError):
            return ""
        text = " ".join(str(stated).split())
        for secret in (self.account.client_secret.get_secret_value(), self.account.client_id):
            text = text.replace(secret, "***")
        return f": {text[:MAX_MESSAGE]}" if text else ""

    def _refused(self) -> ArchiveUnavailable:
        names = "LANDCAST_SENTINELHUB_CLIENT_ID and LANDCAST_SENTINELHUB_CLIENT_SECRET"
        return ArchiveUnavailable(self.account.archive, f"the service refused the credentials; check {names}")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the requested pause in seconds; None = not stated. Milliseconds: see LONGEST_SECONDS."""
    text = {k.lower(): v for k, v in headers.items()}.get("retry-after", "").strip()
    stated = parse_retry_after(text)
    is_number = text.replace(".", "", 1).isdigit()
    return stated / 1000 if stated is not None and is_number and stated > LONGEST_SECONDS else stated


def units_spent(headers: Mapping[str, str], expected: float) -> float:
    """Return the processing units that an answer states as its cost; the expected units if it states none."""
    text = {k.lower(): v for k, v in headers.items()}.get(UNITS_HEADER, "")
    try:
        return float(text)
    except ValueError:
        return expected


_COLLECTIONS_LOCK = Lock()


def data_collection(name: Collection, url: str) -> DataCollection:
    """Return a collection at a deployment; the client's own always lead to services.sentinel-hub.com."""
    known: DataCollection = getattr(DataCollection, name)
    if known.service_url == url:
        return known
    place = sha256(url.encode()).hexdigest()[:12].upper()
    with _COLLECTIONS_LOCK:
        return known.define_from(f"LANDCAST_{name}_{place}", service_url=url)


class _Client(SentinelHubDownloadClient):
    """The client with one change: an answer of 429 raises our error, which carries the pause."""

    def _do_download(self, request: DownloadRequest) -> Response:
        response = super()._do_download(request)
        if response.status_code == 429:
            raise ServiceBusy("the service asks to send fewer requests", retry_after(response.headers))
        return response


class _Session(SentinelHubSession):
    """The client's session with one change: a request for a token has a timeout."""

    def _fetch_token(self, request: DownloadRequest) -> dict[str, Any]:
        with OAuth2Session(client=BackendApplicationClient(client_id=self.config.sh_client_id)) as session:
            session.register_compliance_hook("access_token_response", _check_token_response)
            token: dict[str, Any] = session.fetch_token(
                token_url=request.url,
                client_id=self.config.sh_client_id,
                client_secret=self.config.sh_client_secret,
                headers=self.DEFAULT_HEADERS,
                include_client_id=True,
                timeout=self.config.download_timeout_seconds,
            )
        return token


def _check_token_response(response: Response) -> Response:
    if "error" not in response.text or response.status_code == 429 or response.status_code >= 500:
        response.raise_for_status()
    return response

"""Signing: links of archives whose files take short-lived signatures. What a link points to is not opened here."""

import warnings
from threading import Lock
from typing import Protocol
from urllib.parse import urlsplit

import requests
from pydantic import SecretStr

from core.errors import ArchiveUnavailable
from ingest.io.hosts import PER_SECOND, TemporaryFailure, parse_retry_after, retried

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # its code is written for an older pydantic
    from planetary_computer.sas import SASToken

SAS_URL = "https://planetarycomputer.microsoft.com/api/sas/v1/token"
BLOB_STORAGE = ".blob.core.windows.net"
TIMEOUT_SECONDS = 30.0
SPARE_SECONDS = 120.0
"""A token that expires sooner is not used: a read may take this long."""


class Signer(Protocol):
    """Signs links as late as possible. Methods may be called from several threads at once."""

    def sign(self, href: str) -> str:
        """Return the link with a signature that is valid now.

        Raises:
            ArchiveUnavailable: no signature is available.
        """
        ...

    def forget(self, href: str) -> None:
        """Drop the cached token of a refused link, so that the next `sign` requests a new one."""
        ...


class PlanetarySigner:
    """Signs links of the Planetary Computer with its own package's tokens, one per container. Implements `Signer`."""

    def __init__(
        self,
        *,
        key: SecretStr | None = None,
        tries: int = 4,
        per_second: float = PER_SECOND,
        url: str = SAS_URL,
        storage: str = BLOB_STORAGE,
    ) -> None:
        self._key = key
        self._tries = tries
        self._per_second = per_second
        self._url = url
        self._storage = storage
        self._tokens: dict[str, SASToken] = {}
        self._lock = Lock()

    def sign(self, href: str) -> str:
        """Return the link with a token of its container; links outside its storage, and public ones, unchanged.

        Raises:
            ArchiveUnavailable: the Planetary Computer issues no token.
        """
        container = self._container(href)
        if not container or "?" in href:
            return href
        with self._lock:  # threads of one container share one request
            token = self._tokens.get(container)
            if token is None or token.ttl() < SPARE_SECONDS:
                token = self._tokens[container] = self._request_repeatedly(container)
        return str(token.sign(href).href)

    def forget(self, href: str) -> None:
        """Drop the token of the link's container."""
        with self._lock:
            self._tokens.pop(self._container(href), None)

    def _container(self, href: str) -> str:
        """Return `account/container` of a link to blob storage; empty = it needs no token."""
        parts = urlsplit(href)
        account = (parts.hostname or "").removesuffix(self._storage)
        container = parts.path.lstrip("/").split("/", 1)[0]
        is_theirs = (parts.hostname or "").endswith(self._storage) and account and container
        return f"{account}/{container}" if is_theirs and parts.scheme == "https" else ""

    def _request_repeatedly(self, container: str) -> SASToken:
        try:
            return retried(
                lambda _: self._request_token(container),
                tries=self._tries,
                host=urlsplit(self._url).netloc,
                per_second=self._per_second,
                retry_on=(TemporaryFailure,),
            )
        except TemporaryFailure as error:
            raise ArchiveUnavailable("planetary-computer", f"its files cannot be signed ({error})") from None

    def _request_token(self, container: str) -> SASToken:
        """Request one token.

        Raises:
            TemporaryFailure: no usable answer; a retry may help.
            ArchiveUnavailable: the request is refused.
        """
        headers = {"Ocp-Apim-Subscription-Key": self._key.get_secret_value()} if self._key else None
        try:
            answer = requests.get(
                f"{self._url}/{container}", headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False
            )
        except requests.RequestException as error:
            raise TemporaryFailure(type(error).__name__) from None
        _check(answer, has_key=self._key is not None)
        try:
            return SASToken(**answer.json())
        except (ValueError, TypeError):
            raise TemporaryFailure("its answer holds no token") from None


def _check(answer: requests.Response, *, has_key: bool) -> None:
    if answer.status_code == 429 or answer.status_code >= 500:
        raise TemporaryFailure(f"HTTP {answer.status_code}", parse_retry_after(answer.headers.get("Retry-After")))
    if answer.status_code != 200:
        hint = "" if has_key else "; LANDCAST_PLANETARY_COMPUTER_KEY is not set"
        raise ArchiveUnavailable(
            "planetary-computer", f"it refuses to sign its files with HTTP {answer.status_code}{hint}"
        )

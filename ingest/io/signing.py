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
"""A token that ends sooner is not used: a read takes that long at worst."""


class Signer(Protocol):
    """Signs links as late as possible. Methods may be called from several threads at once."""

    def sign(self, href: str) -> str:
        """Return the link with a signature that is valid now.

        Raises:
            ArchiveUnavailable: no signature can be had.
        """
        ...

    def forget(self, href: str) -> None:
        """Drop what is kept for a link: it was refused, so the next `sign` asks anew."""
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
            ArchiveUnavailable: the Planetary Computer gives no token.
        """
        container = self._container(href)
        if not container or "?" in href:
            return href
        with self._lock:  # several threads of one container ask once
            token = self._tokens.get(container)
            if token is None or token.ttl() < SPARE_SECONDS:
                token = self._tokens[container] = self._asked(container)
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

    def _asked(self, container: str) -> SASToken:
        try:
            return retried(
                lambda _: self._ask(container),
                tries=self._tries,
                host=urlsplit(self._url).netloc,
                per_second=self._per_second,
                retry_on=(TemporaryFailure,),
            )
        except TemporaryFailure as error:
            raise ArchiveUnavailable("planetary-computer", f"it gives no signature for its files ({error})") from None

    def _ask(self, container: str) -> SASToken:
        """Ask for one token.

        Raises:
            TemporaryFailure: no answer, or one that may be another next time.
            ArchiveUnavailable: it refuses.
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

"""Bearer tokens of an OpenID Connect issuer (single sign-on): checked with PyJWT, read as party and scopes.

Signature, issuer, audience and times are checked (RFC 7519; OpenID Connect Core 1.0, section 3.1.3.7). Algorithms are
fixed here, all with public keys; what a token says of its algorithm only chooses among them.
"""

import hashlib
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from core.errors import InvalidOption
from core.groups.access import OidcSettings
from service.access.caller import Caller, Scope
from service.access.hosts import is_loopback
from service.access.keys import is_name

if TYPE_CHECKING:
    import jwt  # with cryptography, a twentieth of a service's start; httpx likewise: loaded for the first token

log = logging.getLogger(__name__)

ALGORITHMS = {"RSA": ("RS256", "PS256"), "EC": ("ES256",)}
"""By the kind of the key: a token may not choose one for which its key is not made."""
REQUIRED = ("exp", "iat", "iss", "aud", "sub")
LEEWAY_S = 30
"""Clocks of issuer and service may differ by so much."""
MAX_AGE_S, LONGEST_AGE_S = 3600.0, 86_400.0
"""Keys of the issuer are fetched again after the first; if that fails, they are used until the second."""
PAUSE_S = 30.0
"""Between two attempts to fetch keys: tokens with made-up key ids must not make the service ask the issuer all day."""
TIMEOUT_S = 10.0
PREFIX = "landcast:"
"""May stand before a scope in a token, so that it differs from scopes of other services."""
UNREADABLE = (ValueError, TypeError, KeyError, RecursionError)
"""What parts of a token that are no such JSON may raise besides."""
TOKEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)

Fetch = Callable[[str], Mapping[str, Any]]
"""URL -> JSON object."""


class IssuerAway(Exception):
    """The keys of the issuer cannot be fetched."""


def fetch_json(url: str) -> Mapping[str, Any]:
    """Return the JSON object at a URL; redirects are not followed.

    Raises:
        IssuerAway: there is none.
    """
    import httpx

    try:
        answer = httpx.get(url, timeout=TIMEOUT_S, trust_env=not is_loopback(urlsplit(url).hostname or ""))
        answer.raise_for_status()
        return dict(answer.json())
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError) as error:
        raise IssuerAway(f"{url}: {type(error).__name__}") from error


class Tokens:
    """Recognises tokens of one issuer. May be used from several threads."""

    def __init__(
        self, settings: OidcSettings, *, fetch: Fetch = fetch_json, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Prepare; nothing is fetched before the first token.

        Raises:
            InvalidOption: an address without encryption, or no audience.
        """
        _check_url("LANDCAST_OIDC_ISSUER", settings.issuer)
        if settings.jwks_url:
            _check_url("LANDCAST_OIDC_JWKS_URL", settings.jwks_url)
        if not settings.audience:
            raise InvalidOption("LANDCAST_OIDC_AUDIENCE", "", "name the audience that tokens for this service have")
        self._settings, self._fetch, self._clock = settings, fetch, clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched = self._tried = -LONGEST_AGE_S
        self._lock = threading.Lock()

    def caller_of(self, token: str) -> Caller | None:
        """Return who sends a request with a token; None if it is not valid now, or names no party.

        Raises:
            IssuerAway: the keys of the issuer cannot be fetched.
        """
        import jwt

        try:
            claims = self._claims(token)
        except (jwt.PyJWTError, *UNREADABLE) as error:
            log.warning("token refused reason=%s", type(error).__name__)
            return None
        party = _claim(claims, self._settings.party_claim)
        if not isinstance(party, str) or not is_name(party):
            log.warning("token refused reason=no usable claim '%s'", self._settings.party_claim)
            return None
        subject = hashlib.sha256(f"{claims['iss']}\n{claims['sub']}".encode()).hexdigest()[:32]
        name = str(claims.get("preferred_username") or claims["sub"])[:64]
        ends = float(claims["exp"]) + LEEWAY_S
        return Caller(id=f"oidc {subject}", name=name, party=party, scopes=self._scopes(claims), ends=ends)

    def _claims(self, token: str) -> dict[str, Any]:
        import jwt

        header = jwt.get_unverified_header(token)
        key = self._key(header.get("kid"))
        if key is None:
            raise jwt.InvalidKeyError("the issuer has no such key")
        return jwt.decode(
            token,
            key.key,
            algorithms=list(ALGORITHMS[str(key.key_type)]),
            audience=self._settings.audience,
            issuer=self._settings.issuer,
            leeway=LEEWAY_S,
            options={"require": list(REQUIRED)},
        )

    def _scopes(self, claims: Mapping[str, Any]) -> frozenset[Scope]:
        given = _claim(claims, self._settings.scope_claim)
        words = given.split() if isinstance(given, str) else given if isinstance(given, list) else []
        names = {str(word).removeprefix(PREFIX) for word in words}
        return frozenset(scope for scope in Scope if scope.value in names)

    def _key(self, key_id: object) -> "jwt.PyJWK | None":
        """Return the public key of an id; the only one if a token names none; None = there is no such key."""
        with self._lock:
            age = self._clock() - self._fetched
            if age > MAX_AGE_S or (key_id is not None and key_id not in self._keys):
                self._refresh(age)
            if key_id is None:
                return next(iter(self._keys.values())) if len(self._keys) == 1 else None
            return self._keys.get(str(key_id))

    def _refresh(self, age: float) -> None:
        if self._clock() - self._tried >= PAUSE_S:
            self._tried = self._clock()
            try:
                self._keys, self._fetched = self._fetch_keys(), self._clock()
                return
            except IssuerAway as error:
                log.warning("keys of the issuer cannot be fetched reason=%s", error)
        elif age <= MAX_AGE_S:
            return
        if age > LONGEST_AGE_S or not self._keys:
            raise IssuerAway(self._settings.issuer)

    def _fetch_keys(self) -> "dict[str, jwt.PyJWK]":
        import jwt

        url = self._settings.jwks_url or self._discovered()
        try:
            found = jwt.PyJWKSet.from_dict(dict(self._fetch(url)))
        except jwt.PyJWTError as error:
            raise IssuerAway(f"{url} holds no usable keys") from error
        usable = [key for key in found.keys if key.key_type in ALGORITHMS and key.public_key_use != "enc"]
        return {str(key.key_id): key for key in usable}

    def _discovered(self) -> str:
        """Return where the issuer says that its keys are (OpenID Connect Discovery 1.0, section 4)."""
        document = self._fetch(f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration")
        url = document.get("jwks_uri")
        if document.get("issuer") != self._settings.issuer or not isinstance(url, str) or not _is_safe(url):
            raise IssuerAway("its configuration names another issuer, or no safe address of keys")
        return url


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """Return a claim by its name, or by a path of names with dots between them; None = there is none."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _is_safe(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))


def _check_url(name: str, url: str) -> None:
    if not _is_safe(url):
        raise InvalidOption(name, url, "give an address that begins with https://")

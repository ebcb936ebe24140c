"""The one place where every request is checked for its key, scope and rate. Whose job it names: owners.py."""

import logging
import re
import time
from urllib.parse import unquote_plus

from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.settings import Settings
from service.access import refusals
from service.access.caller import LOCAL, NOBODY, Caller, is_public, needed_scope, route_path, shared_job
from service.access.keys import LOOKS_LIKE_KEY, KeyStore
from service.access.oidc import TOKEN, IssuerAway, Tokens
from service.access.quotas import Quotas
from service.access.shares import Shares, token_of
from service.access.start import needs_keys
from workers.queue.schema import AWAY

log = logging.getLogger(__name__)

SCHEME = "bearer"
OF_OPENEO = "basic//"
"""What clients of openEO put before a token that Basic credentials gave them."""
LOOKS_LIKE_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
"""A JSON Web Token; share tokens have two parts."""


class Access:
    """Finds out who sends a request. May be used from several threads."""

    def __init__(self, engine: Engine, settings: Settings, *, shares: Shares, quotas: Quotas) -> None:
        self._keys, self._shares, self._quotas = KeyStore(engine), shares, quotas
        self._tokens = Tokens(settings.oidc) if settings.oidc.issuer else None
        self._needs_keys = needs_keys(settings)

    def check(self, scope: Scope, path: str) -> Caller | Response:
        """Return who sends a request, having checked scope and rate, or the refusal."""
        found = self._caller_of(scope, path)
        if isinstance(found, Response):
            return found
        needed = needed_scope(scope["method"], path)
        if needed not in found.scopes:
            return refusals.lacks_scope(needed)
        wait_s = self._quotas.count_request(found)
        return refusals.too_many_requests(self._quotas.of(found).requests_per_minute, wait_s) if wait_s else found

    def asks_ledger(self, scope: Scope) -> bool:
        """Tell whether `check` reads the ledger; where no key is needed and none is given, it need not."""
        return self._needs_keys or _bearer(scope) is not None

    def is_welcome(self, caller: Caller) -> bool:
        """Tell whether a caller that was let in may still be: its key is neither revoked nor expired, nor its token."""
        if caller.ends is not None and caller.ends <= time.time():
            return False
        return not caller.key_id or self._keys.is_usable(caller.key_id)

    def _caller_of(self, scope: Scope, path: str) -> Caller | Response:
        given = _bearer(scope)
        if given is not None:
            return self._named_by(given) or refusals.wrong_key()
        if not self._needs_keys:
            return LOCAL
        job_id, token = shared_job(scope["method"], path), token_of(scope)
        if job_id and token:
            return self._shares.read(token, job_id) or refusals.wrong_link()
        return refusals.no_key()

    def _named_by(self, text: str) -> Caller | None:
        """Return whose key or token a text is."""
        if self._tokens is not None and TOKEN.fullmatch(text):
            return self._tokens.caller_of(text)
        key = self._keys.find(text)
        return None if key is None else key.caller()


class KeyCheck:
    """ASGI middleware: answers 401, 403 or 429, or passes the request on with its `caller` in the state."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        found = await self._check(scope)
        if isinstance(found, Response):
            await found(scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = found
        await self._app(scope, receive, send)

    async def _check(self, scope: Scope) -> Caller | Response:
        path = route_path(scope)
        if _has_key(scope):
            return refusals.key_in_url()
        if is_public(path):
            return NOBODY
        access: Access = scope["app"].state.access
        try:
            is_quick = not access.asks_ledger(scope)
            found = access.check(scope, path) if is_quick else await run_in_threadpool(access.check, scope, path)
        except AWAY:
            return refusals.ledger_away()
        except IssuerAway:
            return refusals.issuer_away()
        if isinstance(found, Response):
            client = (scope.get("client") or ("",))[0]
            log.warning("request refused status=%d path=%r address=%s", found.status_code, path, client)
        return found


def _bearer(scope: Scope) -> str | None:
    """Return the key or token of a request; None = it has none. Other schemes are a proxy's own business."""
    scheme, _, text = Headers(scope=scope).get("authorization", "").strip().partition(" ")
    return text.strip().removeprefix(OF_OPENEO) if scheme.lower() == SCHEME else None


def _has_key(scope: Scope) -> bool:
    """Tell whether the URL of a request holds what looks like a key or a token of an issuer."""
    query = unquote_plus(scope.get("query_string", b"").decode("latin-1"))
    url = f"{scope['path']}?{query}"
    return LOOKS_LIKE_KEY.search(url) is not None or LOOKS_LIKE_TOKEN.search(url) is not None

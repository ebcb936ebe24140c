"""Which hosts a service on this machine answers to, and what its answers forbid browsers. Keys of users are not here.

A page of any web site can make a browser send requests to 127.0.0.1, and with a name that it points there (DNS
rebinding) read the answers. Such requests carry the site's name as `Host` or `Origin`.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.settings import Settings
from service import errors

LOCALHOST = "localhost"
SAFE = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing (RFC 9110, section 9.2.1)."""
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
    "frame-ancestors 'self'",
}
"""Of every answer that states none of its own; the map page states another policy."""


def is_loopback(host: str) -> bool:
    """Tell whether a name or address means this machine only."""
    if host.lower() == LOCALHOST:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class HostCheck:
    """ASGI middleware: where the service listens on this machine only, it refuses requests made for other hosts."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._is_local = is_loopback(settings.http.host)
        public = _name(settings.http.public_url)
        self._origins = set(settings.http.cors_origins.lower().split())
        self._further = {h.lower() for h in settings.http.hosts.split()} | ({public} if public else set())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 421 to another host and 403 to a change from another origin."""
        if scope["type"] != "http" or not self._is_local:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("host"), headers.get("origin")
        if host is None and origin is None:  # HTTP/1.0: probes of proxies; browsers always name a host
            await self._app(scope, receive, send)
        elif host is None or not self._is_ours(_name(f"//{host}")):
            await errors.misdirected(host or "")(scope, receive, send)
        elif scope["method"] not in SAFE and origin is not None and not self._may_change(origin, host):
            await errors.foreign_origin(origin)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _may_change(self, origin: str, host: str) -> bool:
        """Tell whether pages of an origin may: those of named hosts, and of this machine those of the port asked."""
        name = _name(origin)
        is_own_page = is_loopback(name) and _port(origin) == _port(f"//{host}")
        return origin.lower() in self._origins or name in self._further or is_own_page

    def _is_ours(self, name: str) -> bool:
        return is_loopback(name) or name in self._further


class SafeHeaders:
    """ASGI middleware that adds HEADERS to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer with the headers."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    found.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def _name(url: str) -> str:
    """Return the host of a URL in lower case, without port; empty if it has none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def _port(url: str) -> int | None:
    """Return the port of a URL, -1 if it is none; browsers leave out the usual one of a scheme, here None."""
    try:
        return urlsplit(url).port
    except ValueError:
        return -1

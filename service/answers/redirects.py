"""Redirects to the URL below which users reach the service; Starlette knows only that of the request."""

from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.answers.compression import route_path
from service.links import base_url


class PublicRedirects:
    """ASGI middleware: redirects of trailing slashes keep LANDCAST_PUBLIC_URL, or the root path of a proxy."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and a redirect with the public URL."""

        async def send_public(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 307:
                headers = MutableHeaders(raw=message["headers"])
                headers["location"] = _public(headers["location"], scope)
            await send(message)

        await self._app(scope, receive, send_public if scope["type"] == "http" else send)


def _public(location: str, scope: Scope) -> str:
    path, query = urlsplit(location).path, urlsplit(location).query
    below = route_path({**scope, "path": path})
    return f"{base_url(Request(scope))}{below}{f'?{query}' if query else ''}"

"""HEAD on every path that has GET: the headers of GET, without its body (RFC 9110, section 9.3.2)."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.answers.compression import AS_THEY_ARE, route_path


class HeadAnswered(Exception):
    """The headers are sent, and nobody waits for the rest of the body."""


class Head:
    """ASGI middleware: answers HEAD by GET without its body; of files, which may be large, routes answer it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; of its answer, send the headers alone."""
        if scope["type"] != "http" or scope["method"] != "HEAD" or route_path(scope).startswith(AS_THEY_ARE):
            await self._app(scope, receive, send)
            return

        async def send_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
            elif message["type"] == "http.response.body" and message.get("more_body", False):
                await send({"type": "http.response.body", "body": b""})
                raise HeadAnswered
            elif message["type"] == "http.response.body":
                await send({"type": "http.response.body", "body": b""})

        try:
            await self._app({**scope, "method": "GET"}, receive, send_headers)
        except* HeadAnswered:
            pass

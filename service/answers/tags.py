"""ETags of JSON documents: whoever asks again for a list, a job or an item that has not changed gets no body.

They are weak, as the same document may be sent compressed. Files have ETags of their own; streams have none.
"""

import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.answers.conditions import failed_condition
from service.errors import changed

KEPT = ("etag", "cache-control", "content-location", "date", "expires", "vary")
"""Headers of a 304 (RFC 9110, section 15.4.5)."""


class Tags:
    """ASGI middleware: gives JSON documents an ETag, and answers 304 or 412 where a condition does not hold."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and its answer with an ETag if it is a whole JSON document."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        start: Message | None = None

        async def send_tagged(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_json(message):
                start = message
            elif start is None:
                await send(message)
            elif message.get("more_body", False):  # a stream: its end is not known yet
                await send(start)
                await send(message)
                start = None
            else:
                await _send_whole(scope, start, message, receive, send)
                start = None

        await self._app(scope, receive, send_tagged)


def _is_json(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    kind = headers.get("content-type", "").partition(";")[0]
    return start["status"] == 200 and "etag" not in headers and kind.endswith(("/json", "+json"))


async def _send_whole(scope: Scope, start: Message, body: Message, receive: Receive, send: Send) -> None:
    headers = MutableHeaders(raw=start["headers"])
    headers["etag"] = f'W/"{hashlib.sha256(body.get("body", b"")).hexdigest()[:32]}"'
    match failed_condition(Headers(scope=scope), etag=headers["etag"]):
        case 304:
            kept = [(k, v) for k, v in headers.raw if k.decode("latin-1").lower() in KEPT]
            await send({**start, "status": 304, "headers": kept})
            await send({"type": "http.response.body", "body": b""})
        case 412:
            await changed(headers["etag"])(scope, receive, send)
        case _:
            await send({**start, "headers": headers.raw})
            await send(body)

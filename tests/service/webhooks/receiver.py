"""A receiver of webhooks on this machine, with knobs for what goes wrong out there."""

import base64
import hashlib
import hmac
import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HERE = "127.0.0.0/8"
"""The network of this machine, where tests allow it."""


@dataclass(frozen=True)
class Received:
    """One message."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The body as JSON."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    def is_signed_by(self, secret: str) -> bool:
        """Check the signature as Standard Webhooks 1.0 says, written here anew."""
        key = base64.b64decode(secret.split("_", 1)[1])
        content = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + self.body
        wanted = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        return hmac.compare_digest(self.headers["webhook-signature"], wanted)


@dataclass
class Receiver:
    """The state of one receiver; tests turn its knobs while it runs."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: deque[tuple[int, dict[str, str]]] = field(default_factory=deque)
    """Given to the next messages, one each; afterwards 200."""
    drip_s: float = 0.0
    """Pause between two bytes of the answer; 0 = it is sent at once."""
    connections: int = 0


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def setup(self) -> None:
            receiver.connections += 1
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.received.append(Received(self.path, headers, body))
            status, further = receiver.answers.popleft() if receiver.answers else (200, {})
            if receiver.drip_s:
                self._drip()
                return
            self.send_response(status)
            for name, value in further.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def _drip(self) -> None:
            for letter in b"HTTP/1.1 200 OK\r\n" * 1000:
                if threading.Event().wait(receiver.drip_s):
                    return
                try:
                    self.wfile.write(bytes([letter]))
                    self.wfile.flush()
                except OSError:
                    return

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@contextmanager
def receiving(tls: Any = None) -> Iterator[Receiver]:
    """Run a receiver on a free port, with TLS if a context is given."""
    receiver = Receiver()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(receiver))
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)

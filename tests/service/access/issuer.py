"""A stand-in for an OpenID Connect issuer: a real HTTP server on loopback that signs with real keys."""

import http.server
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

AUDIENCE = "landcast"


@dataclass
class Issuer:
    """What the issuer has, and what it was asked."""

    url: str = ""
    rsa_key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))
    ec_key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    asked: list[str] = field(default_factory=list)
    is_away: bool = False
    named: str = ""
    """Issuer that its configuration names; empty = itself."""

    def document(self, path: str) -> dict[str, Any] | None:
        """Return what it answers."""
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.named or self.url, "jwks_uri": f"{self.url}/keys"}
        if path == "/keys":
            signing = {"use": "sig"}
            first = json.loads(RSAAlgorithm.to_jwk(self.rsa_key.public_key())) | {"kid": "r1"} | signing
            second = json.loads(ECAlgorithm.to_jwk(self.ec_key.public_key())) | {"kid": "e1"} | signing
            return {"keys": [first, second]}
        return None

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return the claims of a token that is right; None as a value leaves one out."""
        now = int(time.time())
        usual = {"iss": self.url, "aud": AUDIENCE, "sub": "u1", "iat": now, "exp": now + 300, "party": "forest"}
        found = usual | {"scope": "openid landcast:read", "preferred_username": "alice"} | changes
        return {name: value for name, value in found.items() if value is not None}

    def token(self, *, key: Any = None, kid: str | None = "r1", algorithm: str = "RS256", **changes: Any) -> str:
        """Return a signed token."""
        headers = {} if kid is None else {"kid": kid}
        return jwt.encode(self.claims(**changes), key or self.rsa_key, algorithm=algorithm, headers=headers)


@contextmanager
def issuing() -> Iterator[Issuer]:
    """Run an issuer."""
    issuer = Issuer()

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            document = None if issuer.is_away else issuer.document(self.path)
            self.send_response(503 if document is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield issuer
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

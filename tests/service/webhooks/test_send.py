"""Messages over real connections: TLS, redirects, slow and odd receivers."""

import datetime
import ipaddress
import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from service.webhooks import send as sending
from service.webhooks.address import read_networks
from service.webhooks.send import Outcome, send
from tests.service.webhooks.receiver import HERE, receiving

ALLOWED = read_networks(HERE)


def test_a_message_arrives_with_its_headers() -> None:
    with receiving() as receiver:
        assert send(f"{receiver.url}/hook?a=1", b"{}", {"webhook-id": "x"}, networks=ALLOWED) == Outcome()
    (message,) = receiver.received
    assert (message.path, message.body) == ("/hook?a=1", b"{}")
    assert message.headers["webhook-id"] == "x"
    assert message.headers["content-type"] == "application/json"
    assert message.headers["host"] == receiver.url.removeprefix("http://")


def test_nothing_is_sent_to_an_address_that_is_not_public() -> None:
    with receiving() as receiver:
        for uri in (receiver.url, receiver.url.replace("127.0.0.1", "localhost")):
            assert "not public" in send(uri, b"{}", {}, networks=()).error
    assert (receiver.connections, receiver.received) == (0, [])


def test_a_redirect_is_not_followed_wherever_it_leads() -> None:
    with receiving() as receiver, receiving() as inside:
        for status in (301, 302, 303, 307, 308):
            receiver.answers.append((status, {"location": f"{inside.url}/secret"}))
            found = send(receiver.url, b"{}", {}, networks=ALLOWED)
            assert found.error == f"it answered with HTTP {status}, and redirects are not followed"
    assert inside.connections == 0


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as receiver, receiving() as proxy:
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("http_proxy", proxy.url)
        assert send(receiver.url, b"{}", {}, networks=ALLOWED) == Outcome()
    assert proxy.connections == 0


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (204, {}, Outcome()),
        (400, {}, Outcome(error="it answered with HTTP 400")),
        (410, {}, Outcome(error="it answered with HTTP 410", is_final=True)),
        (503, {"retry-after": "77"}, Outcome(error="it answered with HTTP 503", wait_s=77.0)),
        (429, {"retry-after": "soon"}, Outcome(error="it answered with HTTP 429")),
    ],
)
def test_what_is_answered_decides_what_follows(status: int, headers: dict[str, str], outcome: Outcome) -> None:
    with receiving() as receiver:
        receiver.answers.append((status, headers))
        assert send(receiver.url, b"{}", {}, networks=ALLOWED) == outcome


def test_a_receiver_that_drips_is_left_after_a_time() -> None:
    with receiving() as receiver:
        receiver.drip_s = 0.05
        began = time.monotonic()
        found = send(receiver.url, b"{}", {}, networks=ALLOWED, longest_s=0.5)
        receiver.drip_s = 0.0
        assert found.error == "it does not answer in time"
        assert time.monotonic() - began < 10


def test_nobody_at_an_address_is_an_error_without_the_address() -> None:
    found = send("http://127.0.0.1:9/x?token=secret", b"{}", {}, networks=ALLOWED)
    assert found.error == "there is no connection (ConnectError)"


def certificate(folder: Path, name: str) -> Path:
    """Write a self-signed certificate of a name with its key; return its path."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    made = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
    signed = made.add_extension(names, critical=False).sign(key, hashes.SHA256())
    path = folder / f"{name}.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + private)
    return path


def test_tls_asks_for_the_certificate_of_the_name_and_not_of_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = certificate(tmp_path, "hooks.example")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    monkeypatch.setattr(sending, "_tls", lambda: ssl.create_default_context(cafile=str(pem)))
    assert ipaddress.ip_address("127.0.0.1").is_loopback
    with receiving(server) as receiver:
        port = receiver.url.rsplit(":", 1)[1]
        for name, is_right in (("hooks.example", True), ("other.example", False)):
            uri = f"HTTPS://{name}:{port}/"
            found = send(uri, b"{}", {}, networks=ALLOWED, find=lambda *_: ["127.0.0.1"])
            assert (found == Outcome()) == is_right, found
    assert [m.headers["host"] for m in receiver.received] == [f"hooks.example:{port}"]

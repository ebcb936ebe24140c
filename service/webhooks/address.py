"""Addresses that webhooks may be sent to: the one that is really connected to is checked, whatever a name stands for.

A name is looked up once, and the connection goes to an address that was checked. So neither a name that stands for a
private address nor one that changes between check and connection (DNS rebinding) leads into the service's own network.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpcore

from core.errors import InvalidOption

MAX_URI = 2000
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""Addresses of IPv4 hosts behind a translator (RFC 6052, section 2.1)."""
Resolve = Callable[[str, int], Sequence[str]]
"""Host and port -> IP addresses as text; raises OSError if there are none."""


class RefusedAddress(Exception):
    """A name stands for no address that webhooks may be sent to."""


class TooSlow(Exception):
    """A receiver has taken its time."""


def read_networks(text: str) -> tuple[Network, ...]:
    """Return the networks of LANDCAST_WEBHOOK_NETWORKS."""
    return tuple(ipaddress.ip_network(word) for word in text.split())


def check_uri(name: str, uri: str, networks: Sequence[Network]) -> str:
    """Return an address of a receiver if it may be one; what its name stands for is checked when it is connected to.

    Raises:
        InvalidOption: says why not, without the query, which may be a secret.
    """
    if not uri or len(uri) > MAX_URI or not uri.isascii() or any(c <= " " or c == "\\" for c in uri):
        raise InvalidOption(name, "...", f"give a URL of up to {MAX_URI} ASCII characters, without spaces")
    shown = uri.split("?", 1)[0][:100]
    try:
        url = httpcore.URL(uri)
        host, scheme = url.host.decode(), url.scheme.decode()
    except (ValueError, TypeError, httpcore.UnsupportedProtocol):
        raise InvalidOption(name, "...", "it is no URL") from None
    if "@" in urlsplit(uri).netloc:
        raise InvalidOption(name, "...", "leave out user and password; what is sent is signed")
    if scheme not in ("https", "http") or not host or (scheme == "http" and not networks):
        raise InvalidOption(name, shown, "give an address that begins with https://")
    literal = _literal(host)
    if literal is not None and not is_allowed(literal, networks, with_tls=scheme == "https"):
        raise InvalidOption(name, shown, "it is not a public address, and LANDCAST_WEBHOOK_NETWORKS does not allow it")
    return uri


def is_allowed(address: Address, networks: Iterable[Network], *, with_tls: bool = True) -> bool:
    """Tell whether webhooks may be sent to an address: one of the allowed networks, or with TLS a public one."""
    inner = _inner(address)
    return any(inner in n or address in n for n in networks) or (with_tls and _is_public(inner))


def resolve(host: str, port: int) -> Sequence[str]:
    """Return the IP addresses of a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class GuardedBackend(httpcore.NetworkBackend):
    """Connects to allowed addresses alone, and gives up after a time whatever the receiver does."""

    def __init__(
        self, networks: Sequence[Network], longest_s: float, find: Resolve = resolve, *, with_tls: bool = True
    ) -> None:
        """Prepare for one message; the time begins now."""
        self._networks, self._find, self._with_tls = networks, find, with_tls
        self._deadline = time.monotonic() + longest_s

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of a host's addresses that is allowed and answers.

        Raises:
            RefusedAddress: none is allowed.
            httpcore.ConnectError, httpcore.ConnectTimeout: none answers.
        """
        try:
            found = self._find(host.strip("[]"), port)
        except (OSError, UnicodeError):
            raise httpcore.ConnectError("there is no such host") from None
        allowed = [text for text in dict.fromkeys(found) if self._is_allowed(text)]
        if not allowed:
            raise RefusedAddress
        for number, text in enumerate(allowed, 1):
            try:
                inner = httpcore.SyncBackend().connect_tcp(text, port, self._left(timeout), local_address)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if number == len(allowed):
                    raise
                continue
            return self._checked(inner)
        raise RefusedAddress

    def _checked(self, stream: httpcore.NetworkStream) -> httpcore.NetworkStream:
        """Return a stream whose other end is what it should be."""
        peer = stream.get_extra_info("server_addr")
        if not peer or not self._is_allowed(str(peer[0])):
            stream.close()
            raise RefusedAddress
        return _Timed(stream, self._left)

    def _is_allowed(self, text: str) -> bool:
        address = _literal(text)
        return address is not None and is_allowed(address, self._networks, with_tls=self._with_tls)

    def _left(self, timeout: float | None) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TooSlow
        return left if timeout is None else min(left, timeout)


class _Timed(httpcore.NetworkStream):
    """A stream each of whose steps ends at a common deadline at the latest: a receiver that drips keeps nobody busy."""

    def __init__(self, stream: httpcore.NetworkStream, left: Callable[[float | None], float]) -> None:
        self._stream, self._left = stream, left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there."""
        return self._stream.read(max_bytes, self._left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all."""
        self._stream.write(buffer, self._left(timeout))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Go on with TLS; the certificate has to be that of the host's name."""
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, self._left(timeout)), self._left)

    def get_extra_info(self, info: str) -> Any:
        """Return what is known of the connection."""
        return self._stream.get_extra_info(info)


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inner(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address carries, if it does: mapped, 6to4, Teredo, NAT64."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    teredo = address.teredo
    carried = address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)
    if carried is None and address in NAT64:
        carried = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return carried or address


def _literal(text: str) -> Address | None:
    """Return an IP address; None if a text is none, such as a name."""
    try:
        return ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None

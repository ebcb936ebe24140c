"""Addresses of receivers: what is refused at once, and what is refused when it is really connected to."""

import ipaddress
import socket
from collections.abc import Sequence

import httpcore
import pytest

from core.errors import InvalidOption
from service.webhooks.address import (
    GuardedBackend,
    RefusedAddress,
    TooSlow,
    check_uri,
    is_allowed,
    read_networks,
    resolve,
)
from tests.service.webhooks.receiver import HERE, receiving

NONE = read_networks("")
PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.1",
    "172.16.3.4",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "2002:7f00:1::",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "2001:db8::1",
]
PUBLIC = ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822", "::ffff:93.184.216.34"]


@pytest.mark.parametrize("text", PRIVATE)
def test_addresses_that_are_not_public_are_refused(text: str) -> None:
    assert not is_allowed(ipaddress.ip_address(text), NONE)
    with pytest.raises(InvalidOption, match="not a public address"):
        check_uri("successUri", f"https://{f'[{text}]' if ':' in text else text}/hook", NONE)


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_allowed(text: str) -> None:
    assert is_allowed(ipaddress.ip_address(text), NONE)


def test_networks_that_are_named_are_allowed_and_no_others() -> None:
    networks = read_networks("10.1.0.0/16 fd00::/8")
    assert is_allowed(ipaddress.ip_address("10.1.2.3"), networks)
    assert is_allowed(ipaddress.ip_address("::ffff:10.1.2.3"), networks)
    assert is_allowed(ipaddress.ip_address("fd00::7"), networks)
    assert not is_allowed(ipaddress.ip_address("10.2.0.1"), networks)
    assert not is_allowed(ipaddress.ip_address("::1"), networks)


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        ("http://hooks.example/x", "begins with https"),
        ("ftp://hooks.example/x", "begins with https"),
        ("file:///etc/passwd", "begins with https"),
        ("hooks.example/x", "begins with https|no URL"),
        ("https:///x", "begins with https|no URL"),
        ("https://user:pass@hooks.example/x", "leave out user"),
        ("https://hooks.example/" + "x" * 3000, "2000"),
        ("https://hooks.example/a b", "without spaces"),
        ("https://hooks.example/\r\nHost: x", "without spaces"),
        ("https://hooks.example\\@127.0.0.1/", "without spaces"),
        ("https://hooks.exämple/", "ASCII"),
        ("https://hooks.example:99999999/", "no URL|https"),
    ],
)
def test_what_is_no_receiver_is_refused_at_once(uri: str, sentence: str) -> None:
    with pytest.raises(InvalidOption, match=sentence) as caught:
        check_uri("successUri", uri, NONE)
    assert "pass" not in str(caught.value).replace("password", "").replace("passwd", "")


def test_the_query_of_a_refused_address_is_not_repeated() -> None:
    with pytest.raises(InvalidOption) as caught:
        check_uri("successUri", "http://hooks.example/x?token=secret", NONE)
    assert "secret" not in str(caught.value)


def test_without_tls_only_where_a_network_is_allowed() -> None:
    assert check_uri("successUri", "http://hooks.example/x", read_networks("10.0.0.0/8"))
    assert check_uri("successUri", "https://hooks.example/x?token=a", NONE)


def test_a_public_address_without_tls_is_refused_though_a_network_is_allowed() -> None:
    networks = read_networks("10.0.0.0/8")
    with pytest.raises(InvalidOption, match="not a public address"):
        check_uri("successUri", "http://93.184.216.34/x", networks)
    backend = GuardedBackend(networks, 5.0, lambda *_: ["93.184.216.34"], with_tls=False)
    with pytest.raises(RefusedAddress):
        backend.connect_tcp("hooks.example", 80, 1.0)
    assert is_allowed(ipaddress.ip_address("10.0.0.1"), networks, with_tls=False)


def connect(addresses: Sequence[str], port: int, networks: str, longest_s: float = 10.0) -> httpcore.NetworkStream:
    backend = GuardedBackend(read_networks(networks), longest_s, lambda host, _: addresses)
    return backend.connect_tcp("hooks.example", port, 5.0)


def test_a_name_that_stands_for_an_address_of_this_machine_is_not_connected_to() -> None:
    with receiving() as receiver:
        port = int(receiver.url.rsplit(":", 1)[1])
        for networks in ("", "10.0.0.0/8"):
            with pytest.raises(RefusedAddress):
                connect(["127.0.0.1", "::1", "::ffff:127.0.0.1"], port, networks)
        assert receiver.connections == 0
        stream = connect(["10.0.0.1", "127.0.0.1"], port, HERE)
        assert stream.get_extra_info("server_addr") == ("127.0.0.1", port)
        stream.close()


def test_a_name_is_looked_up_once_so_that_it_cannot_change_after_the_check() -> None:
    asked = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) > 1 else ["127.0.0.2"]

    with receiving() as receiver:
        port = int(receiver.url.rsplit(":", 1)[1])
        backend = GuardedBackend(read_networks("127.0.0.2/32"), 5.0, rebinding)
        with pytest.raises(httpcore.ConnectError):  # nobody listens at what was checked
            backend.connect_tcp("hooks.example", port, 1.0)
        assert (asked, receiver.connections) == (["hooks.example"], 0)


def test_the_other_end_of_a_connection_is_checked_again() -> None:
    with receiving() as receiver:
        port = int(receiver.url.rsplit(":", 1)[1])
        backend = GuardedBackend(read_networks(HERE), 5.0, lambda *_: ["127.0.0.1"])
        stream = httpcore.SyncBackend().connect_tcp("127.0.0.1", port, 5.0)
        backend._networks = NONE
        with pytest.raises(RefusedAddress):
            backend._checked(stream)


def test_there_is_no_time_beyond_the_deadline() -> None:
    with receiving() as receiver:
        port = int(receiver.url.rsplit(":", 1)[1])
        with pytest.raises(TooSlow):
            connect(["127.0.0.1"], port, HERE, longest_s=0.0)
        assert receiver.connections == 0


def test_a_name_that_does_not_exist_is_no_connection() -> None:
    def nothing(host: str, port: int) -> list[str]:
        raise socket.gaierror("no such name")

    with pytest.raises(httpcore.ConnectError, match="no such host"):
        GuardedBackend(NONE, 5.0, nothing).connect_tcp("hooks.example", 443, 1.0)
    assert set(resolve("localhost", 80)) <= {"127.0.0.1", "::1"}

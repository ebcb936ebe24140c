import socket

import pytest

from tests.conftest import NetworkBlocked, is_loopback


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "localhost", "/run/redis.sock", "", None, ("127.0.0.1", 80)])
def test_addresses_on_this_machine_are_open(address: object) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize("address", ["example.org", "192.0.2.1", ("198.51.100.7", 443), "2001:db8::1"])
def test_addresses_elsewhere_are_closed(address: object) -> None:
    assert not is_loopback(address)


def test_connecting_elsewhere_is_refused_before_a_packet_leaves() -> None:
    with socket.socket() as probe, pytest.raises(NetworkBlocked):
        probe.connect(("192.0.2.1", 80))


def test_names_elsewhere_are_not_looked_up() -> None:
    with pytest.raises(NetworkBlocked):
        socket.getaddrinfo("example.org", 80)


def test_loopback_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        accepted, _ = server.accept()
        with accepted:
            client.sendall(b"a")
            assert accepted.recv(1) == b"a"

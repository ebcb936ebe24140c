import socket
import time
from pathlib import Path

import httpx
import pytest

from core.errors import WorkerUnavailable
from core.settings import Settings
from service.process.address import FILE_NAME, listen, remove_address, running_service, url_of, write_address
from service.process.supervisor import run_api


def test_a_free_port_is_chosen_and_named() -> None:
    with listen(Settings(port=0)) as listener:
        port = listener.getsockname()[1]
        assert port > 0
        assert url_of(listener) == f"http://127.0.0.1:{port}"


def test_a_service_on_all_interfaces_is_reached_on_this_machine() -> None:
    with listen(Settings(host="0.0.0.0", port=0)) as listener:
        assert url_of(listener).startswith("http://127.0.0.1:")


def test_an_address_of_ipv6_stands_in_brackets() -> None:
    try:
        listener = listen(Settings(host="::1", port=0))
    except WorkerUnavailable:
        pytest.skip("this machine has no IPv6")
    with listener:
        assert url_of(listener).startswith("http://[::1]:")


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(WorkerUnavailable, match=f"127.0.0.1:{port} is not available"):
            listen(Settings(port=port))


def test_a_running_service_is_found_by_its_home(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with pytest.raises(WorkerUnavailable, match="landcast serve"):
        running_service(settings)
    write_address(tmp_path, "http://127.0.0.1:8001")
    assert running_service(settings) == "http://127.0.0.1:8001"
    assert [p.name for p in tmp_path.iterdir()] == [FILE_NAME]
    remove_address(tmp_path, "http://127.0.0.1:8001")
    with pytest.raises(WorkerUnavailable):
        running_service(settings)


def test_the_address_of_a_service_that_took_the_place_stays(tmp_path: Path) -> None:
    write_address(tmp_path, "http://127.0.0.1:8002")
    remove_address(tmp_path, "http://127.0.0.1:8001")
    assert running_service(Settings(home=tmp_path)) == "http://127.0.0.1:8002"


def test_a_public_url_needs_no_file(tmp_path: Path) -> None:
    assert running_service(Settings(home=tmp_path, public_url="https://eo.example.org")) == "https://eo.example.org"


def test_requests_on_one_connection_do_not_wait_for_a_delayed_acknowledgement(tmp_path: Path) -> None:
    seconds = []
    with run_api(Settings(home=tmp_path, port=0)) as url, httpx.Client(base_url=url, trust_env=False) as client:
        for _ in range(20):
            start = time.monotonic()
            assert client.get("/healthz").status_code == 200
            seconds.append(time.monotonic() - start)
    assert sorted(seconds)[10] < 0.035, "Linux delays acknowledgements by 40 ms"


def test_the_socket_names_its_protocol_so_that_asyncio_sends_at_once() -> None:
    with listen(Settings(port=0)) as listener:
        assert listener.proto == socket.IPPROTO_TCP

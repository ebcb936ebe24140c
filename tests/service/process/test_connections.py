"""Limits on connections, with real sockets and with few file descriptors."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from client import Client
from core.settings import Settings
from service.process.address import running_service
from service.process.connections import EACH, LEAST, RESERVED, most_connections
from service.process.supervisor import run_api
from tests.cli.cubes import square, write_cube
from tests.workers.conftest import wait_for


def test_connections_leave_file_descriptors_for_the_work() -> None:
    assert most_connections(512, file_limit=65_536, open_files=30) == 512
    assert most_connections(512, file_limit=100, open_files=30) * EACH + 30 + RESERVED <= 100
    assert most_connections(512, file_limit=16, open_files=30) == LEAST


@pytest.fixture
def address(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """Host and port of a service that allows 8 connections, silent for a second."""
    settings = Settings(
        home=tmp_path / "home", redis_url="redis+socket:///nowhere", max_connections=8, idle_seconds=1.0
    )
    settings.home.mkdir()
    with run_api(settings) as url:
        yield "127.0.0.1", int(url.rpartition(":")[2])


def is_closed(client: socket.socket, *, within_s: float) -> bool:
    client.settimeout(within_s)
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET /healthz HTTP/1.1\r\nHos",
        b"POST /stac/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\n{",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
    ids=["nothing", "half a header", "half a body", "a whole request"],
)
def test_a_silent_connection_is_closed(address: tuple[str, int], begun: bytes) -> None:
    with socket.create_connection(address) as client:
        client.sendall(begun)
        if begun.endswith(b"\r\n\r\n"):
            answer = b""
            while not answer.endswith(b"}"):
                answer += client.recv(10_000)
        assert not is_closed(client, within_s=0.5)
        assert is_closed(client, within_s=3)


def test_headers_in_drips_do_not_hold_a_connection(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as client:
        client.sendall(b"GET /healthz HTTP/1.1\r\n")
        for _ in range(20):
            time.sleep(0.2)
            try:
                client.sendall(b"x: y\r\n")
            except OSError:
                return
    pytest.fail("it was held for 4 s")


def test_idle_connections_make_room_for_a_new_one(address: tuple[str, int]) -> None:
    with ExitStack() as held:
        clients = [held.enter_context(socket.create_connection(address)) for _ in range(50)]
        began = time.monotonic()
        assert httpx.get(f"http://127.0.0.1:{address[1]}/healthz", trust_env=False).status_code == 200
        assert time.monotonic() - began < 0.9, "without waiting for a time-out"
        assert is_closed(clients[0], within_s=1)


@pytest.fixture
def serve_with_few_files(tmp_path: Path) -> Iterator[Callable[[int], Settings]]:
    """A function that starts the whole service with so many file descriptors for each of its processes."""
    started: list[subprocess.Popen[bytes]] = []

    def start(files: int) -> Settings:
        cube = write_cube(tmp_path / "cube.nc", shape_yx=(48, 48))
        settings = Settings(home=tmp_path / "home", archive=str(cube), tile_size=16, idle_seconds=3.0)
        code = "import sys; from cli.main import main; sys.exit(main())"
        command = f'ulimit -n {files}; exec "{sys.executable}" -c "{code}" serve'
        given = {"HOME": settings.home, "ARCHIVE": settings.archives.default, "TILE_SIZE": 16, "IDLE_SECONDS": 3}
        with (tmp_path / "serve.log").open("wb") as log:
            started.append(
                subprocess.Popen(
                    ["sh", "-c", command],
                    env=os.environ | {f"LANDCAST_{k}": str(v) for k, v in given.items()},
                    stdout=log,
                    stderr=log,
                )
            )
        wait_for(lambda: (settings.home / "service.url").exists())
        return settings

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def state_of(job_url: str) -> str:
    """Return the state of a job; empty while the flood of connections lasts."""
    try:
        return str(httpx.get(job_url, trust_env=False, timeout=5).json()["status"])
    except httpx.TransportError:
        return ""


@pytest.mark.parametrize("files", [64, *(pytest.param(n, marks=pytest.mark.slow) for n in (100, 1024))])
def test_a_job_goes_on_and_the_log_stays_small_under_1100_idle_connections(
    serve_with_few_files: Callable[[int], Settings], tmp_path: Path, files: int
) -> None:
    settings = serve_with_few_files(files)
    url = running_service(settings)
    port = int(url.rpartition(":")[2])
    with Client(url) as client, ExitStack() as held:
        job = client.order("canopy", square(15.003, 47.8525, degrees=0.004))
        for _ in range(1100):
            sock = held.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        wait_for(lambda: state_of(job.url) == "successful")
    log = (tmp_path / "serve.log").read_text()
    assert len(log) < 200_000
    assert "Traceback" not in log
    assert "died" not in (settings.home / "logs" / "worker.log").read_text()

"""The supervisor with its real children: Redis, worker, API. Slow tests order from the real models."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from cli.main import run_command
from client import Client
from core.errors import WorkerUnavailable
from core.job import JobState
from core.settings import Settings
from service.process.address import running_service
from service.process.supervisor import Supervisor
from tests.cli.cubes import square, write_cube
from tests.conftest import ROOT

LANDCAST = [sys.executable, "-m", "cli.main"]


def until(claim: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until a claim is true."""
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end, "it did not become true in time"
        time.sleep(0.05)


@pytest.fixture
def short() -> Iterator[Path]:
    """Folder for temporary files with a path that is short enough for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="lc-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def service(tmp_path: Path, short: Path) -> Iterator["subprocess.Popen[str]"]:
    """`landcast serve` as a process of its own."""
    environment = os.environ | {"LANDCAST_HOME": str(tmp_path / "home"), "TMPDIR": str(short)}
    with subprocess.Popen(
        [*LANDCAST, "serve", "--archive", str(write_cube(tmp_path / "cube.nc", dates=4))],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        assert "landcast serves at http://127.0.0.1:" in process.stdout.readline()
        yield process
        process.kill()


@pytest.fixture
def no_child_left() -> Iterator[None]:
    """Every child that a test has started is gone after it; a Redis that other tests share may run on."""
    before = {child.pid for child in psutil.Process().children()}
    yield
    assert [child for child in psutil.Process().children() if child.pid not in before] == []


def family(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def test_ctrl_c_leaves_no_process_no_socket_and_no_address(
    service: "subprocess.Popen[str]", tmp_path: Path, short: Path
) -> None:
    address = running_service(Settings(home=tmp_path / "home"))
    until(lambda: httpx.get(f"{address}/readyz", trust_env=False).status_code == 200, seconds=30)
    children = family(service)
    assert len(children) >= 3
    assert list(short.iterdir())
    service.send_signal(signal.SIGINT)
    assert service.wait(20) == 0
    assert psutil.wait_procs(children, timeout=5)[1] == []
    assert list(short.iterdir()) == []
    with pytest.raises(WorkerUnavailable):
        running_service(Settings(home=tmp_path / "home"))


def test_when_the_supervisor_is_killed_its_children_go_too(service: "subprocess.Popen[str]", short: Path) -> None:
    children = family(service)
    service.kill()
    assert psutil.wait_procs(children, timeout=10)[1] == []
    until(lambda: not list(short.iterdir()), seconds=5)


def test_a_redis_that_is_killed_comes_back_at_the_same_address(settings: Settings) -> None:
    with Supervisor(settings, with_worker=False) as supervisor:
        assert supervisor.redis
        os.kill(supervisor.redis.pid, signal.SIGKILL)
        until(lambda: _state_of_queue(supervisor) == "ok", seconds=10)


def _state_of_queue(supervisor: Supervisor) -> str:
    return str(httpx.get(f"{supervisor.url}/readyz", trust_env=False).json()["checks"]["queue"])


@pytest.mark.usefixtures("no_child_left")
def test_a_port_that_is_taken_is_said_so(settings: Settings) -> None:
    with Supervisor(settings, with_worker=False) as first:
        port = int(first.url.rsplit(":", 1)[1])
        taken = settings.but(port=port, home=settings.home / "other")
        with pytest.raises(WorkerUnavailable, match=str(port)), Supervisor(taken, with_worker=False):
            pass


@pytest.mark.usefixtures("no_child_left")
def test_a_worker_that_is_killed_is_restarted_and_its_job_ends_with_the_same_bytes(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cube = write_cube(tmp_path / "cube.nc", shape_yx=(48, 48))
    ready = settings.but(archive=str(cube), tile_size=16)
    with Supervisor(ready) as supervisor, Client(supervisor.url) as client:
        assert supervisor.worker
        region = square(15.003, 47.8525, degrees=0.004)
        job = client.order("canopy", region)
        until(lambda: job.status.state is JobState.RUNNING)
        victim = supervisor.worker.pid
        assert victim
        children = psutil.Process(victim).children()
        os.kill(victim, signal.SIGKILL)
        until(lambda: supervisor.worker.pid not in (None, victim), seconds=10)  # type: ignore[union-attr]
        assert psutil.wait_procs(children, timeout=5)[1] == [], "the pool of the dead worker is gone as well"
        files = job.download(tmp_path / "killed")
        assert set(files) == {"geotiff", "item", "quicklook", "style", "definition", "legend"}
    monkeypatch.setenv("LANDCAST_HOME", str(tmp_path / "undisturbed"))
    monkeypatch.setenv("LANDCAST_TILE_SIZE", "16")
    (tmp_path / "aoi.geojson").write_text(json.dumps(region))
    arguments = ("--region", str(tmp_path / "aoi.geojson"), "--archive", str(cube), "-o", str(tmp_path / "calm.tif"))
    assert run_command(["canopy", *arguments]) == 0
    assert (tmp_path / "calm.tif").read_bytes() == files["geotiff"].read_bytes()

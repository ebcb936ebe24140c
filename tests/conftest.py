"""What every test runs under: no network beyond this machine, no settings from outside, real data where it lies."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from core.settings import Settings
from ingest.simulate.sample import sample_folder

if TYPE_CHECKING:
    from tests.s3_server import S3Server

ROOT = Path(__file__).parent.parent
CLOSED = "http://127.0.0.1:9"
"""The discard port: nothing listens, so clients that honour proxies fail at once."""
IS_PARALLEL = "PYTEST_XDIST_WORKER" in os.environ
"""True in a process that pytest-xdist started beside others."""


class NetworkBlocked(RuntimeError):
    """A test reached for another machine."""


def is_loopback(address: Any) -> bool:
    """Tell whether a socket address stays on this machine: a unix socket, loopback, or no name at all."""
    if isinstance(address, tuple):
        address = address[0]
    if not isinstance(address, str):
        return True  # a path in bytes, an abstract unix socket, a netlink address, or "any address"
    return address.startswith(("/", "\0", "127.", "::1", "fe80::1")) or address in ("", "localhost", "0.0.0.0", "::")


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        address = arguments[0]
    else:
        return
    if not is_loopback(address):
        raise NetworkBlocked(f"tests stay on this machine, and this one reached for {address!r} ({event})")


def pytest_configure() -> None:
    """Close the network for this process (audit hook), and for GDAL and child processes (a proxy that is not there)."""
    sys.addaudithook(_guard)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        os.environ[name] = os.environ[name.upper()] = CLOSED
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1,::1,localhost"
    patient = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    hypothesis_settings.register_profile("landcast", patient)  # a busy machine makes no right answer wrong
    hypothesis_settings.load_profile("landcast")
    if IS_PARALLEL:  # the processes of `make test` share the cores: one thread each, for their child processes too
        os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("LANDCAST_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings whose home is an empty folder of this test's own."""
    return Settings(home=tmp_path / "home")


@pytest.fixture
def one_thread() -> Iterator[None]:
    """One thread for torch, as child processes have: equal sums, and no waiting for cores that others use."""
    import torch  # only where a test learns

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of this run, the same in all of its processes: what is costly to make is made in it once, under a lock."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if IS_PARALLEL else own


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory, shared_folder: Path) -> Path:
    """One home a process for all tests that need the sample archive, which is generated once a run."""
    home = tmp_path_factory.mktemp("sample") / "home"
    shutil.copytree(sample_folder(shared_folder), home / "archives" / "sample")
    return home


@pytest.fixture(scope="session")
def class_models(shared_folder: Path) -> Path:
    """Folder of the models of tests/products/class_models.py, fitted once a run; tests that change one copy it."""
    from tests.products.class_models import write_class_models  # loads torch

    folder = shared_folder / "class_models"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            write_class_models(shared_folder / "class_models.new").rename(folder)
    return folder


@pytest.fixture(scope="session")
def _s3_server(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[S3Server]":
    from tests.s3_server import S3Server  # loads boto3

    server = S3Server(tmp_path_factory.mktemp("s3") / "log")
    yield server
    server.end()


@pytest.fixture
def s3(_s3_server: "S3Server", monkeypatch: pytest.MonkeyPatch) -> "S3Server":
    """An S3 server with an empty bucket, which the AWS_ variables of this test name."""
    for name, value in _s3_server.environment.items():
        monkeypatch.setenv(name, value)
    _s3_server.empty()
    return _s3_server


REAL_DATA = Path(os.environ.get("LANDCAST_REAL_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real cubes and tables; the test is skipped where it is absent."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"no real data in {REAL_DATA}; name its folder in LANDCAST_REAL_DATA")
    return REAL_DATA


@pytest.fixture(scope="session")
def golden() -> Path:
    """Folder of the golden EarthPT file, beside the real data; the test is skipped where it is absent."""
    folder = REAL_DATA.parent / "golden"
    if not folder.is_dir():
        pytest.skip(f"no golden files in {folder}")
    return folder

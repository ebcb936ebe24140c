"""One service with finished, failed and running jobs for all tests of the front door that only look."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from core.settings import Settings
from tests.service import scene
from workers.queue.redis_server import private_redis


@pytest.fixture(scope="session")
def archive_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the small archive lies."""
    folder = tmp_path_factory.mktemp("front")
    scene.settings_for(folder)
    return folder


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A private Redis, without a worker."""
    with private_redis() as url:
        yield url


@dataclass(frozen=True)
class Front:
    """A running service."""

    settings: Settings
    client: httpx.Client


@pytest.fixture(scope="session")
def front(archive_folder: Path, redis_url: str) -> Iterator[Front]:
    """A service with one job of every state; tests that read use it together."""
    settings = scene.settings_for(archive_folder, redis_url=redis_url, tile_size=16)
    with peopled(settings) as found:
        yield found


@contextmanager
def peopled(settings: Settings) -> Iterator[Front]:
    """Run a service with one job of every state."""
    scene.finished(settings, "crop", "crop1")
    scene.finished(settings, "ndvi-forecast", "forecast1", horizon="20d", step="10d")
    scene.failed(settings, "canopy", "failed1", "There is no clear observation of the region in 2021-03.")
    scene.finished(settings, "canopy", "canopy1", period="2021-03-01/2021-12-31")
    scene.half_done(settings, "crop", "running1")
    with scene.served(settings) as client:
        yield Front(settings, client)


@pytest.fixture
def client(front: Front) -> httpx.Client:
    """A client of the common service, for tests that only read."""
    return front.client


@pytest.fixture
def own(archive_folder: Path, tmp_path: Path, redis_url: str) -> Iterator[Front]:
    """A service of this test's own, for tests that order or dismiss."""
    archive = str(archive_folder / "archives" / "fields.nc")
    settings = Settings(home=tmp_path / "home", archive=archive, redis_url=redis_url, tile_size=16)
    with scene.served(settings) as client:
        yield Front(settings, client)

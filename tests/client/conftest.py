"""A running service with finished, failed and running jobs, and clients of it."""

from collections.abc import Iterator

import pytest

from client import Client
from tests.service.conftest import Front, archive_folder, front, own, redis_url

__all__ = ["archive_folder", "front", "own", "redis_url"]


@pytest.fixture
def service(front: Front) -> Iterator[Client]:
    """A client of the common service, for tests that only read."""
    with Client(str(front.client.base_url)) as client:
        yield client


@pytest.fixture
def mine(own: Front) -> Iterator[Client]:
    """A client of a service of this test's own, which has no worker."""
    with Client(str(own.client.base_url)) as client:
        yield client

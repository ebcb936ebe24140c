"""Stores of both kinds, empty: a folder, and a bucket of an S3 server on loopback."""

from pathlib import Path

import pytest

from core.settings import Settings
from tests.s3_server import URL
from workers.store.open_store import open_store
from workers.store.store import Store


@pytest.fixture(params=["folder", "s3"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings with each kind of store."""
    if request.param == "s3":
        request.getfixturevalue("s3")
    return Settings(home=tmp_path / "home", store=URL if request.param == "s3" else str(tmp_path / "store"))


@pytest.fixture
def store(stored: Settings) -> Store:
    """Each kind of store, empty."""
    return open_store(stored)

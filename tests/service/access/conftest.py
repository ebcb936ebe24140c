"""A service that needs keys, for all tests of access that only look."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.settings import Settings
from tests.service.access.keyed import Keyed, keyed
from tests.workers.conftest import database_url, postgres_url
from workers.queue.schema import create_tables, open_engine

__all__ = ["database_url", "postgres_url"]


@pytest.fixture(scope="package")
def guarded(archive_folder: Path, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    """A service with jobs of two parties."""
    archive = str(archive_folder / "archives" / "fields.nc")
    home = tmp_path_factory.mktemp("guarded") / "home"
    with keyed(Settings(home=home, archive=archive, redis_url=redis_url, tile_size=16)) as found:
        yield found


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Each kind of database, with the tables."""
    engine = open_engine(database_url)
    create_tables(engine)
    yield engine
    engine.dispose()

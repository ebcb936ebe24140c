"""A service that needs keys, for all tests of access that only look."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import Settings
from tests.service.access.keyed import Keyed, keyed


@pytest.fixture(scope="package")
def guarded(archive_folder: Path, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    """A service with jobs of two parties."""
    archive = str(archive_folder / "archives" / "fields.nc")
    home = tmp_path_factory.mktemp("guarded") / "home"
    with keyed(Settings(home=home, archive=archive, redis_url=redis_url, tile_size=16)) as found:
        yield found

"""The running service keeps what openapi.yaml promises, for requests made up from it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from core.settings import Settings
from service.app import create_app
from service.description import describe
from tests.service.conftest import Front, peopled
from workers.queue.liveness import worker_name
from workers.queue.presence import beat

schemathesis = pytest.importorskip("schemathesis")
checks = pytest.importorskip("schemathesis.specs.openapi.checks")

DOCUMENT = describe(create_app(Settings(), reconcile=False))
OPERATIONS = [(path, method) for path, operations in DOCUMENT["paths"].items() for method in operations]
DELIBERATE = [checks.positive_data_acceptance, checks.ignored_auth]
"""Not asked: a well-formed region may lie outside the archive, and there is no authentication."""


@pytest.fixture(scope="module")
def schema() -> Any:
    return schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def played(archive_folder: Path, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """A service that may be ordered from and dismissed at will."""
    archive = str(archive_folder / "archives" / "fields.nc")
    home = tmp_path_factory.mktemp("played") / "home"
    with peopled(Settings(home=home, archive=archive, redis_url=redis_url, tile_size=16)) as found:
        yield found


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_answers_are_those_that_are_promised(played: Front, schema: Any, path: str, method: str) -> None:
    base_url = str(played.client.base_url).rstrip("/")

    @settings(
        max_examples=8,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=schema[path][method.upper()].as_strategy())
    def ask(case: Any) -> None:
        beat(played.settings, worker_name())  # else /readyz is right to answer 503
        case.call_and_validate(base_url=base_url, excluded_checks=DELIBERATE)

    ask()

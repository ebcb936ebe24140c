"""The clients of landcast's own test environment, against a real service; all others: `make conformance`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.catalogue import ROWS, Row, Where
from tests.conformance.outcomes import carry_out
from tests.conformance.site import order_all, served

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
OWN = [row for row in ROWS if row.where is Where.DEV]


@pytest.fixture(scope="module")
def site(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file that describes a service with results."""
    with served(sample_home) as url:
        yield order_all(url, tmp_path_factory.mktemp("conformance"))


@pytest.mark.parametrize("row", [row for row in OWN if not row.is_last], ids=lambda row: str(row.client))
def test_a_client_finds_nothing_wrong(site: Path, sample_home: Path, row: Row) -> None:
    outcome = carry_out(row, site, sample_home)
    assert outcome.problems == ()
    assert outcome.checks > 0

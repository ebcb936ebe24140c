"""The page of clients is made from the catalogue, and the catalogue names what is there."""

from pathlib import Path

import pytest

from tests.conformance import page
from tests.conformance.catalogue import ROWS, Row, Where
from tests.conftest import ROOT

CLIENTS = Path(__file__).parent / "clients"


def test_the_page_is_current() -> None:
    written = page.PATH.read_text()
    assert page.text(written) == written, "run: python -m tests.conformance --page"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.client))
def test_a_client_has_what_its_line_names(row: Row) -> None:
    if row.where is Where.TESTS:
        assert all((ROOT / path).exists() for path in row.module.split())
    else:
        assert (CLIENTS / f"{row.module}.py").exists()
    if row.where in (Where.DEV, Where.APART) and not row.needs:
        assert row.package.lower() in page.versions(), "its version is fixed"
    assert "|" not in row.checks + row.notes + "".join(row.limits.values())


def test_every_client_is_in_the_catalogue() -> None:
    named = {row.module for row in ROWS}
    assert {path.stem for path in CLIENTS.glob("*_client.py")} == {name for name in named if "/" not in name}

"""A year of a large tile in bounded memory."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

LIMIT_GIB = 1.5


@pytest.mark.slow
def test_a_tile_year_of_150_dates_takes_less_than_one_and_a_half_gib(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.ingest.large_archive", str(tmp_path), "150"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < LIMIT_GIB

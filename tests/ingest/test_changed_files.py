"""Files that were cut and changed at random are read or refused in one sentence; the long run is `make chaos-all`."""

from pathlib import Path

from tests.chaos.changed_files import read_at_random


def test_a_changed_file_gives_no_error_of_a_library(tmp_path: Path) -> None:
    assert read_at_random(tmp_path, 700) == 700

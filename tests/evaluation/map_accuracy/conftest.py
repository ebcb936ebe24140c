"""A class map on disk for the tests of this folder."""

from pathlib import Path

import pytest

from tests.evaluation.map_accuracy.class_maps import codes, write_map


@pytest.fixture
def drawn_map(tmp_path: Path) -> Path:
    return write_map(tmp_path / "map.tif", codes())

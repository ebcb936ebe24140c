"""Files of polygons and points, and what they can be used as."""

import json
from pathlib import Path

import pytest

from cli.inspect.vectors import USES, look_at_vectors
from core.errors import RequestError
from tests.cli.cubes import square
from tests.training.label_files import write_labels


def test_every_use_has_an_answer(tmp_path: Path) -> None:
    found = look_at_vectors(write_labels(tmp_path / "l.gpkg", side=3), "class")
    assert set(found.uses) == set(USES)
    assert found.summary.name == "l.gpkg"
    assert found.bounds_wgs84 is not None


def test_a_file_that_is_of_no_use_is_refused_with_the_first_reason(tmp_path: Path) -> None:
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": []}))
    with pytest.raises(RequestError, match="not usable"):
        look_at_vectors(tmp_path / "a.geojson", "class")


def test_a_region_alone_is_of_one_use(tmp_path: Path) -> None:
    (tmp_path / "a.geojson").write_text(json.dumps(square(15.0, 47.85)))
    found = look_at_vectors(tmp_path / "a.geojson", "class")
    assert [name for name, text in found.uses.items() if text.startswith("ready")] == ["region"]

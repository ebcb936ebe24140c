"""Pixels for the picture of an input: the mask on top of what it hides."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli.inspect import picture
from cli.inspect.look import inspect_input, inspect_vectors
from cli.inspect.picture import draw
from core.errors import InvalidOption
from core.settings import Settings
from core.source import AS_STATED
from outputs.plots.input import Shot
from tests.cli.cubes import write_cube
from tests.ingest.stac.folders import earth_search_folder
from tests.training.label_files import write_labels


def shots_of(path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> list[Shot]:
    kept: list[Any] = []
    monkeypatch.setattr(picture, "write_input_picture", lambda shots, *_: kept.extend(shots))
    settings = Settings(home=home)
    draw(inspect_input(str(path), settings, AS_STATED), home / "a.png", settings, AS_STATED)
    return kept


@pytest.mark.parametrize("kind", ["cube", "archive of a cube"])
def test_what_a_mask_hides_is_read_without_it(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cubes").mkdir()
    path = write_cube(tmp_path / "cubes" / "a.nc", clear=0.6, dates=8)
    shots = shots_of(path if kind == "cube" else path.parent, tmp_path, monkeypatch)
    assert len(shots) == 2
    assert all(np.isfinite(s.bare.ndvi()).all() for s in shots)
    assert all(0 < np.isnan(s.masked.ndvi()).mean() < 1 for s in shots)
    assert all(s.masked.axis_days("time") == s.bare.axis_days("time") for s in shots)


def test_a_folder_of_rasters_is_drawn_with_and_without_its_mask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shots = shots_of(earth_search_folder(tmp_path / "archive"), tmp_path, monkeypatch)
    assert shots
    assert all(np.isfinite(s.bare.ndvi()).sum() > np.isfinite(s.masked.ndvi()).sum() for s in shots)


def test_polygons_have_no_picture(tmp_path: Path) -> None:
    found = inspect_vectors(write_labels(tmp_path / "l.gpkg", side=2), "class")
    with pytest.raises(InvalidOption, match="cubes, archives and tables"):
        draw(found, tmp_path / "a.png", Settings(home=tmp_path), AS_STATED)

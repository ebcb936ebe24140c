"""Files of weights from strangers: read without running anything in them."""

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from core.errors import InvalidCheckpoint
from models.published.convert import read_published
from models.published.weights_file import MAX_BYTES
from tests.models.published.published_files import published_weights, write_published


def reason(path: Path) -> str:
    with pytest.raises(InvalidCheckpoint) as raised:
        read_published(path)
    assert "\n" not in str(raised.value)
    return raised.value.reason


class Ignition:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("where", ["model", "config", "best_val_loss"])
def test_a_file_that_holds_an_object_is_refused_and_its_code_is_not_run(tmp_path: Path, where: str) -> None:
    path = write_published(tmp_path / "a.pt", published_weights(), **{where: {"x": Ignition(tmp_path / "burnt")}})
    assert "more than plain weights" in reason(path)
    assert not (tmp_path / "burnt").exists()


def test_a_bare_pickle_is_refused_and_its_code_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(pickle.dumps(Ignition(tmp_path / "burnt")))
    assert reason(tmp_path / "a.pt")
    assert not (tmp_path / "burnt").exists()


@pytest.mark.parametrize("kept", [0, 3, 200, 5000, -1, -200])
def test_a_truncated_file_is_refused(tmp_path: Path, kept: int) -> None:
    path = write_published(tmp_path / "a.pt", published_weights())
    path.write_bytes(path.read_bytes()[:kept])
    assert "cut short" in reason(path)


def test_text_a_missing_file_and_a_bare_list_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_text("These are not weights.\n" * 50)
    torch.save([torch.ones(2)], tmp_path / "b.pt")
    assert "no file of weights" in reason(tmp_path / "a.pt")
    assert "holds a list" in reason(tmp_path / "b.pt")
    assert "no such file" in reason(tmp_path / "c.pt")


def test_a_file_that_would_grow_when_unpacked_is_refused(tmp_path: Path) -> None:
    path = write_published(tmp_path / "a.pt", published_weights())
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(tmp_path / "b.pt", "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            new.writestr(entry, old.read(entry))
    assert "compressed" in reason(tmp_path / "b.pt")


def test_a_file_beyond_all_measure_is_not_opened(tmp_path: Path) -> None:
    with (tmp_path / "a.pt").open("wb") as file:
        file.truncate(MAX_BYTES + 1)  # takes no space on the disk
    assert "16 are read at most" in reason(tmp_path / "a.pt")

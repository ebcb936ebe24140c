"""Files appear whole or not at all."""

from pathlib import Path

import pytest

from outputs.atomic import remove, replace, written_aside


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def write_half(path: Path) -> None:
    path.write_text("half")
    raise OSError("the disk is full")


def test_a_file_appears_at_the_end_and_keeps_its_ending_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.tif"
    with written_aside(path) as aside:
        aside.write_text("new")
        assert aside.name.startswith(".")
        assert aside.suffix == ".tif"
        assert not path.exists()
    assert path.read_text() == "new"
    assert names(path.parent) == ["a.tif"]


def test_an_error_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(OSError, match="full"), written_aside(path) as aside:
        write_half(aside)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_folder_replaces_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "cube.zarr"
    (path / "old").mkdir(parents=True)
    with written_aside(path) as aside:
        (aside / "x").mkdir(parents=True)
        (aside / "x" / "0").write_text("1")
    assert names(path) == ["x"]
    assert names(tmp_path) == ["cube.zarr"]


def test_a_file_can_be_written_in_another_folder(tmp_path: Path) -> None:
    with written_aside(tmp_path / "a.txt", tmp_path / "scratch") as aside:
        assert aside.parent == tmp_path / "scratch"
        aside.write_text("1")
    assert names(tmp_path / "scratch") == []
    assert (tmp_path / "a.txt").read_text() == "1"


def test_a_file_replaces_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "new").write_text("1")
    replace(tmp_path / "new", tmp_path / "a")
    assert (tmp_path / "a").read_text() == "1"


def test_what_is_not_there_is_removed_without_an_error(tmp_path: Path) -> None:
    remove(tmp_path / "nothing")
    (tmp_path / "a").mkdir()
    remove(tmp_path / "a")
    assert names(tmp_path) == []

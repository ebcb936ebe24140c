from pathlib import Path

import pytest

from outputs.atomic import written_aside


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file.txt"
    with written_aside(path) as aside:
        aside.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    with pytest.raises(ZeroDivisionError), written_aside(path) as aside:
        aside.write_text(f"half {1 / 0}")
    assert [p.name for p in path.parent.iterdir()] == ["file.txt"]
    assert path.read_text() == "new"

"""The benchmark of map tiles, over a small map."""

import pytest

from benchmarks.speed.tiles import main


def test_both_draw_and_the_ratio_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("rio_tiler", reason="rio-tiler is not installed")
    monkeypatch.setattr("sys.argv", ["tiles.py", "--edge", "400", "--tiles", "2"])
    main()
    assert "tiles a second: " in capsys.readouterr().out

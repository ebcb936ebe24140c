"""The benchmark of fields, over a few of them."""

from pathlib import Path

import pytest

from benchmarks.speed.fields import main, measure


def test_fields_are_answered_from_the_cache_and_equal_exactextract(tmp_path: Path) -> None:
    found = measure(9, 12, ["ndvi-forecast"], tmp_path)
    assert found.fields == 9
    assert found.lines > 9 * 30
    assert found.seconds > 0
    assert found.largest_error < 2e-4  # four decimals are kept, and the cache holds reflectance in steps of 1e-4
    assert (tmp_path / "fields.csv").is_file()


def test_the_result_is_three_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["fields.py", "--fields", "4", "--dates", "10", "--home", str(tmp_path)])
    main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("4 fields of 3 ha, 10 dates, ndvi-forecast: ")
    assert len(lines) == 3

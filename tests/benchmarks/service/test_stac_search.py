"""The benchmark of STAC search, over a few dozen jobs."""

from pathlib import Path

import pytest

from benchmarks.service.stac_search import SEARCHES, fill, main, measure, served
from core.settings import Settings
from products.catalogue import PRODUCTS


def test_every_search_is_timed_and_finds_a_part_of_the_items(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    fill(settings, 60)
    with served(settings) as client:
        found = measure(client, "/stac/search", repeats=2)
    assert found.keys() == SEARCHES.keys()
    assert found["no condition"].matched == found["a box of the whole world"].matched == 60
    assert found["one collection"].matched == 60 // len(PRODUCTS)
    assert 0 < found["a year"].matched < 60
    assert all(0 < timing.median_ms <= timing.p95_ms for timing in found.values())


def test_the_result_is_a_table_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["stac_search.py", "--jobs", "9", "--repeats", "1"])
    assert main() in (0, 1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "9 finished jobs, 1 requests each"
    assert [line.split(" | ")[0] for line in lines[4:]] == [
        f"| {name}" for name in [*SEARCHES, "the list of collections"]
    ]

"""The list of benchmarks of the CPU: each is there, and takes the options that it is given."""

import json
import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.bench import COMMANDS, ROOT, SHOWN, TAKEN_OUT, measure, table


@pytest.mark.parametrize("name", COMMANDS)
def test_each_benchmark_is_a_module_that_knows_its_options(name: str) -> None:
    module, *options = COMMANDS[name]
    found = find_spec(module)
    assert found is not None
    assert found.origin is not None
    sources = [Path(found.origin), ROOT / "benchmarks" / "paired.py"]  # the latter has options that some share
    text = "".join(p.read_text(encoding="utf-8") for p in sources)
    assert [o for o in options if o.startswith("--") and f'"{o}"' not in text] == []
    assert '__name__ == "__main__"' in sources[0].read_text(encoding="utf-8")


def test_each_benchmark_that_a_page_names_is_there() -> None:
    pages = [p for p in ROOT.rglob("*.md") if not set(p.relative_to(ROOT).parts) & {".venv", "results", "site"}]
    text = "\n".join(p.read_text(encoding="utf-8") for p in pages)
    modules = {m.replace(".", "/") + ".py" for m in re.findall(r"`(?:python -m )?(benchmarks(?:\.\w+)+)", text)}
    files = set(re.findall(r"benchmarks/[\w/]+\.py", text))
    assert len(modules) > 20
    assert sorted(f for f in modules | files if not (ROOT / f).is_file()) == []
    assert "python benchmarks/" not in text


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").rglob("*.py")), ids=lambda p: p.stem)
def test_each_benchmark_finds_what_it_imports(path: Path) -> None:
    assert import_module(".".join(path.relative_to(ROOT).with_suffix("").parts)).__doc__


def test_make_bench_runs_the_list() -> None:
    assert re.search(r"^bench:.*\n\t@\$\(BIN\)/python -m benchmarks\.bench$", (ROOT / "Makefile").read_text(), re.M)


def test_a_benchmark_that_fails_or_takes_too_long_says_so_and_its_line_is_in_the_table() -> None:
    failed = measure(["benchmarks.bench", "--only", "of-another-world"], seconds=60)
    assert failed["command"] == "python -m benchmarks.bench --only of-another-world"
    assert failed["failure"].startswith("no benchmark is called of-another-world")
    late = measure(["benchmarks.bench", "--help"], seconds=0)
    assert late["failure"] in ("", TAKEN_OUT)  # it has a second
    record = {
        "name": "engine",
        "seconds": 1.0,
        "failure": "",
        "command": "python",
        "rows": [{"name": "r", SHOWN[0]: 2.0}],
    }
    lines = list(table([{**failed, "name": "other"}, json.loads(json.dumps(record))]))
    assert "no benchmark is called" in lines[0]
    assert lines[-1].split() == ["r", SHOWN[0], "2"]

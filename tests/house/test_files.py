import ast
import re

from tests.conftest import ROOT
from tests.house.tree import ROOMS, modules, name_of, syntax, tracked

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 40
TEXT = (".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".json", ".cfg", ".sh", ".html", ".js", ".css", "Dockerfile")
FOREIGN = re.compile(
    r"(?<![\w.~$])/(?:work|root|home/\w+|Users/\w+|tmp/plan|opt/\w+)/"  # places on somebody's machine
    r"|--(?:extra-)?index-url[= ]|\bfile:///(?!etc/passwd)|files\.pythonhosted\.org"  # somebody's package registry
)
ALLOWED = {
    "docker/api.Dockerfile": "the image's own /opt/landcast",
    "docker/worker.Dockerfile": "the image's own /opt/landcast, and an index that is given as an argument",
    "docs/guides/docker.md": "speaks of both",
}
MAX_BYTES = 10 * 1024 * 1024


def source_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
    return (node.end_lineno or 0) - first.lineno + 1


def test_a_file_is_short_enough_to_read() -> None:
    lengths = {name_of(p): p.read_text(encoding="utf-8").count("\n") for p in modules(*ROOMS, "tests")}
    assert {name: count for name, count in lengths.items() if count >= MAX_FILE_LINES} == {}


def test_functions_are_short() -> None:
    functions = [
        (f"{name_of(path)}:{node.name}", source_lines(node))
        for path in modules(*ROOMS)
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert [(name, count) for name, count in functions if count > MAX_FUNCTION_LINES] == []


def is_text(name: str) -> bool:
    return name.endswith(TEXT) or name in ("Makefile", ".ci/run", ".gitignore", ".dockerignore")


def test_no_tracked_file_names_somebodys_machine_or_registry() -> None:
    own = "tests/house/test_files.py"
    texts = {
        n: (ROOT / n).read_text(encoding="utf-8") for n in tracked() if is_text(n) and n not in ALLOWED and n != own
    }
    assert {n: found[0] for n, text in texts.items() if (found := FOREIGN.search(text))} == {}


def test_no_tracked_file_is_data() -> None:
    endings = (".tif", ".nc", ".zarr", ".parquet", ".whl", ".zip", ".gz", ".pt", ".pkl", ".sqlite", ".db")
    assert [n for n in tracked() if n.endswith(endings)] == []
    assert [n for n in tracked() if (ROOT / n).stat().st_size > MAX_BYTES] == []


def test_modules_are_named_by_nouns_and_verbs() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "manager", "info", "misc"}
    assert [name_of(p) for p in modules(*ROOMS) if vague & set(p.stem.split("_"))] == []

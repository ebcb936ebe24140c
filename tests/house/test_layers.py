"""What a band is stands in its layer's fields; no code reads it out of a name or a description."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import ROOMS, modules, name_of, syntax

PARSERS = ("startswith", "endswith", "removeprefix", "removesuffix", "split", "rsplit", "partition", "rpartition")
MATCHERS = ("match", "fullmatch", "search", "findall", "finditer")
ALLOWED = ("evaluation/map_accuracy/class_map.py",)
"""Reads maps of other tools and of older versions, whose bands have a name and a description alone."""
BANDS = ("layer", "description", "band_name")
"""Words in the text of an expression that holds layers, their names or their descriptions."""
LOOPED = ("layers", "descriptions")


def parsed_names(tree: ast.Module) -> Iterator[str]:
    """Yield each expression that takes a layer's name or description to pieces."""
    loops = {name for node in ast.walk(tree) for name in _loop_names(node)}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr in PARSERS:
            looked_at = [node.func.value]
        elif node.func.attr in MATCHERS:
            looked_at = list(node.args)
        else:
            continue
        if any(_is_of_a_layer(value, loops) for value in looked_at):
            yield ast.unparse(node)


def _loop_names(node: ast.AST) -> Iterator[str]:
    """Yield names of variables that run over layers or descriptions."""
    if isinstance(node, ast.For | ast.comprehension) and any(w in ast.unparse(node.iter) for w in LOOPED):
        yield from (n.id for n in ast.walk(node.target) if isinstance(n, ast.Name))


def _is_of_a_layer(value: ast.expr, loops: set[str]) -> bool:
    text = ast.unparse(value).lower()
    names = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)}
    return any(word in text for word in BANDS) or bool(names & loops)


def found_in(paths: tuple[Path, ...]) -> list[str]:
    return [
        f"{name_of(path)}: {text}"
        for path in paths
        if name_of(path) not in ALLOWED
        for text in parsed_names(syntax(path))
    ]


def test_no_code_parses_the_name_of_a_layer() -> None:
    folders = ("outputs", "products", "evaluation", "workers", "service")
    assert set(folders) <= set(ROOMS)
    assert found_in(modules(*folders)) == []


def test_the_rule_finds_what_it_forbids() -> None:
    for text in (
        'layer.name.startswith("p_")',
        'medians = [x for x in layers if x.name.endswith("_q50")]',
        "dates = [m[1] for n in (v.name for v in layers) if (m := DATED.fullmatch(n))]",
        "codes = CODED.findall(layer.description)",
        "kind = raster.descriptions[0].partition('_')",
    ):
        assert list(parsed_names(ast.parse(text))), text

"""The page of the docs that lists the products and their options, made from the catalogue.

Run as `python -m cli.products_page [--check]`.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from core.options import MapsOnly, marker
from core.product import Product
from products.catalogue import PRODUCTS, find_entry

PATH = Path(__file__).parent.parent / "docs" / "reference" / "products.md"
HEAD = """# Products and their options

`python -m cli.products_page` writes this page from the code. An option of the command line has the name of the REST
input with dashes: `issue_date` is `--issue-date`. `landcast order` has the same options.
"""


def text(products: Mapping[str, Product[Any]] = PRODUCTS) -> str:
    """Return the page for the products of the catalogue."""
    return HEAD + "".join("\n" + "\n".join(_section(product)) + "\n" for product in products.values())


def _section(product: Product[Any]) -> Iterator[str]:
    yield f"## {product.title}"
    yield ""
    yield f"Product `{product.id}`, on the command line `landcast {find_entry(product.id).command}`."
    yield ""
    yield product.description
    yield ""
    yield "| input | option | values | default | meaning |"
    yield "|---|---|---|---|---|"
    for name, schema in product.options.schemas().items():
        field = product.options.model_fields[name]
        only = " Not for tables." if marker(field, MapsOnly) else ""
        meaning = f"{schema.get('description', '')}{only}".replace("|", "\\|")
        option = f"--{name.replace('_', '-')}"
        yield f"| `{name}` | `{option}` | {_values(schema)} | {_default(schema)} | {meaning} |"


def _values(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "minimum" in schema:
        return f"{schema['minimum']:g} to {schema['maximum']:g}"
    if schema["type"] == "array":
        return f"list of {_values(schema['items'])}"
    if "pattern" in schema:
        return "START/END"
    names = {"boolean": "true or false", "object": "JSON", "string": str(schema.get("format", "text"))}
    return names.get(str(schema["type"]), str(schema["type"]))


def _default(schema: Mapping[str, Any]) -> str:
    given = schema.get("default")
    if given is None:
        return ""
    if isinstance(given, list):
        return f"`{','.join(map(str, given))}`"
    return f"`{str(given).lower() if isinstance(given, bool) else given}`"


def main() -> int:
    """Write the page; with --check only compare it, with exit code 1 if it is not current."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="compare the page")
    if not parser.parse_args().check:
        PATH.write_text(text(), encoding="utf-8")
        return 0
    if PATH.is_file() and PATH.read_text(encoding="utf-8") == text():
        return 0
    print("docs/reference/products.md is not current; run: python -m cli.products_page", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

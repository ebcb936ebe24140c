"""The page of products and options, made from the catalogue."""

import sys
from pathlib import Path

import pytest

from cli import products_page
from products.catalogue import PRODUCTS, find_product


def test_every_option_that_an_order_may_set_has_a_row() -> None:
    page = products_page.text()
    for product in PRODUCTS.values():
        assert f"## {product.title}\n" in page
        for name in product.options.choices():
            assert f"| `{name}` | `--{name.replace('_', '-')}` |" in page


def test_rows_state_values_defaults_and_what_tables_do_not_take() -> None:
    rows = {
        line.split("`")[1]: line
        for line in products_page.text({"canopy": find_product("canopy")}).splitlines()
        if line.startswith("| `")
    }
    assert "| `percent`, `float` | `percent` |" in rows["probabilities"]
    assert "| 0 to 1000 | `0.0` |" in rows["mmu"]
    assert rows["mmu"].endswith(" Not for tables. |")
    assert "| 0.5 to 0.999 | `0.9` |" in rows["significance"]
    assert "| true or false | `false` |" in rows["sets"]
    assert "| START/END |  |" in rows["period"]
    assert "Not for tables" not in rows["date"]


def test_the_page_is_written_and_a_page_of_yesterday_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(products_page, "PATH", tmp_path / "products.md")
    monkeypatch.setattr(sys, "argv", ["products_page", "--check"])
    assert products_page.main() == 1
    assert "is not current" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["products_page"])
    assert products_page.main() == 0
    monkeypatch.setattr(sys, "argv", ["products_page", "--check"])
    assert products_page.main() == 0
    (tmp_path / "products.md").write_text("yesterday")
    assert products_page.main() == 1

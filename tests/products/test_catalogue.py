"""The catalogue: every product by its id and its command."""

import pytest

from core.errors import UnknownProduct
from products.catalogue import PRODUCTS, entries, find_entry, find_product


def test_every_entry_leads_to_the_product_of_its_id() -> None:
    assert [product.id for product in PRODUCTS.values()] == [entry.id for entry in entries()] == list(PRODUCTS)
    assert len(PRODUCTS) == len(entries())
    for entry in entries():
        assert find_product(entry.id) is PRODUCTS[entry.id]
        assert find_entry(entry.id) is entry


def test_commands_are_unique_and_their_summaries_are_sentences() -> None:
    commands = [entry.command for entry in entries()]
    assert len(set(commands)) == len(commands)
    assert all(entry.summary[0].isupper() and entry.summary.endswith(".") for entry in entries())


def test_an_unknown_product_is_refused_with_the_known_ones() -> None:
    for find in (find_product, find_entry):
        with pytest.raises(
            UnknownProduct, match=r"'yield'\. Known: ndvi-forecast, ndvi-gap-fill, ndvi-anomaly, canopy, crop\."
        ):
            find("yield")


def test_the_catalogue_is_a_mapping_in_which_unknown_ids_are_missing() -> None:
    assert "yield" not in PRODUCTS
    assert PRODUCTS.get("yield") is None
    with pytest.raises(KeyError, match="yield"):
        PRODUCTS["yield"]

"""The catalogue: every product by its id and its command."""

import pytest

from core.errors import UnknownProduct
from products.catalogue import find_product


def test_an_unknown_product_is_named_with_those_there_are() -> None:
    with pytest.raises(UnknownProduct, match="ndvi-forecast"):
        find_product("yield")

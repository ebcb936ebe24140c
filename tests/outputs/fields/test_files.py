"""Which files an order of fields has."""

from outputs.fields.files import FILES, PROVENANCE, tables


def test_an_order_has_the_files_that_it_names_and_all_if_it_names_none() -> None:
    assert tables(()) == [n for o, n in FILES.items() if o != PROVENANCE]
    assert tables(("geojson", "csv", PROVENANCE)) == ["fields.csv", "fields.geojson"]
    assert tables((PROVENANCE,)) == []

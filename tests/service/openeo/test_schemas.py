"""Documents of openEO."""

from service.openeo.schemas import OpenEoDocument


def test_a_document_has_the_members_that_it_is_given() -> None:
    assert OpenEoDocument.of(id="a", links=[]).model_dump() == {"id": "a", "links": []}

"""The process of fields as it is described."""

import jsonschema

from service.fields.describe import SCHEMAS, description, summary
from service.results import FIELD_OUTPUTS
from workers.fields.accept import INPUTS


def test_every_input_and_output_is_described_and_only_the_fields_are_needed() -> None:
    found = description("http://x")
    assert list(found.inputs) == list(INPUTS) == list(SCHEMAS)
    for name, described in found.inputs.items():
        jsonschema.Draft202012Validator.check_schema(described.schema_)
        assert described.minOccurs == (1 if name == "fields" else 0)
    assert {n: o.schema_["contentMediaType"] for n, o in found.outputs.items()} == {o.id: o.kind for o in FIELD_OUTPUTS}


def test_the_summary_links_to_description_and_order() -> None:
    assert [x.href for x in summary("http://x").links] == [
        "http://x/processes/fields",
        "http://x/processes/fields/execution",
    ]

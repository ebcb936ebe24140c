import yaml
from openapi_spec_validator import validate

from service.openapi import PATH, text


def test_openapi_yaml_is_what_the_code_generates() -> None:
    assert PATH.read_text(encoding="utf-8") == text()


def test_openapi_yaml_is_a_valid_openapi_document() -> None:
    validate(yaml.safe_load(PATH.read_text(encoding="utf-8")))

from pathlib import Path

import pytest

from tests.products.class_models import write_class_models


@pytest.fixture(scope="session")
def class_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the models of tests/products/class_models.py."""
    return write_class_models(tmp_path_factory.mktemp("models"))

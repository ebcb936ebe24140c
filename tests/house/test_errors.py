import inspect

import pytest

from core import errors
from core.errors import LandcastError, RequestError
from service.errors import STATUS

CLASSES = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, LandcastError)]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda k: k.__name__)
def test_every_error_has_a_status_of_its_own_that_says_whose_move_it_is(kind: type[LandcastError]) -> None:
    assert STATUS[kind] // 100 == (4 if issubclass(kind, RequestError) else 5)


def test_the_table_of_statuses_names_no_error_that_does_not_exist() -> None:
    assert set(STATUS) == set(CLASSES)

"""The field Prefer."""

import pytest

from service.answers.prefer import Preferences, read_preferences


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (None, Preferences()),
        ("", Preferences()),
        ("respond-async", Preferences(respond_async=True)),
        ("wait=10", Preferences(wait_s=10)),
        ('Respond-Async , wait = "5"; foo', Preferences(respond_async=True, wait_s=5)),
        ("return=minimal, wait=1, wait=9", Preferences(wait_s=1)),
        ("wait=soon", Preferences()),
        ("wait=-1", Preferences()),
    ],
)
def test_preferences_are_read(field: str | None, expected: Preferences) -> None:
    assert read_preferences(field) == expected

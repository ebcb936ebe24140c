"""Which service the commands of jobs talk to."""

import pytest

from cli.jobs.connect import connect
from core.errors import InvalidOption


def test_the_service_of_the_option_is_used() -> None:
    with connect("http://127.0.0.1:9/landcast", None) as client:
        assert client.job("a b").url == "http://127.0.0.1:9/landcast/jobs/a%20b"


@pytest.mark.parametrize("key", ["a b", "schlüssel"])
def test_what_cannot_be_a_key_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(InvalidOption, match="LANDCAST_KEY") as found:
        connect("http://127.0.0.1:9", key)
    assert key not in str(found.value)

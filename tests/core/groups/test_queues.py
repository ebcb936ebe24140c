import pytest
from pydantic import ValidationError

from core.errors import InvalidOption
from core.groups.queues import ALL, Capability, read_capabilities
from core.read_settings import environment, read_settings
from core.settings import Settings


def test_queues_are_read_in_the_order_of_the_work() -> None:
    assert read_capabilities("post, ingest") == (Capability.INGEST, Capability.POST)
    assert read_capabilities("compute") == (Capability.COMPUTE,)


@pytest.mark.parametrize(("text", "reason"), [("gpu", "'gpu' is no queue"), (" , ", "it names no queue")])
def test_other_words_are_refused_with_what_there_is(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"{reason}; the queues are ingest, compute, post"):
        read_capabilities(text)
    with pytest.raises(ValidationError):
        Settings(queues=text)


def test_a_worker_serves_all_queues_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().workers.capabilities == ALL
    monkeypatch.setenv("LANDCAST_QUEUES", "compute post")
    assert read_settings().workers.queues == "compute,post"
    assert environment(read_settings())["LANDCAST_QUEUES"] == "compute,post"
    monkeypatch.setenv("LANDCAST_QUEUES", "gpu")
    with pytest.raises(InvalidOption, match=r"LANDCAST_QUEUES.*'gpu' is no queue"):
        read_settings()

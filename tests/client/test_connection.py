"""Refusals, keys, and what is sent again. A stand-in answers, as a real service breaks off too seldom."""

import logging
from collections.abc import Callable, Sequence

import httpx
import pytest

from client.connection import PAUSES, Connection, check
from core.errors import InternalError, InvalidOption, LandcastError, RequestError, WorkerUnavailable

Answer = Callable[[httpx.Request], httpx.Response]


def connection(answer: Answer, *, slept: list[float] | None = None, key: str = "") -> Connection:
    http = httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=True)
    pauses: list[float] = [] if slept is None else slept
    return Connection("http://server:8000", key, http, sleep=pauses.append)


def in_turn(answers: Sequence[httpx.Response | Exception]) -> Answer:
    rest = iter(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        found = next(rest)
        if isinstance(found, Exception):
            raise found
        return found

    return answer


GOOD = httpx.Response(200, json={"a": 1})


def lost() -> Exception:
    return httpx.RemoteProtocolError("Server disconnected without sending a response.")


def test_without_a_service_the_sentence_advises_to_start_one() -> None:
    with pytest.raises(WorkerUnavailable, match="landcast serve"):
        Connection("http://127.0.0.1:9", pauses=(0.01,)).json("GET", "processes")


@pytest.mark.parametrize(("status", "kind"), [(400, RequestError), (404, RequestError), (500, InternalError)])
def test_the_words_of_the_service_are_passed_on(status: int, kind: type[LandcastError]) -> None:
    body = {"title": "Invalid region", "status": status, "detail": "The region is flat."}
    with pytest.raises(kind, match=r"^The region is flat\.$"):
        connection(lambda _: httpx.Response(status, json=body)).json("POST", "processes/crop/execution", {})


def test_an_answer_that_is_no_problem_document_still_gives_a_sentence() -> None:
    with pytest.raises(InternalError, match=r"502 to http://server:8000/jobs\.$"):
        connection(lambda _: httpx.Response(502, text="<html>Bad gateway</html>")).json("GET", "jobs?share=secret")


def test_a_lost_connection_is_tried_again_until_the_service_is_back() -> None:
    slept: list[float] = []
    answers = [GOOD, lost(), httpx.ConnectError("refused"), httpx.Response(200, json={"a": 2})]
    found = connection(in_turn(answers), slept=slept)
    assert found.json("GET", "jobs") == {"a": 1}
    assert found.json("GET", "jobs") == {"a": 2}
    assert slept == list(PAUSES[:2])


def test_it_is_given_up_in_the_end_and_soon_where_no_service_has_ever_answered() -> None:
    slept: list[float] = []
    with pytest.raises(WorkerUnavailable, match="no landcast service answers"):
        connection(in_turn([httpx.ConnectError("refused")] * 2), slept=slept).json("GET", "jobs")
    assert slept == [PAUSES[0]]
    slept.clear()
    found = connection(in_turn([GOOD, *[lost()] * (len(PAUSES) + 1)]), slept=slept)
    found.json("GET", "jobs")
    with pytest.raises(WorkerUnavailable):
        found.json("GET", "jobs")
    assert slept == list(PAUSES)


@pytest.mark.parametrize("status", [429, 503])
def test_a_service_that_asks_to_wait_is_waited_for(status: int) -> None:
    slept: list[float] = []
    busy = httpx.Response(status, headers={"Retry-After": "7"}, json={"detail": "Too many requests."})
    assert connection(in_turn([busy, busy, GOOD]), slept=slept).json("GET", "jobs") == {"a": 1}
    assert slept == [7.0, 7.0]


@pytest.mark.parametrize("wait", ["3600", "not a number", ""])
def test_a_wait_that_is_too_long_or_is_not_stated_is_a_refusal(wait: str) -> None:
    slept: list[float] = []
    busy = httpx.Response(429, headers={"Retry-After": wait} if wait else {}, json={"detail": "You have 9 jobs."})
    with pytest.raises(RequestError, match=r"^You have 9 jobs\.$"):
        connection(in_turn([busy]), slept=slept).json("GET", "jobs")
    assert slept == []


def test_a_time_to_wait_until_is_understood_as_well() -> None:
    slept: list[float] = []
    busy = httpx.Response(429, headers={"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}, json={"detail": "Later."})
    assert connection(in_turn([busy, GOOD]), slept=slept).json("GET", "jobs") == {"a": 1}
    assert slept == [0.0]


def test_a_key_is_sent_to_the_service_alone() -> None:
    seen: dict[str, str | None] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        seen[str(request.url)] = request.headers.get("Authorization")
        if request.url.path == "/moved":
            return httpx.Response(302, headers={"Location": "http://evil.example/x"})
        return httpx.Response(401, json={"detail": "The key is not known here."})

    found = connection(answer, key="landcast_secret")
    for url in ("processes", "http://evil.example/a", "http://server/a", "https://server:8000/a", "moved"):
        with pytest.raises(RequestError) as caught:
            found.json("GET", url)
        assert "landcast_secret" not in str(caught.value)
    assert seen["http://server:8000/processes"] == seen["http://server:8000/moved"] == "Bearer landcast_secret"
    assert [key for url, key in seen.items() if not url.startswith("http://server:8000")] == [None] * 4


def test_keys_and_passwords_are_in_no_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    http = httpx.Client(transport=httpx.MockTransport(in_turn([lost(), lost()])))
    found = Connection("http://user:pass@server", "landcast_secret", http, sleep=lambda _: None)
    with pytest.raises(WorkerUnavailable) as caught:
        found.json("GET", "jobs")
    texts = repr(found) + str(caught.value) + caplog.text
    assert "http://server/" in texts
    assert "is sent again" in caplog.text
    assert "landcast_secret" not in texts
    assert "pass@" not in texts


@pytest.mark.parametrize("key", ["a b", "a\nb", "schlüssel"])
def test_what_cannot_be_a_key_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(InvalidOption, match="LANDCAST_KEY") as caught:
        Connection("http://server", key)
    assert key not in str(caught.value)


def test_an_address_without_a_scheme_is_refused_with_one_that_has_it() -> None:
    with pytest.raises(WorkerUnavailable, match="write it with http:// or https://"):
        Connection("127.0.0.1:8000").json("GET", "jobs")


def test_a_missing_key_is_explained_for_commands() -> None:
    answer = httpx.Response(401, json={"detail": "This service needs a key."}, request=httpx.Request("GET", "http://a"))
    with pytest.raises(RequestError, match="LANDCAST_KEY"):
        check(answer)


@pytest.mark.parametrize("value", [float("nan"), object(), "\ud800"])
def test_a_value_that_json_lacks_is_refused_before_it_is_sent(value: object) -> None:
    with pytest.raises(RequestError, match="cannot be sent as JSON"):
        connection(in_turn([])).json("POST", "jobs", {"seconds": value})
